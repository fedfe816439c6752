//! One `RTCStatsReport` as JSON, and its expected value. Files are read by `serde_json`, reports in browsers by
//! `serde-wasm-bindgen`.
#![allow(missing_docs, clippy::panic, reason = "a test's helpers fail by panicking")]

use vitrine_insight::{
    path::{MediaPath, RelaySide, SelectedPair},
    stats::Stats,
};
use vitrine_protocol::control::RelayProtocol;

/// A report of every type, one of an unknown type, and four unreadable ones.
pub const SAMPLE: &str = r#"{
    "C": {"type": "codec", "id": "C", "timestamp": 1700000000000.5, "payloadType": 96, "mimeType": "video/VP8", "clockRate": 90000},
    "I": {"type": "inbound-rtp", "id": "I", "ssrc": 4294967295, "kind": "video", "packetsLost": -3, "bytesReceived": 9007199254740991,
        "jitter": 0.004, "framesPerSecond": 29.97, "powerEfficientDecoder": false, "decoderImplementation": "libvpx", "later": {"a": [1]}},
    "O": {"type": "outbound-rtp", "id": "O", "kind": "video", "qualityLimitationReason": "cpu",
        "qualityLimitationDurations": {"none": 1.5, "cpu": 20, "bandwidth": 0, "other": 0}, "rid": null},
    "RI": {"type": "remote-inbound-rtp", "id": "RI", "localId": "O", "fractionLost": 0.25, "roundTripTime": 0.031},
    "RO": {"type": "remote-outbound-rtp", "id": "RO", "localId": "I", "remoteTimestamp": 1700000000001, "reportsSent": 7},
    "S": {"type": "media-source", "id": "S", "kind": "audio", "audioLevel": 0.5},
    "MP": {"type": "media-playout", "id": "MP", "kind": "audio", "synthesizedSamplesEvents": 2},
    "PC": {"type": "peer-connection", "id": "PC", "dataChannelsOpened": 1},
    "D": {"type": "data-channel", "id": "D", "label": "control", "dataChannelIdentifier": 0, "state": "open"},
    "T": {"type": "transport", "id": "T", "dtlsState": "connected", "selectedCandidatePairId": "P", "bytesReceived": 18014398509481984},
    "P": {"type": "candidate-pair", "id": "P", "localCandidateId": "L", "remoteCandidateId": "R", "state": "succeeded", "nominated": true,
        "priority": 9115005270282338000, "responsesReceived": 12},
    "L": {"type": "local-candidate", "id": "L", "candidateType": "relay", "relayProtocol": "tls", "address": "203.0.113.9", "port": 50000},
    "R": {"type": "remote-candidate", "id": "R", "candidateType": "srflx", "relayProtocol": "", "address": "198.51.100.2", "url": null},
    "F": {"type": "certificate", "id": "F", "fingerprintAlgorithm": "sha-256", "base64Certificate": "MII"},
    "U": {"type": "track", "id": "U", "frameWidth": 1280},
    "B1": {"type": "transport", "id": "B1", "bytesReceived": "many"},
    "B2": {"id": "B2"},
    "B3": null,
    "B4": [null]
}"#;

/// Asserts that `reports` are those of [`SAMPLE`].
#[allow(clippy::cognitive_complexity, reason = "a list")]
pub fn assert_is_sample(reports: &[Stats]) {
    let mut seen = 0;
    for stats in reports {
        seen += 1;
        match stats {
            Stats::Codec(codec) => {
                assert_eq!(codec.timestamp, Some(1_700_000_000_000.5));
                assert_eq!((codec.payload_type, codec.clock_rate), (Some(96.0), Some(90_000.0)));
                assert_eq!((codec.mime_type.as_deref(), codec.channels), (Some("video/VP8"), None));
            }
            Stats::InboundRtp(inbound) => {
                assert_eq!(inbound.ssrc, Some(4_294_967_295.0));
                assert_eq!(inbound.packets_lost, Some(-3.0));
                assert_eq!(inbound.bytes_received, Some(9_007_199_254_740_991.0));
                assert_eq!((inbound.jitter, inbound.frames_per_second), (Some(0.004), Some(29.97)));
                assert_eq!(inbound.power_efficient_decoder, Some(false));
            }
            Stats::OutboundRtp(outbound) => {
                assert_eq!(outbound.quality_limitation_reason.as_deref(), Some("cpu"));
                assert_eq!(outbound.quality_limitation_durations.and_then(|spent| spent.cpu), Some(20.0));
                assert_eq!(outbound.rid, None);
            }
            Stats::RemoteInboundRtp(remote) => {
                assert_eq!(remote.local_id.as_deref(), Some("O"));
                assert_eq!((remote.fraction_lost, remote.round_trip_time), (Some(0.25), Some(0.031)));
            }
            Stats::RemoteOutboundRtp(remote) => assert_eq!(remote.reports_sent, Some(7.0)),
            Stats::MediaSource(source) => assert_eq!(source.audio_level, Some(0.5)),
            Stats::MediaPlayout(playout) => assert_eq!(playout.synthesized_samples_events, Some(2.0)),
            Stats::PeerConnection(connection) => assert_eq!(connection.data_channels_opened, Some(1.0)),
            Stats::DataChannel(channel) => assert_eq!(channel.label.as_deref(), Some("control")),
            Stats::Transport(transport) => {
                assert_eq!(transport.bytes_received, Some(18_014_398_509_481_984.0));
                assert_eq!(transport.dtls_state.as_deref(), Some("connected"));
            }
            Stats::CandidatePair(pair) => {
                assert_eq!(pair.nominated, Some(true));
                assert_eq!(pair.priority, Some(9_115_005_270_282_338_000.0));
            }
            Stats::LocalCandidate(candidate) => {
                assert_eq!(candidate.relay_protocol, Some(RelayProtocol::Tls));
                assert_eq!(candidate.port, Some(50_000.0));
            }
            Stats::RemoteCandidate(candidate) => assert_eq!((candidate.relay_protocol, &candidate.url), (None, &None)),
            Stats::Certificate(certificate) => {
                assert_eq!(certificate.fingerprint_algorithm.as_deref(), Some("sha-256"))
            }
        }
    }
    assert_eq!(seen, 14, "every readable report once: {reports:?}");
    let Some(pair) = SelectedPair::find(reports) else { panic!("no pair in {reports:?}") };
    assert_eq!(pair.path(None), Some(MediaPath::Relayed(RelayProtocol::Tls, RelaySide::Own)));
    assert_eq!((pair.bytes_received, pair.check_responses), (Some(18_014_398_509_481_984), Some(12)));
}
