//! How many connections that speak HTTP each address has open. Files and polling need a few for each browser; an
//! address that opens them without end is stopped here. Signaling by WebSocket and the relay count their own.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ipnet::IpNet;

use crate::door::Party;

/// The connections that are open.
#[derive(Debug)]
pub struct Crowd {
    most: usize,
    /// Proxies, which come for many.
    exempt: Vec<IpNet>,
    open: Mutex<HashMap<Party, usize>>,
}

/// A connection's place in the crowd, as long as this lives.
#[derive(Debug)]
pub struct Place<'a> {
    crowd: &'a Crowd,
    /// Whom it counts for, if for anybody.
    party: Option<Party>,
}

impl Crowd {
    /// Nobody yet; later at most so many of each address, but for this machine's and those that are `exempt`.
    pub fn new(most: usize, exempt: Vec<IpNet>) -> Self {
        Self { most, exempt, open: Mutex::default() }
    }

    /// Counts a connection; `None` when it is one too many.
    pub fn enter(&self, address: IpAddr) -> Option<Place<'_>> {
        let address = address.to_canonical();
        if address.is_loopback() || self.exempt.iter().any(|network| network.contains(&address)) {
            return Some(Place { crowd: self, party: None });
        }
        let party = Party::from(address);
        let mut open = self.open();
        let count = open.get(&party).copied().unwrap_or_default();
        if count >= self.most {
            return None;
        }
        open.insert(party, count + 1);
        Some(Place { crowd: self, party: Some(party) })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Party, usize>> {
        // Whole between any two statements that could panic.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(party) = self.party else { return };
        let mut open = self.crowd.open();
        if let Some(count) = open.get_mut(&party) {
            *count -= 1;
            if *count == 0 {
                open.remove(&party);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd() -> Crowd {
        Crowd::new(2, vec!["10.0.0.0/8".parse().unwrap()])
    }

    fn enter<'a>(crowd: &'a Crowd, address: &str) -> Option<Place<'a>> {
        crowd.enter(address.parse().unwrap())
    }

    #[test]
    fn an_address_and_an_ipv6_network_has_so_many_at_a_time() {
        let crowd = crowd();
        let first = enter(&crowd, "192.0.2.1").unwrap();
        let _second = enter(&crowd, "::ffff:192.0.2.1").unwrap();
        assert!(enter(&crowd, "192.0.2.1").is_none());
        let _another = enter(&crowd, "192.0.2.2").unwrap();
        drop(first);
        let _third = enter(&crowd, "192.0.2.1").unwrap();
        assert!(enter(&crowd, "192.0.2.1").is_none());
        let _of_network = ["2001:db8::1", "2001:db8::2"].map(|address| enter(&crowd, address).unwrap());
        assert!(enter(&crowd, "2001:db8::3").is_none());
        assert!(enter(&crowd, "2001:db8:0:1::1").is_some());
    }

    #[test]
    fn this_machine_and_proxies_have_as_many_as_they_like_and_nobody_who_left_is_remembered() {
        let crowd = crowd();
        for address in ["127.0.0.1", "::1", "10.1.2.3", "::ffff:10.1.2.3"] {
            let places: Vec<_> = (0..5).map(|_| enter(&crowd, address)).collect();
            assert!(places.iter().all(Option::is_some), "{address}");
        }
        drop(enter(&crowd, "192.0.2.1"));
        assert!(crowd.open().is_empty());
    }
}
