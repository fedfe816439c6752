//! Rules for room names, the same for the page that offers one and for the server that is asked for it. How a name
//! travels in a link is the app's business.

use crate::signaling::MAX_ROOM_NAME_CHARS;

/// Why a text cannot be a room's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomNameError {
    /// Nothing is left after trimming.
    #[error("the room name is empty")]
    Empty,
    /// More than [`MAX_ROOM_NAME_CHARS`] scalar values.
    #[error("the room name is longer than {MAX_ROOM_NAME_CHARS} characters")]
    TooLong,
    /// It has a control character, or one that changes the direction of the text around it.
    #[error("the room name has a control character")]
    Control,
    /// Every character is invisible: two such names could not be told apart.
    #[error("the room name has no visible character")]
    Invisible,
}

/// Trims `name` and checks it against the rules.
///
/// ```
/// use vitrine_protocol::room::{RoomNameError, validate_room_name};
///
/// assert_eq!(validate_room_name("  weekly  "), Ok("weekly"));
/// assert_eq!(validate_room_name("a\u{202e}b"), Err(RoomNameError::Control));
/// ```
///
/// # Errors
/// The first rule that the name breaks.
pub fn validate_room_name(name: &str) -> Result<&str, RoomNameError> {
    let name = name.trim();
    if name.is_empty() {
        Err(RoomNameError::Empty)
    } else if name.chars().count() > MAX_ROOM_NAME_CHARS {
        Err(RoomNameError::TooLong)
    } else if name.chars().any(|char| char.is_control() || is_bidi_control(char)) {
        Err(RoomNameError::Control)
    } else if name.chars().all(|char| char.is_whitespace() || is_invisible(char)) {
        Err(RoomNameError::Invisible)
    } else {
        Ok(name)
    }
}

/// `Bidi_Control` (Unicode UAX #9 §2), and the line and paragraph separators.
fn is_bidi_control(char: char) -> bool {
    matches!(char, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `Default_Ignorable_Code_Point` (Unicode UAX #44) and the blank Braille pattern: characters without a glyph.
fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{00ad}' | '\u{034f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_script_is_trimmed_and_accepted() {
        assert_eq!(validate_room_name(" 주간 회의 \n"), Ok("주간 회의"));
        assert_eq!(validate_room_name("a/b?c#d&e=f%"), Ok("a/b?c#d&e=f%"));
    }

    #[test]
    fn joiners_inside_visible_text_are_accepted() {
        assert_eq!(validate_room_name("👩\u{200d}💻"), Ok("👩\u{200d}💻"));
    }

    #[test]
    fn nothing_is_not_a_name() {
        assert_eq!(validate_room_name(""), Err(RoomNameError::Empty));
        assert_eq!(validate_room_name(" \t\u{3000}"), Err(RoomNameError::Empty));
    }

    #[test]
    fn the_length_is_counted_in_characters_and_the_longest_is_accepted() {
        let longest = "방".repeat(MAX_ROOM_NAME_CHARS);
        assert_eq!(validate_room_name(&longest), Ok(longest.as_str()));
        assert_eq!(validate_room_name(&format!("{longest}x")), Err(RoomNameError::TooLong));
    }

    #[test]
    fn characters_that_act_on_the_text_around_them_are_refused() {
        for name in ["a\0b", "a\nb", "a\u{7f}b", "a\u{85}b", "a\u{202e}b", "a\u{2067}b", "a\u{200f}b", "a\u{2028}b"] {
            assert_eq!(validate_room_name(name), Err(RoomNameError::Control), "{name:?}");
        }
    }

    #[test]
    fn a_name_that_nobody_can_see_is_refused() {
        for name in ["\u{200b}", "\u{feff}\u{200d}", "\u{3164} \u{3164}", "\u{2800}", "\u{fe0f}", "\u{e0001}"] {
            assert_eq!(validate_room_name(name), Err(RoomNameError::Invisible), "{name:?}");
        }
    }
}
