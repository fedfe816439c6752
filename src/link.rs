//! The invite link, `https://HOST/PATH/#room=NAME`, and names for new rooms. Pure text: reading and writing the
//! page's address is the interface's business.
//!
//! Programs mangle links on their way: they encode them twice, decode what has to stay encoded, and take punctuation
//! around a link for a part of it. A mangled link is understood where its meaning is clear. Any other is a
//! [`MalformedLink`], so that nobody waits in a new room that the others never find.

use vitrine_protocol::room::normalize_room_name;

/// The link names a room, but not in a way that can be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the link does not name a room that can be entered")]
pub struct MalformedLink;

/// How often a program may have encoded a link that was encoded already.
const MOST_ENCODINGS: usize = 3;

/// Punctuation that follows a link in a sentence. No invitation ends in it, so at the end it is not part of the link.
const PUNCTUATION: [char; 12] = ['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '*', '&'];

/// The room that the fragment or the query of an address (with or without its `#` or `?`) names; none if it names no
/// room.
///
/// # Errors
/// When the room name cannot be read or used, or when there is content that no address of the app has.
pub fn room_in(part: &str) -> Result<Option<String>, MalformedLink> {
    let mut part = part.to_owned();
    for _ in 0..=MOST_ENCODINGS {
        // `#/room=…`, `#!room=…`, `##room=…`: what other programs put before a fragment's content.
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

/// The value of the field `room`. An `&` in the name is a part of it unless another field follows: an invitation encodes
/// it, but not every program leaves it so.
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

/// Percent-encoding (RFC 3986 §2.1) of everything but unreserved characters; at the end, of all but letters and digits:
/// programs that make links of text leave punctuation at the end of an address out.
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
    fn what_an_invite_says_is_read_back() {
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
    fn an_invite_ends_in_nothing_that_chat_programs_leave_out() {
        for end in (' '..='~').chain(['。', '）', '…']) {
            let invite = invite("https://example.org/", &format!("a{end}"));
            assert!(invite.ends_with(|last: char| last.is_ascii_alphanumeric()), "{invite}");
        }
    }

    #[test]
    fn letters_outside_ascii_need_no_encoding() {
        assert_eq!(room_in("#room=주간"), room("주간"));
    }

    #[test]
    fn names_that_look_the_same_are_one_room() {
        assert_eq!(room_in("#room=cafe%CC%81%C2%A0%E2%80%8Bx"), room("café x"));
    }

    #[test]
    fn mangled_links_are_understood() {
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
    fn fields_of_others_and_nothing_at_all_are_no_room() {
        for part in ["", "#", "?", "#!", "#theme=dark", "#_=_", "?utm_source=chat&x=1"] {
            assert_eq!(room_in(part), Ok(None), "{part}");
        }
        assert_eq!(room_in("#theme=dark&room=weekly"), room("weekly"));
    }

    #[test]
    fn a_link_that_cannot_be_understood_is_said_to_be_malformed() {
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
