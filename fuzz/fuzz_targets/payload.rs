//! What clients send to the server: an event's name, its first argument, and what is forwarded. Whatever is forwarded is
//! an object that says who sent it, once and truly.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value as Json;
use socketioxide_core::Value;
use vitrine_server::parsers::{Relay, event_name, first_argument, string};

fuzz_target!(|text: &str| {
    let event = Value::Str(text.to_owned().into(), None);
    let _ = event_name(&event);
    let Ok(argument) = first_argument(&event) else { return };
    let _ = string(argument);
    let Ok(relay) = Relay::parse(argument) else { return };
    let Ok(forwarded) = serde_json::to_string(&relay.with_sender("the sender")) else {
        panic!("cannot be forwarded");
    };
    assert!(forwarded.starts_with(r#"{"from":"the sender""#), "{forwarded}");
    match serde_json::from_str(&forwarded) {
        Ok(Json::Object(fields)) => {
            assert_eq!(fields["from"], "the sender");
            assert!(!fields.contains_key("target"));
        }
        Ok(other) => panic!("{other} is no object"),
        // What is not looked into is forwarded as it is, even if no reader can hold it.
        Err(error) => assert!(!error.is_eof(), "{error}: {forwarded}"),
    }
});
