//! "How this connection came to be": the steps from nothing to media without a server in between, as the guide
//! numbers them, with the time at which each was reached.

use web_sys::HtmlDialogElement;

use super::Ui;
use super::element::{Element, View, classed, element, live};
use super::icon::{Icon, icon};
use super::reactive::{Value, effect};
use super::text::{self, Locale, fill, text};
use super::tile::path_mark;
use crate::call::{PeerState, Step, Steps};

impl Step {
    /// The step's number in the thirteen steps of the guide, by whether this side made the offer: the offerer goes
    /// 1 2 3 4 9 10 11 12 13, the answerer 6 7 3 5 8 10 11 12 13.
    pub fn number(self, offerer: bool) -> u8 {
        match self {
            Self::ConnectionCreated => {
                if offerer {
                    1
                } else {
                    6
                }
            }
            Self::MediaAdded => {
                if offerer {
                    2
                } else {
                    7
                }
            }
            Self::ListenersAttached => 3,
            Self::Offer => {
                if offerer {
                    4
                } else {
                    5
                }
            }
            Self::Answer => {
                if offerer {
                    9
                } else {
                    8
                }
            }
            Self::Candidates => 10,
            Self::Connected => 11,
            Self::MediaReceived => 12,
            Self::Direct => 13,
        }
    }
}

/// Every step once: those reached in the order in which they were, each with its time in milliseconds, then the rest.
fn timeline(steps: &Steps) -> impl Iterator<Item = (Step, Option<f64>)> {
    let reached = steps.reached.iter().map(|(step, time)| (*step, Some(*time)));
    let pending = Step::ALL.into_iter().filter(|step| steps.reached.iter().all(|(reached, _)| reached != step));
    reached.chain(pending.map(|step| (step, None)))
}

/// The panel for the participant in `opened`, if any.
pub fn steps_dialog(ui: Ui, opened: Value<Option<u64>>) -> Element {
    let locale = ui.locale;
    let peers = ui.select(|state| state.peers.clone());
    let peer = move || {
        let opened = opened.get()?;
        peers.with(|peers| peers.iter().find(|peer| peer.key == opened).cloned())
    };
    let close = classed("button", "quiet icon-button").attr("aria-label", text!(locale, app.close));
    let header = classed("header", "sheet-header")
        .child(element("h2").attr("id", "steps-title").child(text!(locale, steps.title)))
        .child(element("form").attr("method", "dialog").child(close.child(icon(Icon::Close))));
    let dialog = classed("dialog", "sheet steps")
        .test_id("steps")
        .attr("aria-labelledby", "steps-title")
        .on("close", move |_| opened.set(None))
        .child(header)
        .child(live(move || peer().map(|peer| story(locale, &peer))));
    let sheet: HtmlDialogElement = dialog.cast();
    effect(move || match peer().is_some() {
        present if present == sheet.open() => {}
        true => drop(sheet.show_modal()),
        false => sheet.close(),
    });
    dialog
}

fn story(locale: Locale, peer: &PeerState) -> View {
    let name = text::name_or_guest(locale, peer.name.as_deref(), &peer.id);
    let who = if peer.steps.offerer { text!(locale, steps.offerer) } else { text!(locale, steps.answerer) };
    let rows: Vec<_> = timeline(&peer.steps).map(|(step, time)| row(locale, &peer.steps, step, time)).collect();
    [
        classed("p", "hint").child(fill(who, "name", &name)).into(),
        classed("ol", "timeline").child(rows).into(),
        View::from(peer.path.map(|path| path_mark(locale, path))),
    ]
    .into()
}

fn row(locale: Locale, steps: &Steps, step: Step, time: Option<f64>) -> Element {
    let counts = (step == Step::Candidates && time.is_some()).then(|| {
        let counts = fill(text!(locale, steps.candidate_counts), "sent", &steps.candidates_sent.to_string());
        element("small").child(fill(&counts, "received", &steps.candidates_received.to_string()))
    });
    let number = step.number(steps.offerer).to_string();
    let state = if time.is_some() { text!(locale, steps.reached) } else { text!(locale, steps.pending) };
    let mark = classed("span", "step-mark")
        .child(time.map(|_| icon(Icon::Check)))
        .child(classed("span", "visually-hidden").child(state));
    let time = time.map(|time| (time.round() as u32).to_string() + " ms");
    let row = element("li").attr("data-step", &number);
    let row = if time.is_some() { row.attr("data-reached", "true") } else { row };
    row.child(classed("span", "step-number").child(number))
        .child(classed("span", "step-words").child(text::step(locale, step, steps.offerer)).child(counts))
        .child(classed("span", "step-time").child(time))
        .child(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_counts_the_steps_as_the_guide_does() {
        let numbers = |offerer| {
            let steps = Steps { offerer, ..Steps::default() };
            timeline(&steps).map(|(step, _)| step.number(offerer)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(true), [1, 3, 2, 4, 9, 10, 11, 12, 13]);
        assert_eq!(numbers(false), [6, 3, 7, 5, 8, 10, 11, 12, 13]);
    }

    #[test]
    fn what_was_reached_comes_first_in_its_own_order() {
        let steps = Steps { reached: vec![(Step::MediaReceived, 0.0), (Step::Answer, 4.0)], ..Steps::default() };
        let order: Vec<_> = timeline(&steps).take(3).collect();
        assert_eq!(
            order,
            [(Step::MediaReceived, Some(0.0)), (Step::Answer, Some(4.0)), (Step::ConnectionCreated, None)]
        );
        assert_eq!(timeline(&steps).count(), Step::ALL.len());
    }
}
