//! Stateless nonces: a time, and a MAC over it and the client's address with a key that lives as long as the process. A
//! client that never answers a challenge costs no memory.

use std::net::{IpAddr, SocketAddr};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::credentials::hmac_sha1;

/// Lifetime of a nonce, in seconds; after that the client gets a new one (438). Coturn's default.
const LIFETIME: u32 = 600;

const SEAL: usize = 8;
const LENGTH: usize = 4 + SEAL;

/// Issues and verifies nonces.
pub(crate) struct Nonces {
    key: [u8; 20],
}

impl Nonces {
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 20];
        getrandom::fill(&mut key)?;
        Ok(Self { key })
    }

    /// A nonce for `client` at `unix` seconds. Short, because unauthenticated senders receive it.
    pub(crate) fn issue(&self, client: SocketAddr, unix: u64) -> String {
        // Seconds are compared modulo 2^32.
        #[allow(clippy::cast_possible_truncation)]
        let time = (unix as u32).to_be_bytes();
        let mut bytes = [0; LENGTH];
        bytes[..4].copy_from_slice(&time);
        bytes[4..].copy_from_slice(&self.seal(client, time));
        STANDARD.encode(bytes)
    }

    /// Whether `nonce` was issued by this key for `client` and has not expired.
    pub(crate) fn is_fresh(&self, nonce: &str, client: SocketAddr, unix: u64) -> bool {
        let mut bytes = [0; LENGTH];
        if STANDARD.decode_slice(nonce, &mut bytes) != Ok(LENGTH) {
            return false;
        }
        let (time, seal) = bytes.split_at(4);
        let Ok(time) = <[u8; 4]>::try_from(time) else { return false };
        #[allow(clippy::cast_possible_truncation)]
        let age = (unix as u32).wrapping_sub(u32::from_be_bytes(time));
        let right = self.seal(client, time);
        // Constant time: the timing must not reveal how many bytes match.
        let differences = right.iter().zip(seal).fold(0, |all, (one, other)| all | (one ^ other));
        differences == 0 && age <= LIFETIME
    }

    fn seal(&self, client: SocketAddr, time: [u8; 4]) -> [u8; SEAL] {
        let (v4, v6);
        let address: &[u8] = match client.ip() {
            IpAddr::V4(address) => {
                v4 = address.octets();
                &v4
            }
            IpAddr::V6(address) => {
                v6 = address.octets();
                &v6
            }
        };
        let whole = hmac_sha1(&self.key, &[&time, &client.port().to_be_bytes(), address]);
        let mut seal = [0; SEAL];
        seal.copy_from_slice(&whole[..SEAL]);
        seal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn client(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn nonce_is_fresh_for_its_client_and_lifetime_only() {
        let nonces = Nonces::new().unwrap();
        let nonce = nonces.issue(client("192.0.2.1:5000"), NOW);
        assert!(nonces.is_fresh(&nonce, client("192.0.2.1:5000"), NOW));
        assert!(nonces.is_fresh(&nonce, client("192.0.2.1:5000"), NOW + 600));
        assert!(!nonces.is_fresh(&nonce, client("192.0.2.1:5000"), NOW + 601));
        assert!(!nonces.is_fresh(&nonce, client("192.0.2.1:5000"), NOW - 1));
        assert!(!nonces.is_fresh(&nonce, client("192.0.2.1:5001"), NOW));
        assert!(!nonces.is_fresh(&nonce, client("192.0.2.2:5000"), NOW));
        assert!(!nonces.is_fresh(&nonce, client("[2001:db8::1]:5000"), NOW));
    }

    #[test]
    fn foreign_or_malformed_nonce_is_not_fresh() {
        let nonces = Nonces::new().unwrap();
        let foreign = Nonces::new().unwrap().issue(client("[2001:db8::1]:5000"), NOW);
        for nonce in ["", "x", "AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAA", "é", &foreign] {
            assert!(!nonces.is_fresh(nonce, client("[2001:db8::1]:5000"), NOW), "{nonce}");
        }
    }
}
