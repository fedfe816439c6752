//! What is heard of the microphone, and when there is a reason to listen: in a call, and while a meter is shown. A
//! microphone that is off is heard here alone, to tell a user who speaks.

use super::{
    device::Device,
    monitor::{Attention, Monitor},
};
use crate::{
    browser::{LocalTrack, PeerConnection, now},
    call::{
        device_event::Voice,
        event::Events,
        state::{DeviceState, VoiceHint},
        voice_hints::HintBoard,
    },
};

/// Listens to the microphone.
#[derive(Default)]
pub struct Hearing {
    monitor: Option<Monitor>,
    voice: Voice,
    /// How many meters are shown.
    meters: u32,
    /// The microphone is off, and heard all the same.
    is_listening: bool,
    hints: HintBoard,
}

impl Hearing {
    /// What is heard.
    pub fn voice(&self) -> Voice {
        self.voice
    }

    /// The hint that is shown.
    pub fn hint(&self) -> Option<VoiceHint> {
        self.hints.shown()
    }

    /// The user has read the hint.
    pub fn dismiss_hint(&mut self) {
        self.hints.dismiss(now());
    }

    /// A meter is shown, or one less.
    pub fn show_level(&mut self, on: bool) {
        self.meters = if on { self.meters + 1 } else { self.meters.saturating_sub(1) };
    }

    /// Begins to listen if there is a reason to, or ends.
    pub fn attend(&mut self, microphone: &Device, in_call: bool, events: &Events) {
        let is_on = microphone.state == DeviceState::On;
        let has_reason = (is_on || self.is_listening) && (in_call || self.meters > 0);
        let Some(track) = microphone.track.as_ref().map(LocalTrack::track).filter(|_| has_reason) else {
            if self.monitor.take().is_some() {
                self.voice = Voice::default();
                self.hints.update(None, now());
            }
            return;
        };
        let attention = Attention { is_sent: is_on, shows_level: self.meters > 0 };
        match &mut self.monitor {
            Some(monitor) if monitor.is_of(track) => monitor.set_attention(attention),
            _ => {
                self.voice = Voice::default();
                self.hints.reset();
                self.monitor = Some(Monitor::new(track, attention, events.clone()));
            }
        }
    }

    /// Takes what the monitor heard.
    pub fn heard(&mut self, voice: Voice) {
        if self.monitor.is_some() {
            self.voice = voice;
            self.hints.update(voice.hint, now());
        }
    }

    /// 250 ms have passed, with these connections and their keys.
    pub fn tick(&mut self, microphone: &Device, connections: &[(u64, &PeerConnection)]) {
        self.listen_while_off(microphone, connections);
        let Some(monitor) = &mut self.monitor else { return };
        let levels = connections.iter().filter_map(|(key, connection)| Some((*key, connection.received_level()?)));
        monitor.set_others(levels.collect());
    }

    /// Begins or ends to listen to a microphone that is off. A track that is heard is enabled, so no connection may have it.
    fn listen_while_off(&mut self, microphone: &Device, connections: &[(u64, &PeerConnection)]) {
        let Some(track) = microphone.track.as_ref().filter(|_| microphone.state == DeviceState::Off) else {
            self.is_listening = false;
            return;
        };
        let is_sent = connections.iter().any(|(_, connection)| connection.sends(track.track()));
        let may_listen = !connections.is_empty() && !is_sent;
        if may_listen != self.is_listening {
            self.is_listening = may_listen;
            track.set_enabled(may_listen);
        }
    }

    /// The microphone was switched, or is another one.
    pub fn stop_listening(&mut self) {
        self.is_listening = false;
    }
}
