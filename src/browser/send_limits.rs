//! How much of a picture is sent to one peer. How much it should be is decided in [`crate::call`].

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::{JsError, externs::Sender};

/// What may be sent of a screen, for one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendLimits {
    /// Frames each second.
    pub frames_per_second: u32,
    /// Bits each second.
    pub bits_per_second: u32,
}

/// Limits what `sender` sends.
pub async fn limit(sender: &Sender, limits: SendLimits) -> Result<(), JsError> {
    let parameters = sender.parameters();
    let encodings = js_sys::Reflect::get(&parameters, &"encodings".into())?;
    for encoding in js_sys::Array::from(&encodings).iter() {
        js_sys::Reflect::set(&encoding, &"maxBitrate".into(), &limits.bits_per_second.into())?;
        js_sys::Reflect::set(&encoding, &"maxFramerate".into(), &limits.frames_per_second.into())?;
    }
    JsFuture::from(sender.try_set_parameters(&parameters, &JsValue::UNDEFINED)?).await?;
    Ok(())
}
