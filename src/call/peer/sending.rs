//! What this side sends to one peer: microphone and camera, and the screen beside the camera if the peer knows what a second
//! video is, in the camera's place if not. What there is to send is decided elsewhere.

use vitrine_protocol::control::ControlMessage;

use super::{
    context::{Context, SharedScreen},
    negotiator::Negotiator,
};
use crate::browser::{JsError, MediaKind, awake_now};

/// How long an established connection may be without the peer's `hello`, in milliseconds, before the peer is taken for a
/// client without a control channel.
const GREETED_WITHIN: f64 = 2_000.0;

/// Where the screen goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Nowhere yet.
    #[default]
    Unknown,
    /// In sections of its own, with an announcement.
    Beside,
    /// In the camera's section: a client that announces nothing shows one video, and takes a new section for a new call.
    Instead,
}

/// What is sent to one peer.
#[derive(Debug, Default)]
pub struct Sending {
    place: Place,
    connected_at: Option<f64>,
    /// Where which version of the screen was sent last.
    sent: (Place, u32),
    /// The stream that the peer was told of last.
    told: Option<String>,
    /// Key frames are asked for again at the next tick: the first may come before the other side can decode it.
    is_key_frame_due: bool,
}

impl Sending {
    /// Sends the current tracks of these kinds.
    pub fn send_devices(&self, kinds: &[MediaKind], context: &Context<'_>, negotiator: &Negotiator) {
        let instead = context.screen.screen.as_ref().filter(|_| self.place == Place::Instead);
        for kind in kinds {
            let screen = instead.filter(|_| *kind == MediaKind::Video).map(|screen| &screen.video);
            let track = screen.or_else(|| context.media.as_ref()?.track(*kind));
            negotiator.connection().replace_track(*kind, track);
        }
    }

    /// After a gap the other side shows nothing until a key frame comes.
    pub fn request_key_frames(&mut self, negotiator: &Negotiator) {
        negotiator.connection().request_key_frames();
        self.is_key_frame_due = true;
    }

    /// 250 ms have passed.
    pub fn tick(&mut self, negotiator: &Negotiator) {
        if std::mem::take(&mut self.is_key_frame_due) {
            negotiator.connection().request_key_frames();
        }
    }

    /// Sends the screen as it is now, and tells the participant.
    ///
    /// # Errors
    /// The browser's, if it refuses to send it.
    pub fn send_screen(
        &mut self,
        has_greeted: bool,
        is_connected: bool,
        context: &Context<'_>,
        negotiator: &mut Negotiator,
    ) -> Result<(), JsError> {
        let announcement = self.announcement(&context.screen);
        if announcement.is_some_and(|announcement| negotiator.send_control(&announcement)) {
            self.told = context.screen.id();
        }
        let before = self.place;
        if !self.update(has_greeted, is_connected, awake_now(), context.screen.version) {
            return Ok(());
        }
        if before == Place::Instead || self.place == Place::Instead {
            self.send_devices(&[MediaKind::Video], context, negotiator);
        }
        let beside = context.screen.screen.as_ref().filter(|_| self.place == Place::Beside);
        negotiator.connection_mut().send_screen(beside)
    }

    /// Decides where the screen goes at `now`, in milliseconds. Returns whether this `version` of it is still to be sent
    /// there.
    fn update(&mut self, has_greeted: bool, is_connected: bool, now: f64, version: u32) -> bool {
        if is_connected {
            self.connected_at.get_or_insert(now);
        }
        if has_greeted {
            self.place = Place::Beside;
        } else if self.connected_at.is_some_and(|since| now - since >= GREETED_WITHIN) {
            self.place = Place::Instead;
        }
        let due = (self.place, version);
        self.place != Place::Unknown && std::mem::replace(&mut self.sent, due) != due
    }

    /// What the participant is to be told, if it is something else than before.
    fn announcement(&self, shared: &SharedScreen) -> Option<ControlMessage> {
        let stream = shared.id();
        (self.told != stream).then_some(ControlMessage::Screen { stream })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greeted_peer_gets_the_screen_beside_the_camera_once_for_each_version() {
        let mut sending = Sending::default();
        assert!(!sending.update(false, true, 0.0, 1));
        assert!(sending.update(true, true, 100.0, 1));
        assert_eq!(sending.place, Place::Beside);
        assert!(!sending.update(true, true, 200.0, 1));
        assert!(sending.update(true, true, 300.0, 2));
    }

    #[test]
    fn peer_that_never_greets_gets_it_instead_of_the_camera() {
        let mut sending = Sending::default();
        assert!(!sending.update(false, false, 0.0, 1), "it is not connected");
        assert!(!sending.update(false, true, 10_000.0, 1));
        assert!(!sending.update(false, true, 11_999.0, 1));
        assert!(sending.update(false, true, 12_000.0, 1));
        assert_eq!(sending.place, Place::Instead);
        assert!(!sending.update(false, true, 12_250.0, 1));
    }

    #[test]
    fn late_greeting_moves_the_screen() {
        let mut sending = Sending::default();
        sending.update(false, true, 0.0, 1);
        assert!(sending.update(false, true, GREETED_WITHIN, 1));
        assert!(sending.update(true, true, GREETED_WITHIN + 1.0, 1));
        assert_eq!(sending.place, Place::Beside);
    }

    #[test]
    fn peer_hears_of_no_screen_only_after_one() {
        let mut sending = Sending::default();
        let none = SharedScreen { screen: None, version: 0 };
        assert_eq!(sending.announcement(&none), None);
        sending.told = Some("screen".to_owned());
        assert_eq!(sending.announcement(&none), Some(ControlMessage::Screen { stream: None }));
    }
}
