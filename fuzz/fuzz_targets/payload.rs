//! What clients send to the server: packets of Socket.IO, an event's name, its first argument, and what is forwarded.
//! Whatever is forwarded is an object that says who sent it, once and truly.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use vitrine_server::parsers::{Packet, Relay, event_name, first_argument, string};

fuzz_target!(|text: &str| {
    let Some(Packet::Event { array, .. }) = Packet::parse(text) else { return };
    let Ok(argument) = first_argument(event_name(array).unwrap_or_default(), array) else { return };
    let _ = string(argument);
    let Ok(relay) = Relay::parse(argument) else { return };
    let Ok(forwarded) = serde_json::to_string(&relay.with_sender("the sender")) else {
        panic!("cannot be forwarded");
    };
    assert!(forwarded.starts_with(r#"{"from":"the sender""#), "{forwarded}");
    match serde_json::from_str(&forwarded) {
        Ok(Value::Object(fields)) => {
            assert_eq!(fields["from"], "the sender");
            assert!(!fields.contains_key("target"));
        }
        Ok(other) => panic!("{other} is no object"),
        // What is not looked into is forwarded as it is, even if no reader can hold it.
        Err(error) => assert!(!error.is_eof(), "{error}: {forwarded}"),
    }
});
