//! What the relay promises, rule by rule: first without I/O, then over sockets, then to coturn's own client programs.

mod client;
mod coturn;
mod hostile;
mod limits;
mod message;
mod peers;
mod rules;
mod streams;
mod transports;
