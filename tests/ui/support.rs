//! The app with a state made by a test instead of the engine, and what tests do to it and look for in it.

use std::{cell::RefCell, rc::Rc};

use leptos::{mount::mount_to, prelude::*, task::tick};
use vitrine::{
    call::{
        CallState, CallStore, Command, ConnectionState, DeviceCommand, PeerState, SignalingState, Stage, Steps, publish,
    },
    ui::App,
};
use vitrine_protocol::signaling::UserId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, MediaStream};

/// The app in an element of its own, and the commands that it sent; unmounted on drop.
pub struct Page {
    pub root: HtmlElement,
    state: RefCell<CallState>,
    store: CallStore,
    pub sent: Rc<RefCell<Vec<Command>>>,
    handle: Option<Box<dyn std::any::Any>>,
}

impl Page {
    pub async fn open(fragment: &str, state: CallState) -> Self {
        let root: HtmlElement = document().create_element("div").unwrap().unchecked_into();
        document().body().unwrap().append_child(&root).unwrap();
        Self::open_in(root, fragment, state).await
    }

    pub async fn open_in(root: HtmlElement, fragment: &str, state: CallState) -> Self {
        let location = window().location();
        window()
            .history()
            .unwrap()
            .replace_state_with_url(
                &wasm_bindgen::JsValue::NULL,
                "",
                Some(if fragment.is_empty() { "#" } else { fragment }),
            )
            .unwrap();
        assert_eq!(location.hash().unwrap(), fragment);
        let sent = Rc::new(RefCell::new(Vec::new()));
        let send = {
            let sent = Rc::clone(&sent);
            move |command| sent.borrow_mut().push(command)
        };
        let owner = Owner::new();
        let store = owner.with(|| CallStore::new_local(CallState::default()));
        publish(store, state.clone());
        let handle = mount_to(root.clone(), move || view! { <App state=store send /> });
        tick().await;
        tick().await;
        Self { root, state: RefCell::new(state), store, sent, handle: Some(Box::new((handle, owner))) }
    }

    pub async fn update(&self, change: impl FnOnce(&mut CallState)) {
        let state = {
            let mut state = self.state.borrow_mut();
            change(&mut state);
            state.clone()
        };
        publish(self.store, state);
        // One tick for the memos, one for the elements that depend on them.
        tick().await;
        tick().await;
    }

    pub fn find(&self, selector: &str) -> Option<Element> {
        self.root.query_selector(selector).unwrap()
    }

    pub fn get(&self, test_id: &str) -> HtmlElement {
        let element = self.find(&format!("[data-testid={test_id}]"));
        element.unwrap_or_else(|| panic!("no {test_id} in {}", self.root.inner_html())).unchecked_into()
    }

    pub fn text(&self, test_id: &str) -> String {
        self.get(test_id).text_content().unwrap_or_default()
    }

    pub async fn click(&self, test_id: &str) {
        self.get(test_id).click();
        tick().await;
        tick().await;
    }

    pub async fn fill(&self, test_id: &str, value: &str) {
        let input: HtmlInputElement = self.get(test_id).unchecked_into();
        input.set_value(value);
        let event = web_sys::Event::new("input").unwrap();
        input.dispatch_event(&event).unwrap();
        tick().await;
    }

    /// The commands since the last look, but for those of meters that come and go.
    pub fn sent(&self) -> Vec<Command> {
        let is_meter = |command: &Command| matches!(command, Command::Devices(DeviceCommand::ShowLevel(_)));
        self.sent.take().into_iter().filter(|command| !is_meter(command)).collect()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        drop(self.handle.take());
        assert_eq!(self.root.child_element_count(), 0, "unmounting must remove every element");
        self.root.remove();
    }
}

pub fn lobby() -> CallState {
    CallState { signaling: SignalingState::Online, ..CallState::default() }
}

pub fn in_call(peers: Vec<PeerState>) -> CallState {
    CallState { stage: Stage::InCall, room: Some("weekly".into()), peers, ..lobby() }
}

pub fn peer(id: &str) -> PeerState {
    PeerState {
        key: id.bytes().fold(0, |key, byte| key * 31 + u64::from(byte)),
        id: UserId(id.into()),
        session: Some(format!("session of {id}")),
        name: Some(format!("Name of {id}")),
        connection: ConnectionState::Connected,
        audio_stream: Some(MediaStream::new().unwrap()),
        video_stream: Some(MediaStream::new().unwrap()),
        screen_stream: None,
        screen_audio_stream: None,
        audio: Some(true),
        video: Some(true),
        is_speaking: false,
        reactions: Vec::new(),
        asks_to_mute: false,
        weakness: None,
        path: None,
        trouble: None,
        steps: Steps::default(),
    }
}

pub fn attribute(element: &Element, name: &str) -> String {
    element.get_attribute(name).unwrap_or_default()
}

/// The body of a window of this size, in CSS pixels, with the app's style.
pub fn small_window(width: u32, height: u32) -> (Element, HtmlElement) {
    let frame = document().create_element("iframe").unwrap();
    frame.set_attribute("style", &format!("border: 0; width: {width}px; height: {height}px")).unwrap();
    document().body().unwrap().append_child(&frame).unwrap();
    let inner = js_sys::Reflect::get(&frame, &"contentDocument".into()).unwrap();
    let inner: web_sys::Document = inner.unchecked_into();
    let style = inner.create_element("style").unwrap();
    style.set_text_content(Some(include_str!("../../style.css")));
    let body = inner.body().unwrap();
    inner.document_element().unwrap().prepend_with_node_1(&style).unwrap();
    (frame, body)
}

/// A list of all streams assigned to the element's `srcObject` from now on.
pub fn assignments(element: &Element) -> js_sys::Array {
    let list = js_sys::Array::new();
    let follow = js_sys::Function::new_with_args(
        "element, list",
        "const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject');
        Object.defineProperty(element, 'srcObject', { get, set(stream) { list.push(stream); set.call(this, stream); } })",
    );
    follow.call2(&wasm_bindgen::JsValue::NULL, element, &list).unwrap();
    list
}

/// Checks every 16 ms until `reached`.
pub async fn until(mut reached: impl FnMut() -> bool) {
    let start = vitrine::browser::now();
    while !reached() {
        assert!(vitrine::browser::now() - start < 30_000.0, "waited 30 s in vain");
        gloo_timers::future::TimeoutFuture::new(16).await;
    }
}
