//! The guide's own client: sections 5.1 and 5.2 as they stand there, in a page that adds what they leave to it.

use std::{fs, ops::Deref};

use crate::{Browser, Page, Result, Site, error::Doing, needs};

/// The signaling server's address, as the guide writes it.
const GUIDE_SERVER: &str = "http://localhost:3000";

/// A page with the guide's client in it.
pub struct SeedPage {
    page: Page,
}

impl Deref for SeedPage {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

/// The guide's client, to be served by any file server, for the signaling server at `server`.
///
/// # Errors
/// When npm's packages are missing.
pub fn seed_site(server: &str) -> Result<Site> {
    let source = needs::directory().join("interop").join("seed-page");
    let site = Site::copy(&source)?;
    let read = |name: &str| fs::read_to_string(source.join(name)).doing(|| format!("read {name}"));
    // One module, because the guide's functions are not exported; its only change is the address.
    let guide = read("WebRTC.js")?.replace(GUIDE_SERVER, server.trim_end_matches('/'));
    site.write("WebRTC.js", &(guide + &read("page.js")?))?;
    site.add_from_npm("socket.io-client/dist/socket.io.esm.min.js")?;
    Ok(site)
}

impl SeedPage {
    /// Opens the page.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn open(browser: Browser, name: &str, url: &str) -> Result<Self> {
        let page = Page::open(browser, name, url).await?;
        page.wait_for::<bool>("the guide's client is loaded", "return 'createRoom' in window").await?;
        Ok(Self { page })
    }

    /// Creates `room`, and waits for the server to say that it is done.
    ///
    /// # Errors
    /// When it does not.
    pub async fn create_room(&self, room: &str) -> Result<()> {
        self.evaluate::<()>(&format!("createRoom('{room}')")).await?;
        self.says("방 생성 완료").await
    }

    /// Joins `room`, and waits for the server to say that it is done.
    ///
    /// # Errors
    /// When it does not.
    pub async fn join_room(&self, room: &str) -> Result<()> {
        self.evaluate::<()>(&format!("joinRoom('{room}')")).await?;
        self.says("방 입장 완료").await
    }

    /// Waits until the client has written `words` to the console.
    async fn says(&self, words: &str) -> Result<()> {
        let script = format!("return __probe.console().some((line) => line.includes('{words}'))");
        self.wait_for::<bool>(&format!("the console says {words}"), &script).await.map(drop)
    }
}
