//! What a connection means: which way its media takes, judged by the browser's statistics, and what a check before a
//! call found out, judged by what happened in it. No web, no clock, no I/O: the browser's words come in as JSON and as
//! candidates, a verdict goes out. How a verdict is said to people is not decided here.
//!
//! - [`path`]: direct or relayed, over what, and by whose relay.
//! - [`check`]: whether the STUN and TURN servers do what a call needs of them, and if not, why.

mod address;
pub mod check;
pub mod path;
