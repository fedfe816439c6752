//! Before the call: a look at oneself, a name, and the room one is about to enter.

use leptos::prelude::window;
use vitrine_protocol::{
    name::display_name,
    room::normalize_room_name,
    signaling::{ErrorCode, MAX_ROOM_NAME_CHARS},
};

use super::check::connection_check;
use super::controls::{device_toggles, signaling_indicator};
use super::element::{Element, View, button, classed, element, live, live_text};
use super::notice::{Devices, Notice, alert, device_problem, problem_notice, unavailable};
use super::reactive::{Value, derived, effect, keep};
use super::text::{self, fill, text};
use super::tile::avatar;
use super::video::local_video;
use super::{Ui, brand, page};
use crate::browser::Listener;
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
    target: Value<Target>,
    /// The name of the room that would be made.
    room: Value<String>,
    /// Whether that name was refused before it was sent.
    invalid: Value<bool>,
}

impl Form {
    fn new(ui: Ui) -> Self {
        Self {
            ui,
            target: Value::new(Target::from_address()),
            room: Value::new(page::new_room_name()),
            invalid: Value::new(false),
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
        let Ok(room) = normalize_room_name(&room) else {
            self.invalid.set(true);
            return;
        };
        let name = own_name(self.ui);
        page::remember_name(&name);
        self.ui.send(Command::Enter { name, room, intent });
    }

    /// The address names another room, or none, now: whatever is under way or was said is about the one before.
    fn follow_address(self) {
        if self.ui.state.with_untracked(|state| state.stage == Stage::Entering) {
            self.ui.send(Command::Leave);
        }
        self.target.set(Target::from_address());
        self.ui.send(Command::DismissProblem);
    }

    fn start_new_room(self) {
        page::name_room(None);
        self.room.set(page::new_room_name());
        self.target.set(Target::NewRoom);
        self.ui.send(Command::DismissProblem);
    }
}

/// What the person is called, as far as it can be shown.
pub fn own_name(ui: Ui) -> String {
    ui.name.with_untracked(|name| display_name(name)).unwrap_or_default()
}

/// The lobby; `returning` from a call, the focus would be nowhere, so its title takes it.
pub fn lobby(ui: Ui, returning: bool) -> Element {
    let form = Form::new(ui);
    let problem = ui.select(|state| state.problem.clone());
    effect(move || {
        let exists = problem.with(|problem| *problem == Some(Problem::Refused(ErrorCode::RoomExists)));
        let room = form.room.with_untracked(|room| normalize_room_name(room));
        if let (true, Target::NewRoom, Ok(room)) = (exists, form.target.get_untracked(), room) {
            page::name_room(Some(&room));
            form.target.set(Target::Room(room));
        }
    });
    keep(Listener::new(&window(), "hashchange", move |_| form.follow_address()));
    let [open_check, check] = connection_check(ui);
    let entry = entry(form, returning).child(open_check);
    classed("main", "lobby")
        .child(classed("header", "bar").child(brand()).child(signaling_indicator(ui)))
        .child(classed("div", "lobby-body").child(preview(ui)).child(entry))
        .child(check)
}

/// One's own picture, or why there is none, with the two switches on it.
fn preview(ui: Ui) -> Element {
    let locale = ui.locale;
    let stream = ui.select(|state| state.local.stream.clone());
    let on = ui.select(|state| state.local.camera == DeviceState::On);
    let controls = classed("div", "preview-controls")
        .attr("role", "group")
        .attr("aria-label", text!(locale, call.controls))
        .child(device_toggles(ui));
    let placeholder = placeholder(ui);
    let frame = classed("div", "preview-frame")
        .live_attr("data-on", move || on.get())
        .child(local_video(stream, text!(locale, lobby.preview)))
        .child(live(move || (!on.get()).then(&placeholder)))
        .child(controls);
    classed("section", "preview").attr("aria-label", text!(locale, lobby.preview)).child(frame)
}

/// What stands where there is no picture.
fn placeholder(ui: Ui) -> impl Fn() -> Element {
    let locale = ui.locale;
    let asking = ui.select(|state| {
        [&state.local.camera, &state.local.microphone].iter().any(|it| matches!(it, DeviceState::Asking { .. }))
    });
    let problem =
        ui.select(|state| unavailable(&state.local).into_iter().rfind(|(devices, _)| *devices != Devices::Microphone));
    move || {
        let place = classed("div", "placeholder");
        let title = |words: &str| classed("p", "placeholder-title").child(words);
        let (words, hint) = if asking.get() {
            (text!(locale, lobby.asking), text!(locale, lobby.asking_hint))
        } else if let Some((devices, problem)) = problem.get() {
            let (words, retry) = device_problem(ui, devices, &problem);
            let told = alert(element("div"), problem.code());
            let help = element("p").child(words.help);
            return place.child(told.child(title(&words.title)).child(help).child(retry));
        } else {
            (text!(locale, lobby.camera_off), "")
        };
        place.child(live(move || avatar(&ui.name.get(), 0))).child(title(words)).child(element("p").child(hint))
    }
}

/// Name, room, and the button.
fn entry(form: Form, returning: bool) -> Element {
    let ui = form.ui;
    let locale = ui.locale;
    let heading = move || match form.target.get() {
        Target::NewRoom | Target::MalformedLink => text!(locale, lobby.start_title).to_owned(),
        Target::Room(room) => fill(text!(locale, lobby.join_title), "room", &room),
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
    let microphone = move || {
        let problem = microphone.get()?;
        let (words, retry) = device_problem(ui, Devices::Microphone, &problem);
        Some(Notice { code: problem.code(), words, action: Some(retry), dismiss: None }.draw(locale))
    };
    let malformed = derived(move || form.target.get() == Target::MalformedLink);
    let title = element("h1").attr("tabindex", "-1").child(live_text(heading));
    let title = if returning { title.focused() } else { title };
    classed("form", "entry")
        .attr("novalidate", "")
        .on("submit", move |event| {
            event.prevent_default();
            form.enter();
        })
        .child(classed("div", "entry-words").child(title).child(classed("p", "lead").child(live_text(lead))))
        .child(problem_notice(ui))
        .child(live(microphone))
        .child(live(move || if malformed.get() { malformed_link(form) } else { fields(form) }))
}

fn malformed_link(form: Form) -> View {
    let problem = Problem::LinkMalformed;
    let words = text::problem(form.ui.locale, &problem);
    let notice = Notice { code: problem.code(), words, action: None, dismiss: None };
    [notice.draw(form.ui.locale), start_instead(form, "primary")].into()
}

fn start_instead(form: Form, class: &str) -> Element {
    button(class)
        .test_id("new-room")
        .on("click", move |_| form.start_new_room())
        .child(text!(form.ui.locale, lobby.start_instead))
}

/// What is asked before entering: the name, and for a new room the room.
fn fields(form: Form) -> View {
    let locale = form.ui.locale;
    let without_devices = form.ui.select(|state| {
        let off = |device: &DeviceState| matches!(device, DeviceState::Off | DeviceState::Unavailable(_));
        off(&state.local.microphone) && off(&state.local.camera)
    });
    let hint =
        move || if without_devices.get() { text!(locale, lobby.watch_only) } else { text!(locale, lobby.promise) };
    View::Many(vec![
        name_field(form).into(),
        live(move || (form.target.get() == Target::NewRoom).then(|| room_field(form))),
        enter_button(form),
        classed("p", "hint").child(live_text(hint)).into(),
        live(move || matches!(form.target.get(), Target::Room(_)).then(|| start_instead(form, "link"))),
    ])
}

fn field(label: &str, input: Element) -> Element {
    classed("label", "field").child(element("span").child(label)).child(input)
}

fn name_field(form: Form) -> Element {
    let locale = form.ui.locale;
    let input = element("input")
        .attr("type", "text")
        .test_id("display-name")
        .attr("autocomplete", "nickname")
        .attr("maxlength", MAX_NAME_LENGTH)
        .attr("placeholder", text!(locale, lobby.name_hint))
        .typed(form.ui.name);
    field(text!(locale, lobby.name), input)
}

fn room_field(form: Form) -> View {
    let locale = form.ui.locale;
    let input = element("input")
        .attr("type", "text")
        .test_id("room-name")
        .attr("autocomplete", "off")
        .attr("autocapitalize", "none")
        .attr("spellcheck", "false")
        .attr("maxlength", &MAX_ROOM_NAME_CHARS.to_string())
        .live_attr("aria-invalid", move || form.invalid.get())
        .attr("aria-describedby", "room-problem")
        .typed(form.room)
        .on("input", move |_| form.invalid.set(false));
    let problem = move || {
        let problem = Problem::Refused(ErrorCode::InvalidRoomName);
        let words = text::problem(locale, &problem);
        let told = alert(classed("p", "field-problem").attr("id", "room-problem"), problem.code());
        told.child(words.title + ". " + &words.help)
    };
    [field(text!(locale, lobby.room), input).into(), live(move || form.invalid.get().then(problem))].into()
}

fn enter_button(form: Form) -> View {
    let locale = form.ui.locale;
    let entering = form.ui.select(|state| (state.stage == Stage::Entering).then_some(state.signaling));
    let label = move || match entering.get() {
        Some(SignalingState::Online) => text!(locale, lobby.entering),
        Some(_) => text!(locale, lobby.connecting),
        None if form.target.get() == Target::NewRoom => text!(locale, lobby.start),
        None => text!(locale, lobby.join),
    };
    let waiting = derived(move || entering.get().is_some());
    let cancel = move || {
        let cancel = button("link").test_id("cancel").on("click", move |_| form.ui.send(Command::Leave));
        cancel.child(text!(locale, lobby.cancel))
    };
    let enter = classed("button", "primary")
        .test_id("enter")
        .live_attr("aria-busy", move || waiting.get())
        .child(live_text(label));
    [enter.into(), live(move || waiting.get().then(cancel))].into()
}
