//! The `control` data channel of one peer: typed messages in and out. [`crate::call`] decides what they mean.

use vitrine_protocol::control::{ControlMessage, LABEL, MAX_MESSAGE_BYTES, STREAM_ID};
use wasm_bindgen::JsCast;
use web_sys::{MessageEvent, RtcDataChannel, RtcDataChannelInit, RtcDataChannelState};

use super::{JsError, Listener, externs::Connection, json};

/// Most bytes that may wait to be sent. On a dead path the buffer fills up, and browsers close a channel whose buffer
/// is full.
const MAX_BUFFERED_BYTES: u32 = 256 * 1024;

/// The largest message, in bytes, that a peer accepts unless its description says otherwise (RFC 8841 §6.1).
const DEFAULT_MESSAGE_BYTES: f64 = 65_536.0;

/// An event of the control channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlChannelEvent {
    /// Messages can be sent.
    Open,
    /// A message arrived.
    Message(ControlMessage),
    /// Something arrived that is no message of this version; with the reason, for the console.
    Unreadable(String),
    /// The peer closed the channel, or the connection under it ended.
    Closed,
}

/// The channel; closed on drop.
pub struct ControlChannel {
    // First, so that the listeners are gone before the channel is closed.
    listeners: Vec<Listener>,
    channel: RtcDataChannel,
    connection: Connection,
}

impl ControlChannel {
    /// Opens the channel on `connection`. Both sides open it with the same stream id (`negotiated`).
    ///
    /// # Errors
    /// The exception of `createDataChannel()`.
    pub(super) fn open(
        connection: &Connection,
        sink: impl Fn(ControlChannelEvent) + Clone + 'static,
    ) -> Result<Self, JsError> {
        let init = RtcDataChannelInit::new();
        init.set_negotiated(true);
        init.set_id(STREAM_ID);
        let channel = connection.try_create_data_channel(LABEL, &init)?;
        let (on_open, on_message, on_close) = (sink.clone(), sink.clone(), sink);
        let listeners = vec![
            Listener::new(&channel, "open", move |_| on_open(ControlChannelEvent::Open)),
            Listener::new(&channel, "message", move |event| on_message(read(&event))),
            Listener::new(&channel, "close", move |_| on_close(ControlChannelEvent::Closed)),
        ];
        Ok(Self { listeners, channel, connection: Clone::clone(connection) })
    }

    /// Stops reporting events; the channel stays open.
    pub(super) fn ignore(&mut self) {
        self.listeners.clear();
    }

    /// Whether messages can be sent.
    pub fn is_open(&self) -> bool {
        self.channel.ready_state() == RtcDataChannelState::Open
    }

    /// Sends `message` unless the channel is not open, is congested, or does not carry messages of this length. Returns
    /// whether the browser took it.
    pub fn send(&self, message: &ControlMessage) -> bool {
        if !self.is_open() || self.channel.buffered_amount() > MAX_BUFFERED_BYTES {
            return false;
        }
        let Ok(text) = json::to_text(message) else { return false };
        // Browsers close a channel on which more is sent than the peer accepts.
        text.len() <= self.max_message_bytes() && self.channel.send_with_str(&text).is_ok()
    }

    fn max_message_bytes(&self) -> usize {
        let negotiated = self.connection.sctp().and_then(|sctp| sctp.max_message_size());
        MAX_MESSAGE_BYTES.min(negotiated.unwrap_or(DEFAULT_MESSAGE_BYTES) as usize)
    }
}

impl Drop for ControlChannel {
    fn drop(&mut self) {
        self.listeners.clear();
        self.channel.close();
    }
}

fn read(event: &web_sys::Event) -> ControlChannelEvent {
    let text = event.dyn_ref::<MessageEvent>().and_then(|message| message.data().as_string());
    if text.as_ref().is_some_and(|text| text.len() > MAX_MESSAGE_BYTES) {
        return ControlChannelEvent::Unreadable(format!("longer than {MAX_MESSAGE_BYTES} bytes"));
    }
    let Some(text) = text else { return ControlChannelEvent::Unreadable("not text".to_owned()) };
    match json::parse(&text) {
        Ok(message) => ControlChannelEvent::Message(message),
        Err(error) => ControlChannelEvent::Unreadable(error.to_string()),
    }
}
