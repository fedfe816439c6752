//! A browser that denies storage and the clipboard: what is asked for is done without them, or said in words.

use crate::support::{Page, attribute, in_call, lobby, peer, until};
use leptos::task::tick;
use vitrine::call::{Command, Intent};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen(inline_js = "
let asked = 0;
const denied = () => { asked += 1; throw new DOMException('denied', 'SecurityError'); };
const storage = Object.getOwnPropertyDescriptor(window, 'localStorage');
const original = { get: Storage.prototype.getItem, set: Storage.prototype.setItem };
export function deny_storage_itself() {
  Object.defineProperty(window, 'localStorage', { configurable: true, get: denied });
}
export function deny_every_key() {
  Storage.prototype.getItem = denied;
  Storage.prototype.setItem = denied;
}
export function allow_storage() {
  // Of a global object, it is an own property: deleted, it would be gone.
  if (storage) Object.defineProperty(window, 'localStorage', storage); else delete window.localStorage;
  Object.assign(Storage.prototype, { getItem: original.get, setItem: original.set });
  const times = asked;
  asked = 0;
  return times;
}
export function deny_clipboard() {
  Object.defineProperty(navigator, 'clipboard', { configurable: true,
    value: { writeText: () => Promise.reject(new DOMException('denied', 'NotAllowedError')) } });
}
export function allow_clipboard() { delete navigator.clipboard; }
")]
extern "C" {
    fn deny_storage_itself();
    fn deny_every_key();
    fn allow_storage() -> u32;
    fn deny_clipboard();
    fn allow_clipboard();
}

#[wasm_bindgen_test]
async fn app_works_without_storage() {
    for deny in [deny_storage_itself, deny_every_key] {
        deny();
        let page = Page::open("#room=weekly", lobby()).await;
        page.fill("display-name", "Mina").await;
        page.click("enter").await;
        let enter = Command::Enter { name: "Mina".into(), room: "weekly".into(), intent: Intent::Join };
        assert_eq!(page.sent(), [enter]);
        page.update(|state| *state = in_call(vec![peer("ben")])).await;
        page.click("open-chat").await;
        page.click("chat-sound").await;
        assert_eq!(attribute(&page.get("chat-sound"), "aria-pressed"), "false", "it is switched for this visit");
        drop(page);
        assert!(allow_storage() > 0, "storage was asked for");
    }
}

#[wasm_bindgen_test]
async fn link_that_cannot_be_copied_is_shown() {
    deny_clipboard();
    let page = Page::open("", in_call(vec![])).await;
    page.click("copy-link-alone").await;
    until(|| page.find("dialog[open] [data-testid=invite-link]").is_some()).await;
    tick().await;
    let shown = js_sys::Reflect::get(&page.get("invite-link"), &"value".into()).unwrap().as_string().unwrap();
    assert!(shown.ends_with("#room=weekly"), "{shown}");
    assert!(page.find("dialog[open]").unwrap().text_content().unwrap().contains("did not let us copy the link"));
    allow_clipboard();
}
