//! "How this connection came to be": the steps from nothing to media without a server in between, as the guide
//! numbers them, with the time at which each was reached.

use leptos::{html, prelude::*};

use super::Ui;
use super::icon::{Icon, icon};
use super::text::{self, Locale, fill, text};
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
#[component]
pub fn StepsDialog(ui: Ui, opened: RwSignal<Option<u64>>) -> impl IntoView {
    let locale = ui.locale;
    let dialog = NodeRef::<html::Dialog>::new();
    let peer = ui.select(move |state| {
        let opened = opened.get()?;
        state.peers.iter().find(|peer| peer.key == opened).cloned()
    });
    let present = move || peer.with(Option::is_some);
    Effect::new(move |shown: Option<bool>| {
        let present = present();
        if let Some(dialog) = dialog.get()
            && shown.unwrap_or(false) != present
        {
            if present {
                let _ = dialog.show_modal();
            } else {
                dialog.close();
            }
        }
        present
    });
    view! {
        <dialog
            node_ref=dialog
            class="sheet steps"
            data-testid="steps"
            aria-labelledby="steps-title"
            on:close=move |_| opened.set(None)
        >
            <header class="sheet-header">
                <h2 id="steps-title">{text!(locale, steps.title)}</h2>
                <form method="dialog">
                    <button class="quiet icon-button" aria-label=text!(locale, app.close)>
                        {icon(Icon::Close)}
                    </button>
                </form>
            </header>
            {move || peer.with(|peer| peer.as_ref().map(|peer| story(locale, peer)))}
        </dialog>
    }
    .into_any()
}

fn story(locale: Locale, peer: &PeerState) -> AnyView {
    let name = text::name_or_guest(locale, peer.name.as_deref(), &peer.id);
    let who = if peer.steps.offerer { text!(locale, steps.offerer) } else { text!(locale, steps.answerer) };
    let rows = timeline(&peer.steps).map(|(step, time)| row(locale, &peer.steps, step, time)).collect_view();
    view! {
        <p class="hint">{fill(who, "name", &name)}</p>
        <ol class="timeline">{rows}</ol>
    }
    .into_any()
}

fn row(locale: Locale, steps: &Steps, step: Step, time: Option<f64>) -> AnyView {
    let counts = (step == Step::Candidates && time.is_some()).then(|| {
        let counts = fill(text!(locale, steps.candidate_counts), "sent", &steps.candidates_sent.to_string());
        let counts = fill(&counts, "received", &steps.candidates_received.to_string());
        view! { <small>{counts}</small> }
    });
    let mark = if time.is_some() { icon(Icon::Check) } else { ().into_any() };
    let state = if time.is_some() { text!(locale, steps.reached) } else { text!(locale, steps.pending) };
    view! {
        <li data-step=step.number(steps.offerer).to_string() data-reached=time.map(|_| "true")>
            <span class="step-number">{step.number(steps.offerer).to_string()}</span>
            <span class="step-words">{text::step(locale, step, steps.offerer)} {counts}</span>
            <span class="step-time">{time.map(|time| (time.round() as u32).to_string() + " ms")}</span>
            <span class="step-mark">{mark}<span class="visually-hidden">{state}</span></span>
        </li>
    }
    .into_any()
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
