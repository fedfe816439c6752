//! The media sections in which one connection sends this side's screen, beside those of camera and microphone. They are
//! added when a screen is shared for the first time, and stay: the next share uses them again without a negotiation, and
//! the description does not grow.

use wasm_bindgen::JsCast;
use web_sys::{MediaStream, MediaStreamTrack, RtcRtpTransceiverDirection, RtcRtpTransceiverInit};

use super::{
    JsError,
    externs::{Connection, Transceiver},
    operations::Operation,
    send_limits::SendLimits,
};

/// A screen that is sent to every peer.
#[derive(Clone)]
pub struct OutgoingScreen {
    /// Its id (`msid`) tells the peer which tracks are the screen's.
    pub stream: MediaStream,
    /// The picture.
    pub video: MediaStreamTrack,
    /// The sound.
    pub audio: Option<MediaStreamTrack>,
    /// The limits of the picture.
    pub limits: SendLimits,
}

/// The sections of one connection.
#[derive(Default)]
pub struct ScreenSections {
    video: Option<Section>,
    audio: Option<Section>,
}

struct Section {
    transceiver: Transceiver,
    /// What was given to it last.
    track: Option<MediaStreamTrack>,
    limits: Option<SendLimits>,
}

impl ScreenSections {
    /// Sends `screen`, or nothing. Makes a section on `connection` only if there is none; what is to be done besides goes
    /// to `enqueue`.
    ///
    /// # Errors
    /// The first exception of `addTransceiver()`. The other kind is sent nevertheless.
    pub fn send(
        &mut self,
        connection: &Connection,
        screen: Option<&OutgoingScreen>,
        mut enqueue: impl FnMut(Operation),
    ) -> Result<(), JsError> {
        let stream = screen.map(|screen| &screen.stream);
        let video = screen.map(|screen| &screen.video);
        let audio = screen.and_then(|screen| screen.audio.as_ref());
        let limits = screen.map(|screen| screen.limits);
        let sent = Section::send(&mut self.video, connection, stream.zip(video), limits, &mut enqueue);
        sent.and(Section::send(&mut self.audio, connection, stream.zip(audio), None, &mut enqueue))
    }
}

impl Section {
    fn send(
        section: &mut Option<Self>,
        connection: &Connection,
        sent: Option<(&MediaStream, &MediaStreamTrack)>,
        limits: Option<SendLimits>,
        enqueue: &mut impl FnMut(Operation),
    ) -> Result<(), JsError> {
        let track = sent.map(|(_, track)| track);
        // A peer that rejects the section stops it. It is offered again only with the next share.
        section.take_if(|known| known.transceiver.stopped() && known.track.as_ref() != track);
        let known = match (section, sent) {
            (Some(known), _) => known,
            (None, None) => return Ok(()),
            (section, Some((stream, track))) => section.insert(Self::add(connection, stream, track)?),
        };
        let sender = || known.transceiver.sender().unchecked_into();
        if known.track.as_ref() != track {
            enqueue(Operation::ReplaceTrack(sender(), track.cloned()));
            known.track = track.cloned();
        }
        if let Some(limits) = limits.filter(|limits| known.limits != Some(*limits)) {
            enqueue(Operation::Limit(sender(), limits));
            known.limits = Some(limits);
        }
        Ok(())
    }

    fn add(connection: &Connection, stream: &MediaStream, track: &MediaStreamTrack) -> Result<Self, JsError> {
        let init = RtcRtpTransceiverInit::new();
        init.set_direction(RtcRtpTransceiverDirection::Sendonly);
        init.set_streams(&js_sys::Array::of1(stream).unchecked_into());
        let transceiver = connection.try_add_transceiver_of(track, &init)?.unchecked_into();
        Ok(Self { transceiver, track: Some(Clone::clone(track)), limits: None })
    }
}
