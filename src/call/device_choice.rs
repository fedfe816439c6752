//! Which devices the user has chosen, and how they are to work: remembered for the next visit, and found again in the list
//! of what is there. Decides without a browser; capturing is not its business.

use super::local_media::{DeviceInfo, DeviceKind, DeviceList, Processing};
use crate::browser::{Facing, Which};

/// A device as it is remembered: ids change, so its name is kept too.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Remembered {
    id: String,
    label: String,
}

/// What the user has chosen. What is remembered is a text under a key.
#[derive(Clone, Debug, Default)]
pub struct DeviceChoice {
    camera: Option<Remembered>,
    microphone: Option<Remembered>,
    speaker: Option<Remembered>,
    /// A speaker that could not be used. It is not tried again until the list changes or it is chosen again.
    failed_speaker: Option<String>,
    /// How the microphone's sound is processed.
    pub processing: Processing,
    /// Whether a camera that can do so blurs the background.
    pub background_blur: bool,
    /// Whether the user wants to see the own picture as it is, not as in a mirror.
    pub unmirrored: bool,
    list: DeviceList,
}

impl DeviceChoice {
    /// What was remembered; `read` gives the text under a key.
    pub fn restore(read: impl Fn(&str) -> Option<String>) -> Self {
        let device = |kind| {
            let (id, label) = read(key(kind)).and_then(|text| {
                let (id, label) = text.split_once('\n')?;
                Some((id.to_owned(), label.to_owned()))
            })?;
            Some(Remembered { id, label })
        };
        let is = |key, value| read(key).as_deref() == Some(value);
        Self {
            camera: device(DeviceKind::Camera),
            microphone: device(DeviceKind::Microphone),
            speaker: device(DeviceKind::Speaker),
            processing: Processing {
                echo_cancellation: !is("echo-cancellation", "off"),
                noise_suppression: !is("noise-suppression", "off"),
                auto_gain_control: !is("auto-gain", "off"),
            },
            background_blur: is("background-blur", "on"),
            unmirrored: is("mirror", "off"),
            ..Self::default()
        }
    }

    /// Gives `write` all switches, each as a key and a text.
    pub fn save_switches(&self, write: impl Fn(&str, &str)) {
        let word = |is_on| if is_on { "on" } else { "off" };
        write("echo-cancellation", word(self.processing.echo_cancellation));
        write("noise-suppression", word(self.processing.noise_suppression));
        write("auto-gain", word(self.processing.auto_gain_control));
        write("background-blur", word(self.background_blur));
        write("mirror", word(!self.unmirrored));
    }

    /// The devices that there are.
    pub fn list(&self) -> &DeviceList {
        &self.list
    }

    /// Takes a new list. Returns whether it differs.
    pub fn set_list(&mut self, list: DeviceList) -> bool {
        let differs = self.list != list;
        if differs {
            self.list = list;
            self.failed_speaker = None;
        }
        differs
    }

    /// The device with this id, if it is there.
    pub fn find(&self, kind: DeviceKind, id: &str) -> Option<&DeviceInfo> {
        self.list.of(kind).iter().find(|device| device.id == id)
    }

    /// Chooses a device. Returns the key and the text to remember.
    pub fn choose(&mut self, kind: DeviceKind, device: &DeviceInfo) -> (&'static str, String) {
        *self.remembered_mut(kind) = Some(Remembered { id: device.id.clone(), label: device.label.clone() });
        if kind == DeviceKind::Speaker {
            self.failed_speaker = None;
        }
        (key(kind), format!("{}\n{}", device.id, device.label))
    }

    /// Leaves the choice to the system. Returns the key and the text to remember.
    pub fn forget(&mut self, kind: DeviceKind) -> (&'static str, String) {
        *self.remembered_mut(kind) = None;
        (key(kind), String::new())
    }

    /// The chosen device, if it is there: by its id, or else by its name.
    pub fn preferred(&self, kind: DeviceKind) -> Option<&DeviceInfo> {
        let remembered = self.remembered(kind)?;
        let devices = self.list.of(kind);
        devices
            .iter()
            .find(|device| device.id == remembered.id)
            .or_else(|| devices.iter().find(|device| device.label == remembered.label))
    }

    /// What to ask the browser for. Before it lists devices, the remembered id may still be true.
    pub fn which(&self, kind: DeviceKind) -> Which {
        match (self.preferred(kind), self.remembered(kind)) {
            (Some(device), _) => Which::Ideally(device.id.clone()),
            (None, Some(remembered)) if self.list.of(kind).is_empty() => Which::Ideally(remembered.id.clone()),
            _ => Which::Any,
        }
    }

    /// The id of the speaker to play on; `None` for the system's.
    pub fn speaker(&self) -> Option<&str> {
        let id = &self.preferred(DeviceKind::Speaker)?.id;
        (self.failed_speaker.as_ref() != Some(id)).then_some(id)
    }

    /// The speaker with this id cannot be used. Returns it, the first time.
    pub fn speaker_failed(&mut self, id: &str) -> Option<DeviceInfo> {
        let is_news = self.failed_speaker.as_deref() != Some(id);
        self.failed_speaker = Some(id.to_owned());
        is_news.then(|| self.find(DeviceKind::Speaker, id).cloned()).flatten()
    }

    /// Where the camera with this id looks.
    pub fn facing(&self, id: Option<&str>) -> Option<Facing> {
        self.find(DeviceKind::Camera, id?)?.facing
    }

    /// The first camera that looks the other way than the one with this id.
    pub fn opposite(&self, id: Option<&str>) -> Option<&DeviceInfo> {
        let other = match self.facing(id)? {
            Facing::Front => Facing::Back,
            Facing::Back => Facing::Front,
        };
        self.list.cameras.iter().find(|camera| camera.facing == Some(other))
    }

    fn remembered(&self, kind: DeviceKind) -> Option<&Remembered> {
        match kind {
            DeviceKind::Camera => self.camera.as_ref(),
            DeviceKind::Microphone => self.microphone.as_ref(),
            DeviceKind::Speaker => self.speaker.as_ref(),
        }
    }

    fn remembered_mut(&mut self, kind: DeviceKind) -> &mut Option<Remembered> {
        match kind {
            DeviceKind::Camera => &mut self.camera,
            DeviceKind::Microphone => &mut self.microphone,
            DeviceKind::Speaker => &mut self.speaker,
        }
    }
}

/// The key that a device of this kind is remembered under.
fn key(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Camera => "camera",
        DeviceKind::Microphone => "microphone",
        DeviceKind::Speaker => "speaker",
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::HashMap};

    use super::*;

    fn device(id: &str, label: &str, facing: Option<Facing>) -> DeviceInfo {
        DeviceInfo { id: id.into(), label: label.into(), facing }
    }

    fn cameras(devices: &[(&str, &str)]) -> DeviceList {
        let cameras = devices.iter().map(|(id, label)| device(id, label, None)).collect();
        DeviceList { cameras, ..DeviceList::default() }
    }

    /// A visit with these cameras, after one in which the camera `desk` was chosen under the id `1`.
    fn next_visit(devices: &[(&str, &str)]) -> DeviceChoice {
        let (key, text) = DeviceChoice::default().choose(DeviceKind::Camera, &device("1", "desk", None));
        let mut choice = DeviceChoice::restore(|read| (read == key).then(|| text.clone()));
        choice.set_list(cameras(devices));
        choice
    }

    #[test]
    fn chosen_device_is_found_again_by_its_id() {
        let choice = next_visit(&[("0", "lid"), ("1", "renamed")]);
        assert_eq!(choice.which(DeviceKind::Camera), Which::Ideally("1".into()));
    }

    #[test]
    fn chosen_device_is_found_again_by_its_name_when_ids_have_changed() {
        let choice = next_visit(&[("x", "lid"), ("y", "desk")]);
        assert_eq!(choice.which(DeviceKind::Camera), Which::Ideally("y".into()));
        assert_eq!(choice.preferred(DeviceKind::Camera).map(|it| &*it.id), Some("y"));
    }

    #[test]
    fn missing_device_leaves_the_choice_to_the_browser() {
        let mut choice = next_visit(&[("0", "lid")]);
        assert_eq!(choice.which(DeviceKind::Camera), Which::Any);
        // It is still remembered, for when it is plugged in.
        choice.set_list(cameras(&[("0", "lid"), ("1", "desk")]));
        assert_eq!(choice.which(DeviceKind::Camera), Which::Ideally("1".into()));
    }

    #[test]
    fn remembered_id_is_asked_for_before_devices_are_listed() {
        assert_eq!(next_visit(&[]).which(DeviceKind::Camera), Which::Ideally("1".into()));
        assert_eq!(DeviceChoice::default().which(DeviceKind::Camera), Which::Any);
    }

    #[test]
    fn switches_are_remembered() {
        let memory = RefCell::new(HashMap::new());
        let choice = DeviceChoice {
            processing: Processing { noise_suppression: false, ..Processing::default() },
            background_blur: true,
            unmirrored: true,
            ..DeviceChoice::default()
        };
        choice.save_switches(|key, text| drop(memory.borrow_mut().insert(key.to_owned(), text.to_owned())));
        let restored = DeviceChoice::restore(|key| memory.borrow().get(key).cloned());
        assert_eq!(restored.processing, choice.processing);
        assert!(restored.background_blur && restored.unmirrored);
        let fresh = DeviceChoice::restore(|_| None);
        assert_eq!(fresh.processing, Processing::default());
        assert!(!fresh.background_blur && !fresh.unmirrored);
    }

    #[test]
    fn failed_speaker_is_left_until_it_is_chosen_again_or_the_list_changes() {
        let speaker = device("s", "headset", None);
        let list = |more: &[DeviceInfo]| DeviceList {
            speakers: Some([std::slice::from_ref(&speaker), more].concat()),
            ..DeviceList::default()
        };
        let mut choice = DeviceChoice::default();
        choice.set_list(list(&[]));
        choice.choose(DeviceKind::Speaker, &speaker);
        assert_eq!(choice.speaker(), Some("s"));
        assert_eq!(choice.speaker_failed("s").as_ref(), Some(&speaker));
        assert_eq!(choice.speaker_failed("s"), None, "each element tells");
        assert_eq!(choice.speaker(), None);
        choice.choose(DeviceKind::Speaker, &speaker);
        assert_eq!(choice.speaker(), Some("s"));
        choice.speaker_failed("s");
        choice.set_list(list(&[device("t", "television", None)]));
        assert_eq!(choice.speaker(), Some("s"));
    }

    #[test]
    fn cameras_are_flipped_only_where_one_looks_each_way() {
        let mut choice = DeviceChoice::default();
        let (front, back) = (device("f", "", Some(Facing::Front)), device("b", "", Some(Facing::Back)));
        choice.set_list(DeviceList { cameras: vec![front.clone(), back.clone()], ..DeviceList::default() });
        assert_eq!(choice.opposite(Some("f")), Some(&back));
        assert_eq!(choice.opposite(Some("b")), Some(&front));
        assert_eq!(choice.opposite(None), None);
        choice.set_list(cameras(&[("0", "lid"), ("1", "desk")]));
        assert_eq!(choice.opposite(Some("0")), None);
    }
}
