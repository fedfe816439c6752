//! Thin owners of the browser's objects: whatever registers a listener removes it on drop, every JS call that can
//! throw returns a typed error. No decisions are taken here.

/// A media stream, for a `<video>` element to play.
pub type Stream = web_sys::MediaStream;
