//! A code by which two people find out whether somebody sits between their pages: both read it to each other. It follows from
//! the certificates of both ends, as each page sees them, and from the room. The certificates are those of DTLS, so a code
//! that is the same at both ends says that the media is encrypted from the one to the other.

use sha2::{Digest, Sha256};

/// Digits of a code: 83 bits. Somebody in between would need certificates for both sides whose codes agree, some 2⁴¹ of
/// each, between the start of the call and the comparison.
const DIGITS: usize = 25;
/// Digits of each group.
const GROUP: usize = 5;

/// The code of a connection: five groups of five digits. `None` if a fingerprint is missing.
///
/// `one` and `other` are the digests of the two certificates as of `a=fingerprint` (RFC 8122 §5), in any order: both ends get
/// the same code.
///
/// ```
/// use vitrine_insight::safety_code::safety_code;
///
/// let code = safety_code("tea", "AA:BB", "CC:DD").unwrap();
/// assert_eq!(code, safety_code("tea", "cc:dd", "aa:bb").unwrap());
/// assert_eq!(code.len(), 29);
/// ```
pub fn safety_code(room: &str, one: &str, other: &str) -> Option<String> {
    let mut fingerprints = [one.trim().to_ascii_lowercase(), other.trim().to_ascii_lowercase()];
    if fingerprints.iter().any(String::is_empty) {
        return None;
    }
    fingerprints.sort();
    let mut hash = Sha256::new();
    for part in ["vitrine safety code 1", room, &fingerprints[0], &fingerprints[1]] {
        // The length keeps apart what is written together.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let number = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let digits = format!("{:0DIGITS$}", number % 10_u128.pow(DIGITS as u32));
    let groups: Vec<_> = (0..DIGITS).step_by(GROUP).map(|start| &digits[start..start + GROUP]).collect();
    Some(groups.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_certificate_or_room_has_another_code() {
        let code = safety_code("tea", "aa", "bb");
        assert_ne!(code, safety_code("tea", "aa", "bc"));
        assert_ne!(code, safety_code("tee", "aa", "bb"));
        assert_ne!(safety_code("a", "bc", "d"), safety_code("ab", "c", "d"));
    }

    #[test]
    fn missing_certificate_has_no_code() {
        assert_eq!(safety_code("tea", "", "bb"), None);
    }
}
