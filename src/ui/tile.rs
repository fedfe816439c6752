//! One person in the grid: picture or initials, name, marks, and in words how the connection stands.

use js_sys::JsString;
use unicode_segmentation::UnicodeSegmentation as _;
use vitrine_insight::path::Path;
use vitrine_protocol::name::display_name;

use super::Ui;
use super::call::Shown;
use super::element::{Element, button, classed, element, live, live_text};
use super::icon::{Icon, icon};
use super::reactive::Value;
use super::text::{self, Locale, fill, text};
use super::video::{local_video, remote_audio, remote_video};
use crate::call::{Command, ConnectionState, DeviceState, PeerState, Trouble};

/// How many colours the style sheet has for avatars.
const TINTS: u32 = 6;

/// Initials of `name` on a disc in one of the style sheet's colours.
pub fn avatar(name: &str, tint: u32) -> Element {
    // The browser knows the capitals of every script.
    let initials: String = JsString::from(initials(name)).to_locale_upper_case(None).into();
    let disc = classed("span", "avatar").attr("data-tint", &(tint % TINTS).to_string());
    disc.attr("aria-hidden", "true").child(initials)
}

/// First letters of the first and last word; of a Hangul, Han or Kana name its first letter alone. A letter is all that
/// people see as one, and punctuation before it is none; a name without letters is shown by its first character.
fn initials(name: &str) -> String {
    let name = display_name(name).unwrap_or_default();
    let is_letter = |cluster: &&str| cluster.starts_with(char::is_alphanumeric);
    let mut letters = name.split(' ').filter_map(|word| word.graphemes(true).find(is_letter));
    let Some(first) = letters.next() else {
        return name.graphemes(true).next().unwrap_or_default().to_owned();
    };
    let last = letters.next_back().filter(|_| first.starts_with(|letter| letter < '\u{1100}'));
    first.to_owned() + last.unwrap_or_default()
}

/// The colour that goes with a participant.
fn tint(id: &str) -> u32 {
    id.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)))
}

/// Name and marks, on a chip that is readable over any picture.
fn caption(locale: Locale, name: impl Fn() -> String + 'static, muted: impl Fn() -> bool + 'static) -> Element {
    let mark = move || {
        let words = classed("span", "visually-hidden").child(text!(locale, call.muted));
        classed("span", "muted").test_id("muted").child(icon(Icon::MicrophoneOff)).child(words)
    };
    classed("p", "caption")
        .child(live(move || muted().then(mark)))
        .child(classed("span", "caption-name").attr("dir", "auto").child(live_text(name)))
}

/// Oneself.
pub fn self_tile(ui: Ui) -> Element {
    let locale = ui.locale;
    let stream = ui.select(|state| state.local.stream.clone());
    let camera = ui.select(|state| state.local.camera == DeviceState::On);
    let muted = ui.select(|state| state.local.microphone != DeviceState::On);
    let you = text!(locale, call.you);
    let placeholder = move || classed("div", "placeholder").child(avatar(&ui.name.get(), 0));
    classed("div", "tile")
        .attr("role", "group")
        .attr("aria-label", you)
        .test_id("self-tile")
        .live_attr("data-video", move || camera.get())
        .child(local_video(stream, you))
        .child(live(move || (!camera.get()).then(placeholder)))
        .child(caption(locale, move || you.to_owned(), move || muted.get()))
}

/// Whether there is a picture to show: what the participant says, or else what the stream has.
fn has_picture(peer: &PeerState) -> bool {
    matches!(peer.connection, ConnectionState::Connected | ConnectionState::Disconnected)
        && peer.video_stream.is_some()
        && peer.video != Some(false)
}

/// A part of what is known of another participant; none once that one has left.
fn select<T: Clone + PartialEq + 'static>(
    ui: Ui,
    key: u64,
    part: impl Fn(&PeerState) -> T + 'static,
) -> Value<Option<T>> {
    ui.select(move |state| state.peers.iter().find(|peer| peer.key == key).map(&part))
}

/// Which way the media goes, in a sign and words.
pub fn path_mark(locale: Locale, path: Path) -> Element {
    let sign = match path {
        Path::Local => Icon::House,
        Path::Internet => Icon::Globe,
        Path::Relayed(..) => Icon::Relay,
    };
    let words = text::path(locale, path);
    let mark = classed("p", "path").test_id("path").attr("title", &words).child(icon(sign));
    mark.child(element("span").child(words))
}

/// What is wrong with a connection that goes on, in a sign and words.
fn trouble_mark(locale: Locale, trouble: Trouble) -> Element {
    let words = text::trouble(locale, trouble);
    let mark = classed("p", "path").test_id("trouble").attr("title", words).child(icon(Icon::Alert));
    mark.child(element("span").child(words))
}

/// Another participant.
pub fn remote_tile(ui: Ui, key: u64, shown: Shown) -> Element {
    let locale = ui.locale;
    let id = select(ui, key, |peer| peer.id.0.clone());
    let name = select(ui, key, move |peer| text::name_or_guest(locale, peer.name.as_deref(), &peer.id));
    let name = move || name.get().unwrap_or_default();
    let audio = ui.select(move |state| state.peers.iter().find(|peer| peer.key == key)?.audio_stream.clone());
    let video = ui.select(move |state| state.peers.iter().find(|peer| peer.key == key)?.video_stream.clone());
    let connection = select(ui, key, PeerState::shown);
    let connection = move || connection.get().unwrap_or(ConnectionState::Closed);
    let muted = select(ui, key, |peer| peer.audio == Some(false));
    let picture = select(ui, key, has_picture);
    let path = ui.select(move |state| state.peers.iter().find(|peer| peer.key == key)?.path);
    let trouble = ui.select(move |state| state.peers.iter().find(|peer| peer.key == key)?.trouble);
    let step = select(ui, key, |peer| Some(peer.steps.reached.last()?.0.number(peer.steps.offerer)));
    // The guide's step is news only on the way there; later the state says it all.
    let progress = select(ui, key, move |peer| match peer.connection {
        ConnectionState::New | ConnectionState::Connecting => text::waiting(locale, &peer.steps),
        _ => "",
    });
    let status = move || {
        let connection = connection();
        (connection != ConnectionState::Connected).then(|| {
            let words = element("p")
                .test_id("peer-state")
                .child(element("strong").child(live_text(move || match trouble.get() {
                    Some(Trouble::Unanswered) => text::trouble(locale, Trouble::Unanswered),
                    _ => text::connection(locale, connection),
                })))
                .child(element("span").child(live_text(move || progress.get().unwrap_or_default())));
            let retry = (connection == ConnectionState::Failed).then(|| retry(ui, key));
            classed("div", "status").child(words).child(retry)
        })
    };
    let tint = id.with_untracked(|id| tint(id.as_deref().unwrap_or_default()));
    let placeholder = classed("div", "placeholder").child(live(move || avatar(&name(), tint))).child(live(status));
    let open_steps = button("icon-button steps-button")
        .test_id("open-steps")
        .attr("aria-haspopup", "dialog")
        .live_attr("aria-label", move || fill(text!(locale, steps.open), "name", &name()))
        .child(icon(Icon::Path));
    classed("div", "tile")
        .attr("role", "group")
        .live_attr("aria-label", name)
        .test_id("tile")
        .live_attr("data-peer", move || id.get())
        .live_attr("data-state", move || connection().name())
        .live_attr("data-step", move || step.get().flatten().map(|step| step.to_string()))
        .live_attr("data-video", move || picture.get() == Some(true))
        .live_attr("data-trouble", move || trouble.get().map(Trouble::code))
        .live_attr("data-path", move || path.get().map(Path::name))
        .live_attr("data-relay-side", move || path.get().and_then(Path::side))
        .child(remote_video(video, shown.blocked).live_attr("aria-label", name))
        .child(remote_audio(audio, shown.blocked))
        .child(placeholder)
        .child(caption(locale, name, move || muted.get() == Some(true)))
        .child(live(move || match trouble.get() {
            Some(trouble) if trouble != Trouble::Unanswered => Some(trouble_mark(locale, trouble)),
            _ => path.get().map(|path| path_mark(locale, path)),
        }))
        .child(open_steps.on("click", move |_| shown.steps.set(Some(key))))
}

/// Tries a connection that failed again, at once.
fn retry(ui: Ui, key: u64) -> Element {
    button("secondary")
        .test_id("retry")
        .on("click", move |_| ui.send(Command::Retry(key)))
        .child(text!(ui.locale, app.retry))
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_are_what_the_script_makes_of_them() {
        assert_eq!(initials("ada lovelace king"), "ak");
        assert_eq!(initials("Mina"), "M");
        assert_eq!(initials("김 미나"), "김");
        assert_eq!(initials("  "), "");
        assert_eq!(initials("\u{200b}"), "");
    }

    #[test]
    fn a_letter_of_the_initials_is_what_people_see_as_one() {
        assert_eq!(initials("🇰🇷"), "🇰🇷");
        assert_eq!(initials("👩\u{200d}💻 👩\u{200d}💻"), "👩\u{200d}💻");
        assert_eq!(initials("a\u{30a}sa \u{1112}\u{1161}\u{11ab}"), "å한");
        assert_eq!(initials("🎉 Mina"), "M");
    }

    #[test]
    fn punctuation_is_no_initial() {
        assert_eq!(initials("<b onclick>"), "bo");
        assert_eq!(initials("<b"), "b");
        assert_eq!(initials("(Mina) \"Kim\""), "MK");
        assert_eq!(initials("?!"), "?");
    }
}
