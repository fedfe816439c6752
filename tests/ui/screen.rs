//! Shared screens in the interface: zoom and pan, what the user who shares sees, and what screen readers say.

use crate::support::{Page, attribute, in_call, peer, small_window, until};
use leptos::task::tick;
use vitrine::call::{Command, PeerState, ScreenCommand, ScreenContent, ScreenProblem, Sharing, Surface};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlElement, MediaStream};

fn sharing(id: &str) -> PeerState {
    PeerState { screen_stream: Some(MediaStream::new().unwrap()), ..peer(id) }
}

/// Does something to the frame in which a screen is zoomed: `script` has `frame`, its rectangle `box`, and `fire`.
async fn act(page: &Page, script: &str) {
    let act = js_sys::Function::new_with_args(
        "frame",
        &format!(
            "const box = frame.getBoundingClientRect();
            const view = frame.ownerDocument.defaultView;
            const fire = (kind, name, x, y, more) => frame.dispatchEvent(new view[kind](name, {{
                bubbles: true, cancelable: true, clientX: box.left + x * box.width, clientY: box.top + y * box.height, ...more }}));
            {script}"
        ),
    );
    act.call1(&JsValue::NULL, &page.get("zoom")).unwrap();
    tick().await;
    tick().await;
}

fn transform(page: &Page) -> String {
    page.find(".screen-picture")
        .unwrap()
        .unchecked_into::<HtmlElement>()
        .style()
        .get_property_value("transform")
        .unwrap()
}

fn scale(page: &Page) -> f64 {
    let transform = transform(page);
    transform.split("scale(").nth(1).unwrap().trim_end_matches(')').parse().unwrap()
}

#[wasm_bindgen_test]
async fn screen_is_zoomed_and_moved_by_wheel_keys_and_buttons() {
    let (frame, body) = small_window(1280, 800);
    let page = Page::open_in(body, "", in_call(vec![sharing("one")])).await;
    until(|| attribute(&page.get("screen").parent_element().unwrap(), "data-place") == "large").await;
    assert_eq!(scale(&page), 1.0);
    assert_eq!(attribute(&page.get("zoom-out"), "aria-disabled"), "true");

    act(&page, "fire('WheelEvent', 'wheel', 0, 0, { deltaY: -200 })").await;
    assert!(scale(&page) > 1.3 && transform(&page).starts_with("translate(0%, 0%)"), "{}", transform(&page));
    act(&page, "fire('KeyboardEvent', 'keydown', 0, 0, { key: '0' })").await;
    assert_eq!(scale(&page), 1.0);
    act(&page, "fire('KeyboardEvent', 'keydown', 0, 0, { key: '+' })").await;
    let before = transform(&page);
    act(&page, "fire('KeyboardEvent', 'keydown', 0, 0, { key: 'ArrowRight' })").await;
    assert_ne!(transform(&page), before);
    for _ in 0..20 {
        page.click("zoom-in").await;
    }
    assert_eq!((scale(&page), page.get("zoom-whole").inner_text().contains("800 %")), (8.0, true));
    assert_eq!(attribute(&page.get("zoom-in"), "aria-disabled"), "true");
    page.click("zoom-whole").await;
    assert_eq!(scale(&page), 1.0);
    drop(page);
    frame.remove();
}

#[wasm_bindgen_test]
async fn screen_is_zoomed_and_moved_by_fingers() {
    let page = Page::open("", in_call(vec![sharing("one")])).await;
    // One finger moves nothing of the whole picture; two apart zoom; one then moves.
    let finger = |id: u32, name: &str, x: f64, y: f64| {
        format!("fire('PointerEvent', 'pointer{name}', {x}, {y}, {{ pointerId: {id}, pointerType: 'touch' }});")
    };
    act(&page, &(finger(1, "down", 0.4, 0.5) + &finger(1, "move", 0.3, 0.5))).await;
    assert_eq!(scale(&page), 1.0);
    act(&page, &(finger(2, "down", 0.5, 0.5) + &finger(2, "move", 0.7, 0.5))).await;
    assert!((scale(&page) - 2.0).abs() < 0.1, "{} in {:?}", transform(&page), page.get("zoom").outer_html());
    let before = transform(&page);
    act(&page, &(finger(2, "up", 0.7, 0.5) + &finger(1, "move", 0.35, 0.5) + &finger(1, "up", 0.35, 0.5))).await;
    assert!(transform(&page) != before && (scale(&page) - 2.0).abs() < 0.1);
    let before = transform(&page);
    act(&page, &finger(1, "move", 0.9, 0.9)).await;
    assert_eq!(transform(&page), before, "nothing is pressed");
}

#[wasm_bindgen_test]
async fn screen_is_large_until_the_user_returns_to_the_grid() {
    let (frame, body) = small_window(1280, 800);
    let page = Page::open_in(body, "", in_call(vec![peer("one"), peer("two")])).await;
    assert!(page.find("[data-testid=screen]").is_none());
    page.update(|state| state.peers[1] = sharing("two")).await;
    let place = || attribute(&page.get("screen").parent_element().unwrap(), "data-place");
    until(|| place() == "large").await;
    assert_eq!(attribute(&page.get("screen"), "data-peer"), "two");
    assert_eq!(page.text("announcements"), "Name of two shares a screen");
    page.click("screens-large").await;
    until(|| place() == "grid").await;
    page.update(|state| state.peers[1].screen_stream = None).await;
    assert!(page.find("[data-testid=screen]").is_none());
    assert_eq!(page.text("announcements"), "Name of two stopped sharing");
    drop(page);
    frame.remove();
}

#[wasm_bindgen_test]
async fn user_who_shares_sees_it_and_can_end_it() {
    let page = Page::open("", in_call(vec![peer("one")])).await;
    let pressed = || attribute(&page.get("share-screen"), "aria-pressed");
    page.click("share-screen").await;
    assert_eq!((pressed().as_str(), page.sent()), ("false", vec![Command::Screen(ScreenCommand::Share)]));
    page.update(|state| state.screen.sharing = Sharing::Asking).await;
    page.click("share-screen").await;
    assert_eq!(page.sent(), [], "the browser asks already");
    page.update(|state| state.screen.sharing = Sharing::On { surface: Some(Surface::Window), sound: true }).await;
    assert_eq!(pressed(), "true");
    let words = page.text("sharing");
    assert!(words.contains("You are sharing a window") && words.contains("With its sound"), "{words}");
    assert_eq!(page.text("announcements"), "You are sharing your screen");
    page.click("screen-motion").await;
    page.click("stop-sharing").await;
    page.click("share-screen").await;
    let motion = Command::Screen(ScreenCommand::SetContent(ScreenContent::Motion));
    let stop = Command::Screen(ScreenCommand::Stop);
    assert_eq!(page.sent(), [motion, stop.clone(), stop]);
    page.update(|state| state.screen.sharing = Sharing::Off).await;
    assert!(page.find("[data-testid=sharing]").is_none());
}

#[wasm_bindgen_test]
async fn failed_share_is_told_until_it_is_dismissed() {
    let page = Page::open("", in_call(vec![peer("one")])).await;
    let problems = [ScreenProblem::Unsupported, ScreenProblem::Refused, ScreenProblem::Failed("odd".into())];
    for problem in problems {
        let code = problem.code();
        page.update(|state| state.screen.problem = Some(problem)).await;
        let error: Element = page.find(&format!("[data-testid=error][data-code={code}]")).unwrap();
        error.query_selector("button").unwrap().unwrap().unchecked_into::<HtmlElement>().click();
        assert_eq!(page.sent(), [Command::Screen(ScreenCommand::DismissProblem)]);
    }
    page.update(|state| state.screen.problem = None).await;
    assert!(page.find("[data-testid=error]").is_none());
}
