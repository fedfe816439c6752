//! The invite link, `https://HOST/PATH/#room=NAME`, and names for new rooms. Pure text: reading and writing the
//! page's address is the interface's business.

use vitrine_protocol::room::validate_room_name;

/// The link names a room, but not in a way that can be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the link does not name a room that can be entered")]
pub struct MalformedLink;

/// The room that the fragment of an address (with or without its `#`) names; none if it names no room.
///
/// # Errors
/// When the name is not percent-encoded UTF-8, or is no valid room name.
pub fn room_in_fragment(fragment: &str) -> Result<Option<String>, MalformedLink> {
    let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
    let Some(encoded) = fragment.split('&').find_map(|field| field.strip_prefix("room=")) else {
        return Ok(None);
    };
    let name = decode(encoded).ok_or(MalformedLink)?;
    validate_room_name(&name).map(|name| Some(name.to_owned())).map_err(|_| MalformedLink)
}

/// The fragment, with its `#`, that names `room`.
pub fn fragment_for(room: &str) -> String {
    format!("#room={}", encode(room))
}

/// The address to send to others: that of the page, with the fragment that names `room`.
pub fn invite(page: &str, room: &str) -> String {
    let base = page.split('#').next().unwrap_or(page);
    base.to_owned() + &fragment_for(room)
}

/// A name for a new room, from 80 random bits: five words that can be read out over a telephone
/// (proquints, arXiv:0901.4016), and too many to be guessed.
pub fn room_name(random: [u8; 10]) -> String {
    const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
    const VOWELS: &[u8; 4] = b"aiou";
    let words = random.chunks_exact(2).map(|pair| {
        let bits = u16::from_be_bytes([pair[0], pair[1]]) as usize;
        [
            CONSONANTS[bits >> 12],
            VOWELS[bits >> 10 & 3],
            CONSONANTS[bits >> 6 & 15],
            VOWELS[bits >> 4 & 3],
            CONSONANTS[bits & 15],
        ]
        .map(char::from)
    });
    let mut name = String::new();
    for word in words {
        if !name.is_empty() {
            name.push('-');
        }
        name.extend(word);
    }
    name
}

/// Percent-encoding (RFC 3986 §2.1) of everything but unreserved characters.
fn encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
        }
    }
    encoded
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            (digit()? * 16 + digit()?) as u8
        } else {
            byte
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_invite_says_is_read_back() {
        for room in ["weekly", "주간 회의", "a/b?c#d&e=f%20+", "👩\u{200d}💻", "~._-"] {
            let invite = invite("https://example.org/path/?x=1#room=old", room);
            let (base, fragment) = invite.split_once('#').unwrap();
            assert_eq!(base, "https://example.org/path/?x=1");
            assert!(fragment.is_ascii());
            assert_eq!(room_in_fragment(fragment), Ok(Some(room.to_owned())));
        }
    }

    #[test]
    fn letters_outside_ascii_need_no_encoding() {
        assert_eq!(room_in_fragment("#room=주간"), Ok(Some("주간".to_owned())));
    }

    #[test]
    fn other_fields_and_other_fragments_are_no_room() {
        assert_eq!(room_in_fragment(""), Ok(None));
        assert_eq!(room_in_fragment("#about"), Ok(None));
        assert_eq!(room_in_fragment("#theme=dark&room=weekly"), Ok(Some("weekly".to_owned())));
    }

    #[test]
    fn a_link_that_cannot_be_understood_is_said_to_be_malformed() {
        for fragment in
            ["#room=", "#room=%20", "#room=%", "#room=%4", "#room=%zz", "#room=%ff", "#room=%00", "#room=a%E2%80%AEb"]
        {
            assert_eq!(room_in_fragment(fragment), Err(MalformedLink), "{fragment}");
        }
        let long = format!("#room={}", "x".repeat(65));
        assert_eq!(room_in_fragment(&long), Err(MalformedLink));
    }

    #[test]
    fn a_new_rooms_name_is_made_of_five_words_that_carry_every_bit() {
        // The proposal's own examples: 127.0.0.1 is lusab-babad, 63.84.220.193 is gutih-tugad.
        assert_eq!(room_name([127, 0, 0, 1, 63, 84, 220, 193, 255, 255]), "lusab-babad-gutih-tugad-zuzuz");
        let names: std::collections::HashSet<_> = (0..80)
            .map(|bit| {
                let mut random = [0; 10];
                random[bit / 8] = 1 << (bit % 8);
                room_name(random)
            })
            .collect();
        assert_eq!(names.len(), 80);
    }
}
