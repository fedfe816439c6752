//! Whether everybody can use a page: what axe-core finds, whether each control has a name, whether the keyboard alone
//! reaches it and shows where it is, and whether a finger finds it in windows of every size. Chromium only.

use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Colors, Page, Result, SIZES, error::Doing, needs};

const SCRIPT: &str = include_str!("../assets/accessibility.js");

/// The window in which the keyboard is used, and in which light colors are looked at.
const WIDE: (u32, u32) = (1280, 800);

/// The window in which dark colors are looked at.
const NARROW: (u32, u32) = (390, 844);

/// The roles of controls, all of which have to have a name.
const ROLES: [&str; 16] = [
    "DisclosureTriangle",
    "button",
    "checkbox",
    "combobox",
    "link",
    "listbox",
    "menuitem",
    "option",
    "radio",
    "searchbox",
    "slider",
    "spinbutton",
    "switch",
    "tab",
    "textbox",
    "treeitem",
];

/// What a step with the keyboard has led to.
#[derive(Deserialize)]
struct Step {
    problem: Option<String>,
    done: bool,
}

impl Page {
    /// What keeps anybody from using what the page shows now, in words; nothing if all is well. Afterwards the window is
    /// wide, the colors are light, and nothing has the focus that it had before.
    ///
    /// # Errors
    /// When the page does not answer, or axe-core is not installed.
    pub async fn barriers(&self) -> Result<Vec<String>> {
        self.prepare_accessibility().await?;
        let mut barriers = Vec::new();
        let mut found = |place: &str, problems: Vec<String>| {
            barriers.extend(problems.into_iter().map(|problem| format!("{place}: {problem}")));
        };
        for (size, colors) in [(NARROW, Colors::Dark), (WIDE, Colors::Light)] {
            self.set_size(size).await?;
            self.set_colors_at_rest(colors).await?;
            found(&format!("axe, {colors:?}, {size:?}"), self.lasting("return __accessibility.violations()").await?);
        }
        found("name", self.nameless().await?);
        for size in SIZES {
            self.set_size(size).await?;
            found(&format!("touch, {size:?}"), self.lasting("return __accessibility.untouchable()").await?);
        }
        self.set_size(WIDE).await?;
        found("keyboard", self.unreachable().await?);
        Ok(barriers)
    }

    async fn prepare_accessibility(&self) -> Result<()> {
        if self.evaluate("return 'axe' in window").await? {
            return Ok(());
        }
        let path = needs::axe()?;
        let axe = fs::read_to_string(&path).doing(|| format!("read {}", path.display()))?;
        self.evaluate(&format!("{axe};{SCRIPT}")).await
    }

    /// What `script` finds. It has to find something twice: what has just changed may be painted in between.
    async fn lasting(&self, script: &str) -> Result<Vec<String>> {
        let first: Vec<String> = self.evaluate(script).await?;
        if first.is_empty() { Ok(first) } else { self.evaluate(script).await }
    }

    /// Fading is no barrier, and takes time.
    async fn set_colors_at_rest(&self, colors: Colors) -> Result<()> {
        self.set_media(&[("prefers-color-scheme", colors.name()), ("prefers-reduced-motion", "reduce")]).await
    }

    /// The controls to which the browser gives no name.
    async fn nameless(&self) -> Result<Vec<String>> {
        let tree = self.devtools("Accessibility.getFullAXTree", json!({})).await?;
        let shown: usize = self.evaluate("return __accessibility.controls()").await?;
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let controls: Vec<_> = nodes
            .iter()
            .filter(|node| node["ignored"] == false && ROLES.iter().any(|role| node["role"]["value"] == *role))
            .collect();
        let is_nameless = |node: &Value| node["name"]["value"].as_str().is_none_or(|name| name.trim().is_empty());
        let mut problems = Vec::new();
        for node in controls.iter().filter(|node| is_nameless(node)) {
            let id = json!({ "backendNodeId": node["backendDOMNodeId"] });
            let element = self.devtools("DOM.describeNode", id).await?["node"].take();
            let markup = format!("{} {}", element["localName"], element["attributes"]);
            problems.push(format!("without a name: {}, {markup}", node["role"]["value"]));
        }
        if controls.len() < shown {
            problems
                .push(format!("{shown} controls are shown, and assistive technology is told of {}", controls.len()));
        }
        Ok(problems)
    }

    /// Goes through the page with the Tab key.
    async fn unreachable(&self) -> Result<Vec<String>> {
        let controls: usize = self.evaluate("return __accessibility.beginTabbing()").await?;
        let mut problems = Vec::new();
        // From wherever the browser begins, past the end of the page, and round.
        for _ in 0..2 * controls + 4 {
            self.press_tab().await?;
            let step: Step = self.evaluate("return __accessibility.tabbed()").await?;
            problems.extend(step.problem);
            if step.done {
                break;
            }
        }
        let missed: Vec<String> = self.evaluate("return __accessibility.missed()").await?;
        problems.extend(missed.into_iter().map(|control| format!("Tab does not lead to {control}")));
        Ok(problems)
    }

    /// Presses Tab wherever the focus is, also in nothing.
    async fn press_tab(&self) -> Result<()> {
        for kind in ["rawKeyDown", "keyUp"] {
            let key = json!({ "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
            self.devtools("Input.dispatchKeyEvent", key).await?;
        }
        Ok(())
    }
}
