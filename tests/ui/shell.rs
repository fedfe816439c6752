//! The room's shell in a real browser: the menu behind "more", shortcuts, theme and language, the invitation, and what the
//! browser does for a call.

use crate::support::{Page, attribute, in_call, lobby, peer, small_window, until};
use leptos::{prelude::*, task::tick};
use vitrine::call::{CallState, Command, DeviceState, LocalMedia, Problem, Stage};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlDialogElement, HtmlElement, HtmlSelectElement, KeyboardEvent, KeyboardEventInit};

/// Dispatches a key event on what has the focus. Returns whether its default action was prevented.
async fn key(kind: &str, key: &str, code: &str, change: impl FnOnce(&KeyboardEventInit)) -> bool {
    let init = KeyboardEventInit::new();
    init.set_bubbles(true);
    init.set_cancelable(true);
    init.set_key(key);
    init.set_code(code);
    change(&init);
    let event = KeyboardEvent::new_with_keyboard_event_init_dict(kind, &init).unwrap();
    document().active_element().unwrap().dispatch_event(&event).unwrap();
    tick().await;
    tick().await;
    event.default_prevented()
}

async fn press(name: &str) -> bool {
    let code = if name == " " { "Space".to_owned() } else { format!("Key{}", name.to_uppercase()) };
    key("keydown", name, &code, |_| {}).await
}

fn with_devices(microphone: DeviceState, camera: DeviceState) -> CallState {
    CallState { local: LocalMedia { microphone, camera, ..LocalMedia::default() }, ..in_call(vec![peer("ada")]) }
}

async fn choose(page: &Page, test_id: &str, value: &str) {
    let select: HtmlSelectElement = page.get(test_id).unchecked_into();
    select.set_value(value);
    select.dispatch_event(&web_sys::Event::new("change").unwrap()).unwrap();
    tick().await;
    tick().await;
}

fn is_open(page: &Page, test_id: &str) -> bool {
    page.get(test_id).unchecked_into::<HtmlDialogElement>().open()
}

fn run(script: &str) -> JsValue {
    js_sys::Function::new_no_args(script).call0(&JsValue::NULL).unwrap()
}

#[wasm_bindgen_test]
async fn menu_takes_the_focus_and_gives_it_back() {
    let page = Page::open("", in_call(vec![])).await;
    let focused = || document().active_element().unwrap();
    let open = page.get("open-more");
    open.focus().unwrap();
    page.click("open-more").await;
    assert!(is_open(&page, "more") && attribute(&open, "aria-expanded") == "true");
    let first = focused();
    assert!(first.class_list().contains("control") && page.get("more").contains(Some(&first)), "{first:?}");
    assert!(key("keydown", "ArrowDown", "ArrowDown", |_| {}).await);
    let second = focused();
    assert!(second != first && page.get("more").contains(Some(&second)));
    key("keydown", "ArrowUp", "ArrowUp", |_| {}).await;
    assert_eq!(focused(), first);
    page.get("theme").focus().unwrap();
    assert!(!key("keydown", "ArrowDown", "ArrowDown", |_| {}).await, "a select uses the arrows itself");
    // As Escape does, which no script can press.
    page.get("more").unchecked_into::<HtmlDialogElement>().close();
    assert_eq!(focused(), *open);
    until(|| attribute(&open, "aria-expanded") == "false").await;
    page.click("open-more").await;
    page.click("open-shortcuts").await;
    assert!(!is_open(&page, "more") && is_open(&page, "shortcuts"), "what a control opens is not covered by the menu");
}

#[wasm_bindgen_test]
async fn controls_that_do_not_fit_are_in_the_menu() {
    let (frame, body) = small_window(320, 568);
    let page = Page::open_in(body, "", in_call(vec![peer("ada")])).await;
    let in_bar = |test_id: &str| page.find(&format!(".controls > [data-testid={test_id}]")).is_some();
    // The browser tells a window's size when it draws.
    until(|| !in_bar("invite")).await;
    assert!(in_bar("toggle-mic") && in_bar("toggle-camera") && in_bar("open-more") && in_bar("leave"));
    assert!(page.find(".more [data-testid=open-shortcuts]").is_some());
    frame.set_attribute("style", "border: 0; width: 1280px; height: 800px").unwrap();
    until(|| in_bar("invite")).await;
    assert!(in_bar("toggle-mic") && in_bar("toggle-camera") && in_bar("open-more") && in_bar("leave"));
    assert!(page.find(".more [data-testid=open-shortcuts]").is_some());
    frame.set_attribute("style", "border: 0; width: 320px; height: 568px").unwrap();
    until(|| !in_bar("invite")).await;
    drop(page);
    frame.remove();
}

#[wasm_bindgen_test]
async fn shortcuts_press_their_buttons() {
    let page = Page::open("", with_devices(DeviceState::On, DeviceState::Off)).await;
    page.find("h1").unwrap().unchecked_into::<HtmlElement>().focus().unwrap();
    press("m").await;
    press("V").await;
    key("keydown", "ㅡ", "KeyM", |_| {}).await;
    assert_eq!(
        page.sent(),
        [Command::SetMicrophone(false), Command::SetCamera(true), Command::SetMicrophone(false)],
        "Korean keyboards, too"
    );
    key("keydown", "?", "Slash", |init| init.set_shift_key(true)).await;
    assert!(is_open(&page, "shortcuts"));
    press("m").await;
    assert_eq!(page.sent(), [], "a dialog is open");
    page.get("shortcuts").unchecked_into::<HtmlDialogElement>().close();
    press("l").await;
    assert_eq!(page.sent(), []);
    key("keydown", "L", "KeyL", |init| init.set_shift_key(true)).await;
    assert_eq!(page.sent(), [Command::Leave]);
}

#[wasm_bindgen_test]
async fn shortcuts_do_not_fire_while_typing() {
    let page = Page::open("", with_devices(DeviceState::Off, DeviceState::Off)).await;
    for markup in ["<input>", "<textarea></textarea>", "<select></select>", "<p contenteditable>x</p>"] {
        let place = document().create_element("div").unwrap();
        place.set_inner_html(markup);
        page.find("main").unwrap().append_child(&place).unwrap();
        place.first_element_child().unwrap().unchecked_into::<HtmlElement>().focus().unwrap();
        for name in ["m", "v", " ", "?"] {
            assert!(!press(name).await, "{markup} gets {name}");
        }
        place.remove();
    }
    page.find("h1").unwrap().unchecked_into::<HtmlElement>().focus().unwrap();
    key("keydown", "m", "KeyM", |init| init.set_ctrl_key(true)).await;
    key("keydown", "m", "KeyM", |init| init.set_repeat(true)).await;
    key("keydown", "m", "KeyM", |init| init.set_is_composing(true)).await;
    page.get("toggle-camera").focus().unwrap();
    assert!(!press(" ").await, "the space bar presses a button");
    assert_eq!(page.sent(), []);
}

#[wasm_bindgen_test]
async fn shortcuts_can_be_switched_off_for_good() {
    let page = Page::open("", with_devices(DeviceState::Off, DeviceState::Off)).await;
    assert_eq!(attribute(&page.get("toggle-mic"), "aria-keyshortcuts"), "M");
    page.click("shortcuts-on").await;
    assert!(!page.get("toggle-mic").has_attribute("aria-keyshortcuts"));
    page.find("h1").unwrap().unchecked_into::<HtmlElement>().focus().unwrap();
    press("m").await;
    assert!(!press(" ").await);
    assert_eq!(page.sent(), []);
    drop(page);
    let page = Page::open("", with_devices(DeviceState::Off, DeviceState::Off)).await;
    press("m").await;
    assert_eq!(page.sent(), [], "it is remembered");
    page.click("shortcuts-on").await;
    assert_eq!(attribute(&page.get("toggle-mic"), "aria-keyshortcuts"), "M");
}

#[wasm_bindgen_test]
async fn space_bar_talks_as_long_as_it_is_held() {
    let page = Page::open("", with_devices(DeviceState::Off, DeviceState::Off)).await;
    page.find("h1").unwrap().unchecked_into::<HtmlElement>().focus().unwrap();
    for end in ["keyup", "blur"] {
        assert!(press(" ").await, "the page does not scroll");
        assert_eq!(page.sent(), [Command::SetMicrophone(true)]);
        page.update(|state| state.local.microphone = DeviceState::On).await;
        assert!(key("keydown", " ", "Space", |init| init.set_repeat(true)).await);
        if end == "blur" {
            window().dispatch_event(&web_sys::Event::new("blur").unwrap()).unwrap();
        } else {
            key("keyup", " ", "Space", |_| {}).await;
        }
        assert_eq!(page.sent(), [Command::SetMicrophone(false)], "{end}");
        page.update(|state| state.local.microphone = DeviceState::Off).await;
    }
    page.update(|state| state.local.microphone = DeviceState::On).await;
    press(" ").await;
    key("keyup", " ", "Space", |_| {}).await;
    assert_eq!(page.sent(), [], "who is not muted stays so");
}

#[wasm_bindgen_test]
async fn theme_is_set_on_the_root_and_remembered() {
    let root = document().document_element().unwrap();
    let page = Page::open("", lobby()).await;
    for (theme, shown) in [("dark", "dark"), ("light", "light"), ("system", "")] {
        choose(&page, "theme", theme).await;
        assert_eq!(attribute(&root, "data-theme"), shown);
        assert_eq!(vitrine::browser::stored("theme").as_deref(), Some(theme));
    }
}

#[wasm_bindgen_test]
async fn language_changes_in_the_page_and_keeps_its_state() {
    let page = Page::open("", lobby()).await;
    page.fill("room-name", "weekly tea").await;
    choose(&page, "language", "ko").await;
    assert_eq!(attribute(&document().document_element().unwrap(), "lang"), "ko");
    let room = page.get("room-name").unchecked_into::<web_sys::HtmlInputElement>().value();
    assert_eq!((room.as_str(), page.text("enter").as_str()), ("weekly tea", "통화 시작"));
    page.update(|state| *state = in_call(vec![peer("ada"), peer("bob")])).await;
    page.click("pin").await;
    page.click("open-people").await;
    assert!(page.find("#panel-people").is_some());
    choose(&page, "language", "en").await;
    assert_eq!(attribute(&document().document_element().unwrap(), "lang"), "en");
    assert_eq!(page.text("people"), "3 people");
    assert!(page.find("#panel-people").is_some() && page.find("[data-testid=pin][aria-pressed=true]").is_some());
    assert_eq!(page.text("announcements"), "", "nobody has come or gone");
    let own_names: Vec<_> = ["en", "ko"].map(|tag| page.find(&format!("option[lang={tag}]")).unwrap()).into();
    assert_eq!(own_names[0].text_content().unwrap() + &own_names[1].text_content().unwrap(), "English한국어");
}

#[wasm_bindgen_test]
async fn invitation_has_a_code_that_scanners_read_and_a_mail() {
    let (frame, body) = small_window(320, 568);
    let page = Page::open_in(body, "", in_call(vec![])).await;
    page.click("invite").await;
    assert!(is_open(&page, "invite-dialog"));
    let code: Element = page.get("qr").into();
    assert_eq!(
        (attribute(&code, "role"), attribute(&code, "aria-label")),
        ("img".into(), "QR code of the invite link".into())
    );
    let modules: f64 = attribute(&code, "viewBox").split(' ').next_back().unwrap().parse().unwrap();
    let module = code.get_bounding_client_rect().width() / modules;
    assert!(module >= 3.0, "{module} pixels a module");
    let style =
        js_sys::Reflect::get(&window(), &"getComputedStyle".into()).unwrap().unchecked_into::<js_sys::Function>();
    let style = style.call1(&JsValue::NULL, &code).unwrap();
    let of = |name: &str| js_sys::Reflect::get(&style, &name.into()).unwrap().as_string().unwrap();
    assert_eq!((of("backgroundColor"), of("fill")), ("rgb(255, 255, 255)".into(), "rgb(0, 0, 0)".into()));
    let mail = attribute(&page.get("mail-link"), "href");
    assert!(mail.starts_with("mailto:?subject=") && mail.contains("%23room%3Dweekly"), "{mail}");
    assert!(page.text("invite-text").ends_with("#room=weekly"));
    drop(page);
    frame.remove();
}

#[wasm_bindgen_test]
async fn refused_picture_is_said_in_words() {
    run("HTMLVideoElement.prototype.requestPictureInPicture = () =>
            Promise.reject(new DOMException('not now', 'NotAllowedError'));
        Object.defineProperty(document, 'pictureInPictureEnabled', { value: true, configurable: true });");
    let page = Page::open("", in_call(vec![peer("ada")])).await;
    page.click("picture-in-picture").await;
    until(|| page.find("[data-code=picture-in-picture-refused]").is_some()).await;
    assert!(page.text("error").contains("not now"));
    page.find("[data-testid=error] button").unwrap().unchecked_into::<HtmlElement>().click();
    tick().await;
    assert!(page.find("[data-testid=error]").is_none());
}

/// Stands in for the system: `window.system` notes what it is told.
const SYSTEM: &str = "
    const system = window.system = { locks: 0, most: 0, handlers: {}, devices: [] };
    Object.defineProperty(navigator, 'wakeLock', { configurable: true, value: {
        request: async () => { system.locks += 1; system.most = Math.max(system.most, system.locks); return { release: async () => { system.locks -= 1; } }; },
    } });
    Object.defineProperty(navigator, 'mediaSession', { configurable: true, value: {
        setActionHandler: (action, handler) => {
            if (action === 'togglecamera') throw new TypeError('unknown');
            if (handler) system.handlers[action] = handler; else delete system.handlers[action];
        },
        setMicrophoneActive: on => { system.devices.push(on); },
    } });";

#[wasm_bindgen_test]
async fn system_serves_the_call_and_is_let_go_after_it() {
    run(SYSTEM);
    let locks = || run("return window.system.locks").as_f64().unwrap();
    let handlers = || run("return Object.keys(window.system.handlers).sort().join(' ')").as_string().unwrap();
    let page = Page::open("", with_devices(DeviceState::On, DeviceState::Off)).await;
    until(|| locks() == 1.0).await;
    assert_eq!(handlers(), "hangup togglemicrophone");
    assert!(run("return window.system.devices.at(-1)").is_truthy());
    run("window.system.handlers.togglemicrophone()");
    run("window.system.handlers.hangup()");
    assert_eq!(page.sent(), [Command::SetMicrophone(false), Command::Leave]);
    // The browser takes the lock from a hidden page; this one is visible again.
    run("document.dispatchEvent(new Event('visibilitychange'))");
    page.update(|state| *state = lobby()).await;
    until(|| locks() == 0.0).await;
    assert_eq!(run("return window.system.most").as_f64(), Some(1.0), "one lock at a time");
    assert_eq!(handlers(), "");
    assert!(run("return window.system.devices.at(-1)").is_falsy());
    run("delete navigator.wakeLock; delete navigator.mediaSession");
}

#[wasm_bindgen_test]
async fn switch_hides_the_address_and_explains_it() {
    let page = Page::open("", lobby()).await;
    assert_eq!(page.find("#relay-only-hint").unwrap().text_content().unwrap(), "");
    page.click("relay-only").await;
    assert_eq!(page.sent(), [Command::SetRelayOnly(true)]);
    page.update(|state| state.relay_only = true).await;
    assert!(page.find("#relay-only-hint").unwrap().text_content().unwrap().contains("relay"));
    page.update(|state| state.stage = Stage::Entering).await;
    assert!(page.get("relay-only").unchecked_into::<web_sys::HtmlInputElement>().disabled());
    page.update(|state| {
        state.stage = Stage::Lobby;
        state.problem = Some(Problem::NoRelay);
    })
    .await;
    assert_eq!(attribute(&page.get("error"), "data-code"), "no-relay");
}
