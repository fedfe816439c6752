//! The two that are compared, and how each is entered: the app, and a page of plain JavaScript.

use vitrine_e2e::{Page, Result, VitrinePage};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Vitrine,
    JavaScript,
}

impl Kind {
    /// Opens the page and waits until nothing is left to do but enter: devices given, server connected.
    pub async fn get_ready(self, page: &VitrinePage, url: &str) -> Result<()> {
        page.go_to(url).await?;
        match self {
            Self::Vitrine => {
                page.wait_for_lobby().await?;
                page.signaling_is("online").await?;
            }
            Self::JavaScript => stage_is(page, "ready").await?,
        }
        // Somebody has looked at the preview before pressing the button.
        page.wait_for::<bool>(
            "the camera's picture is shown",
            "return [...document.querySelectorAll('video')].some((video) => video.videoWidth > 0)",
        )
        .await
        .map(drop)
    }

    /// Presses the button, and waits to be in the room.
    pub async fn enter(self, page: &VitrinePage) -> Result<()> {
        match self {
            Self::Vitrine => page.enter().await,
            Self::JavaScript => {
                page.press("enter").await?;
                stage_is(page, "entered").await
            }
        }
    }
}

async fn stage_is(page: &Page, stage: &str) -> Result<()> {
    page.wait_for::<bool>(&format!("the page is {stage}"), &format!("return document.body.dataset.stage === '{stage}'"))
        .await
        .map(drop)
}
