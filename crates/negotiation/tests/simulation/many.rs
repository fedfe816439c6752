//! Runs a hundred thousand meshes on all cores, each by the schedule of its seed, and reports. A mesh that does not
//! converge is reported with its seed and the fewest steps that still break it.

use std::cell::RefCell;
use std::env;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::journal;
use crate::mesh::Mesh;
use crate::schedule::{Schedule, Step};
use crate::tally::Tally;

/// The variables for the first seed and the number of seeds, with their defaults.
const SEED: (&str, u64) = ("VITRINE_SIMULATION_SEED", 20_260_101);
const SCHEDULES: (&str, u64) = ("VITRINE_SIMULATION_SCHEDULES", 100_000);
/// Seeds that a thread takes at a time.
const BATCH: u64 = 64;
/// How long a failing schedule is shrunk.
const SHRINK_FOR: Duration = Duration::from_secs(10);

#[test]
fn every_mesh_converges_whatever_the_schedule() {
    let (first, count) = (variable(SEED), variable(SCHEDULES));
    let started = Instant::now();
    match run(first, count) {
        Ok(tally) => {
            let (last, seconds) = (first.wrapping_add(count - 1), started.elapsed().as_secs_f32());
            println!("\nsimulation: {count} schedules, seeds {first} to {last}, {seconds:.1} s");
            tally.to_string().lines().for_each(|line| println!("simulation: {line}"));
        }
        Err(seed) => panic!("{}", explain(seed)),
    }
}

fn variable((name, default): (&str, u64)) -> u64 {
    match env::var(name) {
        Ok(value) => value.parse().unwrap_or_else(|error| panic!("{name}={value}: {error}")),
        Err(_) => default,
    }
}

/// Runs the schedules of `count` seeds on all cores. The error is a seed that fails.
fn run(first: u64, count: u64) -> Result<Tally, u64> {
    let (taken, failing) = (AtomicU64::new(0), AtomicBool::new(false));
    let work = || {
        let mut tally = Tally::default();
        loop {
            let start = taken.fetch_add(BATCH, Ordering::Relaxed);
            if start >= count || failing.load(Ordering::Relaxed) {
                return Ok(tally);
            }
            for seed in (start..count.min(start + BATCH)).map(|offset| first.wrapping_add(offset)) {
                let schedule = Schedule::from_seed(seed);
                let Ok(of_mesh) = attempt(&schedule, &schedule.steps) else {
                    failing.store(true, Ordering::Relaxed);
                    return Err(seed);
                };
                tally.add(&of_mesh);
            }
        }
    };
    let mut total = Tally::default();
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for thread in running {
            total.add(&thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic))?);
        }
        Ok(total)
    })
}

/// Runs one mesh. The error is its panic message.
fn attempt(schedule: &Schedule, steps: &[Step]) -> Result<Tally, String> {
    thread_local! {
        static CAUGHT: RefCell<Option<String>> = const { RefCell::new(None) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_caught = CAUGHT.with_borrow_mut(|caught| caught.as_mut().map(|text| *text = info.to_string()));
            if is_caught.is_none() {
                usual(info);
            }
        }));
    });
    CAUGHT.set(Some(String::new()));
    let result = panic::catch_unwind(AssertUnwindSafe(|| Mesh::new(schedule).run(steps)));
    let message = CAUGHT.take();
    result.map_err(|_| message.unwrap_or_default())
}

/// Explains why the seed's mesh does not converge, with the fewest steps found.
fn explain(seed: u64) -> String {
    let schedule = Schedule::from_seed(seed);
    let Err(message) = attempt(&schedule, &schedule.steps) else {
        return format!("seed {seed} failed, and then did not: the simulation is not deterministic");
    };
    let steps = shrink(&schedule);
    let journal = journal::of_last_pair(|| drop(attempt(&schedule, &steps)));
    let Schedule { participants, tracks, copy_one_in, steps: all, .. } = &schedule;
    let [seed_variable, schedules_variable] = [SEED.0, SCHEDULES.0];
    format!(
        "the mesh of seed {seed} does not converge.\n{message}\n\n\
         {participants} participants, tracks {:?}, one message in {copy_one_in} copied; {} steps, of which {} are enough:\n\
         {steps:?}\n\nThe failing pair:\n{journal}\n\
         again: {seed_variable}={seed} {schedules_variable}=1 \
         cargo test -p vitrine-negotiation --test simulation many -- --nocapture\n",
        &tracks[..*participants],
        all.len(),
        steps.len(),
    )
}

/// Removes runs of steps, long ones first, while the mesh still fails.
fn shrink(schedule: &Schedule) -> Vec<Step> {
    let started = Instant::now();
    let mut steps = schedule.steps.clone();
    let mut length = steps.len() / 2;
    while length > 0 && started.elapsed() < SHRINK_FOR {
        let mut at = 0;
        let before = steps.len();
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..steps.len().min(at + length));
            if attempt(schedule, &fewer).is_err() { steps = fewer } else { at += length }
        }
        if length > 1 || steps.len() == before {
            length /= 2;
        }
    }
    steps
}
