//! Vitrine's app: a video call in the browser that you can see through. Data flows one way: [`ui`] sends a
//! [`call::Command`], [`call`] decides, [`browser`] and [`signaling`] act. Their events come back to [`call`],
//! which updates the [`call::CallState`] that [`ui`] shows.

#![allow(clippy::future_not_send)]

pub mod browser;
pub mod call;
pub mod config;
pub mod link;
pub mod signaling;
pub mod ui;
