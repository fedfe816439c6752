//! The durations that [`Liveness`](super::Liveness) decides by, in milliseconds. It is no clock.

/// Interval between pings.
pub(super) const PING_INTERVAL: f64 = 500.0;
/// Silence on the control channel after which the caller checks whether anything else arrives.
pub(super) const RESPONSIVE_WITHIN: f64 = 750.0;
/// Silence after which a connection counts as dead, whatever the browser says. A browser takes five seconds or more.
pub(super) const REACHABLE_WITHIN: f64 = 1_000.0;

/// Silence after which a peer that the signaling server does not list is removed.
pub(super) const REMOVE_UNLISTED_AFTER: f64 = 2_000.0;
/// Silence after which a peer without a connection is removed.
pub(super) const REMOVE_AFTER: f64 = 7_500.0;
/// How long a peer is kept while the signaling server cannot say whether it is still there.
pub(super) const REMOVE_OFFLINE_AFTER: f64 = 60_000.0;
/// Silence after which a listed peer that never connected is removed. Not every server reports who left.
pub(super) const REMOVE_NEVER_CONNECTED_AFTER: f64 = 600_000.0;

/// Interval between requests for a connection, to a listed peer that never connected and stays silent.
pub(super) const CONNECTION_REQUEST_INTERVAL: f64 = 30_000.0;
/// Time without a connection after which the failure is reported. Attempts continue.
pub(super) const REPORT_FAILURE_AFTER: f64 = 15_000.0;

/// How long an answer may take before the offer is made again.
pub(super) const ANSWER_TIMEOUT: f64 = 4_000.0;
/// How often [`ANSWER_TIMEOUT`] doubles. Every further offer costs an overloaded peer more time.
pub(super) const ANSWER_TIMEOUT_DOUBLINGS: u32 = 2;

/// How long `disconnected` may last before ICE is restarted. The browser may still find another path by itself.
pub(super) const DISCONNECTED_GRACE: f64 = 500.0;
/// Extra wait of the polite side, so that usually only one side restarts.
pub(super) const POLITE_DELAY: f64 = 1_000.0;
/// How long the connectivity checks of a restart are left alone.
pub(super) const CHECKS_TIMEOUT: f64 = 8_000.0;
/// First pause between two restarts. It doubles with each restart.
pub(super) const COOL_DOWN: f64 = 2_500.0;
/// Longest pause between two restarts.
pub(super) const MAX_COOL_DOWN: f64 = 10_000.0;
/// Pause before a restart that [`Liveness::try_again`](super::Liveness::try_again) asked for. Networks report changes in
/// bursts.
pub(super) const RETRY_COOL_DOWN: f64 = 1_000.0;
