//! Interprets a connection: the path of its media, from the browser's statistics, and the results of the connection check
//! before a call. No web, no clock, no I/O. The wording for users is not decided here.
//!
//! - [`stats`]: the browser's statistics as typed values.
//! - [`candidate`]: an ICE candidate, decoded.
//! - [`rules`]: what is wrong with a recorded call, as [`finding`]s, and a [`verdict`] on each connection.
//! - [`inspection`]: what an inspector shows of a connection.
//! - [`series`]: what was measured over time, for plots.
//! - [`safety_code`]: the code by which two people compare their certificates.
//! - [`rates`]: rates from counters.
//! - [`trace`]: a recorded call, read from a file.
//! - [`sdp`]: session descriptions, explained line by line and compared.
//! - [`path`]: whether media is direct or relayed, by which protocol, and by which side's relay.
//! - [`quality`]: why a connection is poor, and on whose side the cause is.
//! - [`relayed`]: what a side that hides its address sends of its candidates and descriptions.
//! - [`connection_check`]: whether the STUN and TURN servers work, and if not, why.

mod address;
pub mod candidate;
pub mod connection_check;
pub mod finding;
pub mod inspection;
mod intervals;
pub mod path;
pub mod quality;
pub mod rates;
pub mod relayed;
mod reports;
pub mod rules;
pub mod safety_code;
pub mod sdp;
pub mod series;
pub mod stats;
pub mod trace;
pub mod verdict;
pub mod words;

pub use words::Language;
