//! Declarations that web-sys lacks, or has without the exceptions that browsers throw. No code; each names its W3C
//! section.

use wasm_bindgen::prelude::*;
use web_sys::{MediaStream, MediaStreamTrack, RtcDataChannel, RtcRtpSender, RtcRtpTransceiver};

#[wasm_bindgen]
extern "C" {
    /// `RTCPeerConnection` with the methods that web-sys lacks.
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

    /// `addTransceiver()` with a track (webrtc-pc §5.1); throws `TypeError`, `InvalidStateError`.
    #[wasm_bindgen(method, structural, catch, js_name = addTransceiver)]
    pub fn try_add_transceiver_of(
        this: &Connection,
        track: &MediaStreamTrack,
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

    /// `MediaStreamTrack` with what web-sys lacks.
    #[wasm_bindgen(extends = MediaStreamTrack, js_name = MediaStreamTrack)]
    pub type HintedTrack;

    /// `contentHint` (mst-content-hint §3).
    #[wasm_bindgen(method, structural, setter, js_name = contentHint)]
    pub fn set_content_hint(this: &HintedTrack, hint: &str);

    /// `MediaTrackSettings` of a captured screen.
    #[wasm_bindgen(js_name = MediaTrackSettings)]
    pub type DisplaySettings;

    /// `displaySurface` (screen-capture §5.4).
    #[wasm_bindgen(method, structural, getter, js_name = displaySurface)]
    pub fn display_surface(this: &DisplaySettings) -> Option<String>;

    /// `RTCRtpTransceiver` with the exceptions that web-sys leaves out.
    #[wasm_bindgen(extends = web_sys::RtcRtpTransceiver, js_name = RTCRtpTransceiver)]
    pub type Transceiver;

    /// The setter of `direction` (webrtc-pc §5.4); throws `InvalidStateError`.
    #[wasm_bindgen(method, structural, catch, setter, js_name = direction)]
    pub fn try_set_direction(this: &Transceiver, direction: &str) -> Result<(), JsValue>;

    /// `RTCRtpSender` with the methods that web-sys lacks.
    #[wasm_bindgen(extends = web_sys::RtcRtpSender, js_name = RTCRtpSender)]
    pub type Sender;

    /// `setStreams()` (webrtc-pc §5.2); throws where the browser has no such method.
    #[wasm_bindgen(method, structural, catch, js_name = setStreams)]
    pub fn set_streams(this: &Sender, stream: &MediaStream) -> Result<(), JsValue>;

    /// `setParameters()` with options (webrtc-extensions, `RTCSetParameterOptions`), which other browsers ignore.
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

    /// `HTMLMediaElement` with the members that web-sys lacks.
    #[wasm_bindgen(extends = web_sys::HtmlMediaElement, js_name = HTMLMediaElement)]
    pub type MediaElement;

    /// `sinkId` (audio-output §2.1): absent in browsers that let the page choose no speaker.
    #[wasm_bindgen(method, structural, getter, js_name = sinkId)]
    pub fn sink_id(this: &MediaElement) -> Option<String>;

    /// `setSinkId()` (audio-output §2.1).
    #[wasm_bindgen(method, structural, catch, js_name = setSinkId)]
    pub fn set_sink_id(this: &MediaElement, id: &str) -> Result<js_sys::Promise, JsValue>;
}
