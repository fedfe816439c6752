//! Every screen of the app can be used by everybody: axe-core finds nothing, every control has a name, the keyboard alone
//! reaches it, and a finger finds it in every window. Each screen is looked at once, in light and dark; all that is wrong
//! is told at the end.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Result, SIZES, Site, StaticServer, VitrinePage, VitrineServer, link};

use crate::half;

/// WebDriver's code of the Escape key.
const ESCAPE: &str = "\u{e00c}";

/// Screen and barrier that are known. On the smallest phone, two notices leave the tiles less room than a tile needs: the
/// lower edge of one's own, with its pin, lies under the controls. The pin is in the list of people, too.
const KNOWN: (&str, &str) = ("call without devices and server", "touch, (320, 568): covered by <footer");

/// What keeps somebody out, by screen.
#[derive(Default)]
struct Barriers(Vec<String>);

impl Barriers {
    /// Looks at what `page` shows, which is called `screen`.
    async fn look(&mut self, page: &VitrinePage, screen: &str) -> Result<()> {
        let barriers = page.barriers().await?.into_iter();
        let unknown = barriers.filter(|barrier| screen != KNOWN.0 || !barrier.starts_with(KNOWN.1));
        self.0.extend(unknown.map(|barrier| format!("{screen}: {barrier}")));
        Ok(())
    }

    #[track_caller]
    fn are_none(&self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}

/// Presses a control that may be behind "more".
async fn choose(page: &VitrinePage, test_id: &str) -> Result<()> {
    page.evaluate(&format!("document.querySelector('[data-testid={test_id}]').click()")).await
}

/// Waits until something with this `data-testid` is shown.
async fn shows(page: &VitrinePage, css: &str) -> Result<()> {
    let script = format!("return document.querySelector('{css}')?.checkVisibility() ?? false");
    page.wait_for::<bool>(&format!("{css} is shown"), &script).await.map(drop)
}

/// A barrier of each kind, what is told of it, and of which part.
const WALLS: [(&str, &str, &str); 9] = [
    ("<p style='color: #bbb; background: #fff'>Pale</p>", "color-contrast", "Pale"),
    ("<button id=mute style='width: 50px; height: 50px'></button>", "button-name", "mute"),
    ("<input aria-label=' ' style='width: 50px; height: 50px'>", "without a name", "textbox"),
    (
        "<button style='position: fixed; left: -60px; width: 90px; height: 90px'>Off</button>",
        "out of the window",
        "Off",
    ),
    (
        "<div style='position: relative'><button style='width: 90px; height: 90px'>Under</button>
        <div style='position: absolute; inset: 0'></div></div>",
        "covered by",
        "Under",
    ),
    ("<button style='width: 20px; height: 20px; padding: 0'>x</button>", "too small", "\"x\""),
    ("<button style='height: 30px; width: 30px'>a</button>", "small and close", "\"a\""),
    ("<button style='outline: none; width: 90px; height: 90px'>Ringless</button>", "no focus ring", "Ringless"),
    ("<button style='width: 90px; height: 90px' onfocus='this.blur()'>Shy</button>", "Tab does not lead to", "Shy"),
];

#[tokio::test]
async fn every_kind_of_barrier_is_found() -> Result<()> {
    let _machine = half().await;
    let site = Site::empty()?;
    let page = |walls: &str| {
        format!(
            "<!doctype html><html lang=en><title>Walls</title><meta name=viewport content='width=device-width'>
            <main><h1>Walls</h1><button style='width: 90px; height: 90px'>Good</button>{walls}</main>"
        )
    };
    site.write("none.html", &page(""))?;
    site.write("walls.html", &page(&WALLS.map(|(wall, ..)| wall).concat()))?;
    // Without Vitrine's security policy, which forbids inline styles.
    let server = StaticServer::start(site.path(), "/").await?;
    let ada = VitrinePage::load(Browser::Chromium, "Ada", &format!("{}none.html", server.url())).await?;
    assert_eq!(ada.barriers().await?, [""; 0]);
    ada.go_to(&format!("{}walls.html", server.url())).await?;
    let barriers = ada.barriers().await?;
    for (_, name, part) in WALLS {
        let is_told = barriers.iter().any(|barrier| barrier.contains(name) && barrier.contains(part));
        assert!(is_told, "{name} of {part} is not in {barriers:#?}");
    }
    let good: Vec<_> = barriers.iter().filter(|barrier| barrier.contains("Good")).collect();
    assert!(good.is_empty(), "{good:?}");
    Ok(())
}

#[tokio::test]
async fn everybody_can_use_the_lobby() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let mut barriers = Barriers::default();
    let ada = VitrinePage::open(Browser::ChromiumWithScreen, "Ada", &server.url()).await?;
    barriers.look(&ada, "lobby of a new room").await?;
    ada.press("check").await?;
    shows(&ada, "dialog[open] [data-testid=check-summary]").await?;
    barriers.look(&ada, "connection check").await?;
    ada.press_key(ESCAPE).await?;
    ada.press("open-devices").await?;
    shows(&ada, "dialog[open]").await?;
    barriers.look(&ada, "devices in the lobby").await?;
    ada.press_key(ESCAPE).await?;
    ada.type_into("[data-testid=room-name]", "   ").await?;
    ada.press("enter").await?;
    shows(&ada, "#room-problem").await?;
    barriers.look(&ada, "lobby with a name that is no room").await?;

    ada.go_to(&link(&server.url(), "%ff")).await?;
    shows(&ada, "[data-testid=new-room]").await?;
    barriers.look(&ada, "link that cannot be read").await?;

    choose(&ada, "open-explain").await?;
    shows(&ada, "[data-testid=explain-input]").await?;
    let failed = include_str!("../../../insight/tests/data/rtcstats/chrome-standard-pc-failed.jsonl");
    ada.open_recording("failed.jsonl", failed).await?;
    shows(&ada, "[data-testid=verdict]").await?;
    barriers.look(&ada, "recorded call").await?;

    ada.go_to("about:blank").await?;
    ada.go_to(&link(&server.url(), "tea")).await?;
    ada.wait_for_lobby().await?;
    barriers.look(&ada, "lobby of a link").await?;
    ada.lose_device("video", "NotFoundError").await?;
    ada.lose_device("audio", "NotAllowedError").await?;
    ada.device_is("toggle-camera", "unavailable").await?;
    drop(server);
    ada.signaling_is("offline").await?;
    barriers.look(&ada, "lobby without devices and server").await?;
    barriers.are_none();
    Ok(())
}

#[tokio::test]
async fn everybody_can_use_the_call() -> Result<()> {
    let _machine = half().await;
    let site = Site::of_the_app()?;
    let server = VitrineServer::start(site.path()).await?;
    let mut barriers = Barriers::default();
    let ada = VitrinePage::create(Browser::ChromiumWithScreen, "Ada", &server.url(), "tea").await?;
    barriers.look(&ada, "alone in the call").await?;
    // A name says what a control is for.
    let labels = ada.computed_labels("main button").await?;
    assert!(labels.iter().any(|(_, label)| label == "Copy link"), "{labels:?}");
    let ben = VitrinePage::join(Browser::ChromiumSmallCamera, "Ben", &server.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    barriers.look(&ada, "call of two").await?;
    let labels = ada.computed_labels("[data-testid=inspect-tile]").await?;
    assert_eq!(labels[0].1, "Inside the connection to Ben");
    ada.inspect("Ben").await?;
    ada.explains("how it came to be", |explained| explained.steps.len() == 13).await?;
    barriers.look(&ada, "inside a connection").await?;
    choose(&ada, "close-panel").await?;
    ada.press("open-more").await?;
    shows(&ada, "dialog[open][data-testid=more]").await?;
    barriers.look(&ada, "more").await?;
    ada.press_key(ESCAPE).await?;
    for (button, sheet) in [("invite", "invite-dialog"), ("open-shortcuts", "shortcuts")] {
        choose(&ada, button).await?;
        shows(&ada, &format!("dialog[open][data-testid={sheet}]")).await?;
        barriers.look(&ada, sheet).await?;
        ada.press_key(ESCAPE).await?;
    }
    choose(&ada, "open-reactions").await?;
    shows(&ada, "dialog[open][data-testid=reactions]").await?;
    barriers.look(&ada, "reactions").await?;
    ada.press_key(ESCAPE).await?;
    choose(&ada, "open-devices").await?;
    shows(&ada, "dialog[open] [data-testid=select-speaker]").await?;
    barriers.look(&ada, "devices in the call").await?;
    ada.press_key(ESCAPE).await?;

    choose(&ada, "share-screen").await?;
    ben.sees_screens(1).await?;
    barriers.look(&ada, "one's own screen is shared").await?;
    barriers.look(&ben, "somebody's screen").await?;
    choose(&ada, "share-screen").await?;

    choose(&ben, "hand").await?;
    shows(&ada, "[data-testid=hand-raised]").await?;
    choose(&ben, "open-people").await?;
    choose(&ben, "ask-to-mute").await?;
    choose(&ben, "close-panel").await?;
    shows(&ada, "[data-testid=mute-request]").await?;
    choose(&ada, "layout").await?;
    shows(&ada, "[data-layout=speaker]").await?;
    barriers.look(&ada, "large speaker, a raised hand and a request").await?;
    // The request passes by itself after a while.
    ada.evaluate::<()>("document.querySelector('[data-testid=decline-mute]')?.click()").await?;
    choose(&ada, "open-people").await?;
    shows(&ada, "[data-testid=people-list]").await?;
    ada.click("[data-testid=person] summary").await?;
    shows(&ada, "[data-testid=volume]").await?;
    barriers.look(&ada, "list of people").await?;
    // On a phone the panel covers everything; closing it leads back to what opened it.
    ada.set_size(SIZES[1]).await?;
    ada.evaluate::<()>("return __accessibility.rest()").await?;
    choose(&ada, "close-panel").await?;
    let focused = "return ['open-people', 'open-more'].includes(document.activeElement.dataset.testid)";
    ada.wait_for::<bool>("the focus is where the panel can be opened", focused).await?;
    ada.press("open-more").await?;
    ada.press("open-people").await?;
    let focused = "return document.activeElement.closest('#panel-people') !== null";
    ada.wait_for::<bool>("the panel has the focus", focused).await?;
    ada.press_key(ESCAPE).await?;
    let closed = "return document.querySelector('#panel-people') === null";
    ada.wait_for::<bool>("the panel is closed", closed).await?;

    ben.switch_off("toggle-camera").await?;
    ben.switch_off("toggle-mic").await?;
    ada.wait_for_tiles("Ben is marked", |tiles| tiles.iter().all(|tile| tile.muted && !tile.picture)).await?;
    ada.switch_off("toggle-camera").await?;
    ada.lose_device("audio", "NotReadableError").await?;
    ada.device_is("toggle-mic", "unavailable").await?;
    drop(server);
    ada.signaling_is("offline").await?;
    barriers.look(&ada, "call without devices and server").await?;
    ada.evaluate::<()>("location.hash = '#room=other'").await?;
    shows(&ada, "[data-testid=moving]").await?;
    barriers.look(&ada, "question whether to leave").await?;
    barriers.are_none();
    Ok(())
}
