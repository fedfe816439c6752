//! What a server sends to the page: frames of Engine.IO and Socket.IO, and the events in them. Whatever can be read says
//! the same when it is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vitrine_protocol::{
    server_event::ServerEvent,
    socket_io::{Message, Packet},
};

fuzz_target!(|frame: &str| {
    let Ok(packet) = Packet::decode(frame) else { return };
    assert_eq!(Packet::decode(&packet.encode()).as_ref(), Ok(&packet));
    if let Packet::Message(Message::Event { name, data, .. }) = &packet {
        let _ = ServerEvent::parse(name, data);
        for event in ["user-joined", "user-left", "offer", "answer", "ice-candidate", "refused"] {
            let _ = ServerEvent::parse(event, data);
        }
    }
});
