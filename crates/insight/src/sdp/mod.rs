//! Session descriptions (SDP, RFC 8866, as WebRTC uses it, RFC 8829): parsed into sections, each line explained, and two
//! descriptions compared. The parser is lenient: a line that it cannot read is kept as it is, because a description that a
//! browser refuses has to be shown too. Nothing is sent or changed here.

mod difference;
mod explain;

use crate::candidate::{Candidate, CandidateError};

pub use self::{
    difference::{Change, Difference, SectionDifference, difference},
    explain::explain,
};

/// Longest description that is read, in bytes; browsers make some 20 kB in large calls.
pub const MAX_BYTES: usize = 1 << 20;

/// A parsed description.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sdp {
    /// The lines above the first media section.
    pub session: Vec<Line>,
    /// The media sections in their order.
    pub sections: Vec<Section>,
}

/// Why a text is no description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Nothing but white space.
    #[error("the description is empty")]
    Empty,
    /// Longer than [`MAX_BYTES`].
    #[error("the description has {0} bytes, more than {MAX_BYTES}")]
    TooLong(usize),
    /// The first line is not `v=0`.
    #[error("the description does not begin with \"v=0\"")]
    NotSdp,
}

/// One line: a letter, `=`, and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number in the description, from 1.
    pub number: usize,
    /// The letter before `=`. A line without one has a space.
    pub letter: char,
    /// What follows; the whole line if it has no letter.
    pub value: String,
}

impl Line {
    fn new(number: usize, text: &str) -> Self {
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(letter), Some('=')) if letter.is_ascii_lowercase() => {
                Self { number, letter, value: text[2..].to_owned() }
            }
            _ => Self { number, letter: ' ', value: text.to_owned() },
        }
    }

    /// The line as it was.
    pub fn text(&self) -> String {
        if self.letter == ' ' { self.value.clone() } else { format!("{}={}", self.letter, self.value) }
    }

    /// Name and value of an attribute (`a=name:value`); the value is empty if there is none.
    pub fn attribute(&self) -> Option<(&str, &str)> {
        (self.letter == 'a').then(|| self.value.split_once(':').unwrap_or((&self.value, "")))
    }

    /// The value, if this is the attribute of this name.
    pub fn value_of(&self, name: &str) -> Option<&str> {
        self.attribute().filter(|(own, _)| *own == name).map(|(_, value)| value)
    }
}

/// A media section: its `m=` line and what follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// `audio`, `video` or `application`.
    pub kind: String,
    /// The port. Zero: the section is rejected, or uses the transport of another one (`bundle-only`).
    pub port: u16,
    /// The transport protocol, such as `UDP/TLS/RTP/SAVPF`.
    pub protocol: String,
    /// The formats of the `m=` line: payload types in order of preference, or `webrtc-datachannel`.
    pub formats: Vec<String>,
    /// The section's name (`a=mid`).
    pub mid: Option<String>,
    /// Which way media goes, as the sender of the description sees it.
    pub direction: Direction,
    /// The codecs in order of preference.
    pub codecs: Vec<Codec>,
    /// The header extensions.
    pub header_extensions: Vec<HeaderExtension>,
    /// User name fragment and password of ICE.
    pub ice: Option<(String, String)>,
    /// Algorithm and digest of the certificate.
    pub fingerprint: Option<(String, String)>,
    /// Who opens the DTLS connection: `actpass`, `active`, `passive` or `holdconn` (RFC 5763 §5).
    pub setup: Option<String>,
    /// Ids of the stream and of the track (`a=msid`).
    pub msid: Vec<String>,
    /// The identifiers of simulcast encodings (`a=rid`), each with its direction.
    pub rids: Vec<(String, String)>,
    /// The simulcast encodings (`a=simulcast`), as written.
    pub simulcast: Option<String>,
    /// RTP and RTCP share one port.
    pub has_rtcp_mux: bool,
    /// Uses another section's transport and has none of its own.
    pub is_bundle_only: bool,
    /// Largest message of the data channels, in bytes; 0 for any size.
    pub max_message_size: Option<u64>,
    /// The candidates, decoded.
    pub candidates: Vec<Result<Candidate, CandidateError>>,
    /// All lines, `m=` first.
    pub lines: Vec<Line>,
}

/// Which way media goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways; what a section says that says nothing.
    #[default]
    SendRecv,
    /// From the sender of the description only.
    SendOnly,
    /// To the sender of the description only.
    RecvOnly,
    /// Not at all.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive].into_iter().find(|one| one.name() == name)
    }
}

/// A codec of a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codec {
    /// The payload type.
    pub payload_type: String,
    /// The name, such as `opus` or `VP8`; empty if the section does not say.
    pub name: String,
    /// Clock rate, in hertz.
    pub clock_rate: u32,
    /// Number of channels, for audio.
    pub channels: Option<u32>,
    /// The format's parameters (`a=fmtp`), as written.
    pub parameters: Vec<String>,
    /// The feedback messages (`a=rtcp-fb`).
    pub feedback: Vec<String>,
}

impl Codec {
    /// The codec that a payload type names by itself (RFC 3551 §6), or one whose name is still to come.
    fn of_payload_type(payload_type: &str) -> Self {
        let (name, clock_rate) = match payload_type {
            "0" => ("PCMU", 8_000),
            "8" => ("PCMA", 8_000),
            // Its clock rate is an old mistake that stayed.
            "9" => ("G722", 8_000),
            "13" => ("CN", 8_000),
            _ => ("", 0),
        };
        Self { payload_type: payload_type.to_owned(), name: name.to_owned(), clock_rate, ..Self::default() }
    }

    /// Whether it carries repair or comfort data for another codec, not media of its own.
    pub fn is_auxiliary(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        matches!(name.as_str(), "rtx" | "red" | "ulpfec" | "flexfec-03" | "flexfec" | "cn" | "telephone-event")
    }
}

/// An RTP header extension (RFC 8285).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderExtension {
    /// The id in the packets.
    pub id: String,
    /// The direction, if it is restricted.
    pub direction: Option<String>,
    /// The URI that defines it.
    pub uri: String,
}

impl Sdp {
    /// Parses a description.
    ///
    /// # Errors
    /// If the text is empty, too long, or no SDP at all. A line that cannot be read is no error.
    pub fn parse(text: &str) -> Result<Self, SdpError> {
        if text.len() > MAX_BYTES {
            return Err(SdpError::TooLong(text.len()));
        }
        let lines = text.lines().map(str::trim_end).enumerate().filter(|(_, text)| !text.is_empty());
        let mut lines = lines.map(|(index, text)| Line::new(index + 1, text)).peekable();
        let first = lines.peek().ok_or(SdpError::Empty)?;
        if (first.letter, first.value.trim()) != ('v', "0") {
            return Err(SdpError::NotSdp);
        }
        let mut sdp = Self::default();
        for line in lines {
            match (line.letter, sdp.sections.last_mut()) {
                ('m', _) => sdp.sections.push(Section::begin(line)),
                (_, Some(section)) => section.add(line),
                (_, None) => sdp.session.push(line),
            }
        }
        sdp.inherit();
        Ok(sdp)
    }

    /// The mids of the sections that share one transport (`a=group:BUNDLE`).
    pub fn bundle(&self) -> Vec<&str> {
        let groups = self.session.iter().filter_map(|line| line.value_of("group"));
        let bundle = groups.filter_map(|group| group.strip_prefix("BUNDLE"));
        bundle.flat_map(str::split_ascii_whitespace).collect()
    }

    /// The section of this name.
    pub fn section(&self, mid: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.mid.as_deref() == Some(mid))
    }

    /// Whether the sender trickles candidates (RFC 8840).
    pub fn trickles(&self) -> bool {
        self.lines().filter_map(|line| line.value_of("ice-options")).any(|options| options.contains("trickle"))
    }

    /// All lines in their order.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.session.iter().chain(self.sections.iter().flat_map(|section| &section.lines))
    }

    /// Attributes of the session hold for each section that has none of its own (RFC 8866 §6).
    fn inherit(&mut self) {
        let session = |name: &str| self.session.iter().find_map(|line| line.value_of(name)).map(str::to_owned);
        let ice = session("ice-ufrag").zip(session("ice-pwd"));
        let fingerprint = session("fingerprint").as_deref().and_then(two_words);
        let setup = session("setup");
        let direction = self.session.iter().find_map(|line| Direction::from_name(line.attribute()?.0));
        for section in &mut self.sections {
            section.ice = section.ice.take().or_else(|| ice.clone());
            section.fingerprint = section.fingerprint.take().or_else(|| fingerprint.clone());
            section.setup = section.setup.take().or_else(|| setup.clone());
            let is_silent = section
                .lines
                .iter()
                .all(|line| line.attribute().is_none_or(|(name, _)| Direction::from_name(name).is_none()));
            if let (true, Some(direction)) = (is_silent, direction) {
                section.direction = direction;
            }
        }
    }
}

impl Section {
    fn begin(line: Line) -> Self {
        let mut words = line.value.split_ascii_whitespace();
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (kind, port, protocol) = (word(), word(), word());
        // `54400/2` counts ports.
        let port = port.split('/').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        let formats: Vec<_> = words.map(str::to_owned).collect();
        let is_rtp = protocol.contains("RTP/");
        let codec = |payload_type: &String| Codec::of_payload_type(payload_type);
        Self {
            kind,
            port,
            protocol,
            codecs: if is_rtp { formats.iter().map(codec).collect() } else { Vec::new() },
            formats,
            mid: None,
            direction: Direction::default(),
            header_extensions: Vec::new(),
            ice: None,
            fingerprint: None,
            setup: None,
            msid: Vec::new(),
            rids: Vec::new(),
            simulcast: None,
            has_rtcp_mux: false,
            is_bundle_only: false,
            max_message_size: None,
            candidates: Vec::new(),
            lines: vec![line],
        }
    }

    /// Whether the other side, or this one, refuses the section: port 0 without `bundle-only` (RFC 8843 §6).
    pub fn is_rejected(&self) -> bool {
        self.port == 0 && !self.is_bundle_only
    }

    fn add(&mut self, line: Line) {
        if let Some((name, value)) = line.attribute() {
            self.read(name, value);
        }
        self.lines.push(line);
    }

    fn read(&mut self, name: &str, value: &str) {
        match name {
            "mid" => self.mid = Some(value.to_owned()),
            "rtpmap" => {
                let Some((codec, (name, rest))) =
                    self.codec_value(value).and_then(|(codec, value)| Some((codec, value.split_once('/')?)))
                else {
                    return;
                };
                let mut numbers = rest.split('/').map(|number| number.trim().parse::<u32>());
                codec.name = name.to_owned();
                codec.clock_rate = numbers.next().and_then(Result::ok).unwrap_or_default();
                codec.channels = numbers.next().and_then(Result::ok);
            }
            "fmtp" => {
                if let Some((codec, value)) = self.codec_value(value) {
                    let parameters = value.split(';').map(str::trim).filter(|parameter| !parameter.is_empty());
                    codec.parameters.extend(parameters.map(str::to_owned));
                }
            }
            "rtcp-fb" => {
                let Some((payload_type, feedback)) = value.split_once(' ') else { return };
                for codec in self.codecs.iter_mut().filter(|codec| ["*", &codec.payload_type].contains(&payload_type)) {
                    codec.feedback.push(feedback.to_owned());
                }
            }
            "extmap" => {
                let Some((id, rest)) = value.split_once(' ') else { return };
                let (id, direction) = id.split_once('/').map_or((id, None), |(id, way)| (id, Some(way.to_owned())));
                let uri = rest.split_ascii_whitespace().next().unwrap_or_default().to_owned();
                self.header_extensions.push(HeaderExtension { id: id.to_owned(), direction, uri });
            }
            "ice-ufrag" => self.ice.get_or_insert_default().0 = value.to_owned(),
            "ice-pwd" => self.ice.get_or_insert_default().1 = value.to_owned(),
            "fingerprint" => self.fingerprint = two_words(value),
            "setup" => self.setup = Some(value.to_owned()),
            "msid" => self.msid.push(value.to_owned()),
            "rid" => self.rids.extend(two_words(value)),
            "simulcast" => self.simulcast = Some(value.trim().to_owned()),
            "rtcp-mux" => self.has_rtcp_mux = true,
            "bundle-only" => self.is_bundle_only = true,
            "max-message-size" => self.max_message_size = value.trim().parse().ok(),
            "candidate" => self.candidates.push(value.parse()),
            _ => self.direction = Direction::from_name(name).unwrap_or(self.direction),
        }
    }

    /// The codec whose payload type begins `value`, and the rest of it.
    fn codec_value<'a>(&mut self, value: &'a str) -> Option<(&mut Codec, &'a str)> {
        let (payload_type, rest) = value.split_once(' ')?;
        Some((self.codecs.iter_mut().find(|codec| codec.payload_type == payload_type)?, rest))
    }
}

/// The first word, and the second.
fn two_words(value: &str) -> Option<(String, String)> {
    let mut words = value.split_ascii_whitespace();
    Some((words.next()?.to_owned(), words.next()?.to_owned()))
}
