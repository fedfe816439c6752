//! Limits on JSON text before it is parsed. `JSON.parse` and `serde-wasm-bindgen` have none, and tagged enums are read by
//! recursion, so a text of brackets would exhaust the stack. The check does not validate JSON.

use crate::signaling::MAX_DESCRIPTION_BYTES;

/// Longest text that is parsed, in bytes. Vitrine's own messages are less than half as long.
pub const MAX_BYTES: usize = 2 * MAX_DESCRIPTION_BYTES;

/// Deepest nesting of arrays and objects that is parsed. Messages have four levels.
pub const MAX_DEPTH: usize = 64;

/// Why a text is not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// The text is longer than [`MAX_BYTES`].
    #[error("the text has {0} bytes, more than {MAX_BYTES}")]
    TooLong(usize),
    /// The text is nested more than [`MAX_DEPTH`] levels deep.
    #[error("the text is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
}

/// Checks size and nesting. The nesting of text that is not JSON may be counted wrong; the parser rejects it anyway.
///
/// ```
/// use vitrine_protocol::json_limits::{LimitError, check};
///
/// assert_eq!(check(r#"{"sdp": "[[[ \" ]"}"#), Ok(()));
/// assert_eq!(check(&"[".repeat(65)), Err(LimitError::TooDeep));
/// ```
///
/// # Errors
/// The limit that the text exceeds.
pub fn check(text: &str) -> Result<(), LimitError> {
    if text.len() > MAX_BYTES {
        return Err(LimitError::TooLong(text.len()));
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    // Bytes of characters outside ASCII are above 127, so none looks like a bracket.
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(LimitError::TooDeep);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}
