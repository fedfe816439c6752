//! The asynchronous operations of one connection, one after the other. Which, and in what order, is not decided here.

use std::borrow::Cow;

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt;
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{MediaStreamTrack, RtcIceCandidateInit, RtcSdpType, RtcSessionDescriptionInit, RtcSignalingState};

use super::{
    JsError, PeerConnectionEvent, describe,
    externs::{Connection, Sender},
    peer_connection::to_js,
};

/// What takes the browser time.
pub enum Operation {
    SetLocalDescription,
    SetRemoteDescription(SessionDescription),
    AddCandidate(IceCandidate),
    ReplaceTrack(Sender, Option<MediaStreamTrack>),
}

/// Runs the operations of one connection one after the other, as the browser's own operations chain would
/// (webrtc-pc §4.4.1.2), and reports each one's end.
pub async fn work(
    connection: Connection,
    mut queue: UnboundedReceiver<Operation>,
    sink: impl Fn(PeerConnectionEvent) + 'static,
) {
    while let Some(operation) = queue.next().await {
        let event = match operation {
            Operation::SetLocalDescription => match set_local(&connection).await {
                Ok(description) => PeerConnectionEvent::LocalDescriptionSet(description),
                Err(error) => PeerConnectionEvent::DescriptionFailed(error),
            },
            Operation::SetRemoteDescription(description) => match set_remote(&connection, &description).await {
                Ok(()) => PeerConnectionEvent::RemoteDescriptionSet,
                Err(error) => PeerConnectionEvent::DescriptionFailed(error),
            },
            Operation::AddCandidate(candidate) => match add_candidate(&connection, &candidate).await {
                Ok(()) => continue,
                Err(error) => PeerConnectionEvent::CandidateFailed(candidate, error),
            },
            Operation::ReplaceTrack(sender, track) => {
                if let Err(error) = replace_track(&sender, track.as_ref()).await {
                    describe(&format!("replaceTrack failed: {error}"));
                }
                continue;
            }
        };
        sink(event);
    }
}

async fn set_local(connection: &Connection) -> Result<SessionDescription, JsError> {
    JsFuture::from(connection.set_local_description_implicitly()?).await?;
    let description = connection.local_description().ok_or_else(|| JsError {
        name: "InvalidStateError".to_owned(),
        message: "no local description after setLocalDescription()".to_owned(),
    })?;
    let kind = match description.type_() {
        RtcSdpType::Answer => SdpType::Answer,
        RtcSdpType::Pranswer => SdpType::Pranswer,
        RtcSdpType::Rollback => SdpType::Rollback,
        _ => SdpType::Offer,
    };
    Ok(SessionDescription::new(kind, description.sdp()))
}

async fn set_remote(connection: &Connection, description: &SessionDescription) -> Result<(), JsError> {
    let init = RtcSessionDescriptionInit::new(match description.kind {
        SdpType::Offer => RtcSdpType::Offer,
        SdpType::Pranswer => RtcSdpType::Pranswer,
        SdpType::Answer => RtcSdpType::Answer,
        SdpType::Rollback => RtcSdpType::Rollback,
    });
    init.set_sdp(&revived(connection, description));
    JsFuture::from(connection.set_remote_description(&init)).await?;
    Ok(())
}

/// The description to set: an offer that rolls back one's own is set with its `a=ssrc` lines (RFC 5576) if the
/// description before had none, and without if it had. Chromium's rollback takes the received media from its tracks, and
/// only a change of these lines gives it back: without one the picture stands still, and no sound is heard if none was
/// before. Which packets belong to which media section is known without them (RFC 8843 §9.2).
fn revived<'a>(connection: &Connection, description: &'a SessionDescription) -> Cow<'a, str> {
    let is_ssrc = |line: &&str| line.starts_with("a=ssrc");
    let rolls_back =
        description.kind == SdpType::Offer && connection.signaling_state() == RtcSignalingState::HaveLocalOffer;
    if rolls_back
        && connection.remote_description().is_some_and(|before| before.sdp().lines().any(|line| is_ssrc(&line)))
    {
        let mut revived = String::new();
        for line in description.sdp.lines().filter(|line| !is_ssrc(line)) {
            revived.push_str(line);
            revived.push_str("\r\n");
        }
        Cow::Owned(revived)
    } else {
        Cow::Borrowed(&description.sdp)
    }
}

async fn add_candidate(connection: &Connection, candidate: &IceCandidate) -> Result<(), JsError> {
    let init: RtcIceCandidateInit = to_js(&candidate.into())?.unchecked_into();
    JsFuture::from(connection.add_ice_candidate_with_opt_rtc_ice_candidate_init(Some(&init))).await?;
    Ok(())
}

async fn replace_track(sender: &Sender, track: Option<&MediaStreamTrack>) -> Result<(), JsError> {
    JsFuture::from(sender.try_replace_track(track)?).await?;
    Ok(())
}
