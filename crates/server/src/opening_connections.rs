//! The limit on connections that have not opened yet: those in the TLS handshake or before their first byte.

use std::{collections::VecDeque, convert::Infallible};

use tokio::sync::oneshot;

/// The connections that have not opened yet, oldest first. Dropping a sender evicts its connection. A connection that
/// has opened has dropped its receiver, and its sender is removed when the queue is full.
pub struct OpeningConnections {
    connections: VecDeque<oneshot::Sender<Infallible>>,
    limit: usize,
}

impl OpeningConnections {
    /// No connections; `limit` may open at a time.
    pub fn new(limit: usize) -> Self {
        Self { connections: VecDeque::new(), limit }
    }

    /// Adds a connection, evicting the oldest one if there are too many. The receiver fails when it is evicted itself.
    pub fn add(&mut self) -> oneshot::Receiver<Infallible> {
        if self.connections.len() >= self.limit {
            self.connections.retain(|connection| !connection.is_closed());
        }
        if self.connections.len() >= self.limit {
            self.connections.pop_front();
        }
        let (sender, receiver) = oneshot::channel();
        self.connections.push_back(sender);
        receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_opening_connection_is_evicted() {
        let mut opening = OpeningConnections::new(2);
        let (mut a, b, mut c) = (opening.add(), opening.add(), {
            drop(opening.add());
            opening.add()
        });
        let evicted = |receiver: &mut oneshot::Receiver<Infallible>| {
            matches!(receiver.try_recv(), Err(oneshot::error::TryRecvError::Closed))
        };
        assert!(evicted(&mut a));
        drop(b);
        let mut d = opening.add();
        assert!(!evicted(&mut c) && !evicted(&mut d));
        assert_eq!(opening.connections.len(), 2);
    }
}
