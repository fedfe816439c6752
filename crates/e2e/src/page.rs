//! One page in one browser: questions to it, clicks and keys, and waiting on its state with a deadline. When something
//! goes wrong the error carries the page's text, states and console, and a picture of it is saved.

use std::{fmt::Display, time::Duration};

use fantoccini::{Locator, elements::ElementRef, error::CmdError, wd::WebDriverCompatibleCommand};
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::{
    Browser, Error, Namespace, Result,
    browser::Session,
    error::{Doing, Report},
    needs,
};

/// How long a state may take to come about. Generous: on a busy machine a slow call is no failed call.
pub const PATIENCE: Duration = Duration::from_secs(45);

/// A state is looked at again after the first time, then ever later up to the second: looking is work for the browser,
/// and what has not come about soon waits for a busy machine.
const LOOK_AFTER: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(400));

/// Looks again and again until `look` finds what it looks for; until then it tells what there is instead. The error
/// names the page, and carries its report.
pub(crate) async fn wait_until<T, S: Display>(
    page: &str,
    awaited: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Result<Result<T, S>>,
    report: impl AsyncFnOnce() -> Report,
) -> Result<T> {
    let deadline = tokio::time::Instant::now() + within;
    let (mut pause, longest) = LOOK_AFTER;
    loop {
        match look().await? {
            Ok(found) => return Ok(found),
            Err(_) if tokio::time::Instant::now() <= deadline => {
                tokio::time::sleep(pause).await;
                pause = pause.mul_f64(1.5).min(longest);
            }
            Err(seen) => {
                return Err(Error::TimedOut {
                    page: page.to_owned(),
                    awaited: awaited.to_owned(),
                    waited: within,
                    seen: seen.to_string(),
                    report: Box::new(report().await),
                });
            }
        }
    }
}

/// A script's value if it is something else than null or false.
pub(crate) fn something(value: Value) -> Result<Value, Value> {
    if matches!(value, Value::Null | Value::Bool(false)) { Err(value) } else { Ok(value) }
}

/// Reads a page's answer, which is JSON.
pub(crate) fn read_answer<T: DeserializeOwned>(page: &str, answer: &str) -> Result<T> {
    serde_json::from_str(answer).map_err(|source| Error::Answer {
        page: page.to_owned(),
        answer: answer.to_owned(),
        source,
    })
}

/// A function body as an expression whose value is a promise of what it returns, as JSON: drivers have ideas of their
/// own about what objects mean.
pub(crate) fn as_promise(script: &str) -> String {
    format!("(async () => JSON.stringify(await (async () => {{{script}}})()) ?? 'null')()")
}

/// WebDriver's Get Computed Label (WebDriver 2 §12.4.10), which the client has no method for.
#[derive(Debug)]
struct ComputedLabel(ElementRef);

impl WebDriverCompatibleCommand for ComputedLabel {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/element/{}/computedlabel", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::GET, None)
    }
}

/// Chromium's own command to its DevTools, which is in no standard.
#[derive(Debug)]
struct DevToolsCommand {
    method: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for DevToolsCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.method, "params": self.parameters }).to_string()))
    }
}

/// A page.
pub struct Page {
    name: String,
    session: Session,
}

impl Page {
    /// Starts `browser` and opens `url` in it. `name` tells the page from others in what is reported.
    ///
    /// # Errors
    /// When the browser does not start or the page cannot be loaded.
    pub async fn open(browser: Browser, name: &str, url: &str) -> Result<Self> {
        let page = Self { name: name.to_owned(), session: browser.start(None).await? };
        page.go_to(url).await?;
        Ok(page)
    }

    /// As [`Page::open`], in a network namespace and with one more argument for the browser; Chromium only.
    ///
    /// # Errors
    /// When the browser does not start or the page cannot be loaded.
    pub async fn open_in(
        namespace: &Namespace,
        argument: &str,
        browser: Browser,
        name: &str,
        url: &str,
    ) -> Result<Self> {
        let page = Self { name: name.to_owned(), session: browser.start(Some((namespace, argument))).await? };
        page.go_to(url).await?;
        Ok(page)
    }

    /// What the page is called in reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Loads `url`, also when it differs from the current one in its fragment only.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn go_to(&self, url: &str) -> Result<()> {
        for url in ["about:blank", url] {
            let result = self.session.client.goto(url).await;
            self.check(&format!("open {url}"), result).await?;
        }
        Ok(())
    }

    /// Turns to the page in the first frame of this one: what follows is asked and done there.
    ///
    /// # Errors
    /// When there is none.
    pub async fn enter_frame(&self) -> Result<()> {
        let result = self.session.client.enter_frame(0).await;
        self.check("enter the frame", result).await
    }

    /// Closes the window as a person does: the page hears of it.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn close(self) -> Result<()> {
        let result = self.session.client.close_window().await;
        self.check("close the window", result).await
    }

    /// Loads the page anew, as a person does.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn reload(&self) -> Result<()> {
        let result = self.session.client.refresh().await;
        self.check("reload", result).await
    }

    /// Ends the program that runs the page, without a warning, as a crash does. The page answers no more.
    ///
    /// # Errors
    /// When there is none.
    pub fn crash(&self) -> Result<()> {
        self.signal("KILL", |command| command.contains("--type=renderer"))
    }

    /// Stops the whole browser, as when the machine sleeps, or vanishes: nothing runs, nothing is said goodbye to.
    ///
    /// # Errors
    /// When there is no browser.
    pub fn freeze(&self) -> Result<()> {
        self.signal("STOP", |_| true)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When there is no browser.
    pub fn thaw(&self) -> Result<()> {
        self.signal("CONT", |_| true)
    }

    fn signal(&self, signal: &str, meant: impl Fn(&str) -> bool) -> Result<()> {
        let programs = self.session.programs()?;
        let meant: Vec<_> = programs.iter().filter(|program| meant(&program.command)).collect();
        meant.iter().for_each(|program| program.signal(signal));
        if meant.is_empty() {
            let nobody = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(nobody).doing(|| format!("send SIG{signal} to {}'s browser: {programs:?}", self.name));
        }
        Ok(())
    }

    /// Runs `script`, the body of a function, and reads what it returns; promises are waited for.
    ///
    /// # Errors
    /// When the script throws, or returns something else than a `T`.
    pub async fn evaluate<T: DeserializeOwned>(&self, script: &str) -> Result<T> {
        let result = self.session.client.execute(&format!("return {}", as_promise(script)), Vec::new()).await;
        let answer = self.check(&format!("run `{script}`"), result).await?;
        read_answer(&self.name, answer.as_str().unwrap_or_default())
    }

    /// Waits until `script`, the body of a function, returns something else than null or false.
    ///
    /// # Errors
    /// When that does not come about in time. `awaited` completes "waited in vain until …".
    pub async fn wait_for<T: DeserializeOwned>(&self, awaited: &str, script: &str) -> Result<T> {
        let value = self.wait_until(awaited, PATIENCE, async || Ok(something(self.evaluate(script).await?))).await?;
        read_answer(&self.name, &value.to_string())
    }

    /// Looks again and again until `look` finds what it looks for; until then it tells what there is instead.
    ///
    /// # Errors
    /// When that does not come about `within` the time, or looking fails.
    pub async fn wait_until<T, S: Display>(
        &self,
        awaited: &str,
        within: Duration,
        look: impl AsyncFnMut() -> Result<Result<T, S>>,
    ) -> Result<T> {
        wait_until(&self.name, awaited, within, look, async || self.report().await).await
    }

    /// Clicks the one element that `css` selects, as a person does: it has to be visible and not covered.
    ///
    /// # Errors
    /// When there is none, or it cannot be clicked.
    pub async fn click(&self, css: &str) -> Result<()> {
        let result = async { self.session.client.find(Locator::Css(css)).await?.click().await }.await;
        self.check(&format!("click {css}"), result).await
    }

    /// Types `text` into the field that `css` selects, in place of what is in it.
    ///
    /// # Errors
    /// When there is none, or it cannot be typed into.
    pub async fn type_into(&self, css: &str, text: &str) -> Result<()> {
        let typed = async {
            let field = self.session.client.find(Locator::Css(css)).await?;
            field.clear().await?;
            field.send_keys(text).await
        };
        let result = typed.await;
        self.check(&format!("type into {css}"), result).await
    }

    /// Presses a key, in what has the focus: a character, or one of WebDriver's codes for keys without one (§17.4.2).
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn press_key(&self, key: &str) -> Result<()> {
        let result = async { self.session.client.active_element().await?.send_keys(key).await }.await;
        self.check("press a key", result).await
    }

    /// The name by which the browser tells assistive technology of each visible element that `css` selects, with the
    /// start of its markup.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn computed_labels(&self, css: &str) -> Result<Vec<(String, String)>> {
        let client = &self.session.client;
        let asking = async {
            let mut labels = Vec::new();
            for element in client.find_all(Locator::Css(css)).await? {
                if element.is_displayed().await? {
                    let markup = element.html(false).await?.chars().take(200).collect();
                    let label = client.issue_cmd(ComputedLabel(element.element_id())).await?;
                    labels.push((markup, label.as_str().unwrap_or_default().to_owned()));
                }
            }
            Ok(labels)
        };
        let result = asking.await;
        self.check(&format!("ask for the names of {css}"), result).await
    }

    /// Chooses the option of the `<select>` that `css` selects, by its words.
    ///
    /// # Errors
    /// When there is no such list, or no such option in it.
    pub async fn select(&self, css: &str, option: &str) -> Result<()> {
        let result = async { self.session.client.find(Locator::Css(css)).await?.select_by_label(option).await }.await;
        self.check(&format!("choose {option} in {css}"), result).await
    }

    /// Sends a command to Chromium's DevTools.
    pub(crate) async fn devtools(&self, method: &'static str, parameters: Value) -> Result<Value> {
        let result = self.session.client.issue_cmd(DevToolsCommand { method, parameters }).await;
        self.check(method, result).await
    }

    async fn check<T>(&self, doing: &str, result: Result<T, CmdError>) -> Result<T> {
        match result {
            Ok(value) => Ok(value),
            Err(source) => Err(Error::Command {
                page: self.name.clone(),
                doing: doing.to_owned(),
                source: Box::new(source),
                report: Box::new(self.report().await),
            }),
        }
    }

    /// What the page looks like, as far as it still answers.
    async fn report(&self) -> Report {
        const SCRIPT: &str = "
            const states = [...document.querySelectorAll('[data-state], [data-code]')].map((element) =>
                element.cloneNode().outerHTML.replace(/>.*/, '>'));
            const connections = await (window.__probe?.connections() ?? []);
            return [location.href, document.body.innerText.slice(0, 1500), ...states,
                ...connections.map((connection) => JSON.stringify(connection)),
                '--- its console ---', ...(window.__probe?.console() ?? [])].join('\\n');";
        let script = format!("return (async () => {{{SCRIPT}}})()");
        let asking = self.session.client.execute(&script, Vec::new());
        let text = match tokio::time::timeout(Duration::from_secs(5), asking).await {
            Ok(Ok(Value::String(text))) => text,
            Ok(Ok(other)) => other.to_string(),
            Ok(Err(error)) => format!("it does not answer: {error}"),
            Err(_) => "it does not answer".to_owned(),
        };
        let screenshot = self.save_picture().await.ok();
        Report { text, screenshot }
    }

    /// Saves a picture of the page in `target/e2e` and returns its path.
    ///
    /// # Errors
    /// When the browser takes none or the file cannot be written.
    pub async fn save_picture(&self) -> Result<std::path::PathBuf> {
        let taking = tokio::time::timeout(Duration::from_secs(5), self.session.client.screenshot());
        let picture = match taking.await {
            Ok(Ok(picture)) => picture,
            _ => return Err(std::io::Error::from(std::io::ErrorKind::TimedOut)).doing(|| "take a picture".to_owned()),
        };
        let test = std::thread::current().name().unwrap_or("main").replace("::", "-");
        let path = needs::pictures().join(format!("{test}-{}.png", self.name));
        std::fs::create_dir_all(needs::pictures())
            .and_then(|()| std::fs::write(&path, picture))
            .doing(|| format!("write {}", path.display()))?;
        Ok(path)
    }
}
