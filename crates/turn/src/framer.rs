//! Splits a stream into messages (RFC 8489 section 6.2.2, RFC 8656 section 12.5). STUN and ChannelData both have a
//! length in their header. Only lengths are read, and one message at most is buffered.

use thiserror::Error;

use crate::wire::CHANNEL_HEADER;

/// The longest message on a stream, in bytes: far more than a packet of any network in use.
pub const MAX_STREAM_MESSAGE: usize = 16 * 1024;

const STUN_HEADER: usize = 20;

/// Why a stream cannot be read any further: the start of its next message is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The first byte begins neither STUN nor ChannelData.
    #[error("neither a STUN message nor channel data")]
    Unknown,
    /// The message would be longer than [`MAX_STREAM_MESSAGE`].
    #[error("a message of more than {MAX_STREAM_MESSAGE} bytes")]
    TooLong,
}

/// Buffers the bytes of a stream and returns its messages.
pub struct Framer {
    buffer: Box<[u8]>,
    /// The start of the next message and the end of the received bytes, as indices.
    begin: usize,
    end: usize,
}

impl Default for Framer {
    fn default() -> Self {
        Self { buffer: vec![0; MAX_STREAM_MESSAGE].into_boxed_slice(), begin: 0, end: 0 }
    }
}

impl Framer {
    /// The buffer for the next bytes of the stream; call [`Framer::received`] after filling it. It is never empty after
    /// [`Framer::next_message`] has returned `None`.
    pub fn space(&mut self) -> &mut [u8] {
        if self.begin > 0 {
            self.buffer.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
        }
        &mut self.buffer[self.end..]
    }

    /// Records that `count` bytes were written to the beginning of [`Framer::space`].
    pub fn received(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }

    /// The next complete message, without the padding of channel data.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn next_message(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let Some((length, padded)) = frame(&self.buffer[self.begin..self.end])? else { return Ok(None) };
        if padded > self.end - self.begin {
            return Ok(None);
        }
        let begin = self.begin;
        self.begin += padded;
        Ok(Some(&self.buffer[begin..begin + length]))
    }
}

/// The length of the message at the start of `bytes`, without and with padding; `None` if its header is incomplete.
fn frame(bytes: &[u8]) -> Result<Option<(usize, usize)>, FrameError> {
    let &[first, _, high, low, ..] = bytes else {
        return match bytes.first() {
            Some(&first) => kind(first).map(|_| None),
            None => Ok(None),
        };
    };
    let length = kind(first)? + usize::from(u16::from_be_bytes([high, low]));
    let padded = length.next_multiple_of(4);
    if padded > MAX_STREAM_MESSAGE { Err(FrameError::TooLong) } else { Ok(Some((length, padded))) }
}

/// The header length of a message that begins with `first` (RFC 5766 section 11).
fn kind(first: u8) -> Result<usize, FrameError> {
    match first {
        0..=3 => Ok(STUN_HEADER),
        64..=127 => Ok(CHANNEL_HEADER),
        _ => Err(FrameError::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds `stream` in pieces of `piece` bytes.
    fn messages(stream: &[u8], piece: usize) -> Result<Vec<Vec<u8>>, FrameError> {
        let mut framer = Framer::default();
        let mut messages = Vec::new();
        let mut rest = stream;
        while !rest.is_empty() {
            let space = framer.space();
            assert!(!space.is_empty());
            let count = piece.min(rest.len()).min(space.len());
            space[..count].copy_from_slice(&rest[..count]);
            framer.received(count);
            rest = &rest[count..];
            while let Some(message) = framer.next_message()? {
                messages.push(message.to_vec());
            }
        }
        Ok(messages)
    }

    fn stun(length: u8) -> Vec<u8> {
        let mut message = vec![0, 1, 0, length];
        message.resize(20 + usize::from(length), 7);
        message
    }

    #[test]
    fn messages_are_complete_however_the_stream_is_split() {
        let channel_data = [0x40, 1, 0, 3, 1, 2, 3];
        let stream = [&stun(8)[..], &channel_data, &[0], &stun(0), &[0x4f, 0xff, 0, 0]].concat();
        for piece in 1..stream.len() {
            let expected = [&stun(8)[..], &channel_data, &stun(0), &[0x4f, 0xff, 0, 0]];
            assert_eq!(messages(&stream, piece).unwrap(), expected, "pieces of {piece}");
        }
    }

    #[test]
    fn longest_message_is_accepted() {
        let mut message = vec![0x40, 0, 0x3f, 0xfc];
        message.resize(MAX_STREAM_MESSAGE, 1);
        assert_eq!(messages(&[&message[..], &message].concat(), 1000).unwrap(), [&message[..], &message]);
    }

    #[test]
    fn longer_message_is_an_error_at_its_header() {
        assert_eq!(messages(&[0x40, 0, 0x3f, 0xfd], 4), Err(FrameError::TooLong));
        assert_eq!(messages(&[0, 1, 0xff, 0xff], 4), Err(FrameError::TooLong));
    }

    #[test]
    fn another_protocol_is_an_error_at_its_first_byte() {
        for first in (4..64).chain(128..=255) {
            assert_eq!(messages(&[first], 1), Err(FrameError::Unknown), "{first}");
        }
    }

    proptest! {
        #[test]
        fn any_stream_is_split_the_same_in_pieces_of_any_size(
            stream in proptest::collection::vec(prop_oneof![0..4u8, 64..80u8, any::<u8>()], 0..300),
            piece in 1..40usize,
        ) {
            prop_assert_eq!(messages(&stream, piece), messages(&stream, stream.len().max(1)));
        }
    }
}
