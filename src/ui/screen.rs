//! Shared screens: the button, what the user who shares sees, and the screens of the others with zoom and pan. Where a
//! screen is on the stage is decided by [`super::arrangement`].

use leptos::{html, prelude::*};
use leptos_i18n::td_string;

use super::arrangement::StageItem;
use super::context::{CallUi, Ui};
use super::control::Control;
use super::fit::Fit;
use super::icon::{Icon, IconName};
use super::notice::Notice;
use super::shortcuts::Shortcut;
use super::stage::PinButton;
use super::switch::Switch;
use super::text::{self, Words, fill};
use super::video::{Audio, Video};
use super::zoom::{Fitted, Point, Pointers, Zoom};
use crate::call::{
    CallStateStoreFields as _, Command, ConnectionState, PeerField, ScreenCommand, ScreenContent, ScreenProblem,
    Sharing, Surface,
};

/// How much closer one press of a button or key leads.
const STEP: f64 = 1.5;
/// How far one press of an arrow key moves the picture, in frame sizes.
const PAN: f64 = 0.15;

/// The button that shares a screen, and stops that. It can be pressed where the browser cannot: then it is said why.
#[component]
pub fn ScreenToggle() -> impl IntoView {
    let ui = Ui::from_context();
    let sharing = Memo::new(move |_| ui.state.screen().with(|screen| screen.sharing));
    let is_on = move || matches!(sharing.get(), Sharing::On { .. });
    let press = move |_| match sharing.get_untracked() {
        Sharing::Off => ui.send(Command::Screen(ScreenCommand::Share)),
        // The browser shows its question already.
        Sharing::Asking => {}
        Sharing::On { .. } => ui.send(Command::Screen(ScreenCommand::Stop)),
    };
    view! {
        <Control
            icon=IconName::Screen
            label=td_string!(ui.locale, screen.label)
            attr:data-testid="share-screen"
            attr:aria-label=td_string!(ui.locale, screen.share)
            attr:aria-keyshortcuts=Shortcut::Screen.attribute()
            attr:aria-pressed=move || if is_on() { "true" } else { "false" }
            attr:aria-busy=move || (sharing.get() == Sharing::Asking).then_some("true")
            on:click=press
        />
    }
}

/// While the user shares a screen: that it is so, what it shows, and the end of it. The screen itself is not shown: it would
/// show itself.
#[component]
pub fn SharingBar() -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let sharing = Memo::new(move |_| ui.state.screen().with(|screen| screen.sharing));
    let content = Memo::new(move |_| ui.state.screen().with(|screen| screen.content));
    let words = move || match sharing.get() {
        Sharing::On { surface: Some(Surface::Monitor), .. } => td_string!(locale, screen.sharing_monitor),
        Sharing::On { surface: Some(Surface::Window), .. } => td_string!(locale, screen.sharing_window),
        Sharing::On { surface: Some(Surface::Tab), .. } => td_string!(locale, screen.sharing_tab),
        _ => td_string!(locale, screen.sharing),
    };
    let has_sound = move || matches!(sharing.get(), Sharing::On { sound: true, .. });
    let sound = move || if has_sound() { td_string!(locale, screen.with_sound) } else { "" };
    let is_motion = Signal::derive(move || content.get() == ScreenContent::Motion);
    let set_motion = move |on| {
        let content = if on { ScreenContent::Motion } else { ScreenContent::Detail };
        ui.send(Command::Screen(ScreenCommand::SetContent(content)));
    };
    view! {
        <Show when=move || matches!(sharing.get(), Sharing::On { .. })>
            <div class="sharing" role="group" aria-labelledby="sharing-title" data-testid="sharing">
                <Icon name=IconName::Screen />
                <div class="sharing-words">
                    <p class="notice-title" id="sharing-title" prop:textContent=words></p>
                    <p class="hint" prop:textContent=sound></p>
                </div>
                <div class="sharing-tools">
                    <Switch
                        test_id="screen-motion"
                        label=td_string!(locale, screen.motion)
                        on=is_motion
                        set=set_motion
                        attr:title=td_string!(locale, screen.motion_hint)
                    />
                    <button
                        type="button"
                        class="secondary stop"
                        data-testid="stop-sharing"
                        on:click=move |_| ui.send(Command::Screen(ScreenCommand::Stop))
                    >
                        {td_string!(locale, screen.stop)}
                    </button>
                </div>
            </div>
        </Show>
    }
}

/// Why the screen could not be shared, if that is not known to the user.
#[component]
pub fn ScreenNotice() -> impl IntoView {
    let ui = Ui::from_context();
    let locale = ui.locale;
    let problem = Memo::new(move |_| ui.state.screen().with(|screen| screen.problem.clone()));
    let words = move |problem: &ScreenProblem| match problem {
        ScreenProblem::Unsupported => Words {
            title: td_string!(locale, screen.unsupported).to_owned(),
            help: td_string!(locale, screen.unsupported_help).to_owned(),
        },
        ScreenProblem::Refused => Words {
            title: td_string!(locale, screen.refused).to_owned(),
            help: td_string!(locale, screen.refused_help).to_owned(),
        },
        ScreenProblem::Failed(reason) => Words {
            title: td_string!(locale, screen.failed).to_owned(),
            help: fill(td_string!(locale, device.other_help), "reason", reason),
        },
    };
    // A new element for each problem, so that screen readers announce it.
    view! {
        <For each=move || problem.get() key=ScreenProblem::clone let(problem)>
            <Notice
                code=problem.code()
                words=words(&problem)
                dismiss=Callback::new(move |()| ui.send(Command::Screen(ScreenCommand::DismissProblem)))
            />
        </For>
    }
}

/// The screen that a peer shares.
#[component]
pub fn ScreenTile(
    /// The peer.
    peer: PeerField,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let call: CallUi = expect_context();
    let item = StageItem::Screen(peer.key());
    let id = Memo::new(move |_| peer.try_with(|peer| peer.id.0.clone()));
    let label = Memo::new(move |_| {
        let name = peer.try_with(|peer| text::name_or_guest(locale, peer.name.as_deref(), &peer.id));
        fill(td_string!(locale, screen.of), "name", &name.unwrap_or_default())
    });
    let video = Signal::derive_local(move || peer.try_with(|peer| peer.screen_stream.clone()).flatten());
    let audio = Signal::derive_local(move || peer.try_with(|peer| peer.screen_audio_stream.clone()).flatten());
    let state = Memo::new(move |_| peer.try_with(|peer| peer.connection).unwrap_or(ConnectionState::Closed));
    let size = call.stage.tile_size(item);
    let fit = Fit::new(size);
    view! {
        <div
            class="tile screen"
            role="group"
            aria-label=label
            data-testid="screen"
            data-peer=id
            data-state=move || state.get().name()
        >
            <Zoomable picture=fit.picture() size>
                <Video stream=video label fit test_id="remote-screen" blocked=call.blocked />
            </Zoomable>
            <Audio stream=audio blocked=call.blocked wishes=call.personal.of(peer) />
            <p class="caption">
                <span class="caption-name" dir="auto" translate="no" prop:textContent=label></span>
            </p>
            <div class="tile-head">
                <div class="tile-tools">
                    <PinButton item name=label />
                </div>
            </div>
        </div>
    }
}

/// A frame in which a picture can be looked at closely: by wheel, two fingers, double click, keys and buttons.
#[component]
fn Zoomable(
    /// Width and height of the picture, in pixels.
    picture: Signal<Point>,
    /// Width and height of the frame, in CSS pixels.
    size: Signal<Point>,
    /// The picture.
    children: Children,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let frame = NodeRef::<html::Div>::new();
    let fitted = Memo::new(move |_| Fitted::new(picture.get(), size.get()));
    let wanted = RwSignal::new(Zoom::default());
    // A frame that changes its size keeps its view, as far as there is picture.
    let zoom = Memo::new(move |_| wanted.get().bounded(fitted.get()));
    let change = move |next: &dyn Fn(Zoom, Fitted) -> Zoom| {
        let (before, fitted) = (zoom.get_untracked(), fitted.get_untracked());
        let next = next(before, fitted);
        wanted.set(next);
        next != before
    };
    let scale = move |factor: f64, at: Point| change(&|zoom, fitted| zoom.scaled(factor, at, fitted));
    // A position in the window as one in the frame, in frame sizes; and the frame's size.
    let in_frame = move |x: f64, y: f64| {
        let rectangle = frame.get_untracked()?.get_bounding_client_rect();
        let (width, height) = (rectangle.width().max(1.0), rectangle.height().max(1.0));
        Some((((x - rectangle.left()) / width, (y - rectangle.top()) / height), (width, height)))
    };
    let pointers = StoredValue::new(Pointers::default());
    let position = |event: &web_sys::MouseEvent| (f64::from(event.client_x()), f64::from(event.client_y()));

    let on_wheel = move |event: web_sys::WheelEvent| {
        // Browsers count in pixels, lines or pages.
        let pixels = event.delta_y() * [1.0, 16.0, 400.0].get(event.delta_mode() as usize).copied().unwrap_or(1.0);
        // A trackpad's pinch comes as small turns of the wheel with the control key.
        let speed = if event.ctrl_key() { 0.01 } else { 0.002 };
        let (x, y) = position(&event);
        let Some((at, _)) = in_frame(x, y) else { return };
        if scale((-pixels * speed).clamp(-1.0, 1.0).exp(), at) {
            event.prevent_default();
        }
    };
    let on_down = move |event: web_sys::PointerEvent| {
        if let Some(frame) = frame.get_untracked().filter(|_| event.button() == 0) {
            // Fails if the pointer is up again.
            let _ = frame.set_pointer_capture(event.pointer_id());
            pointers.update_value(|pointers| pointers.down(event.pointer_id(), position(&event)));
        }
    };
    let on_move = move |event: web_sys::PointerEvent| {
        let to = position(&event);
        let gesture = pointers.try_update_value(|pointers| pointers.moved(event.pointer_id(), to)).flatten();
        let Some(gesture) = gesture else { return };
        let Some((at, (width, height))) = in_frame(gesture.at.0, gesture.at.1) else { return };
        let by = (gesture.by.0 / width, gesture.by.1 / height);
        change(&|zoom, fitted| zoom.scaled(gesture.factor, at, fitted).moved(by, fitted));
    };
    let on_up = move |event: web_sys::PointerEvent| {
        pointers.update_value(|pointers| pointers.up(event.pointer_id()));
    };
    let on_double = move |event: web_sys::MouseEvent| {
        let (x, y) = position(&event);
        if let Some((at, _)) = in_frame(x, y) {
            let factor = if zoom.get_untracked().is_whole() { STEP * STEP } else { 0.0 };
            scale(factor, at);
        }
    };
    let middle = (0.5, 0.5);
    let on_key = move |event: web_sys::KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let pan = |x: f64, y: f64| change(&|zoom, fitted| zoom.moved((x * PAN, y * PAN), fitted));
        let is_done = match event.key().as_str() {
            "+" | "=" => scale(STEP, middle),
            "-" | "_" => scale(1.0 / STEP, middle),
            "0" => scale(0.0, middle),
            "ArrowLeft" => pan(1.0, 0.0),
            "ArrowRight" => pan(-1.0, 0.0),
            "ArrowUp" => pan(0.0, 1.0),
            "ArrowDown" => pan(0.0, -1.0),
            _ => false,
        };
        if is_done {
            event.prevent_default();
        }
    };
    let is_whole = Memo::new(move |_| zoom.get().is_whole());
    let is_closest = Memo::new(move |_| zoom.get().is_closest());
    let press = move |factor| {
        scale(factor, middle);
    };
    let percent = move || zoom.get().percent().to_string() + " %";
    let button = move |test_id: &'static str, label: &'static str, icon: IconName, is_end: Memo<bool>, factor: f64| {
        // Not `disabled`, which would take the focus away.
        view! {
            <button
                type="button"
                class="icon-button tile-button"
                data-testid=test_id
                aria-label=label
                aria-disabled=move || is_end.get().then_some("true")
                on:click=move |_| press(factor)
            >
                <Icon name=icon />
            </button>
        }
    };
    view! {
        <div
            class="screen-frame"
            node_ref=frame
            tabindex="0"
            role="group"
            aria-label=td_string!(locale, screen.view)
            data-testid="zoom"
            data-zoomed=move || (!is_whole.get()).then_some("true")
            on:wheel=on_wheel
            on:pointerdown=on_down
            on:pointermove=on_move
            on:pointerup=on_up
            on:pointercancel=on_up
            on:dblclick=on_double
            on:keydown=on_key
        >
            <div class="screen-picture" style:transform=move || zoom.get().transform()>
                {children()}
            </div>
        </div>
        <div class="zoom-tools">
            {button("zoom-out", td_string!(locale, screen.zoom_out), IconName::Minus, is_whole, 1.0 / STEP)}
            <Show when=move || !is_whole.get()>
                <button
                    type="button"
                    class="tile-button zoom-whole"
                    data-testid="zoom-whole"
                    title=td_string!(locale, screen.whole)
                    on:click=move |_| press(0.0)
                >
                    <span class="visually-hidden">{td_string!(locale, screen.whole)}</span>
                    <span class="zoom-percent" prop:textContent=percent></span>
                </button>
            </Show>
            {button("zoom-in", td_string!(locale, screen.zoom_in), IconName::Plus, is_closest, STEP)}
        </div>
    }
}
