//! What of its candidates and descriptions a side sends that hides its address: the relay's addresses alone. Browsers that
//! are told to use relays only gather no other candidates, but a relay's candidate may name this side's address as the
//! related one.

use std::borrow::Cow;

/// The candidate (RFC 8839 §5.1) without addresses of this side; none unless it is a relay's. The empty candidate, which
/// ends the others, stays.
#[must_use]
pub fn relayed_candidate(candidate: &str) -> Option<String> {
    let mut fields: Vec<&str> = candidate.split_ascii_whitespace().collect();
    if fields.is_empty() {
        return Some(String::new());
    }
    if fields.get(6..8) != Some(&["typ", "relay"]) {
        return None;
    }
    // The rest are pairs of a name and a value.
    for pair in fields[8..].chunks_exact_mut(2) {
        match pair[0] {
            "raddr" => pair[1] = "0.0.0.0",
            "rport" => pair[1] = "0",
            _ => {}
        }
    }
    Some(fields.join(" "))
}

/// The description (RFC 8866) with candidates of relays alone. Its default addresses, which no peer with ICE uses, are
/// those of a description without candidates (RFC 9429 §5.2.1).
#[must_use]
pub fn relayed_description(sdp: &str) -> String {
    let mut relayed = String::with_capacity(sdp.len());
    for line in sdp.lines() {
        let line = match line.strip_prefix("a=candidate:") {
            Some(candidate) => match relayed_candidate(candidate) {
                Some(candidate) => Cow::Owned("a=candidate:".to_owned() + &candidate),
                None => continue,
            },
            None if line.starts_with("c=") => Cow::Borrowed("c=IN IP4 0.0.0.0"),
            None if line.starts_with("a=rtcp:") => Cow::Borrowed("a=rtcp:9 IN IP4 0.0.0.0"),
            None => without_port(line),
        };
        relayed.push_str(&line);
        relayed.push_str("\r\n");
    }
    relayed
}

/// An `m=` line with the port 9, unless it is 0, which rejects the section.
fn without_port(line: &str) -> Cow<'_, str> {
    let section = line.strip_prefix("m=").and_then(|rest| rest.split_once(' '));
    match section.and_then(|(kind, rest)| Some((kind, rest.split_once(' ')?))) {
        Some((kind, (port, rest))) if port != "0" => Cow::Owned(format!("m={kind} 9 {rest}")),
        _ => Cow::Borrowed(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn related_address_is_hidden() {
        let sent =
            "candidate:3 1 UDP 92 198.51.100.7 50001 typ relay raddr 203.0.113.9 rport 4000 ufrag x network-cost 10";
        let hidden = "candidate:3 1 UDP 92 198.51.100.7 50001 typ relay raddr 0.0.0.0 rport 0 ufrag x network-cost 10";
        assert_eq!(relayed_candidate(sent).as_deref(), Some(hidden));
    }

    #[test]
    fn candidates_of_this_side_are_not_sent() {
        for candidate in [
            "candidate:1 1 udp 2122 192.0.2.1 9 typ host",
            "candidate:1 1 udp 2122 4f.local 9 typ host",
            "candidate:1 1 udp 1686 192.0.2.1 9 typ srflx raddr 10.0.0.1 rport 9",
            "candidate:1 1 udp 1686 192.0.2.1 9 typ prflx raddr relay rport 9",
            "typ relay",
            "nonsense",
        ] {
            assert_eq!(relayed_candidate(candidate), None, "{candidate}");
        }
        assert_eq!(relayed_candidate("").as_deref(), Some(""));
    }

    #[test]
    fn description_names_relays_alone() {
        let sdp = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nm=audio 50001 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 198.51.100.7\r\n\
            a=rtcp:50001 IN IP4 198.51.100.7\r\na=candidate:1 1 udp 2122 192.0.2.1 9 typ host\r\n\
            a=candidate:3 1 udp 92 198.51.100.7 50001 typ relay raddr 192.0.2.1 rport 9\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n";
        let relayed = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n\
            a=rtcp:9 IN IP4 0.0.0.0\r\n\
            a=candidate:3 1 udp 92 198.51.100.7 50001 typ relay raddr 0.0.0.0 rport 0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n";
        assert_eq!(relayed_description(sdp), relayed);
    }

    #[test]
    fn description_without_addresses_stays() {
        let sdp = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n";
        assert_eq!(relayed_description(sdp), sdp);
    }
}
