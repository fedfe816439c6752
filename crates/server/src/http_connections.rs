//! The limit on open HTTP connections per address. Files and long-polling need a few connections per browser.
//! WebSockets are counted by [`crate::connection_limiter`], and connections to the relay by the relay.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ipnet::IpNet;

use crate::client_address::AddressKey;

/// Counts the open HTTP connections of each address.
#[derive(Debug)]
pub struct HttpConnectionLimiter {
    limit: usize,
    /// Proxies, which carry the connections of many clients.
    exempt: Vec<IpNet>,
    open: Mutex<HashMap<AddressKey, usize>>,
}

/// Counts one connection as open until dropped.
#[derive(Debug)]
pub struct HttpPermit<'a> {
    limiter: &'a HttpConnectionLimiter,
    /// `None` for an address without a limit.
    key: Option<AddressKey>,
}

impl HttpConnectionLimiter {
    /// Allows `limit` connections of each address. Loopback addresses and those in `exempt` have no limit.
    pub fn new(limit: usize, exempt: Vec<IpNet>) -> Self {
        Self { limit, exempt, open: Mutex::default() }
    }

    /// Takes a permit for a connection from `address`; `None` if the address has reached the limit.
    pub fn try_acquire(&self, address: IpAddr) -> Option<HttpPermit<'_>> {
        let address = address.to_canonical();
        if address.is_loopback() || self.exempt.iter().any(|network| network.contains(&address)) {
            return Some(HttpPermit { limiter: self, key: None });
        }
        let key = AddressKey::from(address);
        let mut open = self.open();
        let count = open.get(&key).copied().unwrap_or_default();
        if count >= self.limit {
            return None;
        }
        open.insert(key, count + 1);
        Some(HttpPermit { limiter: self, key: Some(key) })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<AddressKey, usize>> {
        // The table is consistent between any two statements that could panic.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HttpPermit<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let mut open = self.limiter.open();
        if let Some(count) = open.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> HttpConnectionLimiter {
        HttpConnectionLimiter::new(2, vec!["10.0.0.0/8".parse().unwrap()])
    }

    fn try_acquire<'a>(limiter: &'a HttpConnectionLimiter, address: &str) -> Option<HttpPermit<'a>> {
        limiter.try_acquire(address.parse().unwrap())
    }

    #[test]
    fn limit_applies_per_ipv4_address_and_per_ipv6_network() {
        let limiter = limiter();
        let first = try_acquire(&limiter, "192.0.2.1").unwrap();
        let _second = try_acquire(&limiter, "::ffff:192.0.2.1").unwrap();
        assert!(try_acquire(&limiter, "192.0.2.1").is_none());
        let _another = try_acquire(&limiter, "192.0.2.2").unwrap();
        drop(first);
        let _third = try_acquire(&limiter, "192.0.2.1").unwrap();
        assert!(try_acquire(&limiter, "192.0.2.1").is_none());
        let _of_network = ["2001:db8::1", "2001:db8::2"].map(|address| try_acquire(&limiter, address).unwrap());
        assert!(try_acquire(&limiter, "2001:db8::3").is_none());
        assert!(try_acquire(&limiter, "2001:db8:0:1::1").is_some());
    }

    #[test]
    fn loopback_and_exempt_addresses_have_no_limit() {
        let limiter = limiter();
        for address in ["127.0.0.1", "::1", "10.1.2.3", "::ffff:10.1.2.3"] {
            let permits: Vec<_> = (0..5).map(|_| try_acquire(&limiter, address)).collect();
            assert!(permits.iter().all(Option::is_some), "{address}");
        }
    }

    #[test]
    fn address_is_forgotten_with_its_last_connection() {
        let limiter = limiter();
        drop(try_acquire(&limiter, "192.0.2.1"));
        assert!(limiter.open().is_empty());
    }
}
