//! JSON and the messages in it, as the page reads them from the server and from other participants. Whatever can be read
//! says the same when it is written and read again, to this reader and to another.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vitrine_protocol::{
    control::ControlMessage,
    json::Json,
    signaling::{Entered, IceCandidate, IceServer, Refused, SessionDescription},
    wire::Read,
};

fuzz_target!(|text: &str| {
    let Ok(json) = Json::parse(text) else { return };
    let written = json.encode();
    assert_eq!(Json::parse(&written).as_ref(), Ok(&json));
    // It may not be able to hold every number.
    if let Err(error) = serde_json::from_str::<serde_json::Value>(&written) {
        assert!(error.to_string().starts_with("number out of range"), "{error}");
    }
    if let Ok(message) = ControlMessage::read(&json) {
        assert_eq!(ControlMessage::read(&Json::from(&message)), Ok(message));
    }
    if let Ok(description) = SessionDescription::read(&json) {
        assert_eq!(SessionDescription::read(&Json::from(&description)), Ok(description));
    }
    if let Ok(candidate) = IceCandidate::read(&json) {
        assert_eq!(IceCandidate::read(&Json::from(&candidate)), Ok(candidate));
    }
    let _ = (Entered::read(&json), Refused::read(&json), Vec::<IceServer>::read(&json));
});
