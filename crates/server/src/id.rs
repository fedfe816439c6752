//! The ids of sessions and of participants: 120 random bits, in Socket.IO's format. A session and its participant have
//! different ids, because every participant of the room knows the latter.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

const RANDOM_BYTES: usize = 15;
const CHARACTERS: usize = 20;

/// A random id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id([u8; CHARACTERS]);

impl Id {
    /// A new id.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; RANDOM_BYTES];
        getrandom::fill(&mut bytes)?;
        let mut id = Self([0; CHARACTERS]);
        // Fifteen bytes are twenty characters, always.
        let _ = BASE64_URL_SAFE_NO_PAD.encode_slice(bytes, &mut id.0);
        Ok(id)
    }

    /// Parses an id; `None` if the length is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        text.as_bytes().try_into().ok().map(Self)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::Id;

    #[test]
    fn ids_are_unique_and_parse_back() {
        let (a, b) = (Id::random().unwrap(), Id::random().unwrap());
        assert_ne!(a, b);
        assert_eq!(Id::parse(a.as_str()), Some(a));
        assert!(a.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
        for text in ["", "room", "AAAAAAAAAAAAAAAAAAAAA", "한국어"] {
            assert_eq!(Id::parse(text), None);
        }
    }
}
