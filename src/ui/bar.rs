//! The bar of the call's controls: which of them are in the bar, and which are behind "more". The bar has as many as fit
//! the window. What a control does is not here.

use leptos::prelude::*;
use leptos_i18n::td_string;

use super::chat::ChatButton;
use super::context::{CallUi, Ui};
use super::controls::{CameraToggle, LeaveButton, MicrophoneToggle};
use super::device_switches::OpenDevices;
use super::hand::HandButton;
use super::inspector::InspectorButton;
use super::invite::InviteButton;
use super::more::More;
use super::people::PeopleButton;
use super::reaction::ReactButton;
use super::screen::ScreenToggle;
use super::shortcut_sheet::ShortcutsButton;
use super::showing::FullscreenToggle;
use super::stage::LayoutButton;

/// A control's place.
struct Slot {
    /// The controls with the highest ranks are in the bar. Those of rank 0 are always behind "more".
    rank: u8,
    /// Makes the control: a button of the class `control`, with a `control-icon` and a `control-label`.
    view: fn() -> AnyView,
}

/// The controls, in the order of the bar and of the menu. "More" and "leave" follow them.
///
/// Ranks: microphone 100, camera 95, chat 80, screen 70, hand 60, people 50, reactions 40, inspector 30, devices 20, layout 15, invitation 10. So
/// a window 320 pixels wide has microphone, camera and chat in the bar, one of 390 the screen too.
static SLOTS: [Slot; 13] = [
    Slot { rank: 100, view: || view! { <MicrophoneToggle /> }.into_any() },
    Slot { rank: 95, view: || view! { <CameraToggle /> }.into_any() },
    Slot { rank: 80, view: || view! { <ChatButton /> }.into_any() },
    Slot { rank: 70, view: || view! { <ScreenToggle /> }.into_any() },
    Slot { rank: 60, view: || view! { <HandButton /> }.into_any() },
    Slot { rank: 40, view: || view! { <ReactButton /> }.into_any() },
    Slot { rank: 50, view: || view! { <PeopleButton /> }.into_any() },
    Slot { rank: 30, view: || view! { <InspectorButton /> }.into_any() },
    Slot { rank: 20, view: || view! { <DevicesControl /> }.into_any() },
    Slot { rank: 15, view: || view! { <LayoutButton /> }.into_any() },
    Slot { rank: 10, view: || view! { <InviteButton class="control" test_id="invite" /> }.into_any() },
    Slot { rank: 0, view: || view! { <FullscreenToggle /> }.into_any() },
    Slot { rank: 0, view: || view! { <ShortcutsButton /> }.into_any() },
];

#[component]
fn DevicesControl() -> impl IntoView {
    let call: CallUi = expect_context();
    view! { <OpenDevices open=call.devices /> }
}

/// The bar.
#[component]
pub fn ControlBar(
    /// Width and height of the call screen, in CSS pixels.
    screen: ReadSignal<(f64, f64)>,
) -> impl IntoView {
    let locale = Ui::from_context().locale;
    let in_bar = Memo::new(move |_| {
        let (width, height) = screen.get();
        arrangement(&SLOTS.each_ref().map(|slot| slot.rank), places(width, height))
    });
    let slots = move |of_bar: bool| {
        let indices = (0..SLOTS.len()).filter(move |index| in_bar.with(|in_bar| in_bar[*index] == of_bar));
        indices.collect::<Vec<_>>()
    };
    view! {
        <footer class="controls" role="group" aria-label=td_string!(locale, call.controls)>
            <For each=move || slots(true) key=|index| *index let(index)>
                {(SLOTS[index].view)()}
            </For>
            <More slots=Signal::derive(move || slots(false)) control=|index| (SLOTS[index].view)() />
            <LeaveButton />
        </footer>
    }
}

/// How many controls fit beside "more" and "leave". The style sheet has the same limits and lengths. While the size is
/// unknown, all fit.
fn places(width: f64, height: f64) -> usize {
    let (length, cell, padding) = if height <= 360.0 || (height <= 520.0 && width > 560.0) {
        // The bar is at the side.
        (height, 48.0, 12.0)
    } else if width <= 560.0 {
        (width, 60.0, 20.0)
    } else {
        (width, 88.0, 56.0)
    };
    if length == 0.0 { usize::MAX } else { (((length - padding) / cell) as usize).saturating_sub(2) }
}

/// Which of the controls with these ranks are in a bar with so many places.
fn arrangement(ranks: &[u8], places: usize) -> Vec<bool> {
    let is_before = |one: usize, other: usize| (ranks[one], other) > (ranks[other], one);
    let before = |index| (0..ranks.len()).filter(|other| is_before(*other, index)).count();
    (0..ranks.len()).map(|index| ranks[index] > 0 && before(index) < places).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn highest_ranks_stay_in_the_bar() {
        assert_eq!(arrangement(&[9, 0, 7, 8], 2), [true, false, false, true]);
        assert_eq!(arrangement(&[9, 0, 7, 8], usize::MAX), [true, false, true, true]);
        assert_eq!(arrangement(&[9, 9], 1), [true, false]);
        assert_eq!(arrangement(&[9, 9], 0), [false, false]);
    }

    #[test]
    fn phones_keep_the_most_important_controls() {
        for ((width, height), least) in
            [((320.0, 568.0), 3), ((390.0, 844.0), 4), ((844.0, 390.0), 5), ((320.0, 256.0), 3), ((1280.0, 800.0), 10)]
        {
            assert!(places(width, height) >= least, "{width}x{height}: {}", places(width, height));
        }
    }

    #[test]
    fn all_controls_are_in_the_bar_while_the_size_is_unknown() {
        assert_eq!(places(0.0, 0.0), usize::MAX);
    }
}
