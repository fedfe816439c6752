//! A recording as it lies on a disk: bytes, which Chromium packs with gzip. Unpacking is bounded, and a damaged file gives what
//! comes before the damage. In a browser, the browser unpacks. What the text means is read elsewhere.

use super::{Note, NoteKind, Trace, TraceError};

/// How a file that gzip has packed begins (RFC 1952 §2.3.1).
pub const GZIP: [u8; 2] = [0x1f, 0x8b];

impl Trace {
    /// As [`Trace::read`], from bytes. What is no UTF-8 is replaced: an error about the format says more.
    ///
    /// # Errors
    /// If nothing of it can be read.
    pub fn read_bytes(bytes: Vec<u8>) -> Result<Self, TraceError> {
        let text = String::from_utf8(bytes);
        Self::read(&text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// As [`Trace::read`], from the bytes of a file, packed with gzip or not.
    ///
    /// # Errors
    /// If nothing of it can be read.
    #[cfg(not(target_family = "wasm"))]
    pub fn read_file(bytes: Vec<u8>) -> Result<Self, TraceError> {
        use std::io::Read;
        if !bytes.starts_with(&GZIP) {
            return Self::read_bytes(bytes);
        }
        let mut unpacked = Vec::new();
        let most = super::MAX_BYTES as u64 + 1;
        let result = flate2::read::MultiGzDecoder::new(&*bytes).take(most).read_to_end(&mut unpacked);
        Self::read_unpacked(unpacked, result.err().map(|error| error.to_string()))
    }

    /// As [`Trace::read_bytes`], from what was unpacked of a file before the `damage`, if there is any.
    ///
    /// # Errors
    /// If nothing of it can be read.
    pub fn read_unpacked(bytes: Vec<u8>, damage: Option<String>) -> Result<Self, TraceError> {
        let Some(damage) = damage else { return Self::read_bytes(bytes) };
        if bytes.is_empty() {
            return Err(TraceError::Damaged(damage));
        }
        let mut trace = Self::read_bytes(bytes)?;
        let reason = format!("the compressed file is damaged: {damage}");
        trace.notes.push(Note { kind: NoteKind::Truncated, line: None, column: None, reason });
        Ok(trace)
    }
}
