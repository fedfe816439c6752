//! Socket.IO, protocol revision 5, over [`crate::engine_io`]: connections of the main namespace, events and their
//! acknowledgements. What the events mean is decided in [`crate::signaling`].
//!
//! A session's packets are taken one after the other, each whole, by whoever reads the session; so events arrive in the
//! order in which they were sent, none before the connection, none after its end.

use std::{ops::ControlFlow, sync::Arc};

use serde::Serialize;
use serde_json::json;

use crate::{
    connection_limiter::RateDecision,
    engine_io::Session,
    id::Id,
    signaling::{Request, Signaling},
};

/// A packet of a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Asks for a connection.
    Connect {
        /// The namespace, `/` being the main one.
        namespace: &'a str,
    },
    /// Ends the connection.
    Disconnect,
    /// An event.
    Event {
        /// The number to acknowledge it with, if the client wants that.
        ack: Option<u64>,
        /// Its name and arguments: the text of a JSON array, not looked into.
        array: &'a str,
        /// Attachments follow it. None of our events has any.
        binary: bool,
    },
    /// Acknowledges an event of ours. We ask for none.
    Ack,
}

impl<'a> Packet<'a> {
    /// Reads the data of an Engine.IO message; `None` if it is no packet.
    pub fn parse(text: &'a str) -> Option<Self> {
        let kind = *text.as_bytes().first()?;
        let mut rest = text.get(1..)?;
        let binary = matches!(kind, b'5' | b'6');
        if binary {
            let (attachments, after) = split_digits(rest);
            rest = after.strip_prefix('-').filter(|_| !attachments.is_empty())?;
        }
        let mut namespace = "/";
        if rest.starts_with('/') {
            (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
        }
        match kind {
            b'0' => Some(Self::Connect { namespace }),
            // Of namespaces that nobody can connect to.
            _ if namespace != "/" => Some(Self::Ack),
            b'1' => Some(Self::Disconnect),
            b'2' | b'5' => {
                let (digits, array) = split_digits(rest);
                let ack = if digits.is_empty() { None } else { Some(digits.parse().ok()?) };
                Some(Self::Event { ack, array, binary })
            }
            b'3' | b'6' => Some(Self::Ack),
            _ => None,
        }
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// Takes a packet; breaks when the session is to be ended.
pub fn receive(signaling: &Signaling, session: &Arc<Session>, text: &str) -> ControlFlow<()> {
    let excess = match session.permit.check_event(text.len()) {
        RateDecision::Allow => false,
        RateDecision::Refuse => true,
        RateDecision::Disconnect => {
            tracing::info!(user = ?session.user(), "disconnected: far too many events");
            let _ = session.send("41");
            return ControlFlow::Break(());
        }
    };
    match Packet::parse(text) {
        Some(Packet::Connect { namespace }) if !excess => connect(signaling, session, namespace)?,
        Some(Packet::Connect { .. } | Packet::Ack) => {}
        Some(Packet::Disconnect) => ended(signaling, session),
        Some(Packet::Event { ack, array, binary }) => {
            // Before it is connected, a client has nothing to say.
            let Some(user) = session.user() else { return ControlFlow::Continue(()) };
            signaling.handle_event(Request { user, session, ack, array, binary, excess });
        }
        None => {
            tracing::debug!("a packet that cannot be read");
            return ControlFlow::Break(());
        }
    }
    ControlFlow::Continue(())
}

fn connect(signaling: &Signaling, session: &Arc<Session>, namespace: &str) -> ControlFlow<()> {
    if namespace != "/" {
        let _ = session.send(format!("44{namespace},{}", json!({"message": "Invalid namespace"})));
    } else if session.user().is_none() {
        let Ok(user) = Id::random() else {
            tracing::error!("no random bytes from the system");
            return ControlFlow::Break(());
        };
        if !session.begin_user(user) {
            return ControlFlow::Break(());
        }
        tracing::debug!(%user, "connected");
        let _ = session.send(format!("40{}", json!({"sid": user.as_str()})));
        signaling.on_connected(user, session.clone());
    }
    ControlFlow::Continue(())
}

/// A connection has ended, or the session that carries it.
pub fn ended(signaling: &Signaling, session: &Session) {
    if let Some(user) = session.end_user() {
        tracing::debug!(%user, "disconnected");
        signaling.on_disconnected(user);
    }
}

/// The packet of an event with one argument.
pub fn event(name: &str, argument: &impl Serialize) -> String {
    packet("42".into(), &(name, argument))
}

/// The same, of about so many bytes.
pub fn event_with_capacity(bytes: usize, name: &str, argument: &impl Serialize) -> String {
    let mut start = Vec::with_capacity(bytes);
    start.extend_from_slice(b"42");
    packet(start, &(name, argument))
}

/// The packet of an acknowledgement.
pub fn acknowledgement(ack: u64, argument: &impl Serialize) -> String {
    packet(format!("43{ack}").into(), &(argument,))
}

fn packet(mut packet: Vec<u8>, values: &impl Serialize) -> String {
    let written = serde_json::to_writer(&mut packet, values).map_err(|error| error.to_string());
    written.and_then(|()| String::from_utf8(packet).map_err(|error| error.to_string())).unwrap_or_else(|error| {
        tracing::error!(error, "a packet that cannot be written");
        // Engine.IO's noop: nobody notices it.
        "6".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::Packet::{self, Ack, Connect, Disconnect, Event};

    #[test]
    fn packets_of_clients() {
        for (text, expected) in [
            ("0", Connect { namespace: "/" }),
            ("0{\"token\":\"x\"}", Connect { namespace: "/" }),
            ("0/admin,{}", Connect { namespace: "/admin" }),
            ("0/admin", Connect { namespace: "/admin" }),
            ("1", Disconnect),
            ("1/admin,", Ack),
            ("2[\"offer\"]", Event { ack: None, array: "[\"offer\"]", binary: false }),
            ("2/,17[\"offer\",1]", Event { ack: Some(17), array: "[\"offer\",1]", binary: false }),
            ("51-7[\"offer\"]", Event { ack: Some(7), array: "[\"offer\"]", binary: true }),
            ("312[]", Ack),
            ("61-12[]", Ack),
        ] {
            assert_eq!(Packet::parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_packet_is_none() {
        for text in ["", "7", "x", "한", "5[\"offer\"]", "5-[]", "2999999999999999999999[]"] {
            assert_eq!(Packet::parse(text), None, "{text}");
        }
    }
}
