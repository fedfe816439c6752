//! What is known of a peer, as the interface and the room see it. This is the only place that makes a [`PeerState`],
//! a [`Participant`] or a [`ChatPeer`].

use vitrine_insight::{
    path::MediaPath,
    quality::{Signs, Weakness},
};
use vitrine_protocol::control::{MeshLink, MeshLinkState, RelayProtocol};

use super::{
    control::Control, listing::Listing, progress::Progress, received::Received, recorder::Recorder, vitals::Vitals,
};
use crate::{
    browser::MediaKind,
    call::{
        chat::ChatPeer,
        room::Participant,
        state::{ConnectionState, PeerState},
    },
};

/// How long a first offer holds up the next one, in milliseconds. A slow connection holds up no other.
const OFFERING_FOR: f64 = 1_500.0;
/// How long a connection is new, in milliseconds.
const NEW_FOR: f64 = 4_000.0;

/// What is known of a peer.
pub struct Known<'a> {
    /// The peer's key.
    pub key: u64,
    /// How the server lists the participant.
    pub listing: &'a Listing,
    /// What the participant said.
    pub control: &'a Control,
    /// How far the connection has come.
    pub progress: &'a Progress,
    /// What it sends.
    pub received: &'a Received,
    /// Whether the peer is alive, and over which path.
    pub vitals: &'a Vitals,
    /// What is recorded of the connection.
    pub recorder: &'a Recorder,
}

impl Known<'_> {
    /// What is wrong with the connection.
    pub fn signs(&self) -> Signs {
        self.vitals.signs(self.control)
    }

    /// What the room has to know at `now`, in milliseconds of the clock of [`Vitals`].
    pub fn participant(&self, now: f64) -> Participant {
        let (age, is_connected) = (self.vitals.age(now), self.progress.is_connected());
        let session = self.control.session().map(str::to_owned);
        Participant {
            key: self.key,
            id: self.listing.id().clone(),
            next_id: self.listing.next_id().cloned(),
            is_listed: self.listing.is_listed(),
            is_absent: !self.listing.is_listed() || session.is_some() && !self.vitals.is_responsive(now),
            is_connected,
            is_new: !is_connected && age < NEW_FOR,
            is_offering: self.progress.is_offering() && age < OFFERING_FOR,
            has_control: self.control.is_open(),
            session,
        }
    }

    /// What the chat has to know at `now`, by the same clock.
    pub fn chat_peer(&self, now: f64) -> ChatPeer {
        let Participant { key, id, is_absent, is_connected, has_control, session, .. } = self.participant(now);
        let name = self.control.told().name().map(str::to_owned);
        ChatPeer { key, id, session, name, is_heard: !is_absent, is_connected, has_channel: has_control }
    }

    /// What the interface shows. The weakness shows only in comparison with the other peers.
    pub fn view(&self, weakness: Option<Weakness>) -> PeerState {
        let (told, connection) = (self.control.told(), self.connection());
        let is_connected = self.progress.is_connected();
        let has_picture = matches!(connection, ConnectionState::Connected | ConnectionState::Disconnected);
        let screen = |kind| self.received.screen(kind).filter(|_| has_picture);
        PeerState {
            key: self.key,
            id: self.listing.id().clone(),
            session: self.control.known_session().map(str::to_owned),
            name: told.name().map(str::to_owned),
            connection,
            audio_stream: self.received.main(MediaKind::Audio),
            video_stream: self.received.main(MediaKind::Video),
            screen_stream: screen(MediaKind::Video),
            screen_audio_stream: screen(MediaKind::Audio),
            audio: told.audio(),
            video: told.video(),
            is_speaking: is_connected && told.audio() != Some(false) && self.vitals.is_speaking(),
            reactions: told.reactions(),
            asks_to_mute: told.asks_to_mute(),
            weakness: weakness.filter(|_| is_connected),
            path: self.vitals.path().filter(|_| is_connected),
            trouble: self.progress.trouble(),
            steps: self.progress.steps().clone(),
        }
    }

    /// How the connection stands, for the others; nothing before the participant told its session.
    pub fn link(&self) -> Option<MeshLink> {
        let state = match (self.connection(), self.vitals.path()) {
            (ConnectionState::Connected, Some(path)) => link_state(path),
            (ConnectionState::Connected, None) => MeshLinkState::Connected,
            (ConnectionState::New | ConnectionState::Connecting, _) => MeshLinkState::Connecting,
            (ConnectionState::Disconnected, _) => MeshLinkState::Reconnecting,
            (ConnectionState::Failed | ConnectionState::Closed, _) => MeshLinkState::Failed,
        };
        let round_trip = self.recorder.round_trip().filter(|_| self.progress.is_connected());
        let session_id = self.control.known_session()?.to_owned();
        Some(MeshLink { session_id, state, round_trip: round_trip.map(|milliseconds| milliseconds.round() as u32) })
    }

    fn connection(&self) -> ConnectionState {
        match self.progress.browser_state() {
            ConnectionState::Connected if self.vitals.is_stalled() => ConnectionState::Disconnected,
            ConnectionState::Connected => ConnectionState::Connected,
            // Further attempts are nothing new to the user. Only a connection is.
            _ if self.progress.is_failure_reported() => ConnectionState::Failed,
            // An ICE restart: still the connection that was lost for a while, with its last picture.
            ConnectionState::New | ConnectionState::Connecting if self.progress.has_connected() => {
                ConnectionState::Disconnected
            }
            state => state,
        }
    }
}

fn link_state(path: MediaPath) -> MeshLinkState {
    match path {
        MediaPath::Local => MeshLinkState::DirectLocal,
        MediaPath::Internet => MeshLinkState::DirectInternet,
        MediaPath::Relayed(RelayProtocol::Udp, _) => MeshLinkState::RelayUdp,
        MediaPath::Relayed(RelayProtocol::Tcp, _) => MeshLinkState::RelayTcp,
        MediaPath::Relayed(RelayProtocol::Tls, _) => MeshLinkState::RelayTls,
        MediaPath::Relayed(RelayProtocol::Unknown, _) => MeshLinkState::Relay,
    }
}

#[cfg(test)]
mod tests {
    use vitrine_negotiation::Role;
    use vitrine_protocol::signaling::UserId;
    use web_sys::RtcPeerConnectionState;

    use super::*;

    const CONNECTING: RtcPeerConnectionState = RtcPeerConnectionState::Connecting;
    const CONNECTED: RtcPeerConnectionState = RtcPeerConnectionState::Connected;

    fn after(states: &[RtcPeerConnectionState]) -> Progress {
        let mut progress = Progress::new(0.0, true);
        for state in states {
            progress.state_changed(*state);
        }
        progress
    }

    fn with_known<T>(progress: &Progress, listing: &Listing, look: impl Fn(Known<'_>) -> T) -> T {
        let vitals = Vitals::new(Role::Impolite, 0.0);
        let (control, received) = (Control::default(), Received::new(0.0));
        let recorder = Recorder::default();
        look(Known {
            key: 1,
            listing,
            control: &control,
            progress,
            received: &received,
            vitals: &vitals,
            recorder: &recorder,
        })
    }

    fn shown(progress: &Progress) -> ConnectionState {
        with_known(progress, &Listing::new(UserId("ada".to_owned())), |known| known.view(None).connection)
    }

    #[test]
    fn ice_restart_of_an_established_connection_is_shown_as_disconnected() {
        assert_eq!(shown(&after(&[CONNECTED, CONNECTING])), ConnectionState::Disconnected);
        assert_eq!(shown(&after(&[CONNECTING])), ConnectionState::Connecting);
    }

    #[test]
    fn reported_failure_is_shown_until_the_connection_is_established() {
        let mut progress = after(&[CONNECTING]);
        progress.failure_reported(false);
        assert_eq!(shown(&progress), ConnectionState::Failed);
        progress.state_changed(CONNECTED);
        assert_eq!(shown(&progress), ConnectionState::Connected);
    }

    #[test]
    fn offer_holds_up_the_next_for_a_moment_only() {
        let listing = Listing::new(UserId("ada".to_owned()));
        let is_offering = |now| with_known(&after(&[CONNECTING]), &listing, |known| known.participant(now).is_offering);
        assert!(is_offering(OFFERING_FOR - 1.0));
        assert!(!is_offering(OFFERING_FOR));
    }

    #[test]
    fn unlisted_participant_is_absent() {
        let mut listing = Listing::new(UserId("ada".to_owned()));
        listing.unlist();
        assert!(with_known(&after(&[CONNECTED]), &listing, |known| known.participant(0.0).is_absent));
    }
}
