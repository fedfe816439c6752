//! Writing requests and reading responses, for clients.

use std::net::SocketAddr;

use stun_types::{
    attribute::{
        ErrorCode, Fingerprint, MessageIntegrity, Nonce, Realm, UnknownAttributes, Username, XorMappedAddress,
    },
    message::{
        IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials, Message, MessageClass, MessageType, MessageWriteVec,
        Method, TransactionId,
    },
    prelude::*,
};
use turn_types::{
    attribute::{AddressErrorCode, Data, Lifetime, RequestedTransport, XorPeerAddress, XorRelayedAddress},
    message::{ALLOCATE, DATA, SEND},
};
use vitrine_turn::Credentials;

pub const REALM: &str = "vitrine";

/// A request under construction. Its transaction id can be set, for retransmissions.
pub struct Request {
    writer: MessageWriteVec,
}

pub fn request(method: Method) -> Request {
    request_again(method, TransactionId::generate())
}

pub fn request_again(method: Method, transaction: TransactionId) -> Request {
    let kind = MessageType::from_class_method(MessageClass::Request, method);
    Request { writer: Message::builder(kind, transaction, MessageWriteVec::new()) }
}

/// An Allocate request with the required attributes.
pub fn allocate() -> Request {
    request(ALLOCATE).with(&RequestedTransport::new(RequestedTransport::UDP))
}

impl Request {
    pub fn with(mut self, attribute: &dyn AttributeWrite) -> Self {
        self.writer.add_attribute(attribute).unwrap();
        self
    }

    pub fn peer(self, peer: SocketAddr) -> Self {
        let transaction = self.writer.transaction_id();
        self.with(&XorPeerAddress::new(peer, transaction))
    }

    /// Adds raw attributes, which may be malformed.
    pub fn raw(mut self, attributes: &[u8]) -> Self {
        self.writer.push_data(attributes);
        let length = u16::try_from(self.writer.len() - 20).unwrap();
        self.writer[2..4].copy_from_slice(&length.to_be_bytes());
        self
    }

    pub fn plain(self) -> Vec<u8> {
        self.writer.finish()
    }

    pub fn with_fingerprint(mut self) -> Vec<u8> {
        self.writer.add_fingerprint().unwrap();
        self.writer.finish()
    }

    pub fn signed(self, credentials: &Credentials, nonce: &str) -> Vec<u8> {
        self.signed_in(credentials, REALM, nonce)
    }

    pub fn signed_in(self, credentials: &Credentials, realm: &str, nonce: &str) -> Vec<u8> {
        let mut signed = self
            .with(&Username::new(&credentials.username).unwrap())
            .with(&Realm::new(realm).unwrap())
            .with(&Nonce::new(nonce).unwrap());
        signed.writer.add_message_integrity_with_key(&key(credentials, realm), IntegrityAlgorithm::Sha1).unwrap();
        signed.writer.finish()
    }
}

pub fn key(credentials: &Credentials, realm: &str) -> IntegrityKey {
    let Credentials { username, password } = credentials.clone();
    LongTermKeyCredentials::new(username, password, realm.to_owned()).make_key(IntegrityAlgorithm::Sha1)
}

pub fn send_indication(peer: SocketAddr, data: &[u8]) -> Vec<u8> {
    let mut writer = Message::builder_indication(SEND, MessageWriteVec::new());
    let transaction = writer.transaction_id();
    writer.add_attribute(&XorPeerAddress::new(peer, transaction)).unwrap();
    writer.add_attribute(&Data::new(data)).unwrap();
    writer.finish()
}

/// Channel data with the padding of streams, which is harmless over UDP.
pub fn channel_data(number: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = [&number.to_be_bytes()[..], &u16::try_from(data.len()).unwrap().to_be_bytes(), data].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A message from the relay.
#[derive(Debug, PartialEq)]
pub enum Incoming {
    Response(Response),
    Data { peer: SocketAddr, data: Vec<u8> },
    ChannelData { number: u16, data: Vec<u8> },
}

#[derive(Debug, Default, PartialEq)]
pub struct Response {
    pub method: u16,
    pub code: Option<u16>,
    pub transaction: u128,
    pub relayed: Option<SocketAddr>,
    pub mapped: Option<SocketAddr>,
    pub lifetime: Option<u32>,
    pub realm: Option<String>,
    pub nonce: Option<String>,
    pub unknown: Vec<u8>,
    pub additional_family_refused: bool,
    pub signed: bool,
    pub fingerprint: bool,
}

impl Response {
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, None);
        self
    }
}

pub fn read(bytes: &[u8]) -> Incoming {
    if bytes[0] >= 64 {
        let number = u16::from_be_bytes([bytes[0], bytes[1]]);
        let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
        return Incoming::ChannelData { number, data: bytes[4..4 + length].to_vec() };
    }
    let message = Message::from_bytes(bytes).unwrap();
    let transaction = message.transaction_id();
    if message.class() == MessageClass::Indication {
        assert_eq!(message.method(), DATA);
        let peer = message.attribute::<XorPeerAddress>().unwrap().addr(transaction);
        let data = message.attribute::<Data>().unwrap().data().to_vec();
        return Incoming::Data { peer, data };
    }
    let code = message.attribute::<ErrorCode>().ok().map(|error| error.code());
    assert_eq!(code.is_some(), message.class() == MessageClass::Error);
    Incoming::Response(Response {
        method: message.method().value(),
        code,
        transaction: transaction.into(),
        relayed: message.attribute::<XorRelayedAddress>().ok().map(|address| address.addr(transaction)),
        mapped: message.attribute::<XorMappedAddress>().ok().map(|address| address.addr(transaction)),
        lifetime: message.attribute::<Lifetime>().ok().map(|lifetime| lifetime.seconds()),
        realm: message.attribute::<Realm>().ok().map(|realm| realm.realm().to_owned()),
        nonce: message.attribute::<Nonce>().ok().map(|nonce| nonce.nonce().to_owned()),
        unknown: message.raw_attribute(UnknownAttributes::TYPE).map(|raw| raw.value.to_vec()).unwrap_or_default(),
        additional_family_refused: message.attribute::<AddressErrorCode>().is_ok(),
        signed: message.has_attribute(MessageIntegrity::TYPE),
        fingerprint: message.has_attribute(Fingerprint::TYPE),
    })
}

#[track_caller]
pub fn response(bytes: &[u8]) -> Response {
    match read(bytes) {
        Incoming::Response(response) => response,
        other => panic!("{other:?}"),
    }
}
