//! Reads a file that a person chose, and unpacks it if gzip has packed it. What is in it is read elsewhere.

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, ReadableStream, ReadableStreamDefaultReader, ReadableStreamReadResult};

use super::JsError;

#[wasm_bindgen]
extern "C" {
    /// `DecompressionStream` (Compression Streams §6): one stream to write into, one to read from.
    type DecompressionStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

/// What was read of a file.
#[derive(Debug, Default)]
pub struct FileContent {
    /// The bytes, unpacked.
    pub bytes: Vec<u8>,
    /// Why the rest could not be unpacked, if there is one.
    pub damage: Option<String>,
}

/// Reads `file`; one that begins with `packed` is unpacked. Reading ends where more than `most` bytes were read.
///
/// # Errors
/// If the browser cannot read it.
pub async fn read_file(file: &File, packed: [u8; 2], most: usize) -> Result<FileContent, JsError> {
    let head = JsFuture::from(file.slice_with_f64_and_f64(0.0, packed.len() as f64)?.array_buffer()).await?;
    let is_packed = Uint8Array::new(&head).to_vec() == packed;
    let stream = file.stream();
    let stream = if is_packed {
        stream.pipe_through(DecompressionStream::new("gzip")?.unchecked_ref::<JsValue>().unchecked_ref())
    } else {
        stream
    };
    let mut content = FileContent::default();
    match read_stream(&stream, most, &mut content.bytes).await {
        Err(error) if is_packed => content.damage = Some(error.to_string()),
        result => result?,
    }
    Ok(content)
}

async fn read_stream(stream: &ReadableStream, most: usize, bytes: &mut Vec<u8>) -> Result<(), JsError> {
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    loop {
        let result: ReadableStreamReadResult = JsFuture::from(reader.read()).await?.unchecked_into();
        if result.get_done() == Some(true) {
            return Ok(());
        }
        let chunk: Uint8Array = result.get_value().unchecked_into();
        let start = bytes.len();
        bytes.resize(start + chunk.length() as usize, 0);
        chunk.copy_to(&mut bytes[start..]);
        if bytes.len() > most {
            // The rest is not needed, and a failure to say so changes nothing.
            let _ = JsFuture::from(reader.cancel()).await;
            return Ok(());
        }
    }
}
