//! Candidates come before the description that they belong to and after it, twice, and once more when another generation
//! has taken their place, with the end of theirs. None that matters is lost, and none of another generation is applied.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::try_join;
use serde_json::{Value, json};
use vitrine_e2e::{Browser, Direction, Make, PATIENCE, Result, Venue, VitrinePage, media_flows};

use crate::{connection_id, half, restart_ice};

const BROWSER: Browser = Browser::ChromiumSmallCamera;

/// Who brings descriptions after the first of their candidates, every candidate twice, and then those of generations
/// before.
#[derive(Default)]
struct Postman {
    /// Descriptions that wait for a candidate to go before them, by sender.
    kept: HashMap<String, String>,
    /// All candidates so far.
    brought: Vec<Letter>,
    /// Descriptions that were overtaken.
    overtaken: usize,
    /// Candidates of generations before that were brought once more.
    belated: usize,
}

#[derive(Clone)]
struct Letter {
    from: String,
    /// Its attribute, without the priority.
    line: String,
    /// The generation.
    fragment: String,
    /// The whole message.
    text: String,
}

impl Postman {
    fn bring(&mut self, direction: Direction, text: &str) -> Vec<String> {
        let as_it_is = || vec![text.to_owned()];
        let Some((event, fields)) = event(text).filter(|_| direction == Direction::ToPage) else { return as_it_is() };
        let from = fields["from"].as_str().unwrap_or_default().to_owned();
        match event.as_str() {
            "offer" | "answer" => {
                self.kept.insert(from, text.to_owned());
                vec![]
            }
            "ice-candidate" => {
                let letter = Letter::new(from, &fields["candidate"], text);
                let mut all = vec![text.to_owned(), text.to_owned()];
                if let Some(description) = self.kept.remove(&letter.from) {
                    self.overtaken += 1;
                    all.push(description);
                    all.extend(self.of_generations_before(&letter));
                }
                self.brought.push(letter);
                all
            }
            _ => as_it_is(),
        }
    }

    fn of_generations_before(&mut self, letter: &Letter) -> Vec<String> {
        let before = |other: &&Letter| other.from == letter.from && other.fragment != letter.fragment;
        let before: Vec<Letter> = self.brought.iter().filter(before).cloned().collect();
        self.belated += before.len();
        let end = before.last().map(|last| {
            let (event, mut fields) = event(&last.text).unwrap_or_default();
            fields["candidate"]["candidate"] = json!("");
            format!("42{}", json!([event, fields]))
        });
        before.into_iter().map(|letter| letter.text).chain(end).collect()
    }
}

impl Letter {
    fn new(from: String, candidate: &Value, text: &str) -> Self {
        let mut words: Vec<&str> = candidate["candidate"].as_str().unwrap_or_default().split(' ').collect();
        words.remove(3);
        let fragment = candidate["usernameFragment"].as_str().unwrap_or_default().to_owned();
        Self { from, line: words.join(" "), fragment, text: text.to_owned() }
    }
}

/// Name and argument of an event.
fn event(text: &str) -> Option<(String, Value)> {
    serde_json::from_str(text.strip_prefix("42")?).ok()
}

fn lock(postman: &Mutex<Postman>) -> MutexGuard<'_, Postman> {
    postman.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until every candidate of the other side's present generation has been added to the connection, and none of it was
/// refused; returns what there is of other generations, and how many there are of this one.
async fn all_are_added(page: &VitrinePage, id: u64, postman: &Mutex<Postman>) -> Result<(usize, usize)> {
    page.wait_until("all candidates of this generation are added", PATIENCE, async || {
        let present = page.negotiation(id).await?.remote_fragment.unwrap_or_default();
        let added = page.candidates_added(id).await?;
        assert!(added.iter().all(|one| one.outcome.as_ref().is_none_or(|outcome| outcome == "added")), "{added:?}");
        let sent: Vec<String> = lock(postman)
            .brought
            .iter()
            .filter(|letter| letter.fragment == present)
            .map(|letter| letter.line.clone())
            .collect();
        let missing = sent.iter().find(|sent| !added.iter().any(|one| one.line == **sent && one.outcome.is_some()));
        let others = added.iter().filter(|one| one.fragment.as_ref() != Some(&present)).count();
        let good = !sent.is_empty() && missing.is_none();
        Ok(if good { Ok((others, sent.len())) } else { Err(format!("of {sent:?} missing {missing:?}")) })
    })
    .await
}

#[tokio::test]
async fn candidates_early_twice_and_of_another_generation_do_no_harm() -> Result<()> {
    let _machine = half().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let postman = Arc::new(Mutex::new(Postman::default()));
    let meddler = postman.clone();
    venue.proxy.meddle(move |direction, text| lock(&meddler).bring(direction, text));
    let ada = VitrinePage::create(BROWSER, "Ada", &venue.url(), "tea").await?;
    let ben = VitrinePage::join(BROWSER, "Ben", &venue.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    assert_eq!(lock(&postman).overtaken, 2, "the offer and the answer came after a candidate");
    let (of_ada, of_ben) = (connection_id(&ada).await?, connection_id(&ben).await?);
    let before = try_join(ada.identity(), ben.identity()).await?;
    for (page, id) in [(&ada, of_ada), (&ben, of_ben)] {
        let (others, sent) = all_are_added(page, id, &postman).await?;
        eprintln!("{}: {sent} candidates", page.name());
        assert_eq!(others, 0, "there was no other generation");
    }

    // What the control channel has no room for goes through the postman's hands.
    try_join(ada.congest_control(), ben.congest_control()).await?;
    let counts = try_join(ada.candidates_added(of_ada), ben.candidates_added(of_ben)).await?;
    restart_ice((&ada, of_ada), (&ben, of_ben)).await?;
    media_flows(&[&ada, &ben]).await?;
    for ((page, id), before) in [(&ada, of_ada), (&ben, of_ben)].into_iter().zip([counts.0.len(), counts.1.len()]) {
        let (others, sent) = all_are_added(page, id, &postman).await?;
        eprintln!("{}: {sent} candidates of the next generation", page.name());
        assert_eq!(others, before, "{} has added candidates of the generation before", page.name());
    }
    let (overtaken, belated) = {
        let postman = lock(&postman);
        (postman.overtaken, postman.belated)
    };
    assert!(overtaken >= 4 && belated > 0, "{overtaken} descriptions overtaken, {belated} candidates brought late");
    assert_eq!(try_join(ada.identity(), ben.identity()).await?, before, "same connections, same tiles");
    assert_eq!((ada.uncaught().await?, ben.uncaught().await?), (vec![], vec![]));
    Ok(())
}
