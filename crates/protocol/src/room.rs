//! The rules for room names, shared by page and server. The encoding of a name in a link is the app's.

use crate::{
    signaling::MAX_ROOM_NAME_CHARS,
    text::{changes_direction, visible},
};

/// Why a text is not a room name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomNameError {
    /// It has no visible character.
    #[error("the room name has no visible character")]
    Empty,
    /// It has more than [`MAX_ROOM_NAME_CHARS`] scalar values.
    #[error("the room name is longer than {MAX_ROOM_NAME_CHARS} characters")]
    TooLong,
    /// It has a control character, or one that changes the text direction.
    #[error("the room name has a control character")]
    Control,
}

/// The normalized name: names that look the same are the same room. Case and width still distinguish rooms.
///
/// ```
/// use vitrine_protocol::room::{RoomNameError, normalize_room_name};
///
/// assert_eq!(normalize_room_name("  cafe\u{301}\u{3000}weekly "), Ok("café weekly".to_owned()));
/// assert_eq!(normalize_room_name("a\u{202e}b"), Err(RoomNameError::Control));
/// ```
///
/// # Errors
/// The first rule that the name violates.
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
    fn name_of_any_script_is_trimmed_and_accepted() {
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
    fn case_and_width_distinguish_rooms() {
        assert_ne!(normalized("Weekly"), normalized("weekly"));
        assert_ne!(normalized("ｗ"), normalized("w"));
    }

    #[test]
    fn joiners_inside_visible_text_are_accepted() {
        assert_eq!(normalized("👩\u{200d}💻").as_deref(), Ok("👩\u{200d}💻"));
    }

    #[test]
    fn invisible_name_is_rejected() {
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
    fn length_is_counted_in_visible_scalar_values() {
        let longest = "방".repeat(MAX_ROOM_NAME_CHARS);
        assert_eq!(normalized(&longest), Ok(longest.clone()));
        assert_eq!(
            normalized(&format!("{longest}\u{200b} ")),
            Ok(longest.clone()),
            "invisible characters do not count"
        );
        assert_eq!(normalized(&format!("{longest}x")), Err(RoomNameError::TooLong));
    }

    #[test]
    fn control_characters_are_rejected() {
        for name in ["a\0b", "a\nb", "a\u{7f}b", "a\u{85}b", "a\u{202e}b", "a\u{2067}b"] {
            assert_eq!(normalized(name), Err(RoomNameError::Control), "{name:?}");
        }
    }
}
