//! `X-Forwarded-For`: the client is the peer, or an address that stands in the header and is not one of a proxy.
#![no_main]

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use vitrine_server::parsers::client_address;

fuzz_target!(|lines: Vec<&[u8]>| {
    let mut headers = HeaderMap::new();
    for line in lines {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append("x-forwarded-for", value);
        }
    }
    let proxy = IpAddr::from([127, 0, 0, 1]);
    assert_eq!(client_address(proxy, &headers, &[]), proxy);
    let stranger = IpAddr::from([192, 0, 2, 1]);
    assert_eq!(client_address(stranger, &headers, &[proxy.into()]), stranger);
    let client = client_address(proxy, &headers, &[proxy.into()]);
    assert_eq!(client, client.to_canonical());
});
