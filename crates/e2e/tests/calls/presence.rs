//! Who is there and who speaks: rings, names, hands, reactions, requests to mute, volumes, layouts.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Flow, PATIENCE, Result, Site, VitrinePage, VitrineServer};

use crate::half;

/// What a page's script answers when the participant of this name is the one meant.
fn tile(name: &str, selector: &str) -> String {
    format!("document.querySelector('[data-testid=tile][aria-label=\"{name}\"]{selector}')")
}

async fn sees(page: &VitrinePage, awaited: &str, condition: &str) -> Result<()> {
    page.wait_for::<bool>(awaited, &format!("return Boolean({condition})")).await.map(drop)
}

/// Clicks an element by a script, wherever the window has put it.
async fn act(page: &VitrinePage, selector: &str) -> Result<()> {
    sees(page, selector, &format!("document.querySelector('{selector}')")).await?;
    page.evaluate(&format!("document.querySelector('{selector}').click(); return true")).await.map(|_: bool| ())
}

#[tokio::test]
async fn people_see_who_speaks_raises_a_hand_reacts_and_asks() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let ada = VitrinePage::create(Browser::Chromium, "Ada", &server.url(), "salon").await?;
    let ben = VitrinePage::join(Browser::Chromium, "Ben", &server.url(), "salon").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    try_join(ada.receives(Flow::AudioAndVideo, 1), ben.receives(Flow::AudioAndVideo, 1)).await?;

    // The fake microphone beeps, which is speech enough.
    sees(&ada, "Ben's ring", &tile("Ben", "[data-speaking]")).await?;
    sees(&ben, "Ben's own ring", "document.querySelector('[data-testid=self-tile][data-speaking]')").await?;

    // A request to mute is shown, and does nothing by itself.
    act(&ada, "[data-testid=open-people]").await?;
    act(&ada, "[data-testid=person] summary").await?;
    act(&ada, "[data-testid=ask-to-mute]").await?;
    sees(&ben, "Ada's request", "document.querySelector('[data-testid=mute-request]')?.innerText.includes('Ada')")
        .await?;
    assert!(ben.is_pressed("toggle-mic").await?);
    ben.press("accept-mute").await?;
    ben.device_is("toggle-mic", "off").await?;
    sees(&ben, "no request", "!document.querySelector('[data-testid=mute-request]')").await?;
    sees(&ada, "no ring", &format!("{} && !{}", tile("Ben", ""), tile("Ben", "[data-speaking]"))).await?;
    let listed = "document.querySelector('[data-testid=person] [data-testid=person-microphone]:not([data-on])')";
    sees(&ada, "Ben as muted in the list", listed).await?;

    // Hands are in the order in which they were raised, on both sides.
    ben.press("hand").await?;
    let number = |selector: &str| {
        format!("document.querySelector('{selector} [data-testid=hand-raised]')?.innerText.trim().endsWith")
    };
    sees(&ada, "Ben's hand", &format!("{}('1')", number("[data-testid=tile]"))).await?;
    ada.press("hand").await?;
    for (page, first, second) in [
        (&ada, "[data-testid=tile]", "[data-testid=self-tile]"),
        (&ben, "[data-testid=self-tile]", "[data-testid=tile]"),
    ] {
        sees(page, "both hands in order", &format!("{}('1') && {}('2')", number(first), number(second))).await?;
    }

    // Somebody who comes later is told.
    let cho = VitrinePage::join(Browser::ChromiumSmallCamera, "Cho", &server.url(), "salon").await?;
    cho.sees(&["Ada", "Ben"]).await?;
    let hand = |name: &str| format!("{}?.innerText.trim()", tile(name, " [data-testid=hand-raised]"));
    sees(&cho, "hands in order", &format!("{}.endsWith('1') && {}.endsWith('2')", hand("Ben"), hand("Ada"))).await?;
    ben.press("hand").await?;
    sees(&cho, "Ada's hand alone", &format!("!{} && {}.endsWith('1')", hand("Ben"), hand("Ada"))).await?;

    // A reaction is shown for a while, and said.
    act(&ben, "[data-testid=open-reactions]").await?;
    act(&ben, "[data-testid=reaction][data-kind=applause]").await?;
    let reaction = tile("Ben", " [data-testid=shown-reaction][data-kind=applause]");
    try_join(sees(&ada, "Ben's reaction", &reaction), sees(&cho, "Ben's reaction", &reaction)).await?;
    let said = "document.querySelector('[data-testid=reaction-announcements]').textContent === 'Ben: applause'";
    sees(&ada, "that Ben applauds", said).await?;
    sees(&ada, "no reaction any more", &format!("!({reaction})")).await?;

    // Another name, everywhere.
    act(&ben, "[data-testid=open-people]").await?;
    ben.type_into("[data-testid=own-name]", "Benedict\n").await?;
    try_join(ada.sees(&["Benedict", "Cho"]), cho.sees(&["Benedict", "Ada"])).await?;

    // Silence for oneself alone, and of one only.
    ada.evaluate::<bool>(
        "const tile = [...document.querySelectorAll('[data-testid=tile]')].find((tile) => tile.ariaLabel === 'Cho');
        const slider = document.querySelector(
            `[data-testid=person][data-peer=\"${tile.dataset.peer}\"] [data-testid=volume]`);
        slider.value = 0;
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        return true",
    )
    .await?;
    let volume = |name: &str| format!("{}.volume", tile(name, " audio"));
    sees(&ada, "that Cho alone is silent", &format!("{} === 0 && {} === 1", volume("Cho"), volume("Benedict"))).await?;

    // Another layout lets everything play on.
    let times =
        "return [...document.querySelectorAll('[data-testid=tile] :is(audio, video)')].map((p) => p.currentTime)";
    act(&ada, "[data-testid=layout]").await?;
    sees(&ada, "a large tile", "document.querySelector('[data-place=large] [data-testid=tile]')").await?;
    let before: Vec<f64> = ada.evaluate(times).await?;
    ada.wait_until("all play on", PATIENCE, async || {
        let after: Vec<f64> = ada.evaluate(times).await?;
        let grows = before.len() == 4 && before.iter().zip(&after).all(|(before, after)| *after > before + 0.5);
        Ok(if grows { Ok(()) } else { Err(format!("{before:?}, {after:?}")) })
    })
    .await?;
    ada.receives(Flow::Video, 2).await
}
