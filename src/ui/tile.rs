//! One person in the grid: picture or initials, name, marks, and in words how the connection stands.

use leptos::prelude::*;
use vitrine_protocol::signaling::UserId;

use super::Ui;
use super::icon::{Icon, icon};
use super::text::{self, fill, text};
use super::video::{LocalVideo, RemoteVideo};
use crate::browser::Stream;
use crate::call::{CallState, Command, ConnectionState, DeviceState, PeerState};

/// How many colours the style sheet has for avatars.
const TINTS: u32 = 6;

/// Initials of `name` on a disc in one of the style sheet's colours.
pub fn avatar(name: &str, tint: u32) -> AnyView {
    view! {
        <span class="avatar" data-tint=(tint % TINTS).to_string() aria-hidden="true">
            {initials(name)}
        </span>
    }
    .into_any()
}

/// First letters of the first and last word; of a Hangul, Han or Kana name its first letter alone.
fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|word| word.chars().next());
    let first = letters.next();
    let last = letters.next_back().filter(|_| first.is_some_and(|letter| letter < '\u{1100}'));
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// The colour that goes with a participant.
fn tint(id: &UserId) -> u32 {
    id.0.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)))
}

/// Name and marks, on a chip that is readable over any picture.
fn caption(
    name: impl Fn() -> String + Send + 'static,
    muted: impl Fn() -> bool + Send + 'static,
    muted_words: &'static str,
) -> AnyView {
    view! {
        <p class="caption">
            {move || {
                muted()
                    .then(|| {
                        view! {
                            <span class="muted" data-testid="muted">
                                {icon(Icon::MicrophoneOff)}
                                <span class="visually-hidden">{muted_words}</span>
                            </span>
                        }
                    })
            }} <span class="caption-name">{name}</span>
        </p>
    }
    .into_any()
}

/// Oneself.
#[component]
pub fn SelfTile(ui: Ui) -> impl IntoView {
    let locale = ui.locale;
    let stream = ui.select(|state| state.local.stream.clone());
    let camera = ui.select(|state| state.local.camera == DeviceState::On);
    let microphone = ui.select(|state| state.local.microphone == DeviceState::On);
    let you = text!(locale, call.you);
    view! {
        <div class="tile" role="group" aria-label=you data-testid="self-tile" data-video=move || camera.get().then_some("true")>
            <LocalVideo stream label=you />
            {move || (!camera.get()).then(|| view! { <div class="placeholder">{avatar(&ui.name.get(), 0)}</div> })}
            {caption(move || you.to_owned(), move || !microphone.get(), text!(locale, call.muted))}
        </div>
    }
    .into_any()
}

/// Whether there is a picture to show: what the participant says, or else what the stream has.
fn has_picture(peer: &PeerState) -> bool {
    let sends = |stream: &Stream| peer.video.unwrap_or_else(|| stream.get_video_tracks().length() > 0);
    matches!(peer.connection, ConnectionState::Connected | ConnectionState::Disconnected)
        && peer.stream.as_ref().is_some_and(sends)
}

/// Another participant. `opened` is set to show how the connection came to be.
#[component]
pub fn RemoteTile(ui: Ui, key: u64, opened: RwSignal<Option<u64>>, blocked: RwSignal<bool>) -> impl IntoView {
    let locale = ui.locale;
    let find = move |state: &CallState| state.peers.iter().find(|peer| peer.key == key).cloned();
    let stream = ui.select(move |state| find(state)?.stream);
    let peer = ui.select(find);
    let name = Signal::derive(move || {
        peer.with(|peer| peer.as_ref().map(|peer| text::name_or_guest(locale, peer.name.as_deref(), &peer.id)))
            .unwrap_or_default()
    });
    let connection = move || peer.with(|peer| peer.as_ref().map_or(ConnectionState::Closed, |peer| peer.connection));
    let muted = move || peer.with(|peer| peer.as_ref().is_some_and(|peer| peer.audio == Some(false)));
    let picture = move || peer.with(|peer| peer.as_ref().is_some_and(has_picture));
    let step = move || {
        peer.with(|peer| {
            let steps = &peer.as_ref()?.steps;
            Some(steps.reached.last()?.0.number(steps.offerer).to_string())
        })
    };
    // The guide's step is news only on the way there; later the state says it all.
    let progress = move || {
        peer.with(|peer| {
            let peer = peer.as_ref()?;
            let on_the_way = matches!(peer.connection, ConnectionState::New | ConnectionState::Connecting);
            on_the_way.then(|| text::waiting(locale, &peer.steps))
        })
    };
    let status = move || {
        let connection = connection();
        (connection != ConnectionState::Connected).then(|| {
            view! {
                <div class="status">
                    <p data-testid="peer-state">
                        <strong>{text::connection(locale, connection)}</strong>
                        <span>{progress}</span>
                    </p>
                    {(connection == ConnectionState::Failed).then(|| retry(ui, key))}
                </div>
            }
        })
    };
    let id = move || peer.with(|peer| peer.as_ref().map(|peer| peer.id.0.clone()));
    let tint = peer.with_untracked(|peer| peer.as_ref().map_or(0, |peer| tint(&peer.id)));
    let open_label = move || fill(text!(locale, steps.open), "name", &name.get());
    view! {
        <div
            class="tile"
            role="group"
            aria-label=name
            data-testid="tile"
            data-peer=id
            data-state=move || connection().name()
            data-step=step
            data-video=move || picture().then_some("true")
        >
            <RemoteVideo stream label=name blocked />
            <div class="placeholder">{move || avatar(&name.get(), tint)} {status}</div>
            {caption(move || name.get(), muted, text!(locale, call.muted))}
            <button
                type="button"
                class="icon-button steps-button"
                data-testid="open-steps"
                aria-haspopup="dialog"
                aria-label=open_label
                on:click=move |_| opened.set(Some(key))
            >
                {icon(Icon::Path)}
            </button>
        </div>
    }
    .into_any()
}

/// Tries a connection that failed again, at once.
fn retry(ui: Ui, key: u64) -> AnyView {
    view! {
        <button type="button" class="secondary" data-testid="retry" on:click=move |_| ui.send(Command::Retry(key))>
            {text!(ui.locale, app.retry)}
        </button>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_are_what_the_script_makes_of_them() {
        assert_eq!(initials("ada lovelace king"), "AK");
        assert_eq!(initials("Mina"), "M");
        assert_eq!(initials("김 미나"), "김");
        assert_eq!(initials("  "), "");
    }
}
