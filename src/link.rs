//! The invite link, `https://HOST/PATH/#room=NAME`, and names for new rooms. Pure text: [`crate::ui`] reads and writes
//! the page's address.
//!
//! Programs mangle links: they encode them twice, decode reserved characters, or append the punctuation that follows. A
//! mangled link is accepted if its meaning is clear. Any other is a [`MalformedLink`]: a guessed room would be empty.

use vitrine_protocol::room::normalize_room_name;

/// The link names a room, but the name cannot be read or is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the link does not name a room that can be entered")]
pub struct MalformedLink;

/// How many times a link may have been percent-encoded once more.
const MOST_ENCODINGS: usize = 3;

/// Punctuation that may follow a link in a sentence. No invite link ends in it, so it is cut off at the end.
const PUNCTUATION: [char; 12] = ['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '*', '&'];

/// Whether an address's fragment asks for the page of recorded calls.
pub fn is_explain(fragment: &str) -> bool {
    fragment.trim_start_matches(['#', '/']) == "explain"
}

/// The room that an address's fragment or query names, `None` if it names none. The leading `#` or `?` is optional.
///
/// # Errors
/// [`MalformedLink`] if the room name cannot be read or is not allowed, or if the content is none that the app writes.
pub fn room_in(part: &str) -> Result<Option<String>, MalformedLink> {
    if is_explain(part) {
        return Ok(None);
    }
    let mut part = part.to_owned();
    for _ in 0..=MOST_ENCODINGS {
        // Other programs write `#/room=…`, `#!room=…` and `##room=…`.
        let content = part.trim_start_matches(['#', '?', '/', '!', ' ']);
        if let Some(encoded) = room_field(content) {
            let name = decode(encoded.trim_end_matches(PUNCTUATION)).ok_or(MalformedLink)?;
            return normalize_room_name(&name).map(Some).map_err(|_| MalformedLink);
        }
        match decode(content) {
            Some(decoded) if decoded != content => part = decoded,
            _ => break,
        }
    }
    let is_foreign = |field: &str| field.contains('=') && !field.to_ascii_lowercase().contains("room");
    let content = part.trim_start_matches(['#', '?', '/', '!', ' ']);
    if content.is_empty() || content.split('&').all(is_foreign) { Ok(None) } else { Err(MalformedLink) }
}

/// The value of the field `room`. An `&` belongs to the name unless another field follows: invite links encode it, but
/// some programs decode it.
fn room_field(fields: &str) -> Option<&str> {
    let mut start = 0;
    let mut found: Option<(usize, usize)> = None;
    for field in fields.split('&') {
        let end = start + field.len();
        match (&mut found, field.split_once('=')) {
            (None, Some((key, _))) if key.trim().eq_ignore_ascii_case("room") => {
                found = Some((start + key.len() + 1, end))
            }
            (None, _) => {}
            (Some((_, until)), None) => *until = end,
            (Some(_), Some(_)) => break,
        }
        start = end + 1;
    }
    found.map(|(from, until)| &fields[from..until])
}

/// The fragment that names `room`, with its `#`.
pub fn fragment_for(room: &str) -> String {
    format!("#room={}", encode(room))
}

/// The invite link to `room`: the page's address, with the fragment that names the room.
pub fn invite(page: &str, room: &str) -> String {
    let base = page.split('#').next().unwrap_or(page);
    base.to_owned() + &fragment_for(room)
}

/// A name for a new room from 80 random bits, which nobody can guess: five words that can be read out over a telephone
/// (proquints, arXiv:0901.4016).
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

/// Percent-encodes all but unreserved characters (RFC 3986 §2.1, §2.3). The last character is encoded unless it is a
/// letter or a digit: programs that detect links in text leave out punctuation at the end.
fn encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    let last = text.len().saturating_sub(1);
    for (index, byte) in text.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) && index < last {
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

    fn room(name: &str) -> Result<Option<String>, MalformedLink> {
        Ok(Some(name.to_owned()))
    }

    #[test]
    fn invite_link_round_trips() {
        for name in
            ["weekly", "주간 회의", "a/b?c#d&e=f%20+", "👩\u{200d}💻", "~._-", "what?!", "(a)", "Mr.", "%23room=x"]
        {
            let invite = invite("https://example.org/path/?x=1#room=old", name);
            let (base, fragment) = invite.split_once('#').unwrap();
            assert_eq!(base, "https://example.org/path/?x=1");
            assert!(fragment.is_ascii());
            assert_eq!(room_in(fragment), room(name));
        }
    }

    #[test]
    fn invite_link_ends_in_letter_or_digit() {
        for end in (' '..='~').chain(['。', '）', '…']) {
            let invite = invite("https://example.org/", &format!("a{end}"));
            assert!(invite.ends_with(|last: char| last.is_ascii_alphanumeric()), "{invite}");
        }
    }

    #[test]
    fn non_ascii_letters_need_no_encoding() {
        assert_eq!(room_in("#room=주간"), room("주간"));
    }

    #[test]
    fn names_that_look_the_same_are_one_room() {
        assert_eq!(room_in("#room=cafe%CC%81%C2%A0%E2%80%8Bx"), room("café x"));
    }

    #[test]
    fn mangled_links_are_accepted() {
        for fragment in [
            "#room%3Dweekly",
            "#room%253Dweekly",
            "#%23room=weekly",
            "#%23room%3Dweekly",
            "##room=weekly",
            "#/room=weekly",
            "#!/room=weekly",
            "#?room=weekly",
            "#Room=weekly",
            "#ROOM=weekly",
            "#room=%20weekly%20",
            "?room=weekly",
            "?utm_source=chat&room=weekly",
            "#room=weekly&utm_source=chat",
            "#room=weekly&",
            "#room=weekly.",
            "#room=weekly),",
            "#room=weekly!?",
            "#room%3Dweekly.",
        ] {
            assert_eq!(room_in(fragment), room("weekly"), "{fragment}");
        }
        assert_eq!(room_in("#room%3D%EC%A3%BC%EA%B0%84"), room("주간"));
        assert_eq!(room_in("#room%253D%25EC%25A3%25BC%25EA%25B0%2584"), room("주간"));
        assert_eq!(room_in("#room=R&D"), room("R&D"));
        assert_eq!(room_in("#room=R&D&theme=dark"), room("R&D"));
        assert_eq!(room_in("#room=a#b"), room("a#b"));
    }

    #[test]
    fn foreign_fields_and_empty_parts_name_no_room() {
        for part in ["", "#", "?", "#!", "#theme=dark", "#_=_", "?utm_source=chat&x=1"] {
            assert_eq!(room_in(part), Ok(None), "{part}");
        }
        assert_eq!(room_in("#theme=dark&room=weekly"), room("weekly"));
    }

    #[test]
    fn unclear_link_is_malformed() {
        for fragment in [
            "#room=",
            "#room=%20",
            "#room=%",
            "#room=%4",
            "#room=%zz",
            "#room=%ff",
            "#room=%00",
            "#room=a%E2%80%AEb",
            "#room=...",
            "#room",
            "#room-weekly",
            "#rooms=weekly",
            "#weekly",
            "#lusab-babad-gutih-tugad-zuzuz",
            "#room%zz",
        ] {
            assert_eq!(room_in(fragment), Err(MalformedLink), "{fragment}");
        }
        let long = format!("#room={}", "x".repeat(65));
        assert_eq!(room_in(&long), Err(MalformedLink));
    }

    #[test]
    fn every_random_bit_changes_the_room_name() {
        // The paper's own examples: 127.0.0.1 is lusab-babad, 63.84.220.193 is gutih-tugad.
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
