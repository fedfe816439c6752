//! The avatar in place of a missing picture: initials on a coloured disc.

use js_sys::JsString;
use leptos::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;
use vitrine_protocol::name::display_name;

/// Number of avatar colours in the style sheet.
const TINTS: u32 = 6;

/// Initials of a name on a disc in one of the style sheet's colours.
#[component]
pub fn Avatar(
    /// The participant's name.
    #[prop(into)]
    name: Signal<String>,
    /// Chooses the colour; any number.
    tint: u32,
) -> impl IntoView {
    // The browser knows the capital letters of every script.
    let letters = move || String::from(JsString::from(name.with(|name| initials(name))).to_locale_upper_case(None));
    view! {
        <span class="avatar" data-tint=tint % TINTS aria-hidden="true" translate="no" prop:textContent=letters></span>
    }
}

/// First letters of the first and last word; for a Hangul, Han or Kana name only the first letter. A letter is a
/// grapheme cluster, and punctuation before it is skipped. A name without letters gives its first grapheme cluster.
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

/// The colour for a participant's id.
pub fn tint(id: &str) -> u32 {
    id.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_follow_the_script() {
        assert_eq!(initials("ada lovelace king"), "ak");
        assert_eq!(initials("Mina"), "M");
        assert_eq!(initials("김 미나"), "김");
        assert_eq!(initials("  "), "");
        assert_eq!(initials("\u{200b}"), "");
    }

    #[test]
    fn initial_is_a_grapheme_cluster() {
        assert_eq!(initials("🇰🇷"), "🇰🇷");
        assert_eq!(initials("👩\u{200d}💻 👩\u{200d}💻"), "👩\u{200d}💻");
        assert_eq!(initials("a\u{30a}sa \u{1112}\u{1161}\u{11ab}"), "å한");
        assert_eq!(initials("🎉 Mina"), "M");
    }

    #[test]
    fn punctuation_is_skipped() {
        assert_eq!(initials("<b onclick>"), "bo");
        assert_eq!(initials("<b"), "b");
        assert_eq!(initials("(Mina) \"Kim\""), "MK");
        assert_eq!(initials("?!"), "?");
    }
}
