//! Joining and leaving again and again on one page: what it leaves behind, on the page that travels and on the page
//! that stays.

use futures_util::future::try_join;

use crate::{Browser, Counts, Result, Site, VitrinePage, VitrineServer, link, page::PATIENCE};

/// What both pages hold on to after a round.
#[derive(Clone, Debug)]
pub struct Round {
    /// The page that joined and left.
    pub traveller: Counts,
    /// The page that was in the room all the time.
    pub stayer: Counts,
}

impl Round {
    /// Both pages, by name.
    pub fn pages(&self) -> [(&'static str, &Counts); 2] {
        [("traveller", &self.traveller), ("stayer", &self.stayer)]
    }
}

/// Plays `rounds` rounds: join, be connected, leave.
///
/// # Errors
/// When a round fails.
pub async fn play(rounds: usize) -> Result<Vec<Round>> {
    const BROWSER: Browser = Browser::ChromiumSmallCamera;
    let site = Site::of_the_app()?;
    // Nobody travels as fast by hand as the door lets people enter.
    let server = VitrineServer::start_with(site.path(), 0, &["--rate-limit", "off"]).await?;
    let base = server.url();
    let (stayer, traveller) = try_join(
        VitrinePage::create(BROWSER, "stayer", &base, "rounds"),
        VitrinePage::open(BROWSER, "traveller", &link(&base, "rounds")),
    )
    .await?;
    traveller.type_into("[data-testid=display-name]", "traveller").await?;
    let mut played = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        press_from_inside(&traveller, "enter").await?;
        traveller.wait_for_call().await?;
        try_join(traveller.sees(&["stayer"]), stayer.sees(&["traveller"])).await?;
        press_from_inside(&traveller, "leave").await?;
        traveller.wait_for_lobby().await?;
        stayer.sees(&[]).await?;
        let (traveller, stayer) = try_join(alone(&traveller), alone(&stayer)).await?;
        played.push(Round { traveller, stayer });
    }
    Ok(played)
}

/// Clicks without a driver, which would hold on to every element that it has found, and to the page around it.
async fn press_from_inside(page: &VitrinePage, test_id: &str) -> Result<()> {
    page.evaluate(&format!("document.querySelector('[data-testid={test_id}]').click()")).await
}

/// What the page holds on to once no connection is live.
async fn alone(page: &VitrinePage) -> Result<Counts> {
    page.wait_until("no connection is live", PATIENCE, async || {
        let counts = page.counts().await?;
        Ok(if counts.live_connections == 0 { Ok(counts) } else { Err(format!("{counts:?}")) })
    })
    .await
}
