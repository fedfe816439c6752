//! Before the call: a look at oneself, a name, and the room one is about to enter.

use leptos::{ev, html, prelude::*};
use vitrine_protocol::{
    room::validate_room_name,
    signaling::{ErrorCode, MAX_ROOM_NAME_CHARS},
};

use super::controls::{DeviceToggles, SignalingIndicator};
use super::notice::{Devices, ProblemNotice, device_problem, notice, unavailable};
use super::text::{self, fill, text};
use super::tile::avatar;
use super::video::LocalVideo;
use super::{Ui, brand, effect, page};
use crate::call::{Command, DeviceState, Intent, Problem, SignalingState, Stage};

/// Longest name that others are shown, in UTF-16 units.
const MAX_NAME_LENGTH: &str = "40";

/// Where the button leads.
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

/// What is typed and chosen in the lobby.
#[derive(Clone, Copy)]
struct Form {
    ui: Ui,
    target: RwSignal<Target>,
    /// The name of the room that would be made.
    room: RwSignal<String>,
    /// Whether that name was refused before it was sent.
    invalid: RwSignal<bool>,
}

impl Form {
    fn new(ui: Ui) -> Self {
        Self {
            ui,
            target: RwSignal::new(Target::from_address()),
            room: RwSignal::new(page::new_room_name()),
            invalid: RwSignal::new(false),
        }
    }

    /// The button.
    fn enter(self) {
        if self.ui.state.with_untracked(|state| state.stage != Stage::Lobby) {
            return;
        }
        let (room, intent) = match self.target.get_untracked() {
            Target::NewRoom => (self.room.get_untracked(), Intent::Create),
            Target::Room(room) => (room, Intent::Join),
            Target::MalformedLink => return,
        };
        let Ok(room) = validate_room_name(&room) else {
            self.invalid.set(true);
            return;
        };
        let name = self.ui.name.with_untracked(|name| name.trim().to_owned());
        page::remember_name(&name);
        self.ui.send(Command::Enter { name, room: room.to_owned(), intent });
    }

    fn start_new_room(self) {
        page::forget_room();
        self.room.set(page::new_room_name());
        self.target.set(Target::NewRoom);
        self.ui.send(Command::DismissProblem);
    }
}

/// The lobby; `returning` from a call, the focus would be nowhere, so its title takes it.
#[component]
pub fn Lobby(ui: Ui, returning: bool) -> impl IntoView {
    let form = Form::new(ui);
    let problem = ui.select(|state| state.problem.clone());
    effect(move || {
        let exists = problem.with(|problem| *problem == Some(Problem::Refused(ErrorCode::RoomExists)));
        if exists && form.target.with_untracked(|target| *target == Target::NewRoom) {
            form.target.set(Target::Room(form.room.with_untracked(|room| room.trim().to_owned())));
        }
    });
    let listener = window_event_listener(ev::hashchange, move |_| form.target.set(Target::from_address()));
    on_cleanup(move || listener.remove());
    view! {
        <main class="lobby">
            <header class="bar">{brand()} <SignalingIndicator ui /></header>
            <div class="lobby-body">
                <Preview ui />
                <Entry form returning />
            </div>
        </main>
    }
    .into_any()
}

/// One's own picture, or why there is none, with the two switches on it.
#[component]
fn Preview(ui: Ui) -> impl IntoView {
    let locale = ui.locale;
    let stream = ui.select(|state| state.local.stream.clone());
    let on = ui.select(|state| state.local.camera == DeviceState::On);
    let asking = ui.select(|state| [&state.local.camera, &state.local.microphone].contains(&&DeviceState::Asking));
    let problem =
        ui.select(|state| unavailable(&state.local).into_iter().rfind(|(devices, _)| *devices != Devices::Microphone));
    let placeholder = move || {
        let words = |title: &'static str, hint: &'static str| {
            view! {
                {move || avatar(&ui.name.get(), 0)}
                <p class="placeholder-title">{title}</p>
                <p>{hint}</p>
            }
            .into_any()
        };
        if asking.get() {
            words(text!(locale, lobby.asking), text!(locale, lobby.asking_hint))
        } else if let Some((devices, problem)) = problem.get() {
            let (words, retry) = device_problem(ui, devices, &problem);
            view! {
                <div role="alert" data-testid="error" data-code=problem.code()>
                    <p class="placeholder-title">{words.title}</p>
                    <p>{words.help}</p>
                    {retry}
                </div>
            }
            .into_any()
        } else {
            words(text!(locale, lobby.camera_off), "")
        }
    };
    view! {
        <section class="preview" aria-label=text!(locale, lobby.preview)>
            <div class="preview-frame" data-on=move || on.get().then_some("true")>
                <LocalVideo stream label=text!(locale, lobby.preview) />
                {move || (!on.get()).then(|| view! { <div class="placeholder">{placeholder()}</div> })}
                <div class="preview-controls" role="group" aria-label=text!(locale, call.controls)>
                    <DeviceToggles ui />
                </div>
            </div>
        </section>
    }
    .into_any()
}

/// Name, room, and the button.
#[component]
fn Entry(form: Form, returning: bool) -> impl IntoView {
    let ui = form.ui;
    let locale = ui.locale;
    let title = NodeRef::<html::H1>::new();
    effect(move || {
        if let (true, Some(title)) = (returning, title.get()) {
            let _ = title.focus();
        }
    });
    let heading = move || match form.target.get() {
        Target::NewRoom => text!(locale, lobby.start_title).to_owned(),
        Target::Room(room) => fill(text!(locale, lobby.join_title), "room", &room),
        Target::MalformedLink => text!(locale, lobby.start_title).to_owned(),
    };
    let lead = move || match form.target.get() {
        Target::NewRoom => text!(locale, lobby.start_lead),
        Target::Room(_) => text!(locale, lobby.join_lead),
        Target::MalformedLink => "",
    };
    // Problems of the camera, or of both, are told where the picture would be.
    let microphone = ui.select(|state| match unavailable(&state.local).as_slice() {
        [(Devices::Microphone, problem), ..] => Some(problem.clone()),
        _ => None,
    });
    let without_devices = ui.select(|state| {
        let off = |device: &DeviceState| matches!(device, DeviceState::Off | DeviceState::Unavailable(_));
        off(&state.local.microphone) && off(&state.local.camera)
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        form.enter();
    };
    view! {
        <form class="entry" on:submit=submit novalidate>
            <div class="entry-words">
                <h1 node_ref=title tabindex="-1">{heading}</h1>
                <p class="lead">{lead}</p>
            </div>
            <ProblemNotice ui />
            {move || {
                microphone
                    .get()
                    .map(|problem| {
                        let (words, retry) = device_problem(ui, Devices::Microphone, &problem);
                        notice(problem.code(), words, retry, None::<(&str, fn())>)
                    })
            }}
            {move || {
                if form.target.get() == Target::MalformedLink {
                    malformed_link(form)
                } else {
                    view! {
                        <NameField form />
                        <RoomField form />
                        <EnterButton form />
                        <p class="hint">
                            {move || {
                                if without_devices.get() {
                                    text!(locale, lobby.watch_only)
                                } else {
                                    text!(locale, lobby.promise)
                                }
                            }}
                        </p>
                        {move || {
                            matches!(form.target.get(), Target::Room(_)).then(|| start_instead(form, "link"))
                        }}
                    }
                        .into_any()
                }
            }}
        </form>
    }
    .into_any()
}

fn malformed_link(form: Form) -> AnyView {
    let problem = Problem::LinkMalformed;
    let words = text::problem(form.ui.locale, &problem);
    let code = problem.code();
    (notice(code, words, ().into_any(), None::<(&str, fn())>), start_instead(form, "primary")).into_any()
}

fn start_instead(form: Form, class: &'static str) -> AnyView {
    view! {
        <button type="button" class=class data-testid="new-room" on:click=move |_| form.start_new_room()>
            {text!(form.ui.locale, lobby.start_instead)}
        </button>
    }
    .into_any()
}

#[component]
fn NameField(form: Form) -> impl IntoView {
    let locale = form.ui.locale;
    view! {
        <label class="field">
            <span>{text!(locale, lobby.name)}</span>
            <input
                type="text"
                data-testid="display-name"
                autocomplete="nickname"
                maxlength=MAX_NAME_LENGTH
                placeholder=text!(locale, lobby.name_hint)
                prop:value=form.ui.name
                on:input=move |event| form.ui.name.set(event_target_value(&event))
            />
        </label>
    }
    .into_any()
}

#[component]
fn RoomField(form: Form) -> impl IntoView {
    let locale = form.ui.locale;
    let invalid = move || {
        form.invalid.get().then(|| {
            let problem = Problem::Refused(ErrorCode::InvalidRoomName);
            let words = text::problem(locale, &problem);
            view! {
                <p class="field-problem" id="room-problem" role="alert" data-testid="error" data-code=problem.code()>
                    {words.title + ". " + &words.help}
                </p>
            }
        })
    };
    move || {
        (form.target.get() == Target::NewRoom).then(|| {
            view! {
                <label class="field">
                    <span>{text!(locale, lobby.room)}</span>
                    <input
                        type="text"
                        data-testid="room-name"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        maxlength=MAX_ROOM_NAME_CHARS.to_string()
                        aria-invalid=move || form.invalid.get().then_some("true")
                        aria-describedby="room-problem"
                        prop:value=form.room
                        on:input=move |event| {
                            form.room.set(event_target_value(&event));
                            form.invalid.set(false);
                        }
                    />
                </label>
                {invalid}
            }
        })
    }
}

#[component]
fn EnterButton(form: Form) -> impl IntoView {
    let locale = form.ui.locale;
    let entering = form.ui.select(|state| (state.stage == Stage::Entering).then_some(state.signaling));
    let label = move || {
        if let Some(signaling) = entering.get() {
            let online = signaling == SignalingState::Online;
            if online { text!(locale, lobby.entering) } else { text!(locale, lobby.connecting) }
        } else if form.target.get() == Target::NewRoom {
            text!(locale, lobby.start)
        } else {
            text!(locale, lobby.join)
        }
    };
    view! {
        <button class="primary" data-testid="enter" aria-busy=move || entering.get().map(|_| "true")>
            {label}
        </button>
        {move || {
            entering
                .get()
                .map(|_| {
                    view! {
                        <button
                            type="button"
                            class="link"
                            data-testid="cancel"
                            on:click=move |_| form.ui.send(Command::Leave)
                        >
                            {text!(locale, lobby.cancel)}
                        </button>
                    }
                })
        }}
    }
    .into_any()
}
