//! The lobby: the user's own picture, the name, and the room to enter. Entering itself is the engine's.

use leptos::{html, prelude::*};
use leptos_i18n::td_string;
use vitrine_protocol::{
    room::normalize_room_name,
    signaling::{ErrorCode, MAX_ROOM_NAME_CHARS},
};

use super::avatar::Avatar;
use super::brand::Brand;
use super::check::{CheckDialog, OpenCheck};
use super::context::Ui;
use super::controls::{DeviceToggles, SignalingIndicator};
use super::device_switches::DevicesDialog;
use super::devices::{ChoiceNotice, DeviceChoices, FlipCamera};
use super::explain::OpenExplain;
use super::fit::Fit;
use super::focus::focus_when_shown;
use super::grid::watch_size;
use super::notice::{Devices, Notice, ProblemNotice, RetryDevice, unavailable};
use super::page;
use super::settings::{PageSettings, RelaySwitch};
use super::text::{self, fill};
use super::video::{Video, is_mirrored};
use super::voice_hint::VoiceHintNotice;
use crate::browser::Listener;
use crate::call::{
    CallStateStoreFields as _, Command, DeviceProblem, DeviceState, Intent, Problem, SignalingState, Stage,
};

/// The room that the button enters.
#[derive(Clone, PartialEq)]
enum Target {
    NewRoom,
    Room(String),
    MalformedLink,
}

impl Target {
    fn from_address() -> Self {
        match page::room_in_address() {
            Ok(None) => Self::NewRoom,
            Ok(Some(room)) => Self::Room(room),
            Err(_) => Self::MalformedLink,
        }
    }
}

/// The lobby's input, which it provides to its components as a context.
#[derive(Clone, Copy)]
struct Form {
    ui: Ui,
    target: RwSignal<Target>,
    room: RwSignal<String>,
    invalid: RwSignal<bool>,
}

/// What the lobby keeps when its components are made anew in another language.
#[derive(Clone, Copy)]
pub struct LobbyUi {
    target: RwSignal<Target>,
    /// The name of the new room, as typed.
    room: RwSignal<String>,
    /// Whether that name is not allowed, so that it was not sent.
    invalid: RwSignal<bool>,
    /// Whether the connection check is open.
    checking: RwSignal<bool>,
}

impl LobbyUi {
    /// The state of a lobby that is opened: its room is the one in the address, or a new one.
    pub fn new() -> Self {
        Self {
            target: RwSignal::new(Target::from_address()),
            room: RwSignal::new(page::new_room_name()),
            invalid: RwSignal::new(false),
            checking: RwSignal::new(false),
        }
    }
}

impl Form {
    /// Enters the room; does nothing while entering.
    fn enter(self) {
        if self.ui.state.stage().get_untracked() != Stage::Lobby {
            return;
        }
        let (room, intent) = match self.target.get_untracked() {
            Target::NewRoom => (self.room.get_untracked(), Intent::Create),
            Target::Room(room) => (room, Intent::Join),
            Target::MalformedLink => return,
        };
        let Ok(room) = normalize_room_name(&room) else {
            self.invalid.set(true);
            return;
        };
        let name = self.ui.display_name();
        page::remember_name(&name);
        self.ui.send(Command::Enter { name, room, intent });
    }

    /// Adopts the room in the changed address. Cancels entering the previous one and dismisses its problem.
    fn on_address_change(self) {
        // The page of recorded calls has no engine, and no device is asked for there.
        if page::is_explain_address() {
            return page::reload();
        }
        if self.ui.state.stage().get_untracked() == Stage::Entering {
            self.ui.send(Command::Leave);
        }
        self.target.set(Target::from_address());
        self.ui.send(Command::DismissProblem);
    }

    fn start_new_room(self) {
        page::set_room_in_address(None);
        self.room.set(page::new_room_name());
        self.target.set(Target::NewRoom);
        self.ui.send(Command::DismissProblem);
    }
}

/// The lobby.
#[component]
pub fn Lobby(
    /// Whether the user comes from a call: then the title takes the focus, which would be lost.
    returning: bool,
) -> impl IntoView {
    let ui = Ui::from_context();
    let LobbyUi { target, room, invalid, checking } = expect_context();
    let form = Form { ui, target, room, invalid };
    provide_context(form);
    Effect::new(move |_| {
        let exists = ui.state.problem().get() == Some(Problem::Refused(ErrorCode::RoomExists));
        let room = form.room.with_untracked(|room| normalize_room_name(room));
        if let (true, Target::NewRoom, Ok(room)) = (exists, form.target.get_untracked(), room) {
            page::set_room_in_address(Some(&room));
            form.target.set(Target::Room(room));
        }
    });
    StoredValue::new_local(Listener::new(&window(), "hashchange", move |_| form.on_address_change()));
    view! {
        <main class="lobby">
            <header class="bar">
                <Brand />
                <SignalingIndicator />
            </header>
            <div class="lobby-body">
                <Preview />
                <Entry returning checking />
                <OwnDevices />
            </div>
            <CheckDialog open=checking />
        </main>
    }
}

/// The choice of the devices, and of how they work.
#[component]
fn OwnDevices() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let open = RwSignal::new(false);
    view! {
        <section class="own-devices" aria-label=td_string!(locale, devices.title)>
            <Show when=move || !open.get()>
                <ChoiceNotice />
            </Show>
            <VoiceHintNotice />
            <DeviceChoices />
            <button
                type="button"
                class="link"
                data-testid="open-devices"
                aria-haspopup="dialog"
                on:click=move |_| open.set(true)
            >
                {td_string!(locale, devices.more)}
            </button>
            <DevicesDialog open with_choices=false />
        </section>
    }
}

/// The user's own picture, or why there is none, and the device toggles.
#[component]
fn Preview() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let stream = Signal::derive_local(move || state.local().with(|local| local.stream.clone()));
    let is_on = Memo::new(move |_| state.local().with(|local| local.camera == DeviceState::On));
    let label = td_string!(locale, lobby.preview);
    let frame = NodeRef::<html::Div>::new();
    let fit = Fit::new(watch_size(frame).into());
    view! {
        <section class="preview" aria-label=label>
            <div
                class="preview-frame"
                node_ref=frame
                data-on=move || is_on.get().then_some("true")
                data-whole=move || fit.is_whole().then_some("true")
            >
                <Video stream label fit test_id="local-video" mirrored=is_mirrored() />
                <Show when=move || !is_on.get()>
                    <Placeholder />
                </Show>
                <div class="preview-controls" role="group" aria-label=td_string!(locale, call.controls)>
                    <DeviceToggles />
                    <FlipCamera class="control" />
                </div>
            </div>
        </section>
    }
}

/// Shown in place of a missing picture.
#[component]
fn Placeholder() -> impl IntoView {
    let Ui { state, locale, name, .. } = Ui::from_context();
    let is_asking = Memo::new(move |_| {
        let is_asking = |device: &DeviceState| matches!(device, DeviceState::Asking { .. });
        state.local().with(|local| is_asking(&local.camera) || is_asking(&local.microphone))
    });
    let problem = Memo::new(move |_| {
        let problems = state.local().with(unavailable);
        problems.into_iter().rfind(|(devices, _)| *devices != Devices::Microphone)
    });
    let shown_problem = move || problem.get().filter(|_| !is_asking.get());
    let words =
        move || if is_asking.get() { td_string!(locale, lobby.asking) } else { td_string!(locale, lobby.camera_off) };
    let hint = move || if is_asking.get() { td_string!(locale, lobby.asking_hint) } else { "" };
    view! {
        <div class="placeholder">
            <For each=shown_problem key=Clone::clone let((devices, problem))>
                <PlaceholderProblem devices problem />
            </For>
            <Show when=move || shown_problem().is_none()>
                <Avatar name tint=0 />
                <p class="placeholder-title" prop:textContent=words></p>
                <p prop:textContent=hint></p>
            </Show>
        </div>
    }
}

/// Why there is no picture.
#[component]
fn PlaceholderProblem(devices: Devices, problem: DeviceProblem) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let words = text::device_problem(locale, &problem, devices.name(locale));
    view! {
        <div role="alert" data-testid="error" data-code=problem.code()>
            <p class="placeholder-title">{words.title}</p>
        </div>
        <p>{words.help}</p>
        <RetryDevice devices />
    }
}

/// Name, room, and the button.
#[component]
fn Entry(returning: bool, checking: RwSignal<bool>) -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let form: Form = expect_context();
    let heading = move || match form.target.get() {
        Target::NewRoom | Target::MalformedLink => td_string!(locale, lobby.start_title).to_owned(),
        Target::Room(room) => fill(td_string!(locale, lobby.join_title), "room", &room),
    };
    let lead = move || match form.target.get() {
        Target::NewRoom => td_string!(locale, lobby.start_lead),
        Target::Room(_) => td_string!(locale, lobby.join_lead),
        Target::MalformedLink => "",
    };
    // Problems of the camera, or of both devices, are shown in place of the picture.
    let microphone = Memo::new(move |_| match state.local().with(unavailable).as_slice() {
        [(Devices::Microphone, problem), ..] => Some(problem.clone()),
        _ => None,
    });
    let is_malformed = Memo::new(move |_| form.target.get() == Target::MalformedLink);
    let title = NodeRef::<html::H1>::new();
    if returning {
        focus_when_shown(title);
    }
    view! {
        <form
            class="entry"
            novalidate
            on:submit=move |event| {
                event.prevent_default();
                form.enter();
            }
        >
            <div class="entry-words">
                <h1 tabindex="-1" node_ref=title prop:textContent=heading></h1>
                <p class="lead" prop:textContent=lead></p>
            </div>
            <ProblemNotice />
            <For each=move || microphone.get() key=Clone::clone let(problem)>
                <Notice
                    code=problem.code()
                    words=text::device_problem(locale, &problem, Devices::Microphone.name(locale))
                >
                    <RetryDevice devices=Devices::Microphone />
                </Notice>
            </For>
            <Show when=move || is_malformed.get() fallback=|| view! { <Fields /> }>
                <Notice code=Problem::LinkMalformed.code() words=text::problem(locale, &Problem::LinkMalformed) />
                <StartInstead class="primary" />
            </Show>
            <footer class="entry-foot">
                <OpenCheck open=checking />
                <OpenExplain />
                <PageSettings />
            </footer>
        </form>
    }
}

/// The button that starts a new room instead of entering the linked one.
#[component]
fn StartInstead(class: &'static str) -> impl IntoView {
    let form: Form = expect_context();
    view! {
        <button type="button" class=class data-testid="new-room" on:click=move |_| form.start_new_room()>
            {td_string!(form.ui.locale, lobby.start_instead)}
        </button>
    }
}

/// The inputs: the name, and for a new room the room's name.
#[component]
fn Fields() -> impl IntoView {
    let Ui { state, locale, name, .. } = Ui::from_context();
    let form: Form = expect_context();
    let has_no_devices = Memo::new(move |_| {
        let is_off = |device: &DeviceState| matches!(device, DeviceState::Off | DeviceState::Unavailable(_));
        state.local().with(|local| is_off(&local.microphone) && is_off(&local.camera))
    });
    let hint = move || {
        if has_no_devices.get() { td_string!(locale, lobby.watch_only) } else { td_string!(locale, lobby.promise) }
    };
    view! {
        <label class="field">
            <span>{td_string!(locale, lobby.name)}</span>
            <input
                type="text"
                data-testid="display-name"
                autocomplete="nickname"
                maxlength=page::MAX_NAME_LENGTH
                placeholder=td_string!(locale, lobby.name_hint)
                bind:value=name
            />
        </label>
        <Show when=move || form.target.get() == Target::NewRoom>
            <RoomField />
        </Show>
        <RelaySwitch />
        <EnterButton />
        <p class="hint" prop:textContent=hint></p>
        <Show when=move || matches!(form.target.get(), Target::Room(_))>
            <StartInstead class="link" />
        </Show>
    }
}

#[component]
fn RoomField() -> impl IntoView {
    let form: Form = expect_context();
    let locale = form.ui.locale;
    let problem = Problem::Refused(ErrorCode::InvalidRoomName);
    let words = text::problem(locale, &problem);
    let words = words.title + ". " + &words.help;
    view! {
        <label class="field">
            <span>{td_string!(locale, lobby.room)}</span>
            <input
                type="text"
                data-testid="room-name"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                maxlength=MAX_ROOM_NAME_CHARS
                aria-invalid=move || form.invalid.get().then_some("true")
                aria-describedby="room-problem"
                bind:value=form.room
                on:input=move |_| form.invalid.set(false)
            />
        </label>
        <Show when=move || form.invalid.get()>
            <p id="room-problem" class="field-problem" role="alert" data-testid="error" data-code=problem.code()>
                {words.clone()}
            </p>
        </Show>
    }
}

#[component]
fn EnterButton() -> impl IntoView {
    let form: Form = expect_context();
    let Ui { state, locale, .. } = form.ui;
    let is_entering = Memo::new(move |_| state.stage().get() == Stage::Entering);
    let label = move || match (is_entering.get(), state.signaling().get()) {
        (true, SignalingState::Online) => td_string!(locale, lobby.entering),
        (true, _) => td_string!(locale, lobby.connecting),
        (false, _) if form.target.get() == Target::NewRoom => td_string!(locale, lobby.start),
        (false, _) => td_string!(locale, lobby.join),
    };
    view! {
        <button
            class="primary"
            data-testid="enter"
            aria-busy=move || is_entering.get().then_some("true")
            prop:textContent=label
        ></button>
        <Show when=move || is_entering.get()>
            <button type="button" class="link" data-testid="cancel" on:click=move |_| form.ui.send(Command::Leave)>
                {td_string!(locale, lobby.cancel)}
            </button>
        </Show>
    }
}
