//! Session descriptions: parsed, explained, and compared with themselves. No line is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vitrine_insight::{
    Language,
    sdp::{Sdp, difference, explain},
};

fuzz_target!(|text: &str| {
    let text = format!("v=0\n{text}");
    let Ok(sdp) = Sdp::parse(&text) else { return };
    let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    assert!(sdp.lines().map(|line| line.text()).eq(lines));
    for line in sdp.lines() {
        let _ = explain(line, Language::English);
    }
    assert!(difference(&sdp, &sdp).is_empty());
});
