//! The `control` data channel of one peer: typed messages in and out. What they mean is decided elsewhere.

use vitrine_protocol::{
    control::{ControlMessage, LABEL, MAX_MESSAGE_BYTES, STREAM_ID},
    json::Json,
};
use wasm_bindgen::JsCast;
use web_sys::{MessageEvent, RtcDataChannel, RtcDataChannelInit, RtcDataChannelState};

use super::{JsError, Listener, externs::Connection};

/// Most bytes that may wait to be sent. A path that carries nothing fills up with what is sent into it, and a browser
/// closes a channel that is too full.
const MAX_BUFFERED_BYTES: u32 = 256 * 1024;

/// The most that every peer takes in one message, in bytes, unless it says otherwise (RFC 8841 §6.1).
const DEFAULT_MESSAGE_BYTES: f64 = 65_536.0;

/// What happened on the control channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlChannelEvent {
    /// Messages can be sent.
    Open,
    /// A message arrived.
    Message(ControlMessage),
    /// Something arrived that is not a message of this version; the reason, for the console.
    Unreadable(String),
    /// The other side closed the channel, or the connection under it ended.
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
    /// Opens the channel on `connection`; both sides open it under the same number (`negotiated`).
    ///
    /// # Errors
    /// What `createDataChannel()` throws.
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

    /// Hands on nothing any more.
    pub(super) fn ignore(&mut self) {
        self.listeners.clear();
    }

    /// Whether messages can be sent.
    pub fn is_open(&self) -> bool {
        self.channel.ready_state() == RtcDataChannelState::Open
    }

    /// Sends `message` if the channel is open, not congested, and carries messages as long; says whether it was handed to
    /// the browser.
    pub fn send(&self, message: &ControlMessage) -> bool {
        if !self.is_open() || self.channel.buffered_amount() > MAX_BUFFERED_BYTES {
            return false;
        }
        let text = Json::from(message).encode();
        // A browser ends a channel that is given more than the other side takes.
        text.len() <= self.longest_message() && self.channel.send_with_str(&text).is_ok()
    }

    fn longest_message(&self) -> usize {
        let carried = self.connection.sctp().and_then(|sctp| sctp.max_message_size());
        MAX_MESSAGE_BYTES.min(carried.unwrap_or(DEFAULT_MESSAGE_BYTES) as usize)
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
    match Json::parse(&text).map(|json| ControlMessage::read(&json)) {
        Ok(Ok(message)) => ControlChannelEvent::Message(message),
        Ok(Err(error)) => ControlChannelEvent::Unreadable(error.to_string()),
        Err(error) => ControlChannelEvent::Unreadable(error.to_string()),
    }
}
