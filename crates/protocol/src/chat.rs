//! The rules for the text of chat messages, the user's own and those that peers send, and the limits of the chat. How
//! messages are delivered is not here.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::text::{changes_direction, visible};

/// Longest text of a message, in UTF-16 code units, as `maxlength` counts. So it has at most 12,000 bytes, and fits into
/// one message of every data channel.
pub const MAX_TEXT_UNITS: usize = 4_000;
/// Most messages that are kept, and that a history tells.
pub const MAX_MESSAGES: usize = 500;
/// Most bytes of text that are kept, and that a history tells.
pub const MAX_BYTES: usize = 256 * 1024;
/// Most bytes of text in one message of a history, unless a single text is longer.
pub const MAX_PIECE_BYTES: usize = 8 * 1024;
/// Longest session id of a participant who can chat, in bytes.
pub const MAX_SESSION_BYTES: usize = 64;

/// Most scalar values of one grapheme cluster. The longest emoji have ten; combining marks can be stacked without limit.
const MAX_CLUSTER_CHARS: usize = 16;
/// Most line breaks in a row.
const MAX_LINE_BREAKS: usize = 2;

/// `text` as it may be sent and shown; `None` if it has no visible character. Line breaks and indentation stay. Control
/// characters and direction changes go. What is longer than [`MAX_TEXT_UNITS`] is cut between grapheme clusters.
///
/// ```
/// use vitrine_protocol::chat::message_text;
///
/// assert_eq!(message_text("\r\n  two\r\n\u{202e}lines \n").as_deref(), Some("  two\nlines"));
/// assert_eq!(message_text(" \n\u{200b}"), None);
/// ```
pub fn message_text(text: &str) -> Option<String> {
    // A peer may send much more than is ever shown. Longer in bytes than this is longer in units than the limit.
    let end = text.floor_char_boundary(4 * 3 * MAX_TEXT_UNITS);
    let (mut shown, mut units, mut breaks) = (String::new(), 0, MAX_LINE_BREAKS);
    for cluster in text[..end].graphemes(true) {
        let is_break = matches!(cluster, "\n" | "\r" | "\r\n" | "\u{85}" | "\u{2028}" | "\u{2029}" | "\u{b}" | "\u{c}");
        if is_break {
            breaks += 1;
            if breaks <= MAX_LINE_BREAKS && units < MAX_TEXT_UNITS {
                shown.push('\n');
                units += 1;
            }
            continue;
        }
        let kept: String = cluster.chars().filter(|char| is_kept(*char)).take(MAX_CLUSTER_CHARS).collect();
        units += kept.encode_utf16().count();
        if units > MAX_TEXT_UNITS {
            break;
        }
        if kept.chars().any(|char| !char.is_whitespace()) {
            breaks = 0;
        }
        shown.push_str(&kept);
    }
    shown.truncate(shown.trim_end().len());
    (!visible(&shown).is_empty()).then_some(shown)
}

/// How long a text is by the measure of [`MAX_TEXT_UNITS`].
pub fn text_units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Joiners and variation selectors stay: emoji, Persian and Indic scripts are written with them.
fn is_kept(char: char) -> bool {
    !(char.is_control() && char != '\t'
        || changes_direction(char)
        || matches!(char, '\u{feff}' | '\u{fff9}'..='\u{fffb}'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        message_text(text).unwrap_or_default()
    }

    #[test]
    fn text_without_a_visible_character_is_none() {
        for text in ["", " \n\t", "\u{200b}", "\u{202e}\u{2060}", "\u{3164}\n", "\u{0}\u{7}"] {
            assert_eq!(message_text(text), None, "{text:?}");
        }
    }

    #[test]
    fn emoji_and_scripts_with_joiners_stay_as_they_are() {
        for text in
            ["❤\u{fe0f}", "👩\u{200d}💻 안녕하세요", "می\u{200c}خواهم", "क्\u{200d}ष", "🏴\u{e0067}\u{e0062}\u{e007f}"]
        {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn text_does_not_change_the_direction_or_control_anything() {
        for char in
            "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{0}\u{8}\u{1b}\u{7f}\u{9b}"
                .chars()
        {
            assert_eq!(shown(&format!("a{char}b")), "ab", "{char:?}");
        }
    }

    #[test]
    fn lines_and_indentation_stay_within_reason() {
        assert_eq!(shown("fn main() {\n\tlet  x;\n}\n"), "fn main() {\n\tlet  x;\n}");
        assert_eq!(shown(&format!("\n\n\na{}b", "\n \r\n".repeat(500))).matches('\n').count(), 2);
        assert_eq!(shown("a\u{2028}b\u{2029}c\u{b}d"), "a\nb\nc\nd");
    }

    #[test]
    fn long_text_is_cut_between_grapheme_clusters() {
        assert_eq!(text_units(&shown(&"x".repeat(10_000_000))), MAX_TEXT_UNITS);
        assert_eq!(shown(&"이".repeat(9_000)), "이".repeat(MAX_TEXT_UNITS));
        let coder = "👩\u{200d}💻";
        assert_eq!(shown(&coder.repeat(9_000)), coder.repeat(MAX_TEXT_UNITS / 5));
        assert!(shown(&format!("a{}b", "\u{301}\u{489}".repeat(5_000))).chars().count() < 20);
        assert!(shown(&"\n\u{200b}".repeat(9_000)).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn cleaning_is_idempotent_and_bounded(text in "[a \n\r\t\u{200b}-\u{200f}\u{2028}\u{202e}\u{fe0f}👩💻가\u{301}]{0,40}|.{0,40}") {
            let once = shown(&text);
            prop_assert_eq!(shown(&once), once.clone(), "{:?}", text);
            prop_assert!(text_units(&once) <= MAX_TEXT_UNITS);
        }
    }
}
