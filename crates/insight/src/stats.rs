//! Typed statistics of a connection: one struct for each `type` of W3C webrtc-stats, with the specification's names. They
//! deserialize in browsers (by `serde-wasm-bindgen`) and from files (by `serde_json`). They are not interpreted here.
//!
//! Every member is optional, because browsers report different ones. Counters are `f64`, as in JavaScript; they are exact
//! up to 2⁵³. Members that say nothing about the quality of a call have no field and are ignored like unknown ones.

#![allow(missing_docs, reason = "the members are those of W3C webrtc-stats, under their own names")]

use serde::{Deserialize, Deserializer, Serialize, de::IntoDeserializer};
use serde_json::Value;
use vitrine_protocol::control::RelayProtocol;

/// One report of `RTCPeerConnection.getStats()`, by its `type`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Stats {
    Codec(CodecStats),
    InboundRtp(Box<InboundRtpStats>),
    OutboundRtp(Box<OutboundRtpStats>),
    RemoteInboundRtp(RemoteInboundRtpStats),
    RemoteOutboundRtp(RemoteOutboundRtpStats),
    MediaSource(MediaSourceStats),
    MediaPlayout(MediaPlayoutStats),
    PeerConnection(PeerConnectionStats),
    DataChannel(DataChannelStats),
    Transport(TransportStats),
    CandidatePair(CandidatePairStats),
    LocalCandidate(CandidateStats),
    RemoteCandidate(CandidateStats),
    Certificate(CertificateStats),
}

impl Stats {
    /// Reads a report of this `type`; `None` if the type is unknown. A member `type` is ignored.
    ///
    /// # Errors
    /// If the report is no object, or a member is of another type than the specification says.
    pub fn of_type<'de, D: Deserializer<'de>>(name: &str, report: D) -> Result<Option<Self>, D::Error> {
        // An internally tagged enum would copy every report first, and needs code for each member twice.
        Ok(Some(match name {
            "codec" => Self::Codec(Deserialize::deserialize(report)?),
            "inbound-rtp" => Self::InboundRtp(Deserialize::deserialize(report)?),
            "outbound-rtp" => Self::OutboundRtp(Deserialize::deserialize(report)?),
            "remote-inbound-rtp" => Self::RemoteInboundRtp(Deserialize::deserialize(report)?),
            "remote-outbound-rtp" => Self::RemoteOutboundRtp(Deserialize::deserialize(report)?),
            "media-source" => Self::MediaSource(Deserialize::deserialize(report)?),
            "media-playout" => Self::MediaPlayout(Deserialize::deserialize(report)?),
            "peer-connection" => Self::PeerConnection(Deserialize::deserialize(report)?),
            "data-channel" => Self::DataChannel(Deserialize::deserialize(report)?),
            "transport" => Self::Transport(Deserialize::deserialize(report)?),
            "candidate-pair" => Self::CandidatePair(Deserialize::deserialize(report)?),
            "local-candidate" => Self::LocalCandidate(Deserialize::deserialize(report)?),
            "remote-candidate" => Self::RemoteCandidate(Deserialize::deserialize(report)?),
            "certificate" => Self::Certificate(Deserialize::deserialize(report)?),
            _ => return Ok(None),
        }))
    }
}

/// The reports of one `getStats()` call in a file: an array, or an object by id (`RTCStatsReport` as JSON). Reports that
/// cannot be read are left out, and so are those of unknown types. `None` if it is neither.
pub fn reports_in(value: Value) -> Option<Vec<Stats>> {
    let reports: Vec<Value> = match value {
        Value::Array(reports) => reports,
        Value::Object(reports) => reports.into_iter().map(|(_, report)| report).collect(),
        _ => return None,
    };
    let read = |report: Value| {
        let name = report.get("type")?.as_str()?.to_owned();
        Stats::of_type(&name, report).ok().flatten()
    };
    Some(reports.into_iter().filter_map(read).collect())
}

/// Defines dictionaries of optional members, each with the `id` and `timestamp` of `RTCStats`.
macro_rules! dictionaries {
    ($($(#[$attribute:meta])* $name:ident { $($(#[$of_member:meta])* $member:ident: $type:ty,)* })*) => {$(
        $(#[$attribute])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            #[serde(skip_serializing_if = "Option::is_none")]
            pub id: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub timestamp: Option<f64>,
            $($(#[$of_member])* #[serde(skip_serializing_if = "Option::is_none")] pub $member: Option<$type>,)*
        }
    )*};
}

dictionaries! {
    /// `RTCCodecStats`.
    CodecStats {
        payload_type: f64,
        mime_type: String,
        clock_rate: f64,
        channels: f64,
        sdp_fmtp_line: String,
    }

    /// `RTCInboundRtpStreamStats`, with the members of `RTCRtpStreamStats` and `RTCReceivedRtpStreamStats`.
    InboundRtpStats {
        ssrc: f64,
        kind: String,
        codec_id: String,
        packets_received: f64,
        packets_lost: f64,
        jitter: f64,
        packets_discarded: f64,
        track_identifier: String,
        mid: String,
        remote_id: String,
        bytes_received: f64,
        nack_count: f64,
        pli_count: f64,
        total_processing_delay: f64,
        jitter_buffer_delay: f64,
        jitter_buffer_target_delay: f64,
        jitter_buffer_emitted_count: f64,
        frames_received: f64,
        frames_decoded: f64,
        key_frames_decoded: f64,
        frames_dropped: f64,
        frame_width: f64,
        frame_height: f64,
        frames_per_second: f64,
        total_decode_time: f64,
        freeze_count: f64,
        total_freezes_duration: f64,
        decoder_implementation: String,
        power_efficient_decoder: bool,
        total_samples_received: f64,
        concealed_samples: f64,
        silent_concealed_samples: f64,
        concealment_events: f64,
        audio_level: f64,
        total_audio_energy: f64,
    }

    /// `RTCOutboundRtpStreamStats`, with the members of `RTCRtpStreamStats` and `RTCSentRtpStreamStats`.
    OutboundRtpStats {
        ssrc: f64,
        kind: String,
        codec_id: String,
        packets_sent: f64,
        bytes_sent: f64,
        mid: String,
        media_source_id: String,
        remote_id: String,
        rid: String,
        retransmitted_packets_sent: f64,
        target_bitrate: f64,
        frame_width: f64,
        frame_height: f64,
        frames_per_second: f64,
        frames_sent: f64,
        frames_encoded: f64,
        key_frames_encoded: f64,
        total_encode_time: f64,
        total_packet_send_delay: f64,
        quality_limitation_reason: String,
        quality_limitation_durations: QualityLimitationDurations,
        quality_limitation_resolution_changes: f64,
        nack_count: f64,
        pli_count: f64,
        encoder_implementation: String,
        power_efficient_encoder: bool,
        active: bool,
        scalability_mode: String,
    }

    /// `RTCRemoteInboundRtpStreamStats`: the peer's report on a stream that this side sends.
    RemoteInboundRtpStats {
        ssrc: f64,
        kind: String,
        packets_lost: f64,
        jitter: f64,
        local_id: String,
        round_trip_time: f64,
        total_round_trip_time: f64,
        fraction_lost: f64,
        round_trip_time_measurements: f64,
    }

    /// `RTCRemoteOutboundRtpStreamStats`: the peer's report on a stream that it sends.
    RemoteOutboundRtpStats {
        ssrc: f64,
        kind: String,
        packets_sent: f64,
        bytes_sent: f64,
        local_id: String,
        remote_timestamp: f64,
        reports_sent: f64,
        round_trip_time: f64,
        total_round_trip_time: f64,
        round_trip_time_measurements: f64,
    }

    /// `RTCAudioSourceStats` and `RTCVideoSourceStats`.
    MediaSourceStats {
        track_identifier: String,
        kind: String,
        audio_level: f64,
        total_audio_energy: f64,
        width: f64,
        height: f64,
        frames: f64,
        frames_per_second: f64,
    }

    /// `RTCAudioPlayoutStats`.
    MediaPlayoutStats {
        kind: String,
        synthesized_samples_duration: f64,
        synthesized_samples_events: f64,
        total_samples_duration: f64,
        total_playout_delay: f64,
        total_samples_count: f64,
    }

    /// `RTCPeerConnectionStats`.
    PeerConnectionStats {
        data_channels_opened: f64,
        data_channels_closed: f64,
    }

    /// `RTCDataChannelStats`.
    DataChannelStats {
        label: String,
        protocol: String,
        data_channel_identifier: f64,
        state: String,
        messages_sent: f64,
        bytes_sent: f64,
        messages_received: f64,
        bytes_received: f64,
    }

    /// `RTCTransportStats`.
    TransportStats {
        bytes_sent: f64,
        bytes_received: f64,
        ice_role: String,
        dtls_state: String,
        dtls_role: String,
        ice_state: String,
        selected_candidate_pair_id: String,
        tls_version: String,
        dtls_cipher: String,
        srtp_cipher: String,
        selected_candidate_pair_changes: f64,
    }

    /// `RTCIceCandidateStats`, of a local or a remote candidate.
    CandidateStats {
        address: String,
        /// The name of `address` in old browsers.
        ip: String,
        port: f64,
        protocol: String,
        candidate_type: String,
        priority: f64,
        url: String,
        #[serde(default, deserialize_with = "relay_protocol")]
        relay_protocol: RelayProtocol,
        tcp_type: String,
        network_type: String,
    }

    /// `RTCIceCandidatePairStats`.
    CandidatePairStats {
        local_candidate_id: String,
        remote_candidate_id: String,
        state: String,
        nominated: bool,
        /// Firefox: this pair is in use.
        selected: bool,
        /// Chromium: the pair can be used in both directions.
        writable: bool,
        priority: f64,
        packets_sent: f64,
        packets_received: f64,
        bytes_sent: f64,
        bytes_received: f64,
        total_round_trip_time: f64,
        current_round_trip_time: f64,
        available_outgoing_bitrate: f64,
        requests_received: f64,
        requests_sent: f64,
        responses_received: f64,
        responses_sent: f64,
        consent_requests_sent: f64,
    }

    /// `RTCCertificateStats`.
    CertificateStats {
        fingerprint: String,
        fingerprint_algorithm: String,
    }
}

/// Seconds that an encoder spent limited by each reason (`RTCQualityLimitationReason`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QualityLimitationDurations {
    pub none: Option<f64>,
    pub cpu: Option<f64>,
    pub bandwidth: Option<f64>,
    pub other: Option<f64>,
}

/// Reads an empty protocol as none.
fn relay_protocol<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RelayProtocol>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?.filter(|name| !name.is_empty());
    name.map(|name| RelayProtocol::deserialize(name.into_deserializer())).transpose()
}
