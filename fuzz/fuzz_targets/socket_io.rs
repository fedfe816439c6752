//! Engine.IO and Socket.IO frames from a server, and their payloads. Every frame read survives the round trip.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vitrine_protocol::{
    server_event::ServerEvent,
    signaling::JoinAck,
    socket_io::{Acknowledgement, ConnectError, Connected, Handshake, Message, Packet},
};

fuzz_target!(|frame: &str| {
    let Ok(packet) = Packet::decode(frame) else { return };
    assert_eq!(Packet::decode(&packet.encode()), Ok(packet));
    match packet {
        Packet::Open(payload) => drop(serde_json::from_str::<Handshake>(payload)),
        Packet::Message(Message::Connect(payload)) => drop(serde_json::from_str::<Connected>(payload)),
        Packet::Message(Message::ConnectError(payload)) => drop(serde_json::from_str::<ConnectError>(payload)),
        Packet::Message(Message::Ack { payload, .. }) => {
            drop(serde_json::from_str::<Acknowledgement<JoinAck>>(payload));
        }
        Packet::Message(Message::Event { payload, .. }) => drop(serde_json::from_str::<ServerEvent>(payload)),
        _ => {}
    }
});
