//! How large a page's window is, and which colors its user prefers. Chromium only: it is told by its DevTools, so that
//! sizes are exact, and as small as a phone's.

use serde_json::json;

use crate::{Page, Result};

/// Windows of a small phone, a phone upright and lying, and a notebook: width and height in CSS pixels.
pub const SIZES: [(u32, u32); 4] = [(320, 568), (390, 844), (844, 390), (1280, 800)];

/// What `prefers-color-scheme` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    /// `light`.
    Light,
    /// `dark`.
    Dark,
}

impl Colors {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Page {
    /// Gives the page a window of this size.
    ///
    /// # Errors
    /// When the browser is no Chromium.
    pub async fn set_size(&self, (width, height): (u32, u32)) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        let script = format!("return innerWidth === {width} && innerHeight === {height}");
        self.wait_for::<bool>(&format!("the window has {width} by {height} pixels"), &script).await.map(drop)
    }

    /// Has the user prefer these colors.
    ///
    /// # Errors
    /// When the browser is no Chromium.
    pub async fn set_colors(&self, colors: Colors) -> Result<()> {
        self.set_media(&[("prefers-color-scheme", colors.name())]).await
    }

    /// Has the page's media features be as given, and the others as on this machine.
    ///
    /// # Errors
    /// When the browser is no Chromium.
    pub async fn set_media(&self, features: &[(&str, &str)]) -> Result<()> {
        let all: Vec<_> = features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": all })).await?;
        for (name, value) in features {
            let script = format!("return matchMedia('({name}: {value})').matches");
            self.wait_for::<bool>(&format!("{name} is {value}"), &script).await?;
        }
        Ok(())
    }
}
