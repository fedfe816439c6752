//! Any bytes from a client: as messages, as the attributes of requests with credentials that are good, and as data from
//! a peer. Each piece begins with what it is, one byte, and its length, one byte.
#![no_main]
#![allow(dead_code)]

#[path = "../../crates/turn/tests/relay/message.rs"]
mod message;
#[path = "../../crates/turn/tests/relay/scene.rs"]
mod scene;

use libfuzzer_sys::fuzz_target;
use stun_types::message::BINDING;
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};

fuzz_target!(|bytes: &[u8]| {
    let mut scene = scene::scene();
    let mut rest = bytes;
    while let [kind, length, tail @ ..] = rest {
        let (piece, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        let method = match kind % 8 {
            0 => BINDING,
            1 | 2 => ALLOCATE,
            3 => REFRESH,
            4 => CREATE_PERMISSION,
            5 => CHANNEL_BIND,
            6 => {
                scene.advance(u64::from(*length));
                continue;
            }
            _ => {
                scene.handle(piece);
                continue;
            }
        };
        let mut attributes = piece.to_vec();
        attributes.resize(attributes.len().next_multiple_of(4), 0);
        let signed = message::request(method).raw(&attributes).signed(&scene.credentials, &scene.nonce);
        scene.handle(&signed);
    }
});
