//! Reading and writing messages, on top of the codecs of `stun-types` and `turn-types`: the parts that all requests and
//! responses share. What attributes mean is [`crate::session`]'s business.

use std::net::SocketAddr;

use stun_types::{
    attribute::{
        AttributeType, ErrorCode, Fingerprint, MessageIntegrity, Nonce, RawAttribute, Realm, UnknownAttributes,
        Username, XorMappedAddress,
    },
    message::{
        IntegrityAlgorithm, IntegrityKey, Message, MessageClass, MessageType, MessageWriteMutSlice, MessageWriteVec,
        Method, TransactionId,
    },
    prelude::*,
};
use tracing::dispatcher::{self, Dispatch};
use turn_types::{
    attribute::{
        ChannelNumber, Data, EvenPort, Lifetime, RequestedAddressFamily, RequestedTransport, ReservationToken,
        XorPeerAddress, XorRelayedAddress,
    },
    message::DATA,
};

/// The longest message: the payload of a UDP datagram over IPv4.
const MAX_MESSAGE: usize = 65_507;

/// Bytes before the data of a ChannelData message (RFC 8656 section 12.4).
pub(crate) const CHANNEL_HEADER: usize = 4;

/// The comprehension-required attributes that are understood (RFC 8489 section 14). DONT-FRAGMENT is missing because
/// the relay cannot honour it: RFC 8656 section 7.2 asks to treat it as unknown then.
const UNDERSTOOD: &[AttributeType] = &[
    Username::TYPE,
    MessageIntegrity::TYPE,
    ErrorCode::TYPE,
    UnknownAttributes::TYPE,
    Realm::TYPE,
    Nonce::TYPE,
    XorMappedAddress::TYPE,
    ChannelNumber::TYPE,
    Lifetime::TYPE,
    XorPeerAddress::TYPE,
    Data::TYPE,
    XorRelayedAddress::TYPE,
    RequestedAddressFamily::TYPE,
    EvenPort::TYPE,
    RequestedTransport::TYPE,
    ReservationToken::TYPE,
];

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    BadRequest,
    Unauthorized,
    Forbidden,
    UnknownAttributes(Vec<AttributeType>),
    AllocationMismatch,
    StaleNonce,
    AddressFamilyNotSupported,
    WrongCredentials,
    UnsupportedTransport,
    PeerAddressFamilyMismatch,
    AllocationQuotaReached,
    InsufficientCapacity,
}

/// Every code that a [`Refusal`] can have.
pub(crate) const REFUSAL_CODES: [u16; 12] = [400, 401, 403, 420, 437, 438, 440, 441, 442, 443, 486, 508];

impl Refusal {
    /// The code of ERROR-CODE (RFC 8489 section 14.8, RFC 8656 section 19).
    pub(crate) fn code(&self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::UnknownAttributes(_) => 420,
            Self::AllocationMismatch => 437,
            Self::StaleNonce => 438,
            Self::AddressFamilyNotSupported => 440,
            Self::WrongCredentials => 441,
            Self::UnsupportedTransport => 442,
            Self::PeerAddressFamilyMismatch => 443,
            Self::AllocationQuotaReached => 486,
            Self::InsufficientCapacity => 508,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            // Unauthenticated senders receive these two: no byte more than needed, against amplification.
            Self::Unauthorized | Self::StaleNonce => "",
            Self::BadRequest => "Bad Request",
            Self::Forbidden => "Forbidden",
            Self::UnknownAttributes(_) => "Unknown Attribute",
            Self::AllocationMismatch => "Allocation Mismatch",
            Self::AddressFamilyNotSupported => "Address Family not Supported",
            Self::WrongCredentials => "Wrong Credentials",
            Self::UnsupportedTransport => "Unsupported Transport Protocol",
            Self::PeerAddressFamilyMismatch => "Peer Address Family Mismatch",
            Self::AllocationQuotaReached => "Allocation Quota Reached",
            Self::InsufficientCapacity => "Insufficient Capacity",
        }
    }
}

/// Parses one complete message. The codec's warnings are suppressed, or malformed messages of strangers would fill the
/// log.
pub(crate) fn parse(bytes: &[u8]) -> Option<Message<'_>> {
    let length = usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])) + 20;
    if bytes.len() != length || length > MAX_MESSAGE {
        return None;
    }
    dispatcher::with_default(&Dispatch::none(), || Message::from_bytes(bytes)).ok()
}

/// Reads an optional attribute.
///
/// # Errors
/// When it is present and malformed.
pub(crate) fn optional<'a, A>(message: &'a Message<'a>) -> Result<Option<A>, Refusal>
where
    A: AttributeFromRaw<'a> + AttributeStaticType,
{
    message.raw_attribute(A::TYPE).map(A::from_raw).transpose().map_err(|_| Refusal::BadRequest)
}

/// Reads a required attribute.
///
/// # Errors
/// When it is missing or malformed.
pub(crate) fn required<'a, A>(message: &'a Message<'a>) -> Result<A, Refusal>
where
    A: AttributeFromRaw<'a> + AttributeStaticType,
{
    optional(message)?.ok_or(Refusal::BadRequest)
}

/// The value of the first DATA attribute, borrowed from the message's bytes.
pub(crate) fn data<'a>(message: &Message<'_>, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (offset, attribute) = message.raw_attribute_and_offset(Data::TYPE)?;
    bytes.get(offset + 4..offset + 4 + usize::from(attribute.length()))
}

/// The comprehension-required attributes that are not understood.
pub(crate) fn unknown_required(message: &Message<'_>) -> Vec<AttributeType> {
    let types = message.iter_attributes().map(|(_, attribute)| attribute.get_type());
    types.filter(|kind| kind.comprehension_required() && !UNDERSTOOD.contains(kind)).collect()
}

/// The parts of a request that its response needs. They outlive the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestInfo {
    pub(crate) method: Method,
    pub(crate) transaction: TransactionId,
    /// Echo FINGERPRINT if the request had one (RFC 8489 section 14.7).
    pub(crate) fingerprint: bool,
}

impl RequestInfo {
    pub(crate) fn of(message: &Message<'_>) -> Self {
        Self {
            method: message.method(),
            transaction: message.transaction_id(),
            fingerprint: message.has_attribute(Fingerprint::TYPE),
        }
    }
}

/// A response under construction.
pub(crate) struct Response {
    writer: MessageWriteVec,
    info: RequestInfo,
}

impl Response {
    pub(crate) fn success(info: RequestInfo) -> Self {
        Self::new(info, MessageClass::Success)
    }

    pub(crate) fn error(info: RequestInfo, refusal: &Refusal) -> Self {
        let reason = refusal.reason();
        let mut value = Vec::with_capacity(4 + reason.len());
        let [class, number] = [refusal.code() / 100, refusal.code() % 100].map(|part| part.to_be_bytes()[1]);
        value.extend_from_slice(&[0, 0, class, number]);
        value.extend_from_slice(reason.as_bytes());
        let response = Self::new(info, MessageClass::Error).add(&RawAttribute::new(ErrorCode::TYPE, &value));
        match refusal {
            Refusal::UnknownAttributes(types) => response.add(&UnknownAttributes::new(types)),
            _ => response,
        }
    }

    fn new(info: RequestInfo, class: MessageClass) -> Self {
        let kind = MessageType::from_class_method(class, info.method);
        Self { writer: Message::builder(kind, info.transaction, MessageWriteVec::with_capacity(128)), info }
    }

    pub(crate) fn add(mut self, attribute: &dyn AttributeWrite) -> Self {
        // It fails after MESSAGE-INTEGRITY, which is added last, and beyond 64 KiB.
        let added = self.writer.add_attribute(attribute);
        debug_assert!(added.is_ok(), "{added:?}");
        self
    }

    pub(crate) fn text(self, kind: AttributeType, text: &str) -> Self {
        self.add(&RawAttribute::new(kind, text.as_bytes()))
    }

    /// Finishes the message, with MESSAGE-INTEGRITY if there is a key.
    pub(crate) fn finish(mut self, key: Option<&IntegrityKey>) -> Vec<u8> {
        if let Some(key) = key {
            let added = self.writer.add_message_integrity_with_key(key, IntegrityAlgorithm::Sha1);
            debug_assert!(added.is_ok(), "{added:?}");
        }
        if self.info.fingerprint {
            let added = self.writer.add_fingerprint();
            debug_assert!(added.is_ok(), "{added:?}");
        }
        self.writer.finish()
    }
}

/// Replaces `out` with a Data indication (RFC 8656 section 11.4).
pub(crate) fn write_data_indication(peer: SocketAddr, data: &[u8], out: &mut Vec<u8>) {
    let transaction = TransactionId::generate();
    let (peer, data) = (XorPeerAddress::new(peer, transaction), Data::new(data));
    out.clear();
    out.resize(20 + peer.padded_len() + data.padded_len(), 0);
    let kind = MessageType::from_class_method(MessageClass::Indication, DATA);
    let mut writer = Message::builder(kind, transaction, MessageWriteMutSlice::new(out));
    let written = writer.add_attribute(&peer).and_then(|()| writer.add_attribute(&data));
    debug_assert!(written.is_ok(), "{written:?}");
}

/// Replaces `out` with a ChannelData message (RFC 8656 section 12.4). On a stream, it is padded to a multiple of four
/// (section 12.5).
pub(crate) fn write_channel_data(number: u16, data: &[u8], padded: bool, out: &mut Vec<u8>) {
    // A datagram is shorter than 64 KiB.
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    out.clear();
    out.extend_from_slice(&number.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&data[..usize::from(length)]);
    if padded {
        out.resize(out.len().next_multiple_of(4), 0);
    }
}

/// The channel number and the data of a ChannelData message. Bytes after the data are padding.
pub(crate) fn read_channel_data(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<CHANNEL_HEADER>()?;
    let [number, length] = [[header[0], header[1]], [header[2], header[3]]].map(u16::from_be_bytes);
    Some((number, rest.get(..usize::from(length))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use tracing::{
        Event, Metadata, Subscriber,
        span::{Attributes, Id, Record},
    };

    /// Counts log events.
    #[derive(Clone, Default)]
    struct Log(Arc<AtomicUsize>);

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Relaxed);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn malformed_message_is_not_logged() {
        let log = Log::default();
        tracing::subscriber::with_default(log.clone(), || {
            let mut bytes = Message::builder_request(stun_types::message::BINDING, MessageWriteVec::new()).finish();
            // An attribute that is longer than the message.
            bytes.extend_from_slice(&[0x80, 0x22, 0, 9]);
            bytes[3] = 4;
            assert!(Message::from_bytes(&bytes).is_err());
            let before = log.0.load(Relaxed);
            assert!(before > 0);
            assert!(parse(&bytes).is_none());
            assert_eq!(log.0.load(Relaxed), before);
        });
    }
}
