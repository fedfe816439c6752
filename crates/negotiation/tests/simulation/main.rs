//! Simulated negotiations, without a browser: machines with model browsers and channels whose timing a test decides. Two
//! sides take arbitrary steps that proptest finds and shrinks, failures and garbage included. Meshes of up to eight
//! participants take a hundred thousand seeded schedules, cuts and replaced connections included.

mod browser;
mod hostile_channel;
mod journal;
mod many;
mod mesh;
mod pair;
mod schedule;
mod side;
mod tally;
mod two_sided;
