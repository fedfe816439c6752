//! Tabs of a Chromium without a driver, controlled over the DevTools protocol. A driver keeps its pages visible and awake.
//! These tabs can be hidden and frozen, and a script that runs in them is no user gesture. Many tabs share one browser,
//! which costs a small machine less than a browser for each.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Display,
    net::{Ipv4Addr, SocketAddr},
    process::Command,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpStream, sync::oneshot, task::JoinHandle};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::{
    Browser, Error, Result,
    error::{Doing, Report},
    load,
    page::{PATIENCE, as_promise, read_answer, something, wait_until},
    process::Process,
};

/// How long the browser may take to answer, a page that waits for something included.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

type Socket = WebSocketStream<TcpStream>;

/// The connection to the browser.
struct DevTools {
    socket: tokio::sync::Mutex<SplitSink<Socket, Message>>,
    awaited: Mutex<HashMap<u64, oneshot::Sender<Value>>>,
    commands: AtomicU64,
}

impl DevTools {
    fn awaited(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Value>>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a command to the browser, or to the tab of this session, and returns the result.
    async fn command(&self, session: Option<&str>, method: &str, parameters: Value) -> Result<Value> {
        let id = self.commands.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.awaited().insert(id, sender);
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        self.socket.lock().await.send(Message::text(message.to_string())).await.map_err(Box::new)?;
        let answer = match tokio::time::timeout(ANSWER_WITHIN, answer).await {
            Ok(Ok(answer)) => answer,
            _ => return Err(Error::Signaling(format!("no answer to {method}"))),
        };
        match answer.get("error") {
            Some(error) => Err(Error::Signaling(format!("{method}: {error}"))),
            None => Ok(answer["result"].clone()),
        }
    }

    async fn read(&self, mut messages: SplitStream<Socket>) {
        while let Some(Ok(message)) = messages.next().await {
            let Ok(answer) = serde_json::from_slice::<Value>(&message.into_data()) else { continue };
            // Without an id it is an event.
            let awaited = answer["id"].as_u64().and_then(|id| self.awaited().remove(&id));
            if let Some(awaited) = awaited {
                // Fails if the caller has gone.
                let _ = awaited.send(answer);
            }
        }
        self.awaited().clear();
    }
}

/// A Chromium with tabs.
pub struct TabbedBrowser {
    devtools: Arc<DevTools>,
    reader: JoinHandle<()>,
    // Dropped in this order: nothing writes into the profile any more when it is removed.
    process: Process,
    _profile: TempDir,
}

impl TabbedBrowser {
    /// Starts the browser.
    ///
    /// # Errors
    /// When it does not start, or is no Chromium that works without a driver.
    pub async fn start(browser: Browser) -> Result<Self> {
        let profile = tempfile::tempdir().doing(|| "create a browser profile".to_owned())?;
        let mut command = Command::new(crate::needs::chromium()?);
        command.args(browser.chromium_arguments(&profile)?).args(["--remote-debugging-port=0", "about:blank"]);
        command.env("TMPDIR", profile.path());
        let (process, (port, path)) = Process::start(command, listening_address).await?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect(address).await.doing(|| format!("connect to {address}"))?;
        stream.set_nodelay(true).doing(|| "set TCP_NODELAY".to_owned())?;
        let (socket, _) = client_async(format!("ws://{address}{path}"), stream).await.map_err(Box::new)?;
        let (sender, messages) = socket.split();
        let devtools = Arc::new(DevTools {
            socket: tokio::sync::Mutex::new(sender),
            awaited: Mutex::default(),
            commands: AtomicU64::new(1),
        });
        let reading = devtools.clone();
        let reader = tokio::spawn(async move { reading.read(messages).await });
        Ok(Self { devtools, reader, process, _profile: profile })
    }

    /// Opens a tab of the window that all such tabs share: the new one is in front, the others are hidden.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn open(&self, name: &str, url: &str) -> Result<Tab> {
        self.attach(name, json!({ "url": url })).await
    }

    /// Opens a window of its own, with storage of its own, as for another person.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn open_window(&self, name: &str, url: &str) -> Result<Tab> {
        let context = self.devtools.command(None, "Target.createBrowserContext", json!({})).await?;
        let context = &context["browserContextId"];
        self.attach(name, json!({ "url": url, "browserContextId": context, "newWindow": true })).await
    }

    async fn attach(&self, name: &str, target: Value) -> Result<Tab> {
        let target = self.devtools.command(None, "Target.createTarget", target).await?["targetId"].clone();
        let attached = json!({ "targetId": target, "flatten": true });
        let attached = self.devtools.command(None, "Target.attachToTarget", attached).await?;
        let session = attached["sessionId"].as_str().unwrap_or_default().to_owned();
        let tab = Tab { name: name.to_owned(), devtools: self.devtools.clone(), target, session };
        for domain in ["Page.enable", "Performance.enable"] {
            tab.command(domain, json!({})).await?;
        }
        Ok(tab)
    }

    /// Seconds of processor time that the browser has used so far, all its programs together.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let programs = self.process.descendants()?;
        // A program that has just ended is no error.
        let used = programs.iter().filter_map(|program| load::cpu_seconds(program.id()).ok()).sum::<f64>();
        Ok(used + load::cpu_seconds(self.process.id())?)
    }
}

impl Drop for TabbedBrowser {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// What the browser measures of a tab's page, by DevTools' names.
#[derive(Clone, Debug, Deserialize)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// When that was, in seconds of the browser's clock.
    pub fn seconds(&self) -> f64 {
        self.of("Timestamp")
    }

    /// Seconds that the page's scripts have run, WebAssembly included.
    pub fn script_seconds(&self) -> f64 {
        self.of("ScriptDuration")
    }

    /// Bytes of script heap in use.
    pub fn heap_bytes(&self) -> f64 {
        self.of("JSHeapUsedSize")
    }

    fn of(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(f64::NAN)
    }
}

/// A tab.
pub struct Tab {
    name: String,
    devtools: Arc<DevTools>,
    target: Value,
    session: String,
}

impl Tab {
    /// What the tab is called in reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    async fn command(&self, method: &str, parameters: Value) -> Result<Value> {
        self.devtools.command(Some(&self.session), method, parameters).await
    }

    /// Loads `url`, also when it differs from the current one in its fragment only.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn go_to(&self, url: &str) -> Result<()> {
        for url in ["about:blank", url] {
            self.command("Page.navigate", json!({ "url": url })).await?;
        }
        Ok(())
    }

    /// Runs `script`, the body of a function, and reads what it returns; promises are waited for.
    ///
    /// # Errors
    /// When the script throws, or returns something else than a `T`.
    pub async fn evaluate<T: DeserializeOwned>(&self, script: &str) -> Result<T> {
        self.run(script, false).await
    }

    async fn run<T: DeserializeOwned>(&self, script: &str, gesture: bool) -> Result<T> {
        let parameters = json!({
            "expression": as_promise(script), "awaitPromise": true, "returnByValue": true, "userGesture": gesture,
        });
        let answer = self.command("Runtime.evaluate", parameters).await?;
        let Some(text) = answer["result"]["value"].as_str() else {
            return Err(Error::Signaling(format!("{}: `{script}`: {}", self.name, answer["exceptionDetails"])));
        };
        read_answer(&self.name, text)
    }

    /// Waits until `script`, the body of a function, returns something else than null or false.
    ///
    /// # Errors
    /// When that does not come about in time. `awaited` completes "waited in vain until …".
    pub async fn wait_for<T: DeserializeOwned>(&self, awaited: &str, script: &str) -> Result<T> {
        let value = self.wait_until(awaited, PATIENCE, async || Ok(something(self.evaluate(script).await?))).await?;
        read_answer(&self.name, &value.to_string())
    }

    /// As [`crate::Page::wait_until`].
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

    async fn report(&self) -> Report {
        const SCRIPT: &str = "return [location.href, document.visibilityState, document.body.innerText.slice(0, 500),
            '--- its console ---', ...(window.__probe?.console() ?? [])].join('\\n')";
        let text = match tokio::time::timeout(Duration::from_secs(5), self.evaluate(SCRIPT)).await {
            Ok(Ok(text)) => text,
            Ok(Err(error)) => format!("it does not answer: {error}"),
            Err(_) => "it does not answer".to_owned(),
        };
        Report { text, screenshot: None }
    }

    /// Waits until nothing is left to do but enter: devices given, server connected.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn is_ready(&self) -> Result<()> {
        self.wait_for::<bool>("everything is ready to enter", "return window.__probe?.ready() ?? false").await.map(drop)
    }

    /// Presses the button that enters the call, as a person does, and waits in the page to be in it; returns when that
    /// was, in milliseconds since 1970.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub async fn enter(&self) -> Result<f64> {
        self.run(
            "document.querySelector('[data-testid=enter]').click();
            const inside = () => document.body.dataset.stage === 'entered'
                || (!document.body.dataset.stage && document.querySelector('[data-testid=leave]'));
            while (!inside()) await new Promise((resolve) => setTimeout(resolve, 5));
            return Date.now()",
            true,
        )
        .await
    }

    /// Puts the tab in front of those of its window.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn show(&self) -> Result<()> {
        self.devtools.command(None, "Target.activateTarget", json!({ "targetId": self.target })).await.map(drop)
    }

    /// Closes the tab.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn close(self) -> Result<()> {
        self.devtools.command(None, "Target.closeTarget", json!({ "targetId": self.target })).await.map(drop)
    }

    /// Freezes the page, as browsers do with one that was hidden for long: its timers stand still.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn freeze(&self) -> Result<()> {
        self.set_lifecycle("frozen").await
    }

    /// Wakes it.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn wake(&self) -> Result<()> {
        self.set_lifecycle("active").await
    }

    async fn set_lifecycle(&self, state: &str) -> Result<()> {
        self.command("Page.setWebLifecycleState", json!({ "state": state })).await.map(drop)
    }

    /// What the browser has measured so far.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn metrics(&self) -> Result<Metrics> {
        let answer = self.command("Performance.getMetrics", json!({})).await?;
        let metrics = answer["metrics"].as_array().into_iter().flatten();
        let named = metrics.filter_map(|metric| Some((metric["name"].as_str()?.to_owned(), metric["value"].as_f64()?)));
        Ok(Metrics(named.collect()))
    }
}

/// Port and path in `DevTools listening on ws://127.0.0.1:39163/devtools/browser/…`.
fn listening_address(line: &str) -> Option<(u16, String)> {
    let (port, path) = line.strip_prefix("DevTools listening on ws://127.0.0.1:")?.split_once('/')?;
    Some((port.parse().ok()?, format!("/{path}")))
}

#[cfg(test)]
mod tests {
    use super::listening_address;

    #[test]
    fn chromium_says_where_devtools_are() {
        let line = "DevTools listening on ws://127.0.0.1:39163/devtools/browser/a-b";
        assert_eq!(listening_address(line), Some((39163, "/devtools/browser/a-b".to_owned())));
        assert_eq!(listening_address("DevTools"), None);
    }
}
