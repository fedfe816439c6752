//! A clock that stops while this page is not awake: while its thread is blocked, starved of processor time, or frozen.
//! Timeouts for a silent peer or server use it, because a page that cannot receive proves nothing about them. Times
//! that users read, and lifetimes counted elsewhere, use [`super::now`].

use std::cell::Cell;

use gloo_timers::future::TimeoutFuture;

use super::{now, page::is_hidden};

/// How often the clock measures how late the page's timers are, in milliseconds.
const BEAT: f64 = 250.0;
/// The same on a hidden page, whose timers browsers run only once a second.
const BEAT_OF_HIDDEN_PAGE: f64 = 1_000.0;
/// A timer that is late by less, in milliseconds, is on time.
const TOLERANCE: f64 = 50.0;

/// The clock. Its times are milliseconds since the page's start, minus all the time in which the page was not awake.
#[derive(Clone, Copy, Debug)]
struct AwakeClock {
    /// When it measured last.
    beat: f64,
    /// The longest time between two measurements that still counts as on time.
    longest: f64,
    /// All lateness measured so far.
    late: f64,
}

impl AwakeClock {
    fn new(now: f64) -> Self {
        Self { beat: now, longest: BEAT + TOLERANCE, late: 0.0 }
    }

    fn at(&self, now: f64) -> f64 {
        // Time beyond `longest` is lateness already, measured or not.
        now.min(self.beat + self.longest) - self.late
    }

    fn measure(&mut self, now: f64, hidden: bool) {
        self.late = now - self.at(now);
        self.beat = now;
        self.longest = if hidden { BEAT_OF_HIDDEN_PAGE } else { BEAT } + TOLERANCE;
    }
}

thread_local! {
    static CLOCK: Cell<Option<AwakeClock>> = const { Cell::new(None) };
}

/// The time by the clock, in milliseconds. The first call starts the clock, which then runs as long as the page.
pub fn awake_now() -> f64 {
    let clock = CLOCK.get().unwrap_or_else(|| {
        let clock = AwakeClock::new(now());
        CLOCK.set(Some(clock));
        wasm_bindgen_futures::spawn_local(run(clock));
        clock
    });
    clock.at(now())
}

async fn run(mut clock: AwakeClock) {
    loop {
        TimeoutFuture::new(BEAT as u32).await;
        clock.measure(now(), is_hidden());
        CLOCK.set(Some(clock));
    }
}

/// Waits for this many milliseconds in which the page is awake.
pub async fn wait_awake(milliseconds: u32) {
    let mut until = awake_now() + f64::from(milliseconds);
    let mut was_late = false;
    loop {
        let left = until - awake_now();
        if left <= 0.0 {
            return;
        }
        let started = now();
        TimeoutFuture::new(left.ceil() as u32).await;
        // Messages that arrived meanwhile may be queued behind a late timer. One extension is enough: on a hidden page
        // every timer is late.
        if !was_late && now() - started > left + TOLERANCE {
            was_late = true;
            until = until.max(awake_now() + TOLERANCE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctual_page_loses_no_time() {
        let mut clock = AwakeClock::new(1_000.0);
        for beat in 1..=40 {
            let now = 1_000.0 + f64::from(beat) * 290.0;
            assert_eq!(clock.at(now), now);
            clock.measure(now, false);
        }
    }

    #[test]
    fn blocked_thread_stops_clock() {
        let mut clock = AwakeClock::new(0.0);
        clock.measure(250.0, false);
        assert_eq!(clock.at(8_250.0), 550.0, "before the clock has measured");
        clock.measure(8_250.0, false);
        assert_eq!(clock.at(8_250.0), 550.0);
        clock.measure(8_500.0, false);
        assert_eq!(clock.at(8_500.0), 800.0);
    }

    #[test]
    fn frozen_page_stops_clock() {
        let mut clock = AwakeClock::new(0.0);
        clock.measure(600_000.0, false);
        assert_eq!(clock.at(600_100.0), 400.0);
    }

    #[test]
    fn slow_timers_of_hidden_page_are_on_time() {
        let mut clock = AwakeClock::new(0.0);
        clock.measure(250.0, true);
        for second in 1..=10 {
            let now = 250.0 + f64::from(second) * 1_000.0;
            clock.measure(now, true);
            assert_eq!(clock.at(now), now);
        }
    }

    #[test]
    fn clock_is_monotonic() {
        let mut clock = AwakeClock::new(0.0);
        let mut last = 0.0;
        for (step, pause) in [10.0, 400.0, 250.0, 5_000.0, 0.0, 251.0, 1_200.0].into_iter().cycle().take(70).enumerate()
        {
            let now = clock.beat + pause;
            for at in [clock.beat, clock.beat + pause / 2.0, now] {
                assert!(clock.at(at) >= last, "step {step}");
                last = clock.at(at);
            }
            clock.measure(now, step % 3 == 0);
        }
    }
}
