//! What the browser has and web-sys lacks, or declares without the exceptions that the browser throws. Only
//! declarations; each names its W3C section.

use wasm_bindgen::prelude::*;
use web_sys::{MediaStream, MediaStreamTrack, RtcDataChannel, RtcRtpSender, RtcRtpTransceiver};

#[wasm_bindgen]
extern "C" {
    /// `RTCPeerConnection` with what web-sys lacks.
    #[wasm_bindgen(extends = web_sys::RtcPeerConnection, js_name = RTCPeerConnection)]
    #[derive(Clone, Debug, PartialEq)]
    pub type Connection;

    /// `setLocalDescription()` without arguments: the browser makes the offer or the answer (webrtc-pc §4.4.2).
    #[wasm_bindgen(method, structural, catch, js_name = setLocalDescription)]
    pub fn set_local_description_implicitly(this: &Connection) -> Result<js_sys::Promise, JsValue>;

    /// `restartIce()` (webrtc-pc §4.4.2).
    #[wasm_bindgen(method, structural, catch, js_name = restartIce)]
    pub fn restart_ice(this: &Connection) -> Result<(), JsValue>;

    /// `addTrack()` (webrtc-pc §5.1); throws `InvalidAccessError`, `InvalidStateError`.
    #[wasm_bindgen(method, structural, catch, js_name = addTrack)]
    pub fn try_add_track(
        this: &Connection,
        track: &MediaStreamTrack,
        stream: &MediaStream,
    ) -> Result<RtcRtpSender, JsValue>;

    /// `addTransceiver()` (webrtc-pc §5.1); throws `TypeError`, `InvalidStateError`.
    #[wasm_bindgen(method, structural, catch, js_name = addTransceiver)]
    pub fn try_add_transceiver(
        this: &Connection,
        kind: &str,
        init: &web_sys::RtcRtpTransceiverInit,
    ) -> Result<RtcRtpTransceiver, JsValue>;

    /// `createDataChannel()` (webrtc-pc §6.1); throws `TypeError`, `OperationError`.
    #[wasm_bindgen(method, structural, catch, js_name = createDataChannel)]
    pub fn try_create_data_channel(
        this: &Connection,
        label: &str,
        init: &web_sys::RtcDataChannelInit,
    ) -> Result<RtcDataChannel, JsValue>;

    /// `sctp` (webrtc-pc §6.1): null before data channels are negotiated.
    #[wasm_bindgen(method, structural, getter, js_name = sctp)]
    pub fn sctp(this: &Connection) -> Option<SctpTransport>;

    /// `RTCSctpTransport` (webrtc-pc §6.1.1).
    #[wasm_bindgen(js_name = RTCSctpTransport)]
    pub type SctpTransport;

    /// `maxMessageSize`, in bytes.
    #[wasm_bindgen(method, structural, getter, js_name = maxMessageSize)]
    pub fn max_message_size(this: &SctpTransport) -> Option<f64>;

    /// `RTCRtpTransceiver` with the exceptions that web-sys leaves out.
    #[wasm_bindgen(extends = web_sys::RtcRtpTransceiver, js_name = RTCRtpTransceiver)]
    pub type Transceiver;

    /// The setter of `direction` (webrtc-pc §5.4); throws `InvalidStateError`.
    #[wasm_bindgen(method, structural, catch, setter, js_name = direction)]
    pub fn try_set_direction(this: &Transceiver, direction: &str) -> Result<(), JsValue>;

    /// `RTCRtpSender` with what web-sys lacks.
    #[wasm_bindgen(extends = web_sys::RtcRtpSender, js_name = RTCRtpSender)]
    pub type Sender;

    /// `setStreams()` (webrtc-pc §5.2); throws where the browser has no such method.
    #[wasm_bindgen(method, structural, catch, js_name = setStreams)]
    pub fn set_streams(this: &Sender, stream: &MediaStream) -> Result<(), JsValue>;

    /// `setParameters()` with options (webrtc-extensions, `RTCSetParameterOptions`); browsers without them ignore them.
    #[wasm_bindgen(method, structural, catch, js_name = setParameters)]
    pub fn try_set_parameters(
        this: &Sender,
        parameters: &JsValue,
        options: &JsValue,
    ) -> Result<js_sys::Promise, JsValue>;

    /// `getParameters()` (webrtc-pc §5.2).
    #[wasm_bindgen(method, structural, js_name = getParameters)]
    pub fn parameters(this: &Sender) -> JsValue;

    /// `replaceTrack()` (webrtc-pc §5.2).
    #[wasm_bindgen(method, structural, catch, js_name = replaceTrack)]
    pub fn try_replace_track(this: &Sender, track: Option<&MediaStreamTrack>) -> Result<js_sys::Promise, JsValue>;
}
