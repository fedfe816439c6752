//! The app's page, by its test hooks: what a person does in it and what it shows.

use std::{collections::BTreeMap, ops::Deref};

use serde::Deserialize;

use crate::{Browser, Flow, Laboratory, Machine, Namespace, Page, Result, page::PATIENCE};

/// No page.
const BLANK: &str = "about:blank";

/// A page with the app in it.
pub struct VitrinePage {
    page: Page,
}

/// What the page shows of another participant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Tile {
    /// The participant's id.
    pub peer: String,
    /// State of the connection.
    pub state: String,
    /// The name shown.
    pub name: String,
    /// Whether it is marked as muted.
    pub muted: bool,
    /// Whether it shows a picture, rather than a placeholder.
    pub picture: bool,
    /// Which way media goes, once known: `direct-local`, `direct-internet`, `relay-udp`, `relay-tcp` or `relay-tls`.
    pub path: Option<String>,
    /// Whose relay it goes through, if it does: `own`, `peer` or `both`.
    pub relay_side: Option<String>,
}

/// A message in the chat.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChatMessage {
    /// All its words: who, when, what.
    pub text: String,
    /// Its `data-` attributes, by JavaScript's names.
    pub data: BTreeMap<String, String>,
    /// Where its links lead.
    pub links: Vec<String>,
}

/// An option of a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Choice {
    /// Its value.
    pub value: String,
    /// Its words.
    pub label: String,
    /// Whether it is chosen.
    pub selected: bool,
}

impl Deref for VitrinePage {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

impl VitrinePage {
    /// Opens `url` and waits for the lobby, with the question for devices answered.
    ///
    /// # Errors
    /// When the lobby does not appear.
    pub async fn open(browser: Browser, name: &str, url: &str) -> Result<Self> {
        let page = Self::load(browser, name, url).await?;
        page.wait_for_lobby().await?;
        Ok(page)
    }

    /// Opens `url`, whatever it shows.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn load(browser: Browser, name: &str, url: &str) -> Result<Self> {
        Ok(Self { page: Page::open(browser, name, url).await? })
    }

    /// Opens `url`, which shows the app in a frame, and joins there under the page's name.
    ///
    /// # Errors
    /// When that does not lead into the call.
    pub async fn join_in_frame(browser: Browser, name: &str, url: &str) -> Result<Self> {
        let page = Self::load(browser, name, url).await?;
        page.enter_frame().await?;
        page.enter_by_name().await?;
        Ok(page)
    }

    /// Opens `url` on a machine of a laboratory, whatever it shows.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn load_on(machine: &Machine, browser: Browser, name: &str, url: &str) -> Result<Self> {
        let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        let secure = format!("--unsafely-treat-insecure-origin-as-secure={origin}");
        Ok(Self { page: Page::open_in(&machine.namespace, &secure, browser, name, url).await? })
    }

    /// Opens the link to `room` on a machine of a laboratory, and joins it, under the page's name.
    ///
    /// # Errors
    /// When that does not lead into the call.
    pub async fn join_on(machine: &Machine, browser: Browser, name: &str, base: &str, room: &str) -> Result<Self> {
        let page = Self::load_on(machine, browser, name, &link(base, room)).await?;
        page.enter_by_name().await?;
        Ok(page)
    }

    /// Lets these people join `room`, one after the other, each on a machine of their own: the server listens on `port` of
    /// every address.
    ///
    /// # Errors
    /// When that does not lead somebody into the call.
    pub async fn join_from_machines(
        laboratory: &Laboratory,
        browser: Browser,
        names: &[&str],
        port: u16,
        room: &str,
    ) -> Result<Vec<Self>> {
        let mut pages = Vec::new();
        for (number, name) in names.iter().enumerate() {
            let machine = laboratory.machine(number);
            pages.push(Self::join_on(&machine, browser, name, &machine.url(port), room).await?);
        }
        Ok(pages)
    }

    /// Starts a browser in a network namespace, with one more argument and without a page.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn blank_in(namespace: &Namespace, argument: &str, browser: Browser, name: &str) -> Result<Self> {
        Ok(Self { page: Page::open_in(namespace, argument, browser, name, BLANK).await? })
    }

    /// Opens the link to `room` in this window, and joins it, under the page's name.
    ///
    /// # Errors
    /// When that does not lead into the call.
    pub async fn go_into(&self, base: &str, room: &str) -> Result<()> {
        self.go_to(&link(base, room)).await?;
        self.enter_by_name().await
    }

    async fn enter_by_name(&self) -> Result<()> {
        self.wait_for_lobby().await?;
        self.type_into("[data-testid=display-name]", self.name()).await?;
        self.enter().await
    }

    /// Closes the tab.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn close(self) -> Result<()> {
        self.page.close().await
    }

    /// Opens the app at `base` and creates `room`, under the page's name.
    ///
    /// # Errors
    /// When that does not lead into the call.
    pub async fn create(browser: Browser, name: &str, base: &str, room: &str) -> Result<Self> {
        let page = Self::open(browser, name, base).await?;
        page.type_into("[data-testid=room-name]", room).await?;
        page.type_into("[data-testid=display-name]", name).await?;
        page.enter().await?;
        Ok(page)
    }

    /// Opens the link to `room` and joins it, under the page's name.
    ///
    /// # Errors
    /// When that does not lead into the call.
    pub async fn join(browser: Browser, name: &str, base: &str, room: &str) -> Result<Self> {
        let page = Self::open(browser, name, &link(base, room)).await?;
        page.type_into("[data-testid=display-name]", name).await?;
        page.enter().await?;
        Ok(page)
    }

    /// Waits for the lobby, with the question for devices answered.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn wait_for_lobby(&self) -> Result<()> {
        let script = "return document.querySelector('[data-testid=enter]') !== null
            && ['toggle-mic', 'toggle-camera'].every((id) =>
                !['asking', undefined].includes(document.querySelector(`[data-testid=${id}]`)?.dataset.device))";
        self.wait_for::<bool>("the lobby is shown, and devices are given or refused", script).await.map(drop)
    }

    /// Presses the button that enters the call, and waits to be in it.
    ///
    /// # Errors
    /// When that does not lead into the call.
    pub async fn enter(&self) -> Result<()> {
        self.press("enter").await?;
        self.wait_for_call().await
    }

    /// Waits to be in the call.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn wait_for_call(&self) -> Result<()> {
        let script = "return document.querySelector('[data-testid=leave]') !== null";
        self.wait_for::<bool>("one is in the call", script).await.map(drop)
    }

    /// Leaves the call, and waits for the lobby.
    ///
    /// # Errors
    /// When that does not lead back to the lobby.
    pub async fn leave(&self) -> Result<()> {
        self.press("leave").await?;
        self.wait_for_lobby().await
    }

    /// Clicks the element with this `data-testid`.
    ///
    /// # Errors
    /// When there is none, or it cannot be clicked.
    pub async fn press(&self, test_id: &str) -> Result<()> {
        self.click(&format!("[data-testid={test_id}]")).await
    }

    /// The tiles of the other participants.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn tiles(&self) -> Result<Vec<Tile>> {
        self.evaluate(
            "return [...document.querySelectorAll('[data-testid=tile]')].map((tile) => ({
                peer: tile.dataset.peer,
                state: tile.dataset.state,
                name: tile.getAttribute('aria-label'),
                muted: tile.querySelector('[data-testid=muted]') !== null,
                picture: tile.dataset.video === 'true',
                path: tile.dataset.path ?? null,
                relay_side: tile.dataset.relaySide ?? null,
            }))",
        )
        .await
    }

    /// Waits until the tiles are as `wanted`.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn wait_for_tiles(&self, awaited: &str, wanted: impl Fn(&[Tile]) -> bool) -> Result<Vec<Tile>> {
        self.wait_until(awaited, PATIENCE, async || {
            let tiles = self.tiles().await?;
            Ok(if wanted(&tiles) { Ok(tiles) } else { Err(format!("{tiles:?}")) })
        })
        .await
    }

    /// Waits until exactly these people are shown, all connected.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn sees(&self, names: &[&str]) -> Result<()> {
        let mut names = names.to_vec();
        names.sort_unstable();
        self.wait_for_tiles(&format!("exactly {names:?} are shown, all connected"), |tiles| {
            let mut shown: Vec<&str> = tiles.iter().map(|tile| tile.name.as_str()).collect();
            shown.sort_unstable();
            shown == names && tiles.iter().all(|tile| tile.state == "connected")
        })
        .await
        .map(drop)
    }

    /// Waits until what has to flow is seen to be played of the participant of this name.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn receives_from(&self, name: &str, flow: Flow) -> Result<()> {
        let named = |tile: &Tile| tile.name == name;
        let tiles = self.wait_for_tiles(&format!("{name} is shown"), |tiles| tiles.iter().any(named)).await?;
        let peer = tiles.into_iter().find(named).map(|tile| tile.peer);
        self.flows(&format!("{flow:?} flows from {name}"), flow, |all| {
            all.into_iter().find(|one| one.peer == peer).map(|connection| vec![connection])
        })
        .await
    }

    /// The messages in the chat, from the oldest.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn chat(&self) -> Result<Vec<ChatMessage>> {
        self.evaluate(
            "return [...document.querySelectorAll('[data-testid=chat-log] [data-testid=chat-message]')].map((message) => ({
                text: message.innerText.trim(),
                data: { ...message.dataset },
                links: [...message.querySelectorAll('a')].map((link) => link.href),
            }))",
        )
        .await
    }

    /// Waits until the messages in the chat are as `wanted`.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn wait_for_chat(
        &self,
        awaited: &str,
        wanted: impl Fn(&[ChatMessage]) -> bool,
    ) -> Result<Vec<ChatMessage>> {
        self.wait_until(awaited, PATIENCE, async || {
            let messages = self.chat().await?;
            Ok(if wanted(&messages) { Ok(messages) } else { Err(format!("{messages:?}")) })
        })
        .await
    }

    /// The options of the `<select>` with this `data-testid`.
    ///
    /// # Errors
    /// When there is no such list.
    pub async fn choices(&self, test_id: &str) -> Result<Vec<Choice>> {
        self.evaluate(&format!(
            "return [...document.querySelector('[data-testid={test_id}]').options].map((option) => ({{
                value: option.value, label: option.label, selected: option.selected,
            }}))"
        ))
        .await
    }

    /// Chooses an option of the `<select>` with this `data-testid`, by its words.
    ///
    /// # Errors
    /// When there is no such list, or no such option in it.
    pub async fn choose(&self, test_id: &str, option: &str) -> Result<()> {
        self.select(&format!("[data-testid={test_id}]"), option).await
    }

    /// Switches on the devices that are off.
    ///
    /// # Errors
    /// When one does not come on.
    pub async fn switch_devices_on(&self) -> Result<()> {
        for toggle in ["toggle-mic", "toggle-camera"] {
            if !self.is_pressed(toggle).await? {
                self.press(toggle).await?;
            }
            self.device_is(toggle, "on").await?;
        }
        Ok(())
    }

    /// Switches a device that is on off.
    ///
    /// # Errors
    /// When it does not go off.
    pub async fn switch_off(&self, toggle: &str) -> Result<()> {
        self.press(toggle).await?;
        self.device_is(toggle, "off").await
    }

    /// Waits until a toggle shows this state of its device: `on`, `off`, `asking` or `unavailable`.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn device_is(&self, toggle: &str, state: &str) -> Result<()> {
        let script = format!("return document.querySelector('[data-testid={toggle}]')?.dataset.device === '{state}'");
        self.wait_for::<bool>(&format!("{toggle} is {state}"), &script).await.map(drop)
    }

    /// Waits until the indicator shows this state of the signaling connection.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn signaling_is(&self, state: &str) -> Result<()> {
        let script = "const state = document.querySelector('[data-testid=signaling]')?.dataset.state;";
        self.wait_for::<bool>(&format!("signaling is {state}"), &format!("{script} return state === '{state}'"))
            .await
            .map(drop)
    }

    /// Waits until an error with this code is shown, and returns its words.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn shows_error(&self, code: &str) -> Result<String> {
        let find = format!("document.querySelector('[data-testid=error][data-code={code}]')");
        self.wait_for(
            &format!("the error {code} is shown in words"),
            &format!("return {find}?.innerText.trim() || null"),
        )
        .await
    }

    /// Waits until no error is shown.
    ///
    /// # Errors
    /// When one stays.
    pub async fn shows_no_error(&self) -> Result<()> {
        let script = "return document.querySelector('[data-testid=error]') === null";
        self.wait_for::<bool>("no error is shown", script).await.map(drop)
    }

    /// Whether a toggle is pressed, which means that its device is on.
    ///
    /// # Errors
    /// When there is no such toggle.
    pub async fn is_pressed(&self, test_id: &str) -> Result<bool> {
        let script = format!("return document.querySelector('[data-testid={test_id}]').ariaPressed");
        Ok(self.evaluate::<String>(&script).await? == "true")
    }
}

/// The link to `room` of the app at `base`.
pub fn link(base: &str, room: &str) -> String {
    format!("{base}#room={room}")
}
