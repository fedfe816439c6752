//! Reactions: the button and its dialog, how they float over a tile, and what a screen reader says of them, which is little
//! however many there are. The pictures are the app's own: not every system has emoji.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos_i18n::td_string;
use vitrine_protocol::control::Reaction;
use wasm_bindgen_futures::spawn_local;

use super::context::{CallUi, Ui};
use super::control::Control;
use super::dialog::Dialog;
use super::icon::IconName;
use super::text::{self, Locale};
use crate::call::{CallStateStoreFields as _, CallStore, Command, ShownReaction};

/// All reactions.
const ALL: [Reaction; 6] =
    [Reaction::ThumbsUp, Reaction::Heart, Reaction::Applause, Reaction::Laugh, Reaction::Surprise, Reaction::Party];

/// Between two announcements, in milliseconds.
const ANNOUNCE_EVERY: u32 = 2_000;
/// Most participants named in one announcement.
const MAX_NAMED: usize = 3;

/// Stable name, for `data-kind`.
fn code(reaction: Reaction) -> &'static str {
    match reaction {
        Reaction::ThumbsUp => "thumbs-up",
        Reaction::Heart => "heart",
        Reaction::Applause => "applause",
        Reaction::Laugh => "laugh",
        Reaction::Surprise => "surprise",
        Reaction::Party => "party",
        Reaction::Unknown => "unknown",
    }
}

fn words(locale: Locale, reaction: Reaction) -> &'static str {
    match reaction {
        Reaction::ThumbsUp => td_string!(locale, reaction.thumbs_up),
        Reaction::Heart => td_string!(locale, reaction.heart),
        Reaction::Applause => td_string!(locale, reaction.applause),
        Reaction::Laugh => td_string!(locale, reaction.laugh),
        Reaction::Surprise => td_string!(locale, reaction.surprise),
        Reaction::Party | Reaction::Unknown => td_string!(locale, reaction.party),
    }
}

/// The button that opens the choice of reactions.
#[component]
pub fn ReactButton() -> impl IntoView {
    let locale = Ui::from_context().locale;
    let call: CallUi = expect_context();
    view! {
        <Control
            icon=IconName::Smile
            label=td_string!(locale, reaction.open)
            attr:data-testid="open-reactions"
            attr:aria-haspopup="dialog"
            on:click=move |_| call.reactions.set(true)
        />
    }
}

/// The choice of reactions.
#[component]
pub fn ReactionsDialog() -> impl IntoView {
    let ui = Ui::from_context();
    let call: CallUi = expect_context();
    let react = move |kind| {
        ui.send(Command::React(kind));
        call.reactions.set(false);
    };
    view! {
        <Dialog
            open=call.reactions
            on_close=move |()| call.reactions.set(false)
            class="reactions-sheet"
            test_id="reactions"
            title=td_string!(ui.locale, reaction.title)
        >
            <div class="reactions-choice">
                {ALL
                    .map(|kind| {
                        view! {
                            <button
                                type="button"
                                data-testid="reaction"
                                data-kind=code(kind)
                                aria-label=words(ui.locale, kind)
                                title=words(ui.locale, kind)
                                on:click=move |_| react(kind)
                            >
                                <Picture kind />
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
        </Dialog>
    }
}

/// Reactions that float over a tile. They are announced elsewhere.
#[component]
pub fn FloatingReactions(
    /// What is shown now.
    #[prop(into)]
    reactions: Signal<Vec<ShownReaction>>,
) -> impl IntoView {
    view! {
        <div class="floating" aria-hidden="true">
            <For each=move || reactions.get() key=|shown| shown.serial let(shown)>
                <span data-testid="shown-reaction" data-kind=code(shown.kind)>
                    <Picture kind=shown.kind />
                </span>
            </For>
        </div>
    }
}

/// The live region for reactions.
#[component]
pub fn ReactionAnnouncements() -> impl IntoView {
    let Ui { state, locale, .. } = Ui::from_context();
    let announcement = RwSignal::new(String::new());
    let digest = StoredValue::new(Digest::default());
    let announce = move || {
        let sentence = digest.try_update_value(|digest| digest.take(locale)).flatten();
        sentence.inspect(|sentence| announcement.set(sentence.clone())).is_some()
    };
    let is_waiting = StoredValue::new(false);
    Effect::new(move |seen: Option<Vec<(u64, u64)>>| {
        let (new, now) = news(locale, state, &seen.unwrap_or_default());
        if !new.is_empty() {
            digest.update_value(|digest| new.into_iter().for_each(|(name, kind)| digest.add(name, kind)));
            if !is_waiting.get_value() && announce() {
                is_waiting.set_value(true);
                spawn_local(async move {
                    loop {
                        TimeoutFuture::new(ANNOUNCE_EVERY).await;
                        if is_waiting.is_disposed() || !announce() {
                            break;
                        }
                    }
                    is_waiting.try_update_value(|is_waiting| *is_waiting = false);
                });
            }
        }
        now
    });
    view! {
        <p class="visually-hidden" role="status" data-testid="reaction-announcements" prop:textContent=announcement></p>
    }
}

/// A reaction, and the name of whoever reacts.
type News = (String, Reaction);

/// The reactions after those `seen`, by the names of those who react; and which were seen last of each peer, by key.
fn news(locale: Locale, state: CallStore, seen: &[(u64, u64)]) -> (Vec<News>, Vec<(u64, u64)>) {
    state.peers().with(|peers| {
        let (mut new, mut last) = (Vec::new(), Vec::new());
        for peer in peers {
            let before = seen.iter().find(|(key, _)| *key == peer.key).map_or(0, |(_, serial)| *serial);
            let name = || text::name_or_guest(locale, peer.name.as_deref(), &peer.id);
            let unseen = peer.reactions.iter().filter(|shown| shown.serial > before);
            new.extend(unseen.map(|shown| (name(), shown.kind)));
            last.push((peer.key, peer.reactions.last().map_or(before, |shown| shown.serial)));
        }
        (new, last)
    })
}

/// Reactions that wait to be announced: each kind once for each participant.
#[derive(Debug, Default)]
struct Digest(Vec<(String, Vec<Reaction>)>);

impl Digest {
    fn add(&mut self, name: String, kind: Reaction) {
        let index = self.0.iter().position(|(other, _)| *other == name).unwrap_or_else(|| {
            self.0.push((name, Vec::new()));
            self.0.len() - 1
        });
        let kinds = &mut self.0[index].1;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }

    /// The sentence that sums them up, if there are any.
    fn take(&mut self, locale: Locale) -> Option<String> {
        let waiting = std::mem::take(&mut self.0);
        let (named, others) = waiting.split_at(waiting.len().min(MAX_NAMED));
        let sentence = |(name, kinds): &(String, Vec<Reaction>)| {
            let kinds: Vec<_> = kinds.iter().map(|kind| words(locale, *kind)).collect();
            format!("{name}: {}", kinds.join(", "))
        };
        let mut sentences: Vec<_> = named.iter().map(sentence).collect();
        if !others.is_empty() {
            sentences.push(td_string!(locale, reaction.others).to_owned());
        }
        (!sentences.is_empty()).then(|| sentences.join(". "))
    }
}

/// The picture of a reaction.
#[component]
fn Picture(
    /// Which.
    kind: Reaction,
) -> impl IntoView {
    let face = "M24 44a20 20 0 1 0 0-40 20 20 0 0 0 0 40Z";
    // Each shape: its path, and its colour.
    let shapes: &[(&str, &str)] = match kind {
        Reaction::ThumbsUp => &[
            ("M6 22h8v20H6a2 2 0 0 1-2-2V24a2 2 0 0 1 2-2Z", "#3b82c4"),
            (
                "M16 22 23 6c3.5 0 6 2.300 6 5.500L27.500 19H39a4 4 0 0 1 3.900 5l-3.600 14.500A4.500 4.500 0 0 1 35 42H16Z",
                "#ffc83d",
            ),
        ],
        Reaction::Heart => &[(
            "M24 43S4 31 4 17.500C4 11 8.800 7 14 7c4.300 0 8 2.400 10 6 2-3.600 5.700-6 10-6 5.200 0 10 4 10 10.500C44 31 24 43 24 43Z",
            "#e5383b",
        )],
        Reaction::Applause => &[
            ("M12 10 9 4M24 7V1M36 10l3-6", "stroke"),
            ("M30 15 41 26a10 10 0 0 1 0 14 10 10 0 0 1-14 0l-4-4Z", "#e0a21b"),
            (
                "M9 22a2.500 2.500 0 0 1 3.500 0l5 5-8-8a2.500 2.500 0 0 1 3.500-3.500l8 8-6.500-6.500a2.500 2.500 0 0 1 3.500-3.500l8 8v-7a2.800 2.800 0 0 1 5.600 0V30a12 12 0 0 1-20.500 8.500l-6-6A2.500 2.500 0 0 1 9 29Z",
                "#ffc83d",
            ),
        ],
        Reaction::Laugh => &[
            (face, "#ffc83d"),
            ("M12 25h24a12 12 0 0 1-24 0Z", "#7a3b10"),
            ("M16.500 34a9 6 0 0 1 15 0 12 12 0 0 1-15 0Z", "#f26d6d"),
            ("M11 19q4-6 8 0M29 19q4-6 8 0", "line"),
            ("M9 22c-5 5-6 9-3 10.500S12 30 9 22ZM39 22c5 5 6 9 3 10.500S36 30 39 22Z", "#5bb8f0"),
        ],
        Reaction::Surprise => &[
            (face, "#ffc83d"),
            ("M24 40c4 0 6-3 6-7s-2-7-6-7-6 3-6 7 2 7 6 7Z", "#7a3b10"),
            ("M16 22a2.500 3 0 1 0 0-6 2.500 3 0 0 0 0 6ZM32 22a2.500 3 0 1 0 0-6 2.500 3 0 0 0 0 6Z", "#5a2d0c"),
            ("M11 12q4-4 8-2M29 10q4-2 8 2", "line"),
        ],
        Reaction::Party | Reaction::Unknown => &[
            ("M5 44 16 17a16 16 0 0 1 15 15Z", "#ffc83d"),
            ("M12.500 26 24 36.500l-6 2.400-8-7Z", "#e5383b"),
            ("M22 20q-2-8 4-13M28 27q8 2 13-4M26 22 36 12", "stroke"),
            ("M33 5a2.500 2.500 0 1 0 0 .1ZM44 13a2.500 2.500 0 1 0 0 .1Z", "#3b82c4"),
            ("M16 8a2.500 2.500 0 1 0 0 .1ZM42 33a2.500 2.500 0 1 0 0 .1Z", "#3fae6a"),
        ],
    };
    view! {
        <svg class="reaction-picture" viewBox="0 0 48 48" aria-hidden="true">
            {shapes
                .iter()
                .map(|(path, colour)| match *colour {
                    "stroke" => view! { <path d=*path class="reaction-spark" /> }.into_any(),
                    "line" => view! { <path d=*path class="reaction-line" /> }.into_any(),
                    colour => view! { <path d=*path fill=colour /> }.into_any(),
                })
                .collect_view()}
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousand_reactions_are_one_sentence() {
        let mut digest = Digest::default();
        for _ in 0..1_000 {
            digest.add("Ben".to_owned(), Reaction::Applause);
            digest.add("Ben".to_owned(), Reaction::Heart);
        }
        let sentence = digest.take(Locale::en).unwrap_or_default();
        assert_eq!(sentence, "Ben: applause, heart");
        assert_eq!(digest.take(Locale::en), None);
    }

    #[test]
    fn announcement_names_a_few_participants() {
        let mut digest = Digest::default();
        for name in ["Ada", "Ben", "Cho", "Dee", "Eun"] {
            digest.add(name.to_owned(), Reaction::Laugh);
        }
        let sentence = digest.take(Locale::en).unwrap_or_default();
        assert_eq!(sentence, "Ada: laughter. Ben: laughter. Cho: laughter. And others");
    }
}
