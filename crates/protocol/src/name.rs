//! The rules for display names, the user's own and those that peers send. Names need not be unique.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::text::visible;

/// Longest name, in Unicode scalar values.
const MAX_CHARS: usize = 64;
/// Most scalar values of one grapheme cluster. The longest emoji have ten; combining marks can be stacked without limit.
const MAX_CLUSTER_CHARS: usize = 16;

/// `name` as it may be displayed; `None` if it has no visible character. The result has no control characters, direction
/// changes included, and is truncated between grapheme clusters.
///
/// ```
/// use vitrine_protocol::name::display_name;
///
/// assert_eq!(display_name(" Mina\u{202e}  Kim\n").as_deref(), Some("Mina Kim"));
/// assert_eq!(display_name("\u{200b}"), None);
/// ```
pub fn display_name(name: &str) -> Option<String> {
    let (mut shown, mut chars) = (String::new(), 0);
    for cluster in visible(name).graphemes(true) {
        let length = cluster.chars().count().min(MAX_CLUSTER_CHARS);
        chars += length;
        if chars > MAX_CHARS {
            break;
        }
        shown.extend(cluster.chars().take(length));
    }
    shown.truncate(shown.trim_end().len());
    (!shown.is_empty()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> String {
        display_name(name).unwrap_or_default()
    }

    #[test]
    fn invisible_name_is_none() {
        for name in ["", " \n", "\u{200b}", "\u{2060}\u{feff}", "\u{3164}", "\u{202e}", "\u{2800}\u{a0}"] {
            assert_eq!(display_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn name_does_not_change_the_text_direction() {
        for control in
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".chars()
        {
            assert_eq!(shown(&format!("{control}Mina{control}")), "Mina");
        }
        assert_eq!(shown("\u{202e}מינה"), "מינה");
    }

    #[test]
    fn name_is_one_line_of_composed_characters() {
        assert_eq!(shown("Jose\u{301}\n\u{3000}Garcia\u{0}"), "José Garcia");
    }

    #[test]
    fn long_name_is_truncated_between_grapheme_clusters() {
        assert_eq!(shown(&"이".repeat(100)), "이".repeat(64));
        let coder = "👩\u{200d}💻";
        assert_eq!(shown(&coder.repeat(40)), coder.repeat(21));
        assert_eq!(shown(&format!("{}{coder}", "x".repeat(62))), "x".repeat(62));
        assert!(shown(&format!("a{}b", "\u{301}\u{489}".repeat(500))).chars().count() < 20);
    }
}
