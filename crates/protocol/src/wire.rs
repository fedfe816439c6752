//! How the page reads and writes the messages of [`crate::signaling`] as [`Json`]. Field by field, by hand, for the
//! sake of the download; the derives beside the types are what the server uses, and a test holds the two together.

use crate::{
    json::{Json, NoField},
    signaling::{
        Acquaintance, DescriptionTag, Entered, ErrorCode, IceCandidate, IceServer, IceServers, Introduction, Refused,
        RequestError, SdpType, SessionDescription, UserId,
    },
};

/// A message, or a part of one, that the page reads.
pub trait Read: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// The field that lacks or does not fit.
    fn read(json: &Json) -> Result<Self, NoField>;

    /// For a field of a message.
    fn at(json: &Json) -> Option<Self> {
        Self::read(json).ok()
    }
}

/// The value of `words` whose word it is.
fn word<T: Copy>(json: &Json, words: &[(T, &str)]) -> Option<T> {
    let text = json.text()?;
    words.iter().find(|(_, word)| *word == text).map(|(value, _)| *value)
}

fn named<T: Copy + PartialEq>(value: T, words: &[(T, &'static str)]) -> Json {
    words.iter().find(|(known, _)| *known == value).map_or(Json::Null, |(_, word)| Json::from(*word))
}

fn count32(json: &Json) -> Option<u32> {
    json.to_count()?.try_into().ok()
}

const SDP_TYPES: &[(SdpType, &str)] = &[
    (SdpType::Offer, "offer"),
    (SdpType::Pranswer, "pranswer"),
    (SdpType::Answer, "answer"),
    (SdpType::Rollback, "rollback"),
];

const ACQUAINTANCES: &[(Acquaintance, &str)] =
    &[(Acquaintance::Unknown, "unknown"), (Acquaintance::Connected, "connected"), (Acquaintance::Stranger, "stranger")];

const ERROR_CODES: &[(ErrorCode, &str)] = &[
    (ErrorCode::InvalidRoomName, "invalid-room-name"),
    (ErrorCode::RoomExists, "room-exists"),
    (ErrorCode::RoomFull, "room-full"),
    (ErrorCode::AlreadyInRoom, "already-in-room"),
    (ErrorCode::NotInRoom, "not-in-room"),
    (ErrorCode::TargetNotInRoom, "target-not-in-room"),
    (ErrorCode::PayloadTooLarge, "payload-too-large"),
    (ErrorCode::MalformedPayload, "malformed-payload"),
    (ErrorCode::ShuttingDown, "shutting-down"),
    (ErrorCode::RateLimited, "rate-limited"),
];

impl SdpType {
    /// The type's name on the wire.
    pub fn name(self) -> &'static str {
        SDP_TYPES.iter().find(|(known, _)| *known == self).map_or("", |(_, name)| name)
    }
}

impl ErrorCode {
    /// Every code there is.
    pub fn all() -> impl Iterator<Item = Self> {
        ERROR_CODES.iter().map(|(code, _)| *code)
    }

    /// The code's name on the wire.
    pub fn name(self) -> &'static str {
        ERROR_CODES.iter().find(|(known, _)| *known == self).map_or("", |(_, name)| name)
    }
}

impl Read for UserId {
    fn read(json: &Json) -> Result<Self, NoField> {
        json.to_text().map(Self).ok_or(NoField("id"))
    }
}

impl From<&UserId> for Json {
    fn from(id: &UserId) -> Self {
        id.0.as_str().into()
    }
}

impl Read for SessionDescription {
    fn read(json: &Json) -> Result<Self, NoField> {
        // A missing text is empty, as in the browser; null is not a text.
        let sdp = match json {
            Json::Object(fields) if fields.iter().all(|(name, _)| name != "sdp") => String::new(),
            _ => json.need("sdp", Json::to_text)?,
        };
        Ok(Self {
            kind: json.need("type", |kind| word(kind, SDP_TYPES))?,
            sdp,
            tag: json.may("tag", DescriptionTag::at)?,
        })
    }
}

impl From<&SessionDescription> for Json {
    fn from(description: &SessionDescription) -> Self {
        Self::object([("type", description.kind.name().into()), ("sdp", description.sdp.as_str().into())])
            .with("tag", description.tag.as_ref())
    }
}

impl Read for DescriptionTag {
    fn read(json: &Json) -> Result<Self, NoField> {
        Ok(Self {
            connection: json.need("connection", Json::to_text)?,
            to: json.may("to", Json::to_text)?,
            serial: json.need("serial", count32)?,
            answers: json.may("answers", count32)?,
            polite: json.may("polite", Json::to_bool)?.unwrap_or_default(),
        })
    }
}

impl From<&DescriptionTag> for Json {
    fn from(tag: &DescriptionTag) -> Self {
        Self::object([("connection", tag.connection.as_str().into())])
            .with("to", tag.to.as_deref())
            .with("serial", Some(tag.serial))
            .with("answers", tag.answers)
            .with("polite", tag.polite.then_some(true))
    }
}

impl Read for IceCandidate {
    fn read(json: &Json) -> Result<Self, NoField> {
        let Json::Object(_) = json else { return Err(NoField("candidate")) };
        Ok(Self {
            candidate: json.may("candidate", Json::to_text)?.unwrap_or_default(),
            sdp_mid: json.may("sdpMid", Json::to_text)?,
            sdp_m_line_index: json.may("sdpMLineIndex", |index| index.to_count()?.try_into().ok())?,
            username_fragment: json.may("usernameFragment", Json::to_text)?,
            introduction: json.may("introduction", Introduction::at)?,
        })
    }
}

impl From<&IceCandidate> for Json {
    fn from(candidate: &IceCandidate) -> Self {
        Self::object([
            ("candidate", candidate.candidate.as_str().into()),
            ("sdpMid", candidate.sdp_mid.as_deref().into()),
            ("sdpMLineIndex", candidate.sdp_m_line_index.map(u32::from).into()),
            ("usernameFragment", candidate.username_fragment.as_deref().into()),
        ])
        .with("introduction", candidate.introduction.as_ref())
    }
}

impl Read for Introduction {
    fn read(json: &Json) -> Result<Self, NoField> {
        Ok(Self {
            session: json.need("session", Json::to_text)?,
            acquaintance: json.need("acquaintance", |acquaintance| word(acquaintance, ACQUAINTANCES))?,
        })
    }
}

impl From<&Introduction> for Json {
    fn from(introduction: &Introduction) -> Self {
        let acquaintance = named(introduction.acquaintance, ACQUAINTANCES);
        Self::object([("session", introduction.session.as_str().into()), ("acquaintance", acquaintance)])
    }
}

/// A list as in `RTCConfiguration.iceServers`. Where one cannot be read, it stands there as it is written, without its
/// credential, in place of a URL: no browser takes that, so it is skipped, and told of, like any other URL that is none.
pub fn ice_servers(json: &Json) -> Option<Vec<IceServer>> {
    let unreadable = |server: &Json| {
        let mut told = server.clone();
        if let Json::Object(fields) = &mut told {
            fields.retain(|(name, _)| name != "credential");
        }
        IceServer { urls: vec![told.encode()], username: None, credential: None }
    };
    Some(json.list()?.iter().map(|server| IceServer::at(server).unwrap_or_else(|| unreadable(server))).collect())
}

impl Read for IceServer {
    fn read(json: &Json) -> Result<Self, NoField> {
        let texts = |urls: &Json| urls.list()?.iter().map(Json::to_text).collect();
        let one_or_many = |urls: &Json| urls.to_text().map(|url| vec![url]).or_else(|| texts(urls));
        Ok(Self {
            urls: json.need("urls", one_or_many)?,
            username: json.may("username", Json::to_text)?,
            credential: json.may("credential", Json::to_text)?,
        })
    }
}

impl From<&IceServer> for Json {
    fn from(server: &IceServer) -> Self {
        let urls: Vec<&str> = server.urls.iter().map(String::as_str).collect();
        Self::object([("urls", urls.into())])
            .with("username", server.username.as_deref())
            .with("credential", server.credential.as_deref())
    }
}

/// Several of a kind.
impl<T: Read> Read for Vec<T> {
    fn read(json: &Json) -> Result<Self, NoField> {
        json.list().and_then(|values| values.iter().map(T::at).collect()).ok_or(NoField("list"))
    }
}

impl Read for RequestError {
    fn read(json: &Json) -> Result<Self, NoField> {
        Ok(Self {
            code: json.need("code", |code| word(code, ERROR_CODES))?,
            message: json.need("message", Json::to_text)?,
        })
    }
}

impl Read for Entered {
    fn read(json: &Json) -> Result<Self, NoField> {
        let Json::Object(_) = json else { return Err(NoField("success")) };
        Ok(Self {
            success: json.may("success", Json::to_bool)?.unwrap_or_default(),
            room_id: json.may("roomId", Json::to_text)?,
            existing_users: json.may("existingUsers", Vec::at)?,
            ice_servers: json.may("iceServers", ice_servers)?,
            ice_servers_lifetime: json.may("iceServersLifetime", Json::to_count)?,
            error: json.may("error", RequestError::at)?,
        })
    }
}

impl Read for IceServers {
    fn read(json: &Json) -> Result<Self, NoField> {
        let Entered { success, ice_servers, ice_servers_lifetime, error, .. } = Entered::read(json)?;
        Ok(Self { success, ice_servers, ice_servers_lifetime, error })
    }
}

impl Read for Refused {
    fn read(json: &Json) -> Result<Self, NoField> {
        Ok(Self { event: json.need("event", Json::to_text)?, error: json.need("error", RequestError::at)? })
    }
}
