//! The messages that the page reads from the server and from peers. Every value read survives the round trip, and a text
//! that passes the nesting check is never too deep for the parser.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use vitrine_protocol::{
    control::ControlMessage,
    json_limits,
    signaling::{IceCandidate, IceServer, IceServerEntries, IceServersAck, JoinAck, Refused, SessionDescription},
};

fn check_round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(text: &str) {
    let Ok(value) = serde_json::from_str::<T>(text) else { return };
    let written = serde_json::to_string(&value).expect("a message can be written");
    assert_eq!(serde_json::from_str::<T>(&written).expect("a written message can be read"), value);
}

fuzz_target!(|text: &str| {
    if json_limits::check(text).is_err() {
        return;
    }
    if let Err(error) = serde_json::from_str::<serde_json::Value>(text) {
        assert!(!error.to_string().contains("recursion limit"), "{error}");
    }
    check_round_trip::<ControlMessage>(text);
    check_round_trip::<SessionDescription>(text);
    check_round_trip::<IceCandidate>(text);
    check_round_trip::<IceServer>(text);
    check_round_trip::<JoinAck>(text);
    check_round_trip::<IceServersAck>(text);
    check_round_trip::<Refused>(text);
    let _ = serde_json::from_str::<IceServerEntries>(text);
});
