//! Counts per key, for quotas, and the key under which an address is counted. Keys with a count of zero take no memory.

use std::{collections::HashMap, hash::Hash, net::IpAddr};

/// A count for each key.
pub(crate) struct Counts<K>(HashMap<K, usize>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash> Counts<K> {
    /// The count of `key`.
    pub(crate) fn get(&self, key: &K) -> usize {
        self.0.get(key).copied().unwrap_or_default()
    }

    /// Adds one.
    pub(crate) fn add(&mut self, key: &K) {
        *self.0.entry(key.clone()).or_default() += 1;
    }

    /// Subtracts one.
    pub(crate) fn remove(&mut self, key: &K) {
        if let Some(count) = self.0.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(key);
            }
        }
    }
}

/// The key under which an address is counted: an IPv4 address itself, or the /64 of an IPv6 address, since a host in it
/// can use all of its addresses.
pub(crate) fn address_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_with_count_zero_is_removed() {
        let mut counts = Counts::default();
        counts.add(&1);
        counts.add(&1);
        counts.remove(&1);
        counts.remove(&2);
        assert_eq!((counts.get(&1), counts.get(&2)), (1, 0));
        counts.remove(&1);
        assert!(counts.0.is_empty());
    }

    #[test]
    fn ipv6_counts_by_network_and_mapped_ipv4_as_ipv4() {
        let network = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(network("2001:db8:0:1::1"), network("2001:db8:0:1:ffff::2"));
        assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:0:2::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
