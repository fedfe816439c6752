//! Normalizes typed text, so that texts that look the same are equal. Room names and display names build on it; their own
//! rules are in [`crate::room`] and [`crate::name`].

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_segmentation::UnicodeSegmentation as _;

const ZERO_WIDTH_JOINER: char = '\u{200d}';
/// Starts flags spelled in tag characters (UTS #51, `emoji_tag_sequence`).
const BLACK_FLAG: char = '\u{1f3f4}';

/// `text` in NFC, without invisible characters. Each run of white space becomes one plain space, and none at the ends.
/// Letter case and character width stay: they are visible.
pub(crate) fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        let mut chars = cluster.chars().peekable();
        while let Some(char) = chars.next() {
            if is_space(char) {
                if !visible.ends_with(' ') {
                    visible.push(' ');
                }
            } else if is_ignorable(char) || char.is_control() {
                // A joiner is visible where it joins emoji and conjuncts into one cluster.
                let joins = char == ZERO_WIDTH_JOINER
                    && chars.peek().is_some_and(|next| !is_ignorable(*next) && !is_combining_mark(*next));
                if joins || is_tag(char) && cluster.starts_with(BLACK_FLAG) {
                    visible.push(char);
                }
            } else {
                visible.push(char);
            }
        }
    }
    visible.trim_matches(' ').nfc().collect()
}

/// `White_Space` (UAX #44), and the fillers that render as blanks.
fn is_space(char: char) -> bool {
    matches!(char, '\u{2800}' | '\u{3164}' | '\u{ffa0}') || char.is_whitespace()
}

/// `Default_Ignorable_Code_Point` (UAX #44): characters without a glyph, `Bidi_Control` included.
fn is_ignorable(char: char) -> bool {
    matches!(
        char,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

fn is_tag(char: char) -> bool {
    matches!(char, '\u{e0020}'..='\u{e007f}')
}

/// Whether `char` changes the text direction: embeddings, overrides and isolates (UAX #9 §2).
pub(crate) fn changes_direction(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::visible;

    #[test]
    fn texts_that_look_the_same_are_equal() {
        for (left, right) in [
            ("회의 caf\u{e9}", "회의 cafe\u{301}"),
            ("회의", "\u{1112}\u{116c}\u{110b}\u{1174}"),
            ("weekly", "\u{feff}week\u{200b}ly\u{2060}"),
            ("weekly", "wee\u{ad}kly\u{200d}"),
            ("weekly", "\u{200e}weekly\u{200f}"),
            ("회의", "회\u{200d}의"),
            ("two words", "two\u{a0}words"),
            ("two words", "\u{3000}two \t\u{2003} words\u{202f}"),
            ("two words", "two\u{2028}words"),
            ("two words", "two\u{3164}words"),
            ("❤", "❤\u{fe0f}"),
            ("\u{3a9}", "\u{2126}"),
            ("e\u{323}\u{302}", "e\u{302}\u{34f}\u{323}"),
        ] {
            assert_eq!(visible(left), visible(right), "{left:?} {right:?}");
        }
    }

    #[test]
    fn texts_that_look_different_stay_different() {
        for (left, right) in [
            ("Weekly", "weekly"),
            ("weekly", "ｗｅｅｋｌｙ"),
            ("two words", "twowords"),
            ("👩\u{200d}💻", "👩💻"),
            ("🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}", "🏴"),
            ("क्\u{200d}ष", "क्ष"),
            ("가", "나"),
        ] {
            assert_ne!(visible(left), visible(right), "{left:?} {right:?}");
        }
    }

    proptest! {
        #[test]
        fn normalization_is_idempotent(text in "[a ée\u{301}가\u{1100}\u{1161}\u{200b}-\u{200f}\u{2028}\u{34f}\u{fe0f}👩💻🏽🏴\u{e0067}\u{e007f}क\u{94d}ष\\pM]{0,12}|\\PC{0,12}|.{0,12}") {
            let once = visible(&text);
            prop_assert_eq!(visible(&once), once.clone(), "{:?}", text);
        }
    }
}
