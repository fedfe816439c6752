//! What went wrong, in words, with what to do next: one card for a [`Problem`], one for each device that cannot be
//! used, and the page for a browser that cannot make calls at all.

use super::element::{Element, View, button, classed, element, keyed, live};
use super::icon::{Icon, icon};
use super::reactive::{Value, derived, effect};
use super::text::{self, Locale, Words, fill, text};
use super::{Ui, brand};
use crate::call::{Command, DeviceProblem, DeviceState, LocalMedia, Problem};

/// A card with role `alert`, which says what happened and what to do next.
pub struct Notice {
    /// Stable name of what happened, for `data-code`.
    pub code: &'static str,
    /// What is said.
    pub words: Words,
    /// Stands below the words.
    pub action: Option<Element>,
    /// What the cross does, if there is one.
    pub dismiss: Option<Box<dyn Fn()>>,
}

impl Notice {
    /// Draws the card.
    pub fn draw(self, locale: Locale) -> Element {
        let words = classed("div", "notice-words")
            .child(classed("p", "notice-title").child(self.words.title))
            .child(element("p").child(self.words.help))
            .child(self.action);
        let cross = self.dismiss.map(|dismiss| {
            let cross = button("quiet icon-button").attr("aria-label", text!(locale, app.dismiss));
            cross.on("click", move |_| dismiss()).child(icon(Icon::Close))
        });
        alert(classed("div", "notice"), self.code).child(icon(Icon::Alert)).child(words).child(cross)
    }
}

/// Makes `element` say that something went wrong.
pub fn alert(element: Element, code: &str) -> Element {
    element.attr("role", "alert").test_id("error").attr("data-code", code)
}

/// The problem that stands, if any; an insecure page is told of by its devices, if they tell.
pub fn problem_notice(ui: Ui) -> View {
    let problem = ui.select(|state| {
        let told = unavailable(&state.local) == [(Devices::Both, DeviceProblem::InsecurePage)];
        state.problem.clone().filter(|problem| !(told && *problem == Problem::InsecurePage))
    });
    live(move || {
        problem.get().map(|problem| {
            let (code, words) = (problem.code(), text::problem(ui.locale, &problem));
            let dismiss = Box::new(move || ui.send(Command::DismissProblem));
            Notice { code, words, action: None, dismiss: Some(dismiss) }.draw(ui.locale)
        })
    })
}

/// Devices that share a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Devices {
    /// The microphone alone.
    Microphone,
    /// The camera alone.
    Camera,
    /// Both.
    Both,
}

/// Which devices cannot be used, and why; both in one entry when they share the reason.
pub fn unavailable(media: &LocalMedia) -> Vec<(Devices, DeviceProblem)> {
    let problem = |state: &DeviceState| match state {
        DeviceState::Unavailable(problem) => Some(problem.clone()),
        _ => None,
    };
    match (problem(&media.microphone), problem(&media.camera)) {
        (Some(microphone), Some(camera)) if microphone == camera => vec![(Devices::Both, camera)],
        (microphone, camera) => [(Devices::Microphone, microphone), (Devices::Camera, camera)]
            .into_iter()
            .filter_map(|(devices, problem)| Some((devices, problem?)))
            .collect(),
    }
}

impl Devices {
    fn name(self, locale: Locale) -> &'static str {
        match self {
            Self::Microphone => text!(locale, device.microphone),
            Self::Camera => text!(locale, device.camera),
            Self::Both => text!(locale, device.both),
        }
    }
}

/// In a call: says that the browser waits for the user's answer to its permission prompt.
pub fn prompt_notice(ui: Ui) -> View {
    let prompted = ui.select(|state| {
        let prompted = |device: &DeviceState| matches!(device, DeviceState::Asking { prompted: true, .. });
        match (prompted(&state.local.microphone), prompted(&state.local.camera)) {
            (true, true) => Some(Devices::Both),
            (true, false) => Some(Devices::Microphone),
            (false, true) => Some(Devices::Camera),
            (false, false) => None,
        }
    });
    let locale = ui.locale;
    let card = move |devices: Devices| {
        let title = fill(text!(locale, device.prompt), "device", devices.name(locale));
        let words = classed("div", "notice-words")
            .child(classed("p", "notice-title").child(title))
            .child(element("p").child(text!(locale, device.prompt_help)));
        classed("div", "notice").test_id("prompt").child(icon(Icon::Alert)).child(words)
    };
    // The region is there before its words: screen readers tell of changes only.
    let region = element("div").attr("role", "status");
    region.child(live(move || prompted.get().map(card))).into()
}

/// Words for a device problem, and the button that asks again.
pub fn device_problem(ui: Ui, devices: Devices, problem: &DeviceProblem) -> (Words, Element) {
    let locale = ui.locale;
    let name = devices.name(locale);
    let retry = move |_| {
        if devices != Devices::Camera {
            ui.send(Command::SetMicrophone(true));
        }
        if devices != Devices::Microphone {
            ui.send(Command::SetCamera(true));
        }
    };
    let button = button("secondary").test_id("retry-device").on("click", retry).child(text!(locale, app.retry));
    (text::device_problem(locale, problem, name), button)
}

/// In a call: a card for each device problem that is news, with a cross. What the person already knew on entering,
/// or has dismissed, is not said again until the device was asked for again.
pub fn device_notices(ui: Ui) -> View {
    let problems = ui.select(|state| unavailable(&state.local));
    let known = Value::new(problems.get_untracked());
    effect(move || {
        let current = problems.get();
        known.update(|known| known.retain(|problem| current.contains(problem)));
    });
    let card = move |(devices, problem): (Devices, DeviceProblem)| {
        let (words, retry) = device_problem(ui, devices, &problem);
        let code = problem.code();
        let dismiss = move || known.update(|known| known.push((devices, problem.clone())));
        Notice { code, words, action: Some(retry), dismiss: Some(Box::new(dismiss)) }.draw(ui.locale)
    };
    let news = derived(move || {
        let news = problems.get().into_iter().filter(|problem| known.with(|known| !known.contains(problem)));
        news.collect::<Vec<_>>()
    });
    keyed(news, card)
}

/// The whole page, when this browser cannot make calls.
pub fn unsupported(ui: Ui) -> Element {
    let problem = ui.select(|state| state.problem.clone()).get_untracked().unwrap_or(Problem::NoWebRtc);
    let words = text::problem(ui.locale, &problem);
    let notice = alert(element("div"), problem.code())
        .child(element("h1").child(words.title))
        .child(classed("p", "lead").child(words.help));
    classed("main", "unsupported").child(brand()).child(notice)
}
