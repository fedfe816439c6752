//! What clients send to the server: packets of Socket.IO, an event's name, its first argument, and what is forwarded.
//! A forwarded payload is an object with the true sender, exactly once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use vitrine_server::parsers::{ForwardedEvent, Packet, event_name, first_argument, string};

fuzz_target!(|text: &str| {
    let Some(Packet::Event { array, .. }) = Packet::parse(text) else { return };
    let Ok(argument) = first_argument(event_name(array).unwrap_or_default(), array) else { return };
    let _ = string(argument);
    let Ok(relay) = ForwardedEvent::parse(argument) else { return };
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
