//! A clock that stands still while this page cannot listen: while its thread is blocked, starved of processor time, or
//! frozen. Timeouts that judge another party by its silence are measured by it, so that a slow page blames nobody. What
//! users read, and what expires elsewhere, is measured by [`super::now`].

use std::cell::Cell;

use gloo_timers::future::TimeoutFuture;

use super::{now, page::is_hidden};

/// How often the clock looks how late the page is, in milliseconds.
const BEAT: f64 = 250.0;
/// Browsers let the timers of a hidden page run once a second.
const BEAT_OF_HIDDEN_PAGE: f64 = 1_000.0;
/// A timer that runs so much later than asked for, in milliseconds, is on time.
const TOLERANCE: f64 = 50.0;

/// The clock. Its times are milliseconds since the page's start, less all the time in which the page could not listen.
#[derive(Clone, Copy, Debug)]
struct ListeningClock {
    /// When it looked last.
    beat: f64,
    /// The longest time from one look to the next that is no lateness.
    longest: f64,
    /// The lateness of all looks so far.
    late: f64,
}

impl ListeningClock {
    fn new(now: f64) -> Self {
        Self { beat: now, longest: BEAT + TOLERANCE, late: 0.0 }
    }

    fn at(&self, now: f64) -> f64 {
        // Time beyond the longest pause is lateness already, whether the look has been taken or not.
        now.min(self.beat + self.longest) - self.late
    }

    fn look(&mut self, now: f64, hidden: bool) {
        self.late = now - self.at(now);
        self.beat = now;
        self.longest = if hidden { BEAT_OF_HIDDEN_PAGE } else { BEAT } + TOLERANCE;
    }
}

thread_local! {
    static CLOCK: Cell<Option<ListeningClock>> = const { Cell::new(None) };
}

/// The time by the clock, in milliseconds. It starts at the first question, and runs as long as the page.
pub fn listening_now() -> f64 {
    let clock = CLOCK.get().unwrap_or_else(|| {
        let clock = ListeningClock::new(now());
        CLOCK.set(Some(clock));
        wasm_bindgen_futures::spawn_local(run(clock));
        clock
    });
    clock.at(now())
}

async fn run(mut clock: ListeningClock) {
    loop {
        TimeoutFuture::new(BEAT as u32).await;
        clock.look(now(), is_hidden());
        CLOCK.set(Some(clock));
    }
}

/// Waits for so many milliseconds in which the page could listen.
pub async fn wait_listening(milliseconds: u32) {
    let mut until = listening_now() + f64::from(milliseconds);
    let mut was_late = false;
    loop {
        let left = until - listening_now();
        if left <= 0.0 {
            return;
        }
        let asked = now();
        TimeoutFuture::new(left.ceil() as u32).await;
        // What came meanwhile may stand in the queue behind a timer that is late. Once is enough: on a hidden page all
        // timers are.
        if !was_late && now() - asked > left + TOLERANCE {
            was_late = true;
            until = until.max(listening_now() + TOLERANCE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_on_time_loses_no_time() {
        let mut clock = ListeningClock::new(1_000.0);
        for beat in 1..=40 {
            let now = 1_000.0 + f64::from(beat) * 290.0;
            assert_eq!(clock.at(now), now);
            clock.look(now, false);
        }
    }

    #[test]
    fn a_blocked_thread_stops_the_clock() {
        let mut clock = ListeningClock::new(0.0);
        clock.look(250.0, false);
        assert_eq!(clock.at(8_250.0), 550.0, "before the clock has looked");
        clock.look(8_250.0, false);
        assert_eq!(clock.at(8_250.0), 550.0);
        clock.look(8_500.0, false);
        assert_eq!(clock.at(8_500.0), 800.0);
    }

    #[test]
    fn a_page_frozen_for_minutes_has_heard_nobody_fall_silent() {
        let mut clock = ListeningClock::new(0.0);
        clock.look(600_000.0, false);
        assert_eq!(clock.at(600_100.0), 400.0);
    }

    #[test]
    fn the_slow_timers_of_a_hidden_page_are_on_time() {
        let mut clock = ListeningClock::new(0.0);
        clock.look(250.0, true);
        for second in 1..=10 {
            let now = 250.0 + f64::from(second) * 1_000.0;
            clock.look(now, true);
            assert_eq!(clock.at(now), now);
        }
    }

    #[test]
    fn the_clock_never_goes_back() {
        let mut clock = ListeningClock::new(0.0);
        let mut last = 0.0;
        for (step, pause) in [10.0, 400.0, 250.0, 5_000.0, 0.0, 251.0, 1_200.0].into_iter().cycle().take(70).enumerate()
        {
            let now = clock.beat + pause;
            for at in [clock.beat, clock.beat + pause / 2.0, now] {
                assert!(clock.at(at) >= last, "step {step}");
                last = clock.at(at);
            }
            clock.look(now, step % 3 == 0);
        }
    }
}
