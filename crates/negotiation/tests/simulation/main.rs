//! Negotiations that talk to each other, natively: machines with model browsers and channels whose timing a test
//! decides. Two sides under arbitrary steps that proptest finds and shrinks, failures and garbage included; and whole
//! meshes of up to eight participants under a hundred thousand seeded schedules, cuts and new beginnings included.

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
