//! Findings: what is wrong with a connection, or worth knowing, with the evidence. How findings come about is decided by the
//! rules; this module says what they are.

use serde::Serialize;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which kind of finding.
    pub code: FindingCode,
    /// How bad it is.
    pub severity: Severity,
    /// On whose side the cause is.
    pub cause: Cause,
    /// When it began, in milliseconds of the trace's clock.
    pub from: f64,
    /// When it ended; the end of the trace if it did not.
    pub to: f64,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}

impl Finding {
    /// A finding with its first evidence still to come.
    pub(crate) fn new(code: FindingCode, severity: Severity, cause: Cause, from: f64, to: f64) -> Self {
        Self { code, severity, cause, from, to, evidence: Vec::new() }
    }

    /// The same with one evidence more.
    pub(crate) fn because(mut self, time: f64, name: &str, value: impl ToString) -> Self {
        if self.evidence.len() < MAX_EVIDENCE {
            self.evidence.push(Evidence { time, name: name.to_owned(), value: value.to_string() });
        }
        self
    }

    /// The same with several evidences more.
    pub(crate) fn because_all(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        let left = MAX_EVIDENCE.saturating_sub(self.evidence.len());
        self.evidence.extend(evidence.into_iter().take(left));
        self
    }
}

/// Most evidences of one finding. More would not convince anybody more.
const MAX_EVIDENCE: usize = 8;

/// A sample or an event that shows a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// When, in milliseconds of the trace's clock.
    pub time: f64,
    /// The member of the statistics, the event or the API call, by its own name.
    pub name: String,
    /// What it was; a rate or a share has its unit.
    pub value: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nobody notices.
    Info,
    /// Somebody may notice.
    Warning,
    /// Something does not work.
    Error,
}

/// On whose side the cause of a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// This device or its network.
    Ours,
    /// The other side's device or network.
    Theirs,
    /// The way between, or either side: the trace does not tell.
    Between,
    /// Who runs the servers.
    Operator,
    /// The file itself.
    Recording,
}

macro_rules! codes {
    ($($(#[$attribute:meta])* $name:ident = $text:literal,)*) => {
        /// The kinds of findings; closed, with stable names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingCode { $($(#[$attribute])* $name,)* }

        impl FindingCode {
            /// All codes, root causes before what follows from them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

// In this order, findings of one connection are listed: what caused the others comes first. A busy machine answers late; a
// long way keeps no processor busy.
codes! {
    /// The file cannot be read in part.
    Malformed = "malformed",
    /// The file ends in the middle.
    Truncated = "truncated",
    /// The statistics are those of the old callback API.
    LegacyStats = "legacy-stats",
    /// Permission for a device was refused.
    DeviceRefused = "device-refused",
    /// A device is used by another program, or could not be started.
    DeviceBusy = "device-busy",
    /// There is no such device.
    DeviceMissing = "device-missing",
    /// A captured device ended in the call.
    CaptureEnded = "capture-ended",
    /// The page slept: its timers stood still.
    PageSlept = "page-slept",
    /// The connection to the signaling server was lost.
    SignalingDown = "signaling-down",
    /// An offer has no answer.
    AnswerMissing = "answer-missing",
    /// A TURN server refuses the credentials.
    TurnCredentials = "turn-credentials",
    /// A TURN server has no capacity left for this user.
    TurnQuota = "turn-quota",
    /// A TURN server is not reached.
    TurnUnreachable = "turn-unreachable",
    /// A STUN server is not reached.
    StunUnreachable = "stun-unreachable",
    /// UDP does not get out of this network.
    UdpBlocked = "udp-blocked",
    /// A NAT gives another port for each destination.
    SymmetricNat = "symmetric-nat",
    /// No direct way exists, and no TURN server is configured.
    TurnNeeded = "turn-needed",
    /// A relay does not let the peer through.
    PeerPermission = "peer-permission",
    /// One pair of a working room does not connect.
    PairBroken = "pair-broken",
    /// A path exists, and encryption does not come about.
    DtlsFailed = "dtls-failed",
    /// The first attempt had hosts only; a later one had more.
    IceWarmUp = "ice-warm-up",
    /// A server took long to give candidates.
    SlowGathering = "slow-gathering",
    /// A candidate of an earlier ICE generation came late.
    StaleCandidate = "stale-candidate",
    /// Both sides offered at once.
    Glare = "glare",
    /// The path was lost.
    PathLost = "path-lost",
    /// The path is lost or changed again and again.
    PathUnstable = "path-unstable",
    /// Media takes another path than before.
    PathChanged = "path-changed",
    /// All connections together fill this side's upload.
    UplinkShared = "uplink-shared",
    /// The path is full.
    Congestion = "congestion",
    /// Packets are lost.
    PacketLoss = "packet-loss",
    /// The processor does not keep up with encoding.
    CpuLimited = "cpu-limited",
    /// The processor does not keep up with decoding.
    DecodeLimited = "decode-limited",
    /// The delay is long enough to disturb a conversation.
    HighLatency = "high-latency",
    /// The camera delivers fewer frames than it did.
    CameraLimited = "camera-limited",
    /// The microphone delivers silence.
    SilentMicrophone = "silent-microphone",
    /// A track of this side is not sent.
    NoMediaSent = "no-media-sent",
    /// The other side sends nothing over a track.
    MutedRemote = "muted-remote",
    /// Nothing arrives that should.
    NoMediaReceived = "no-media-received",
    /// A picture arrives and is not decoded.
    StuckDecoder = "stuck-decoder",
    /// Sound that was lost is heard to be missing.
    AudibleConcealment = "audible-concealment",
}

impl Serialize for FindingCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Puts root causes first, then what came first. Findings of one kind that overlap are one: the encodings of one picture suffer
/// together.
pub(crate) fn order(findings: Vec<Finding>) -> Vec<Finding> {
    let mut ordered: Vec<Finding> = Vec::new();
    let mut findings = findings;
    findings.sort_by(|one, other| one.code.cmp(&other.code).then(one.from.total_cmp(&other.from)));
    for finding in findings {
        let overlaps = |known: &&mut Finding| {
            (known.code, known.cause) == (finding.code, finding.cause)
                && finding.from <= known.to
                && known.from <= finding.to
        };
        match ordered.iter_mut().rev().find(overlaps) {
            Some(known) => {
                known.to = known.to.max(finding.to);
                known.severity = known.severity.max(finding.severity);
                let is_new = |evidence: &Evidence| !known.evidence.contains(evidence);
                let new: Vec<_> = finding.evidence.into_iter().filter(is_new).collect();
                known.evidence.extend(new);
                known.evidence.sort_by(|one, other| one.time.total_cmp(&other.time));
                known.evidence.truncate(MAX_EVIDENCE);
            }
            None => ordered.push(finding),
        }
    }
    ordered
}
