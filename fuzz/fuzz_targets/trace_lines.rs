//! The reader of lines of events, and the rules over what it read. No file makes them panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vitrine_insight::{rules::explain, trace::Trace};

fuzz_target!(|text: &str| {
    let text = format!("{{\"t\":0,\"pc\":\"PC_0\",\"event\":\"create\"}}\n{text}");
    if let Ok(trace) = Trace::read(&text) {
        let _ = explain(&trace);
    }
});
