//! How many of something each of many has, for bounds on it, and which addresses are counted as one. Who has none is
//! not remembered.

use std::{collections::HashMap, hash::Hash, net::IpAddr};

/// How many each has.
pub(crate) struct Counts<K>(HashMap<K, usize>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash> Counts<K> {
    /// How many `key` has.
    pub(crate) fn of(&self, key: &K) -> usize {
        self.0.get(key).copied().unwrap_or_default()
    }

    /// One more.
    pub(crate) fn add(&mut self, key: &K) {
        *self.0.entry(key.clone()).or_default() += 1;
    }

    /// One fewer.
    pub(crate) fn remove(&mut self, key: &K) {
        if let Some(count) = self.0.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(key);
            }
        }
    }
}

/// What an address is counted as: an IPv4 address as itself, an IPv6 address as its network of 64 bits, since who has
/// one address of it has them all.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_none_is_forgotten() {
        let mut counts = Counts::default();
        counts.add(&1);
        counts.add(&1);
        counts.remove(&1);
        counts.remove(&2);
        assert_eq!((counts.of(&1), counts.of(&2)), (1, 0));
        counts.remove(&1);
        assert!(counts.0.is_empty());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_and_an_ipv4_address_as_one_however_it_is_written() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8:0:1::1"), network("2001:db8:0:1:ffff::2"));
        assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:0:2::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
