//! Rules for room names, the same for the page that offers one and for the server that is asked for it. How a name
//! travels in a link is the app's business.

use crate::{
    signaling::MAX_ROOM_NAME_CHARS,
    text::{changes_direction, visible},
};

/// Why a text cannot be a room's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomNameError {
    /// Nothing in it can be seen.
    #[error("the room name has no visible character")]
    Empty,
    /// More than [`MAX_ROOM_NAME_CHARS`] scalar values.
    #[error("the room name is longer than {MAX_ROOM_NAME_CHARS} characters")]
    TooLong,
    /// It has a control character, or one that changes the direction of the text after it.
    #[error("the room name has a control character")]
    Control,
}

/// The room that `name` means: names that look the same are the same room. Case and width differ on purpose.
///
/// ```
/// use vitrine_protocol::room::{RoomNameError, normalize_room_name};
///
/// assert_eq!(normalize_room_name("  cafe\u{301}\u{3000}weekly "), Ok("café weekly".to_owned()));
/// assert_eq!(normalize_room_name("a\u{202e}b"), Err(RoomNameError::Control));
/// ```
///
/// # Errors
/// The first rule that the name breaks.
pub fn normalize_room_name(name: &str) -> Result<String, RoomNameError> {
    if name.trim().chars().any(|char| char != '\t' && char.is_control() || changes_direction(char)) {
        return Err(RoomNameError::Control);
    }
    let name = visible(name);
    if name.is_empty() {
        Err(RoomNameError::Empty)
    } else if name.chars().count() > MAX_ROOM_NAME_CHARS {
        Err(RoomNameError::TooLong)
    } else {
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(name: &str) -> Result<String, RoomNameError> {
        normalize_room_name(name)
    }

    #[test]
    fn a_name_of_any_script_is_trimmed_and_accepted() {
        assert_eq!(normalized(" 주간 회의 \n").as_deref(), Ok("주간 회의"));
        assert_eq!(normalized("a/b?c#d&e=f%").as_deref(), Ok("a/b?c#d&e=f%"));
    }

    #[test]
    fn names_that_look_the_same_are_one_room() {
        for name in ["회의 cafe\u{301}", "회의\u{a0}caf\u{e9}", "\u{200b}회의\u{3000}caf\u{e9}\u{feff}", "회의  café"]
        {
            assert_eq!(normalized(name).as_deref(), Ok("회의 café"), "{name:?}");
        }
    }

    #[test]
    fn case_and_width_differ_on_purpose() {
        assert_ne!(normalized("Weekly"), normalized("weekly"));
        assert_ne!(normalized("ｗ"), normalized("w"));
    }

    #[test]
    fn joiners_inside_visible_text_are_accepted() {
        assert_eq!(normalized("👩\u{200d}💻").as_deref(), Ok("👩\u{200d}💻"));
    }

    #[test]
    fn a_name_that_nobody_can_see_is_refused() {
        for name in [
            "",
            " \t\u{3000}",
            "\u{200b}",
            "\u{feff}\u{200d}",
            "\u{3164} \u{3164}",
            "\u{2800}",
            "\u{fe0f}",
            "\u{e0001}",
        ] {
            assert_eq!(normalized(name), Err(RoomNameError::Empty), "{name:?}");
        }
    }

    #[test]
    fn the_length_is_counted_in_characters_and_the_longest_is_accepted() {
        let longest = "방".repeat(MAX_ROOM_NAME_CHARS);
        assert_eq!(normalized(&longest), Ok(longest.clone()));
        assert_eq!(normalized(&format!("{longest}\u{200b} ")), Ok(longest.clone()), "of what can be seen");
        assert_eq!(normalized(&format!("{longest}x")), Err(RoomNameError::TooLong));
    }

    #[test]
    fn characters_that_act_on_the_text_around_them_are_refused() {
        for name in ["a\0b", "a\nb", "a\u{7f}b", "a\u{85}b", "a\u{202e}b", "a\u{2067}b"] {
            assert_eq!(normalized(name), Err(RoomNameError::Control), "{name:?}");
        }
    }
}
