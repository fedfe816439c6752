//! Shared screens: what a page shares, how that ends, and what it shows of the screens of others.

use serde::Deserialize;

use crate::{Page, Result, page::PATIENCE};

/// A shared screen that the page shows.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Screen {
    /// Whose it is: a participant's id, or none if it is one's own.
    pub peer: Option<String>,
    /// Its name for assistive technology.
    pub name: String,
    /// Whether its `<video>` is not paused.
    pub playing: bool,
    /// Width of the picture, in pixels; 0 before the first frame.
    pub width: u32,
    /// Height of the picture.
    pub height: u32,
    /// `currentTime` of its `<video>`.
    pub seconds: f64,
    /// Frames shown since the first look.
    pub frames: u64,
    /// Frames decoded of its track.
    pub decoded: u64,
}

impl Screen {
    /// Whether it is seen to move: it plays, its clock has moved since `before`, and new frames were decoded and shown.
    pub fn moves_since(&self, before: &Self) -> bool {
        self.playing
            && self.width > 0
            && self.seconds > before.seconds
            && self.frames > before.frames
            && self.decoded > before.decoded
    }
}

/// A track of a screen that was shared from this page, at some time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SharedTrack {
    /// `audio` or `video`.
    pub kind: String,
    /// `live` or `ended`.
    pub ready_state: String,
    /// What the encoder is told of it; browsers without one have none.
    pub content_hint: Option<String>,
}

impl Page {
    /// From now on what is shared is a canvas that moves, of this size: for Firefox, which has no fake screen.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn use_canvas_as_screen(&self, (width, height): (u32, u32)) -> Result<()> {
        self.evaluate(&format!("__probe.useCanvasAsScreen({width}, {height})")).await
    }

    /// From now on sharing fails as browsers do, by the name of a `DOMException`; `NotAllowedError` is a refusal.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn refuse_screen(&self, failure: &str) -> Result<()> {
        self.evaluate(&format!("__probe.refuseScreen('{failure}')")).await
    }

    /// Ends what is shared as the browser's own bar does.
    ///
    /// # Errors
    /// When the page does not answer.
    ///
    /// # Panics
    /// When nothing is shared.
    pub async fn end_screen(&self) -> Result<()> {
        let ended: u32 = self.evaluate("return __probe.endScreen()").await?;
        assert!(ended > 0, "{}: no screen is shared", self.name());
        Ok(())
    }

    /// The tracks that were shared from this page, those that have ended included.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn shared_tracks(&self) -> Result<Vec<SharedTrack>> {
        self.evaluate("return __probe.sharedScreens()").await
    }

    /// The shared screens that the page shows.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn screens(&self) -> Result<Vec<Screen>> {
        self.evaluate("return __probe.screens()").await
    }

    /// Waits until exactly `count` screens of others are shown, and all of them are seen to move.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn sees_screens(&self, count: usize) -> Result<Vec<Screen>> {
        let mut first: Vec<Screen> = Vec::new();
        self.wait_until(&format!("{count} screens are seen to move"), PATIENCE, async || {
            let screens: Vec<_> = self.screens().await?.into_iter().filter(|one| one.peer.is_some()).collect();
            let before = |screen: &Screen| first.iter().find(|one| one.peer == screen.peer);
            let moving = screens.iter().all(|one| before(one).is_some_and(|before| one.moves_since(before)));
            if screens.len() == count && moving {
                return Ok(Ok(screens));
            }
            let seen = format!("{screens:?}, at first {first:?}");
            // One that was shown anew starts from the beginning.
            first.retain(|one| screens.iter().any(|now| now.peer == one.peer && now.frames >= one.frames));
            for screen in screens {
                if !first.iter().any(|one| one.peer == screen.peer) {
                    first.push(screen);
                }
            }
            Ok(Err(seen))
        })
        .await
    }
}
