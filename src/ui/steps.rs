//! "How this connection came to be": a dialog with the guide's thirteen steps from a new connection to media without a
//! server in between, each with the time at which it was reached. The steps are recorded in [`crate::call`].

use leptos::prelude::*;
use leptos_i18n::td_string;

use super::context::Ui;
use super::dialog::Dialog;
use super::icon::{Icon, IconName};
use super::text::{self, Locale, fill};
use super::tile::PathMark;
use crate::call::{CallStateStoreFields as _, PeerField, Step, Steps};

impl Step {
    /// The step's number among the guide's thirteen. It depends on whether this side made the offer: the offerer goes
    /// 1 2 3 4 9 10 11 12 13, the answerer 3 5 6 7 8 10 11 12 13.
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

/// All steps in the guide's order, each with the time in milliseconds at which it was reached, if it was.
fn timeline(steps: &Steps) -> Vec<(Step, Option<f64>)> {
    let time = |step| steps.reached.iter().find(|(reached, _)| *reached == step).map(|(_, time)| *time);
    let mut timeline = Step::ALL.map(|step| (step, time(step)));
    timeline.sort_by_key(|(step, _)| step.number(steps.offerer));
    timeline.into()
}

/// The dialog for the peer in `opened`; closed if there is none.
#[component]
pub fn StepsDialog(
    /// The peer's key.
    opened: RwSignal<Option<u64>>,
) -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let peer = move || opened.get().map(|key| PeerField::new(state.peers(), key));
    let roles = move || {
        peer()?.try_with(|peer| {
            let name = text::name_or_guest(locale, peer.name.as_deref(), &peer.id);
            if peer.steps.offerer {
                fill(td_string!(locale, steps.offerer), "name", &name)
            } else {
                fill(td_string!(locale, steps.answerer), "name", &name)
            }
        })
    };
    let path = Memo::new(move |_| peer()?.try_with(|peer| peer.path).flatten());
    let steps = move || peer()?.try_with(|peer| rows(locale, &peer.steps));
    view! {
        <Dialog
            open=Signal::derive(move || steps().is_some())
            on_close=move |()| opened.set(None)
            class="steps"
            test_id="steps"
            title=td_string!(locale, steps.title)
        >
            <p class="hint" prop:textContent=move || roles().unwrap_or_default()></p>
            <ol class="timeline">
                <For each=move || steps().unwrap_or_default() key=Row::clone children=move |row| view! { <StepRow row /> } />
            </ol>
            {move || path.get().map(|path| view! { <PathMark path /> })}
        </Dialog>
    }
}

/// One line of the dialog. A line that changes is a new element.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Row {
    number: u8,
    words: &'static str,
    /// Time at which the step was reached.
    time: Option<String>,
    /// Numbers of candidates sent and received.
    counts: Option<String>,
}

fn rows(locale: Locale, steps: &Steps) -> Vec<Row> {
    let row = |(step, time): (Step, Option<f64>)| Row {
        number: step.number(steps.offerer),
        words: text::step(locale, step, steps.offerer),
        time: time.map(|time| (time.round() as u32).to_string() + " ms"),
        counts: (step == Step::Candidates && time.is_some()).then(|| {
            let (sent, received) = (steps.candidates_sent, steps.candidates_received);
            fill(
                &fill(td_string!(locale, steps.candidate_counts), "sent", &sent.to_string()),
                "received",
                &received.to_string(),
            )
        }),
    };
    timeline(steps).into_iter().map(row).collect()
}

#[component]
fn StepRow(row: Row) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let is_reached = row.time.is_some();
    let state = if is_reached { td_string!(locale, steps.reached) } else { td_string!(locale, steps.pending) };
    view! {
        <li data-step=row.number data-reached=is_reached.then_some("true")>
            <span class="step-number">{row.number}</span>
            <span class="step-words">{row.words} {row.counts.map(|counts| view! { <small>{counts}</small> })}</span>
            <span class="step-time">{row.time}</span>
            <span class="step-mark">
                {is_reached.then(|| view! { <Icon name=IconName::Check /> })}
                <span class="visually-hidden">{state}</span>
            </span>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_the_guides_numbers_on_each_side() {
        let numbers = |offerer| {
            let steps = Steps { offerer, ..Steps::default() };
            timeline(&steps).into_iter().map(|(step, _)| step.number(offerer)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(true), [1, 2, 3, 4, 9, 10, 11, 12, 13]);
        assert_eq!(numbers(false), [3, 5, 6, 7, 8, 10, 11, 12, 13]);
    }

    #[test]
    fn steps_are_in_the_guides_order() {
        let steps = Steps { reached: vec![(Step::MediaReceived, 0.0), (Step::Answer, 4.0)], ..Steps::default() };
        let times: Vec<_> = timeline(&steps).into_iter().map(|(_, time)| time).collect();
        assert_eq!(times, [None, None, None, None, Some(4.0), None, None, Some(0.0), None]);
        assert_eq!(timeline(&steps).len(), Step::ALL.len());
    }
}
