//! Expiring credentials, as in TURN REST (draft-uberti-behave-turn-rest-00) and coturn's `use-auth-secret`: the issuer
//! and the relay share a secret, and the relay needs no list of users. Authentication of requests is
//! [`crate::session`]'s business.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

/// The secret shared by the issuer of credentials and the relay. Its `Debug` does not reveal it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<[u8]>);

impl<T: Into<Vec<u8>>> From<T> for Secret {
    fn from(bytes: T) -> Self {
        Self(bytes.into().into_boxed_slice())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

impl Secret {
    /// Whether the secret is empty, so that any client could issue credentials.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A user name and a password for the long-term credential mechanism (RFC 8489 section 9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// `EXPIRY:USERID`, the expiry in seconds since 1970.
    pub username: String,
    /// base64(HMAC-SHA1(secret, username)).
    pub password: String,
}

/// Issues credentials for `user`, valid for new allocations until `expires_at` (whole seconds; a time before 1970
/// counts as 1970). Existing allocations go on after that.
pub fn issue(secret: &Secret, user: &str, expires_at: SystemTime) -> Credentials {
    let expiry = expires_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let username = format!("{expiry}:{user}");
    let password = password(secret, &username);
    Credentials { username, password }
}

/// The password of `username`.
pub(crate) fn password(secret: &Secret, username: &str) -> String {
    STANDARD.encode(hmac_sha1(&secret.0, &[username.as_bytes()]))
}

/// Splits `username` into the expiry, in seconds since 1970, and the user; `None` if it has another form.
pub(crate) fn parse(username: &str) -> Option<(u64, &str)> {
    let (expiry, user) = username.split_once(':')?;
    // `parse` alone would accept a sign.
    let digits = !expiry.is_empty() && expiry.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| expiry.parse().ok().map(|expiry| (expiry, user))).flatten()
}

pub(crate) fn hmac_sha1(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    // HMAC accepts keys of every length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else { unreachable!() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn credentials_match_those_of_coturn() {
        // echo -n 1700000000:alice | openssl dgst -sha1 -hmac "north star" -binary | base64
        let secret = Secret::from("north star");
        let credentials = issue(&secret, "alice", UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        assert_eq!(credentials.username, "1700000000:alice");
        assert_eq!(credentials.password, "DUK3nsFHixS0vjkobVBXx/W0Wac=");
    }

    #[test]
    fn username_is_an_expiry_and_a_user_that_may_contain_colons() {
        assert_eq!(parse("17:a:b"), Some((17, "a:b")));
        assert_eq!(parse("17:"), Some((17, "")));
        for wrong in ["", ":", ":a", "17", "+17:a", "-1:a", "1.5:a", "99999999999999999999999:a"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn debug_does_not_reveal_the_secret() {
        assert_eq!(format!("{:?}", Secret::from("hidden")), "Secret");
    }
}
