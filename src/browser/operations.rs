//! Runs the asynchronous operations of one connection one after the other. Which ones, and their order, is decided in
//! [`crate::call`].

use std::borrow::Cow;

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt;
use vitrine_protocol::signaling::{IceCandidate, SdpType, SessionDescription};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{MediaStreamTrack, RtcIceCandidateInit, RtcSdpType, RtcSessionDescriptionInit, RtcSignalingState};

use super::{
    JsError, NegotiationEvent, PeerConnectionEvent,
    externs::{Connection, Sender},
    json, log,
    send_limits::{SendLimits, limit},
};

/// An asynchronous operation of a connection.
pub enum Operation {
    SetLocalDescription,
    SetRemoteDescription(SessionDescription),
    AddCandidate(IceCandidate),
    ReplaceTrack(Sender, Option<MediaStreamTrack>),
    Limit(Sender, SendLimits),
}

/// Runs the queued operations one after the other, as the browser's own operations chain would (webrtc-pc §4.4.1.2),
/// and reports the result of each.
pub async fn run_operations(
    connection: Connection,
    mut queue: UnboundedReceiver<Operation>,
    sink: impl Fn(PeerConnectionEvent) + 'static,
) {
    while let Some(operation) = queue.next().await {
        let event = match operation {
            Operation::SetLocalDescription => match set_local(&connection).await {
                Ok(description) => NegotiationEvent::LocalDescriptionSet(description),
                Err(error) => NegotiationEvent::DescriptionFailed(error),
            },
            Operation::SetRemoteDescription(description) => match set_remote(&connection, &description).await {
                Ok(()) => NegotiationEvent::RemoteDescriptionSet,
                Err(error) => NegotiationEvent::DescriptionFailed(error),
            },
            Operation::AddCandidate(candidate) => match add_candidate(&connection, &candidate).await {
                Ok(()) => continue,
                Err(error) => NegotiationEvent::CandidateFailed(candidate, error),
            },
            Operation::ReplaceTrack(sender, track) => {
                if let Err(error) = replace_track(&sender, track.as_ref()).await {
                    log(&format!("replaceTrack failed: {error}"));
                }
                continue;
            }
            Operation::Limit(sender, limits) => {
                if let Err(error) = limit(&sender, limits).await {
                    log(&format!("setParameters failed: {error}"));
                }
                continue;
            }
        };
        sink(PeerConnectionEvent::Negotiation(event));
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
    init.set_sdp(&with_changed_ssrcs(connection, description));
    JsFuture::from(connection.set_remote_description(&init)).await?;
    Ok(())
}

/// The SDP to set. Chromium's rollback detaches the received media from its tracks, and only a change of the `a=ssrc`
/// lines (RFC 5576) reattaches it: otherwise video freezes, and audio that had not started stays silent. So an offer
/// that causes a rollback loses these lines if the previous description had some. Packets are assigned to media
/// sections without them (RFC 8843 §9.2).
fn with_changed_ssrcs<'a>(connection: &Connection, description: &'a SessionDescription) -> Cow<'a, str> {
    let is_ssrc = |line: &&str| line.starts_with("a=ssrc");
    let rolls_back =
        description.kind == SdpType::Offer && connection.signaling_state() == RtcSignalingState::HaveLocalOffer;
    if rolls_back
        && connection.remote_description().is_some_and(|previous| previous.sdp().lines().any(|line| is_ssrc(&line)))
    {
        let mut sdp = String::new();
        for line in description.sdp.lines().filter(|line| !is_ssrc(line)) {
            sdp.push_str(line);
            sdp.push_str("\r\n");
        }
        Cow::Owned(sdp)
    } else {
        Cow::Borrowed(&description.sdp)
    }
}

async fn add_candidate(connection: &Connection, candidate: &IceCandidate) -> Result<(), JsError> {
    let init: RtcIceCandidateInit = json::to_js(candidate)?.unchecked_into();
    JsFuture::from(connection.add_ice_candidate_with_opt_rtc_ice_candidate_init(Some(&init))).await?;
    Ok(())
}

async fn replace_track(sender: &Sender, track: Option<&MediaStreamTrack>) -> Result<(), JsError> {
    JsFuture::from(sender.try_replace_track(track)?).await?;
    Ok(())
}
