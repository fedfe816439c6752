//! A recording as it lies on a disk: bytes, which Chromium packs with gzip. Unpacking is bounded, and a damaged file gives what
//! comes before the damage. What the text means is read elsewhere.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::{MAX_BYTES, Note, NoteKind, Trace, TraceError};

/// How a file that gzip has packed begins (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

impl Trace {
    /// As [`Trace::read`], from the bytes of a file, packed with gzip or not. What is no UTF-8 is replaced: an error about the
    /// format says more.
    ///
    /// # Errors
    /// If nothing of it can be read.
    pub fn read_file(bytes: Vec<u8>) -> Result<Self, TraceError> {
        let (bytes, damage) = if bytes.starts_with(&GZIP) { unpack(&bytes)? } else { (bytes, None) };
        let text =
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        let mut trace = Self::read(&text)?;
        trace.notes.extend(damage);
        Ok(trace)
    }
}

/// Returns what was packed, no more than is used, and what is wrong with the rest.
fn unpack(packed: &[u8]) -> Result<(Vec<u8>, Option<Note>), TraceError> {
    let mut bytes = Vec::new();
    match MultiGzDecoder::new(packed).take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes) {
        Ok(_) => Ok((bytes, None)),
        Err(error) if bytes.is_empty() => Err(TraceError::Damaged(error.to_string())),
        Err(error) => {
            let reason = format!("the compressed file is damaged: {error}");
            Ok((bytes, Some(Note { kind: NoteKind::Truncated, line: None, column: None, reason })))
        }
    }
}
