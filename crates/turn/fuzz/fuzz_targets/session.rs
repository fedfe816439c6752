//! Any bytes as messages of a client without and of one with an allocation: each message begins with its length, two
//! bytes.
#![no_main]

use std::{
    sync::LazyLock,
    time::{Duration, Instant, UNIX_EPOCH},
};

use libfuzzer_sys::fuzz_target;
use vitrine_turn::{
    Config, Secret,
    session::{Now, Rules, Session, Step, Transport},
};

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(&Config::new(Secret::from("s"))).unwrap());
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fuzz_target!(|bytes: &[u8]| {
    let mut session = Session::new("203.0.113.7:4000".parse().unwrap(), Transport::Stream);
    let mut rest = bytes;
    let mut seconds = 0;
    while let [high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
        let (message, tail) = tail.split_at(length);
        rest = tail;
        seconds += 1;
        let unix = UNIX_EPOCH.elapsed().unwrap_or_default().as_secs() + seconds;
        let now = Now { instant: *START + Duration::from_secs(seconds), unix };
        if let Step::Allocate(request) = session.handle(&RULES, now, message) {
            session.allocated(&RULES, now, request, "198.51.100.1:50000".parse().unwrap());
        }
        let _ = session.deliver(now, "192.0.2.9:7000".parse().unwrap(), message, &mut Vec::new());
    }
});
