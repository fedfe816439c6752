//! Which cameras, microphones and speakers there are, by the browser's names. Which of them is used is decided in
//! [`crate::call`].

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// Pictures in.
    Camera,
    /// Sound in.
    Microphone,
    /// Sound out.
    Speaker,
}

/// Where a phone's camera looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Facing {
    /// To the user.
    Front,
    /// Away from the user.
    Back,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceInfo {
    /// The browser's id. It may change from visit to visit.
    pub id: String,
    /// The browser's name for it.
    pub label: String,
    /// Where it looks, if it is a camera that tells.
    pub facing: Option<Facing>,
}

/// The devices that the page may know of: without permission the browser tells neither ids nor names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceList {
    /// The cameras.
    pub cameras: Vec<DeviceInfo>,
    /// The microphones.
    pub microphones: Vec<DeviceInfo>,
    /// The speakers; `None` where the browser lets the page choose none.
    pub speakers: Option<Vec<DeviceInfo>>,
}

impl DeviceList {
    /// The devices of one kind.
    pub fn of(&self, kind: DeviceKind) -> &[DeviceInfo] {
        match kind {
            DeviceKind::Camera => &self.cameras,
            DeviceKind::Microphone => &self.microphones,
            DeviceKind::Speaker => self.speakers.as_deref().unwrap_or_default(),
        }
    }
}

/// Lists the devices; empty if the browser lists none.
pub async fn list_devices() -> DeviceList {
    let mut list = DeviceList { speakers: super::can_choose_speaker().then(Vec::new), ..DeviceList::default() };
    for device in enumerate().await.into_iter().flatten() {
        let text = |name: &str| js_sys::Reflect::get(&device, &name.into()).ok()?.as_string();
        let (Some(kind), Some(id), Some(label)) = (text("kind"), text("deviceId"), text("label")) else { continue };
        if id.is_empty() || label.is_empty() {
            continue;
        }
        match &*kind {
            "videoinput" => {
                let facing = facing_by_capabilities(&device).or_else(|| facing_by_label(&label));
                list.cameras.push(DeviceInfo { id, label, facing });
            }
            "audioinput" => list.microphones.push(DeviceInfo { id, label, facing: None }),
            "audiooutput" => list.speakers.iter_mut().for_each(|speakers| {
                speakers.push(DeviceInfo { id: id.clone(), label: label.clone(), facing: None });
            }),
            _ => {}
        }
    }
    list
}

async fn enumerate() -> Option<js_sys::Array> {
    if !super::has_devices() {
        return None;
    }
    let devices = web_sys::window()?.navigator().media_devices().ok()?;
    JsFuture::from(devices.enumerate_devices().ok()?).await.ok()?.dyn_into().ok()
}

/// Whether the browser knows this constraint of captured tracks.
pub fn knows_constraint(name: &str) -> bool {
    let knows = || {
        let devices = web_sys::window()?.navigator().media_devices().ok()?;
        let method = js_sys::Reflect::get(&devices, &"getSupportedConstraints".into()).ok()?;
        let known = method.dyn_into::<js_sys::Function>().ok()?.call0(&devices).ok()?;
        js_sys::Reflect::get(&known, &name.into()).ok()?.as_bool()
    };
    super::has_devices() && knows() == Some(true)
}

fn facing_by_capabilities(device: &JsValue) -> Option<Facing> {
    let method: js_sys::Function = js_sys::Reflect::get(device, &"getCapabilities".into()).ok()?.dyn_into().ok()?;
    let modes = js_sys::Reflect::get(&method.call0(device).ok()?, &"facingMode".into()).ok()?;
    match &*modes.dyn_into::<js_sys::Array>().ok()?.get(0).as_string()? {
        "user" => Some(Facing::Front),
        "environment" => Some(Facing::Back),
        _ => None,
    }
}

/// Where a camera with this name looks. Phones name their cameras so, in the system's language.
fn facing_by_label(label: &str) -> Option<Facing> {
    let label = label.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| label.contains(word));
    match (has(&["back", "rear", "environment", "후면"]), has(&["front", "facetime", "전면"])) {
        (true, false) => Some(Facing::Back),
        (false, true) => Some(Facing::Front),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_cameras_are_told_apart_by_name() {
        let facing = |label| facing_by_label(label);
        for label in ["camera2 0, facing back", "Back Dual Wide Camera", "후면 카메라"] {
            assert_eq!(facing(label), Some(Facing::Back), "{label}");
        }
        for label in ["camera2 1, facing front", "Front Camera", "FaceTime HD Camera", "전면 카메라"] {
            assert_eq!(facing(label), Some(Facing::Front), "{label}");
        }
        for label in ["Logitech Webcam C920", "front and back", ""] {
            assert_eq!(facing(label), None, "{label}");
        }
    }
}
