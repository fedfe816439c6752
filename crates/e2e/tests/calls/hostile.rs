//! Nonsense, forgeries and floods, from the signaling server and from a participant's control channel: what is bad is
//! dropped, said once, and costs nobody else anything.

use futures_util::future::{try_join, try_join3};
use serde_json::{Value, json};
use vitrine_e2e::{Browser, Connection, Flow, Frames, Make, PATIENCE, Result, Venue, VitrinePage, media_flows};

use crate::{
    LONGEST_GAP,
    chat::{reads, texts, write},
    whole,
};

const BROWSER: Browser = Browser::ChromiumSmallCamera;

/// The most wasm memory that a flood may cost, in pages of 64 KiB.
const MOST_PAGES: u64 = 64;

/// The most lines that a flood may write to the console.
const MOST_LINES: usize = 100;

async fn ada_and_ben(venue: &Venue) -> Result<(VitrinePage, VitrinePage)> {
    let ada = VitrinePage::create(BROWSER, "Ada", &venue.url(), "tea").await?;
    let ben = VitrinePage::join(BROWSER, "Ben", &venue.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    Ok((ada, ben))
}

/// A Socket.IO event as the server would send it.
fn event(name: &str, data: &Value) -> String {
    format!("42{}", json!([name, data]))
}

/// What no server sends, and what none should.
fn nonsense(ben: &str) -> Vec<String> {
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=nonsense\r\n";
    let candidate = json!({ "candidate": "candidate:nonsense", "sdpMid": "0", "sdpMLineIndex": 0 });
    let mut texts: Vec<String> =
        ["", "4", "42", "42[", "42{}", "42[1]", "42[\"offer\"]", "9", "43", "43x[]", "40x", "\u{0}", "🎥", "45-[]"]
            .map(str::to_owned)
            .into();
    texts.push("43987654321[{\"success\":true}]".to_owned());
    texts.push(r#"0{"sid":"forged","upgrades":[],"pingInterval":1,"pingTimeout":1}"#.to_owned());
    texts.push(r#"40{"sid":"forged"}"#.to_owned());
    texts.push(r#"44{"message":"forged"}"#.to_owned());
    texts.push(format!("42{}", "[".repeat(10_000)));
    texts.push(event("offer", &json!("x".repeat(1_000_000))));
    for (name, data) in [
        ("offer", json!({ "from": ben, "offer": { "type": "offer", "sdp": sdp } })),
        ("offer", json!({ "from": ben, "offer": { "type": "nonsense", "sdp": 7 } })),
        ("answer", json!({ "from": ben, "answer": { "type": "answer", "sdp": sdp } })),
        ("answer", json!({ "from": ben, "answer": { "type": "offer", "sdp": "" } })),
        ("answer", json!({ "from": "nobody", "answer": { "type": "answer", "sdp": sdp } })),
        ("ice-candidate", json!({ "from": ben, "candidate": candidate })),
        (
            "ice-candidate",
            json!({ "from": ben, "candidate": { "candidate": "candidate:1 1 udp 1 300.1.1.1 1 typ host", "sdpMid": "99" } }),
        ),
        ("ice-candidate", json!({ "from": "nobody", "candidate": candidate })),
        ("ice-candidate", json!({ "from": 7, "candidate": [] })),
        ("user-joined", json!({ "userId": 7 })),
        ("user-joined", json!(null)),
        ("user-left", json!({ "userId": "nobody" })),
        ("refused", json!({ "event": [], "error": 1 })),
        ("disconnect", json!({})),
        ("__proto__", json!({ "constructor": {} })),
    ] {
        texts.push(event(name, &data));
    }
    texts
}

/// Connection and tile that a page has of the participant of this name.
async fn pair(page: &VitrinePage, name: &str) -> Result<(u64, u64)> {
    page.wait_until(&format!("{name} is connected and shown"), PATIENCE, async || {
        let (tiles, connections) = try_join(page.tile_nodes(), page.connections()).await?;
        let found = tiles.iter().find(|tile| tile.name == name && tile.state == "connected").and_then(|tile| {
            let of_tile = |one: &&Connection| one.peer.as_ref() == Some(&tile.peer);
            Some((connections.iter().find(of_tile)?.id, tile.node))
        });
        Ok(found.ok_or_else(|| format!("{tiles:?}, {connections:?}")))
    })
    .await
}

/// What must not have changed between Ada, who is bothered, and Ben.
struct Before<'a> {
    ada: &'a VitrinePage,
    ben: &'a VitrinePage,
    pairs: ((u64, u64), (u64, u64)),
    wasm_pages: u64,
    lines: usize,
}

impl<'a> Before<'a> {
    async fn of(ada: &'a VitrinePage, ben: &'a VitrinePage) -> Result<Self> {
        try_join(ada.start_frame_clock(), ben.start_frame_clock()).await?;
        Ok(Self {
            ada,
            ben,
            pairs: try_join(pair(ada, ben.name()), pair(ben, ada.name())).await?,
            wasm_pages: ada.counts().await?.wasm_pages,
            lines: ada.console_lines().await?,
        })
    }

    async fn holds(&self) -> Result<()> {
        // Once two seconds of Ben's pictures have come after it, what was sent has been dealt with.
        let frames = self.frames(self.ada, self.pairs.0.0).await?.frames;
        self.ada
            .wait_until("pictures go on", PATIENCE, async || {
                let now = self.frames(self.ada, self.pairs.0.0).await?;
                Ok(if now.frames > frames + 10 { Ok(()) } else { Err(format!("{now:?}")) })
            })
            .await?;
        let counts = self.ada.counts().await?;
        assert!(counts.wasm_pages <= self.wasm_pages + MOST_PAGES, "{} pages before, {counts:?}", self.wasm_pages);
        let lines: Vec<String> = self.ada.evaluate("return __probe.console().slice(-40)").await?;
        let written = self.ada.console_lines().await? - self.lines;
        assert!(written <= MOST_LINES, "{written} lines on the console, the last: {lines:#?}");
        let after = try_join(pair(self.ada, self.ben.name()), pair(self.ben, self.ada.name())).await?;
        assert_eq!(after, self.pairs, "same connections, same tiles");
        for (page, (connection, _)) in [(self.ada, after.0), (self.ben, after.1)] {
            let frames = self.frames(page, connection).await?;
            assert!(frames.longest < LONGEST_GAP, "{} missed frames: {frames:?}", page.name());
            page.plays(Flow::AudioAndVideo, connection).await?;
            assert_eq!(page.uncaught().await?, [""; 0], "{}", page.name());
            page.shows_no_error().await?;
        }
        Ok(())
    }

    async fn frames(&self, page: &VitrinePage, connection: u64) -> Result<Frames> {
        page.wait_until("the clock runs", PATIENCE, async || {
            let clock = page.frame_clock().await?;
            Ok(clock.connections.get(&connection.to_string()).cloned().ok_or_else(|| format!("{clock:?}")))
        })
        .await
    }
}

#[tokio::test]
async fn nonsense_from_the_server_changes_nothing() -> Result<()> {
    let _machine = whole().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let (ada, ben) = ada_and_ben(&venue).await?;
    let (id_of_ada, id_of_ben) = (ben.tiles().await?[0].peer.clone(), ada.tiles().await?[0].peer.clone());
    let before = Before::of(&ada, &ben).await?;
    for text in nonsense(&id_of_ben) {
        assert_eq!(venue.proxy.forge(Some(&id_of_ada), &text), 1, "Ada is reached");
    }
    venue.proxy.forge_binary(Some(&id_of_ada), &[0, 255, 42]);
    before.holds().await?;
    media_flows(&[&ada, &ben]).await?;
    // Whoever comes next is met in the order of what the server says: after all the nonsense, on the same line.
    let cho = VitrinePage::join(BROWSER, "Cho", &venue.url(), "tea").await?;
    try_join3(ada.sees(&["Ben", "Cho"]), ben.sees(&["Ada", "Cho"]), cho.sees(&["Ada", "Ben"])).await?;
    for page in [&ben, &cho] {
        let tiles = page.tiles().await?;
        assert!(tiles.iter().any(|tile| tile.peer == id_of_ada), "Ada's line was cut: {id_of_ada}, {tiles:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_flood_from_the_server_disturbs_nobody() -> Result<()> {
    let _machine = whole().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let (ada, ben) = ada_and_ben(&venue).await?;
    let (id_of_ada, id_of_ben) = (ben.tiles().await?[0].peer.clone(), ada.tiles().await?[0].peer.clone());
    let before = Before::of(&ada, &ben).await?;
    let candidate = "candidate:1 1 udp 2122260223 192.0.2.1 9 typ host generation 0 ufrag none";
    for number in 0..5_000 {
        let candidate =
            json!({ "candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "none" });
        for from in [id_of_ben.as_str(), &format!("nobody-{number}")] {
            let text = event("ice-candidate", &json!({ "from": from, "candidate": candidate }));
            venue.proxy.forge(Some(&id_of_ada), &text);
        }
    }
    before.holds().await?;
    media_flows(&[&ada, &ben]).await
}

#[tokio::test]
async fn a_crowd_that_the_server_makes_up_is_limited() -> Result<()> {
    const CROWD: usize = 400;
    const MOST_CONNECTIONS: u64 = 64;
    let _machine = whole().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let (ada, ben) = ada_and_ben(&venue).await?;
    let id_of_ada = ben.tiles().await?[0].peer.clone();
    let before = pair(&ada, "Ben").await?;
    for number in 0..CROWD {
        let text = event("user-joined", &json!({ "userId": format!("nobody-{number}") }));
        venue.proxy.forge(Some(&id_of_ada), &text);
    }
    ada.wait_until("the crowd is dealt with", PATIENCE, async || {
        let (first, second) = (ada.counts().await?, ada.counts().await?);
        let settled = first.created_connections == second.created_connections && first.created_connections > 1;
        Ok(if settled { Ok(()) } else { Err(format!("{first:?}")) })
    })
    .await?;
    let counts = ada.counts().await?;
    assert!(counts.live_connections <= MOST_CONNECTIONS, "{counts:?}");
    assert_eq!(pair(&ada, "Ben").await?, before, "same connection, same tile");
    try_join(ada.plays(Flow::AudioAndVideo, before.0), ben.receives(Flow::AudioAndVideo, 1)).await?;
    assert_eq!(ada.uncaught().await?, [""; 0]);
    ben.sees(&["Ada"]).await
}

/// Ada, Ben, and Mallory, who is connected with both.
async fn with_mallory(venue: &Venue) -> Result<[VitrinePage; 3]> {
    let (ada, ben) = ada_and_ben(venue).await?;
    let mallory = VitrinePage::join(BROWSER, "Mallory", &venue.url(), "tea").await?;
    try_join3(ada.sees(&["Ben", "Mallory"]), ben.sees(&["Ada", "Mallory"]), mallory.sees(&["Ada", "Ben"])).await?;
    media_flows(&[&ada, &ben, &mallory]).await?;
    Ok([ada, ben, mallory])
}

#[tokio::test]
async fn nonsense_on_the_control_channel_changes_nothing() -> Result<()> {
    let _machine = whole().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let [ada, ben, mallory] = with_mallory(&venue).await?;
    let before = Before::of(&ada, &ben).await?;
    let to_ada = pair(&mallory, "Ada").await?.0;
    // To be taken for Ben would cost Ben his place.
    let greeting_of_ben = mallory.greeting(pair(&mallory, "Ben").await?.0).await?;
    let long = "x".repeat(60_000);
    let messages = [
        "".to_owned(),
        "{".to_owned(),
        "[]".to_owned(),
        "7".to_owned(),
        "{\"type\":\"nonsense\"}".to_owned(),
        "{\"type\":\"media\"}".to_owned(),
        "{\"type\":\"media\",\"audio\":\"loud\",\"video\":[]}".to_owned(),
        "[".repeat(50_000),
        json!({ "type": "candidate", "candidate": { "candidate": "candidate:nonsense", "sdpMid": "0" } }).to_string(),
        json!({ "type": "description", "description": { "type": "answer", "sdp": "nonsense" } }).to_string(),
        json!({ "type": "description", "description": { "type": "rollback", "sdp": "" } }).to_string(),
        json!({ "type": "hello", "name": long, "sessionId": long, "version": 4_000_000_000_u32 }).to_string(),
        greeting_of_ben,
    ];
    for message in &messages {
        mallory.send_control(to_ada, message, 1).await?;
    }
    before.holds().await
}

#[tokio::test]
async fn a_flood_on_the_control_channel_disturbs_nobody() -> Result<()> {
    let _machine = whole().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let [ada, ben, mallory] = with_mallory(&venue).await?;
    // Each in a channel that is still listened to.
    let (to_ada, to_ben) = try_join(pair(&mallory, "Ada"), pair(&mallory, "Ben")).await?;
    let before = Before::of(&ada, &ben).await?;
    for message in ["{\"type\":\"media\",\"audio\":false,\"video\":true}", "{\"type\":\"ping\"}"] {
        mallory.send_control(to_ada.0, message, 3_000).await?;
    }
    before.holds().await?;
    let before = Before::of(&ben, &ada).await?;
    mallory.send_control(to_ben.0, "nonsense", 3_000).await?;
    before.holds().await?;
    let says = "far too much";
    assert_eq!(try_join(ada.console_says(says), ben.console_says(says)).await?, (1, 1), "nobody listens any more");
    Ok(())
}

#[tokio::test]
async fn somebody_who_begins_anew_all_the_time_disturbs_nobody() -> Result<()> {
    const BEGINNINGS: usize = 500;
    const MOST_CONNECTIONS: u64 = 20;
    let _machine = whole().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let [ada, ben, _mallory] = with_mallory(&venue).await?;
    let (id_of_ada, id_of_mallory) = {
        let (of_ben, of_ada) = try_join(ben.tiles(), ada.tiles()).await?;
        let id = |tiles: Vec<vitrine_e2e::Tile>, name: &str| {
            tiles.into_iter().find(|tile| tile.name == name).map(|tile| tile.peer).unwrap_or_default()
        };
        (id(of_ben, "Ada"), id(of_ada, "Mallory"))
    };
    let before = Before::of(&ada, &ben).await?;
    let created = ada.counts().await?.created_connections;
    for number in 0..BEGINNINGS {
        let tag = json!({ "connection": format!("beginning-{number}"), "serial": 1 });
        let offer = json!({ "type": "offer", "sdp": "v=0\r\n", "tag": tag });
        venue.proxy.forge(Some(&id_of_ada), &event("offer", &json!({ "from": id_of_mallory, "offer": offer })));
    }
    before.holds().await?;
    let created = ada.counts().await?.created_connections - created;
    assert!((1..=MOST_CONNECTIONS).contains(&created), "{created} connections");
    Ok(())
}

#[tokio::test]
async fn ten_megabytes_of_chat_and_a_flood_of_it_disturb_nobody() -> Result<()> {
    const LONG: usize = 200_000;
    /// The most of Mallory's messages that may be shown. A few are read at once, and then a few a second.
    const MOST: usize = 400;
    let _machine = whole().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let [ada, ben, mallory] = with_mallory(&venue).await?;
    ada.press("open-chat").await?;
    write(&ada, None, "before").await?;
    let to_ada = pair(&mallory, "Ada").await?.0;
    let before = Before::of(&ada, &ben).await?;
    let long =
        json!({ "type": "chat", "number": 1, "previous": 0, "age": 0, "text": "🎥".repeat(LONG / 4) }).to_string();
    mallory.send_control(to_ada, &long, 10_000_000 / LONG).await?;
    let forged = json!({ "author": "nobody", "name": "Ben", "number": 1, "age": 0, "text": "forged" });
    let history = json!({ "type": "chathistory", "messages": vec![forged; 500] }).to_string();
    mallory.send_control(to_ada, &history, 50).await?;
    let numbered = format!(
        "for (let number = 2; number < 800; number += 1) __probe.sendControl({to_ada}, JSON.stringify(
            {{ type: 'chat', number, previous: 0, age: 4294967295, text: '\\u202ehttp://a.example '.repeat(200) }}))"
    );
    mallory.evaluate::<Value>(&numbered).await?;
    before.holds().await?;
    let texts = texts(&ada).await?;
    assert!(texts.len() <= MOST && texts.contains(&"before".to_owned()), "{} messages", texts.len());
    assert!(texts.iter().all(|text| text.encode_utf16().count() <= 4_000 && text != "forged"));
    ben.press("open-chat").await?;
    write(&ada, Some("Ben"), "still here").await?;
    reads(&ben, &["before", "still here"]).await
}

#[tokio::test]
async fn a_thousand_names_and_a_hundred_thousand_reactions_disturb_nobody() -> Result<()> {
    const MOST_ELEMENTS: usize = 300;
    let _machine = whole().await;
    let venue = Venue::start(Make::Vitrine).await?;
    let [ada, ben, mallory] = with_mallory(&venue).await?;
    let (to_ada, to_ben) = try_join(pair(&mallory, "Ada"), pair(&mallory, "Ben")).await?;
    let elements = "return document.querySelectorAll('*').length";
    let shown_before: usize = ada.evaluate(elements).await?;
    let before = Before::of(&ada, &ben).await?;
    let names = format!(
        "for (let number = 0; number < 1000; number += 1) __probe.sendControl({}, JSON.stringify(
            {{ type: 'name', name: `Mallory ${{number}} ${{'\\u0301'.repeat(number)}}` }}))",
        to_ada.0
    );
    mallory.evaluate::<Value>(&names).await?;
    before.holds().await?;
    let before = Before::of(&ben, &ada).await?;
    mallory.send_control(to_ben.0, "{\"type\":\"reaction\",\"kind\":\"heart\"}", 100_000).await?;
    before.holds().await?;
    for page in [&ada, &ben] {
        let shown: usize = page.evaluate(elements).await?;
        assert!(shown < shown_before + MOST_ELEMENTS, "{}: {shown} elements, {shown_before} before", page.name());
    }
    let names: Vec<String> = ada.tiles().await?.into_iter().map(|tile| tile.name).collect();
    assert!(names.iter().all(|name| name.chars().count() <= 64), "{names:?}");
    Ok(())
}
