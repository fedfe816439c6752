//! The inspector: what the page explains of a connection, in a call and from a file.

use std::time::Duration;

use serde::Deserialize;

use crate::{Page, Result, page::PATIENCE};

/// What the inspector says of the connection that it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Explained {
    /// How the connection stands.
    pub verdict: String,
    /// Why its media takes a relay, if it does.
    pub detour: Option<String>,
    /// What was found, root causes first.
    pub findings: Vec<String>,
    /// The numbers of the guide's steps that were reached.
    pub steps: Vec<String>,
}

/// A connection as one of its ends sees it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MeshCell {
    /// Who sees it, by id; empty for this page.
    pub from: String,
    /// Who is at the other end.
    pub to: String,
    /// How it stands.
    pub state: String,
}

const EXPLAINED: &str = "const panel = document.querySelector('[data-testid=inspector]');
    const code = (id) => panel.querySelector(`[data-testid=${id}]`)?.dataset.code;
    return panel && {
        verdict: code('verdict') ?? '',
        detour: code('detour') ?? null,
        findings: [...panel.querySelectorAll('[data-testid=finding]')].map((one) => one.dataset.code),
        steps: [...panel.querySelectorAll('[data-testid=steps] > li[data-reached]')].map((one) => one.dataset.step),
    }";

impl Page {
    /// Opens the inspector on the connection to the participant who is shown under this name.
    ///
    /// # Errors
    /// When nobody is, or the inspector does not open.
    pub async fn inspect(&self, name: &str) -> Result<()> {
        let open = format!(
            "const tiles = [...document.querySelectorAll('[data-testid=tile]')];
            const tile = tiles.find((tile) => tile.getAttribute('aria-label') === {name:?});
            tile?.querySelector('[data-testid=inspect-tile]').click();
            return tile !== undefined"
        );
        assert!(self.evaluate::<bool>(&open).await?, "{}: no tile of {name}", self.name());
        let opened = "return document.querySelector('[data-testid=verdict]') !== null";
        self.wait_for::<bool>("the inspector shows a connection", opened).await.map(drop)
    }

    /// What the inspector says.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn explained(&self) -> Result<Explained> {
        Ok(self.evaluate::<Option<Explained>>(EXPLAINED).await?.unwrap_or_default())
    }

    /// Waits until what the inspector says is what it must be.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn explains(&self, what: &str, is_so: impl Fn(&Explained) -> bool) -> Result<Explained> {
        self.explains_within(PATIENCE, what, is_so).await
    }

    /// As [`Page::explains`], within another time.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn explains_within(
        &self,
        within: Duration,
        what: &str,
        is_so: impl Fn(&Explained) -> bool,
    ) -> Result<Explained> {
        self.wait_until(&format!("the inspector says {what}"), within, async || {
            let explained = self.explained().await?;
            Ok(if is_so(&explained) { Ok(explained) } else { Err(format!("{explained:?}")) })
        })
        .await
    }

    /// The mesh, as the inspector shows it; empty while it shows something else.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn mesh(&self) -> Result<Vec<MeshCell>> {
        self.evaluate(
            "return [...document.querySelectorAll('[data-testid=mesh-cell]')].map(({ dataset }) => ({ ...dataset }))",
        )
        .await
    }

    /// Chooses a file on the page of recorded calls; gzip packs it if the name says so.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn open_recording(&self, name: &str, text: &str) -> Result<()> {
        let text = serde_json::Value::from(text);
        self.evaluate(&format!(
            "const data = new DataTransfer();
            const plain = new Blob([{text}]);
            const pack = () => new Response(plain.stream().pipeThrough(new CompressionStream('gzip'))).blob();
            data.items.add(new File([{name:?}.endsWith('.gz') ? await pack() : plain], {name:?}));
            const input = document.querySelector('[data-testid=explain-input]');
            input.files = data.files;
            input.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        ))
        .await
    }
}
