//! A STUN server of the smallest kind (RFC 8489): it answers every binding request with one and the same address, so that
//! a browser learns something new from it wherever it runs.

use std::net::Ipv4Addr;

use tokio::{net::UdpSocket, task::JoinHandle};

use crate::{Result, error::Doing};

const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const XOR_MAPPED_ADDRESS: [u8; 2] = [0x00, 0x20];
/// What everybody is told (RFC 5737: an address of nobody), and the port that goes with it.
const TOLD: ([u8; 4], [u8; 2]) = ([203, 0, 113, 7], [0x40, 0x00]);

/// The server, on a free port; gone on drop.
pub struct StunServer {
    task: JoinHandle<()>,
    url: String,
}

impl StunServer {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start() -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.doing(|| "open a UDP port".to_owned())?;
        let address = socket.local_addr().doing(|| "read a port's number".to_owned())?;
        let task = tokio::spawn(async move {
            let mut datagram = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut datagram).await {
                if let Some(answer) = answer(&datagram[..length]) {
                    // Who is gone needs no answer.
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Ok(Self { task, url: format!("stun:{address}") })
    }

    /// Its URL (RFC 7064).
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for StunServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn answer(request: &[u8]) -> Option<Vec<u8>> {
    let transaction = request.get(8..20)?;
    if request[..2] != BINDING_REQUEST || request[4..8] != MAGIC_COOKIE {
        return None;
    }
    let (address, port) = TOLD;
    let hidden = |plain: &[u8]| plain.iter().zip(MAGIC_COOKIE).map(|(byte, key)| byte ^ key).collect::<Vec<_>>();
    let attribute = [&XOR_MAPPED_ADDRESS[..], &[0, 8, 0, 1], &hidden(&port), &hidden(&address)].concat();
    let length = u16::try_from(attribute.len()).ok()?.to_be_bytes();
    Some([&BINDING_SUCCESS[..], &length, &MAGIC_COOKIE, transaction, &attribute].concat())
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn a_binding_request_is_answered_with_its_transaction_and_the_address() {
        let request = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
        let answer_to_it = answer(&request).unwrap();
        assert_eq!(answer_to_it[..8], [1, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42]);
        assert_eq!(answer_to_it[8..20], [7; 12]);
        assert_eq!(answer_to_it[20..], [0, 0x20, 0, 8, 0, 1, 0x61, 0x12, 203 ^ 0x21, 0x12, 113 ^ 0xa4, 7 ^ 0x42]);
        assert_eq!(answer(&request[..19]), None);
        assert_eq!(answer(&[9; 40]), None);
    }
}
