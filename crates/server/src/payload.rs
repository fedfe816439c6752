//! The data of one client event, parsed only as far as forwarding needs: descriptions and candidates stay the browser's
//! text, byte for byte.

use std::borrow::Cow;

use serde::{
    Deserialize, Serialize, Serializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use vitrine_protocol::signaling::{ErrorCode, event, max_payload_bytes};

/// The events that clients send.
const EVENTS: [&str; 7] = [
    event::CREATE_ROOM,
    event::JOIN_ROOM,
    event::ICE_SERVERS,
    event::LEAVE_ROOM,
    event::OFFER,
    event::ANSWER,
    event::ICE_CANDIDATE,
];

/// The name of an event, read without parsing its arguments; `None` if the text is no event or the event is unknown.
pub fn event_name(array: &str) -> Option<&'static str> {
    let name = array.trim_start().strip_prefix('[')?.trim_start().strip_prefix('"')?;
    let (name, _) = name.split_once('"')?;
    EVENTS.into_iter().find(|known| *known == name)
}

/// The first argument of an event, as JSON text; `None` if the event has none. The event is the text of an array: its
/// name, then its arguments.
///
/// # Errors
/// [`ErrorCode::PayloadTooLarge`] when all arguments together are larger than [`max_payload_bytes`];
/// [`ErrorCode::MalformedPayload`] when the text is not JSON.
pub fn first_argument<'a>(event: &str, array: &'a str) -> Result<Option<&'a RawValue>, ErrorCode> {
    let array: Vec<&RawValue> = serde_json::from_str(array).map_err(|_| ErrorCode::MalformedPayload)?;
    let arguments = array.get(1..).unwrap_or_default();
    if arguments.iter().map(|argument| argument.get().len()).sum::<usize>() > max_payload_bytes(event) {
        return Err(ErrorCode::PayloadTooLarge);
    }
    Ok(arguments.first().copied())
}

/// Reads a JSON string.
///
/// # Errors
/// [`ErrorCode::MalformedPayload`] when the argument is missing or no string.
pub fn string(argument: Option<&RawValue>) -> Result<Cow<'_, str>, ErrorCode> {
    let text: Option<Text<'_>> = argument.and_then(|json| serde_json::from_str(json.get()).ok());
    text.map(|Text(text)| text).ok_or(ErrorCode::MalformedPayload)
}

/// A JSON string, copied only if it has escapes.
#[derive(Debug, Deserialize, Serialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// An offer, answer or candidate to forward: `{target, …}` as the sender wrote it.
#[derive(Debug)]
pub struct ForwardedEvent<'a> {
    /// The id of the recipient.
    pub target: Cow<'a, str>,
    /// The other fields, in the sender's order and spelling, without `from`, which the server sets.
    fields: Vec<(Text<'a>, &'a RawValue)>,
}

impl<'a> ForwardedEvent<'a> {
    /// Reads the target from a JSON object.
    ///
    /// # Errors
    /// [`ErrorCode::MalformedPayload`] when the argument is no object or has no string `target`.
    pub fn parse(argument: Option<&'a RawValue>) -> Result<Self, ErrorCode> {
        let json = argument.ok_or(ErrorCode::MalformedPayload)?.get();
        let Fields(mut fields) = serde_json::from_str(json).map_err(|_| ErrorCode::MalformedPayload)?;
        // The last of several fields with the same name counts, as in a browser's JSON.parse.
        let target = fields.iter().rev().find(|(name, _)| name.0 == "target");
        let target = string(target.map(|(_, value)| *value))?;
        fields.retain(|(name, _)| name.0 != "target" && name.0 != "from");
        Ok(Self { target, fields })
    }

    /// The object for the recipient: the sender's fields, and `from`.
    pub fn with_sender(&'a self, from: &'a str) -> impl Serialize + 'a {
        WithSender { from, fields: &self.fields }
    }
}

struct WithSender<'a> {
    from: &'a str,
    fields: &'a [(Text<'a>, &'a RawValue)],
}

impl Serialize for WithSender<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(Some(self.fields.len() + 1))?;
        map.serialize_entry("from", self.from)?;
        for (name, value) in self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A JSON object, in its own order, with unparsed values.
struct Fields<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(ObjectVisitor)
    }
}
