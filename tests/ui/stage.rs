//! The stage in a real browser: layouts, pins and pages, and that no video is disturbed by them.

use crate::support::{Page, attribute, in_call, peer, small_window, until};
use leptos::{prelude::*, task::tick};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlElement};

/// The app in a window of this size, in a call with so many peers.
async fn call_in_window(width: u32, height: u32, peers: usize) -> (Element, Page) {
    forget();
    let (frame, body) = small_window(width, height);
    let names = (0..peers).map(|number| peer(&format!("p{number}"))).collect();
    let page = Page::open_in(body, "", in_call(names)).await;
    until_measured(&page).await;
    (frame, page)
}

/// Waits until the stage knows its size.
async fn until_measured(page: &Page) {
    let seat = page.find(".seat").unwrap();
    until(|| seat.get_bounding_client_rect().width() > 0.0).await;
}

/// Forgets the layout that another test chose.
fn forget() {
    let storage = window().local_storage().unwrap().unwrap();
    storage.remove_item("vitrine.layout").unwrap();
    storage.remove_item("vitrine.own-picture").unwrap();
}

async fn click(page: &Page, selector: &str) {
    page.find(selector).unwrap_or_else(|| panic!("no {selector}")).unchecked_into::<HtmlElement>().click();
    tick().await;
    tick().await;
}

/// The places of the seats that are shown, in the order of the page.
fn shown(page: &Page) -> Vec<String> {
    let seats = page.root.query_selector_all(".seat").unwrap();
    let places = (0..seats.length()).map(|index| attribute(&seats.get(index).unwrap().unchecked_into(), "data-place"));
    places.filter(|place| place != "hidden").collect()
}

fn place(page: &Page, id: &str) -> String {
    let tile = page.find(&format!("[data-peer={id}]")).unwrap();
    attribute(&tile.parent_element().unwrap(), "data-place")
}

/// Counts the nodes that are added to the stage or taken from it.
fn moves(page: &Page) -> js_sys::Function {
    let watch = js_sys::Function::new_with_args(
        "stage",
        "const seen = [];
        const observer = new MutationObserver((records) => seen.push(...records));
        observer.observe(stage, { childList: true });
        return () => [...seen, ...observer.takeRecords()].flatMap((r) => [...r.addedNodes, ...r.removedNodes]).length",
    );
    watch.call1(&JsValue::NULL, &page.find(".tiles").unwrap()).unwrap().unchecked_into()
}

#[wasm_bindgen_test]
async fn no_video_is_moved_by_layout_pin_or_page() {
    let (frame, page) = call_in_window(1280, 800, 11).await;
    let videos = || -> Vec<Element> {
        let found = page.root.query_selector_all("video").unwrap();
        (0..found.length()).map(|index| found.get(index).unwrap().unchecked_into()).collect()
    };
    let (before, moves) = (videos(), moves(&page));
    let count = || moves.call0(&JsValue::NULL).unwrap().as_f64().unwrap();
    assert_eq!((before.len(), place(&page, "p10").as_str()), (12, "hidden"));
    for selector in [
        "[data-testid=next-page]",
        "[data-testid=previous-page]",
        "[data-testid=layout]",
        "[data-peer=p7] [data-testid=pin]",
        "[data-peer=p3] [data-testid=pin]",
        "[data-peer=p7] [data-testid=pin]",
        "[data-testid=layout]",
    ] {
        click(&page, selector).await;
        assert_eq!(videos(), before, "{selector}");
    }
    assert_eq!(count(), 0.0);
    drop(page);
    frame.remove();
}

#[wasm_bindgen_test]
async fn pages_of_nine_are_turned_by_button_and_key() {
    let (frame, page) = call_in_window(1280, 800, 11).await;
    assert_eq!(shown(&page), ["grid"; 9]);
    assert_eq!(page.text("page"), "Page 1 of 2");
    let hidden = page.find("[data-peer=p10]").unwrap();
    let is_reachable = |element: &Element| {
        let button: HtmlElement = element.query_selector("[data-testid=pin]").unwrap().unwrap().unchecked_into();
        button.focus().unwrap();
        button.owner_document().unwrap().active_element().is_some_and(|focused| focused.is_same_node(Some(&button)))
    };
    assert!(!is_reachable(&hidden), "what is on another page cannot be focused");
    click(&page, "[data-testid=next-page]").await;
    assert_eq!((page.text("page").as_str(), shown(&page).len()), ("Page 2 of 2", 3));
    assert_eq!(attribute(&page.get("next-page"), "aria-disabled"), "true");
    assert!(is_reachable(&hidden));
    let key = web_sys::KeyboardEventInit::new();
    key.set_key("PageUp");
    key.set_bubbles(true);
    key.set_cancelable(true);
    let key = web_sys::KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &key).unwrap();
    hidden.dispatch_event(&key).unwrap();
    tick().await;
    tick().await;
    assert_eq!(page.text("page"), "Page 1 of 2");
    page.update(|state| state.peers.truncate(3)).await;
    assert!(page.find("[data-testid=page]").is_none());
    drop(page);
    frame.remove();
}

#[wasm_bindgen_test]
async fn pinned_tiles_are_large_and_stay_so_over_a_new_connection() {
    let (frame, page) = call_in_window(1280, 800, 4).await;
    click(&page, "[data-peer=p2] [data-testid=pin]").await;
    click(&page, "[data-testid=self-tile] [data-testid=pin]").await;
    assert_eq!(attribute(&page.find("[data-peer=p2] [data-testid=pin]").unwrap(), "aria-pressed"), "true");
    assert_eq!(shown(&page), ["large", "strip", "strip", "large", "strip"]);
    // The same participant under another key and id.
    page.update(|state| {
        let mut again = peer("p9");
        again.session = state.peers[2].session.clone();
        state.peers[2] = again;
    })
    .await;
    assert_eq!(place(&page, "p9"), "large");
    drop(page);
    frame.remove();
}

#[wasm_bindgen_test]
async fn layout_and_own_picture_are_remembered() {
    let (frame, page) = call_in_window(390, 844, 2).await;
    click(&page, "[data-testid=layout]").await;
    assert_eq!(shown(&page), ["strip", "large", "strip"]);
    click(&page, "[data-testid=open-people]").await;
    let choose = |value: &str| {
        let select: web_sys::HtmlSelectElement = page.get("own-picture").unchecked_into();
        select.set_value(value);
        let event = web_sys::Event::new_with_event_init_dict("change", &{
            let init = web_sys::EventInit::new();
            init.set_bubbles(true);
            init
        });
        select.dispatch_event(&event.unwrap()).unwrap();
    };
    choose("hidden");
    tick().await;
    tick().await;
    assert_eq!(shown(&page), ["large", "strip"]);
    drop(page);
    frame.remove();

    let (frame, body) = small_window(390, 844);
    let page = Page::open_in(body, "", in_call(vec![peer("a"), peer("b")])).await;
    until_measured(&page).await;
    assert_eq!(shown(&page), ["large", "strip"]);
    drop(page);
    frame.remove();
    forget();
}
