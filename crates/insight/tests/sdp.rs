//! Session descriptions that others made.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

use vitrine_insight::{
    Language,
    sdp::{Change, Direction, Sdp, SdpError, difference, explain},
};

fn text(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/data/sdp/{name}.sdp", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn sdp(name: &str) -> Sdp {
    Sdp::parse(&text(name)).unwrap()
}

fn all() -> Vec<(String, Sdp)> {
    let files = std::fs::read_dir(format!("{}/tests/data/sdp", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let name = |path: std::path::PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|file| name(file.unwrap().path())).map(|name| (name.clone(), sdp(&name))).collect()
}

#[test]
fn no_line_is_lost() {
    for (name, sdp) in all() {
        let lines: Vec<_> = text(&name).lines().map(|line| line.trim_end().to_owned()).collect();
        let kept: Vec<_> = sdp.lines().map(|line| line.text()).collect();
        assert_eq!(kept, lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn sections_have_codecs_in_order_of_preference() {
    let sdp = sdp("ssrc");
    let names = |section: usize| sdp.sections[section].codecs.iter().map(|codec| &*codec.name).collect::<Vec<_>>();
    assert_eq!(names(0)[..6], ["opus", "ISAC", "ISAC", "G722", "PCMU", "PCMA"]);
    assert_eq!(names(1)[..2], ["VP8", "VP9"]);
    let opus = &sdp.sections[0].codecs[0];
    assert_eq!((opus.clock_rate, opus.channels), (48_000, Some(2)));
    assert_eq!(opus.parameters, ["minptime=10", "useinbandfec=1"]);
    assert_eq!(opus.feedback, ["transport-cc"]);
    assert_eq!(sdp.bundle(), ["audio", "video"]);
}

#[test]
fn feedback_for_all_formats_belongs_to_each() {
    let sdp = sdp("rtcp-fb");
    assert_eq!(
        sdp.sections[1].codecs[0].feedback,
        ["trr-int 5", "ccm tmmbr", "nack pli", "nack sli", "ack rpsi", "ccm fir"]
    );
}

#[test]
fn attributes_of_the_session_hold_for_its_sections() {
    let sdp = sdp("normal");
    for section in &sdp.sections {
        assert_eq!(section.ice.as_ref().unwrap().0, "F7gI");
        assert_eq!(section.fingerprint.as_ref().unwrap().0, "sha-1");
        assert_eq!(section.setup.as_deref(), Some("actpass"));
        assert_eq!(section.candidates.iter().filter(|candidate| candidate.is_ok()).count(), 4);
    }
}

#[test]
fn data_channels_have_a_section_without_codecs() {
    let sdp = sdp("sctp-dtls-26");
    assert_eq!(sdp.sections[0].formats, ["webrtc-datachannel"]);
    assert!(sdp.sections[0].codecs.is_empty());
    assert_eq!(sdp.sections[0].max_message_size, Some(10_000));
}

#[test]
fn port_zero_rejects_unless_the_section_uses_another_transport() {
    let video = &sdp("jsep").sections[1];
    assert!(video.is_bundle_only && !video.is_rejected());
    let refused = Sdp::parse("v=0\nm=video 0 UDP/TLS/RTP/SAVPF 96\na=inactive\n").unwrap();
    assert!(refused.sections[0].is_rejected());
    assert_eq!(refused.sections[0].direction, Direction::Inactive);
}

#[test]
fn simulcast_encodings_are_read() {
    let video = &sdp("simulcast").sections[1];
    assert_eq!(video.rids.len(), 5);
    assert_eq!(video.rids[0], ("1".to_owned(), "send".to_owned()));
    assert!(video.simulcast.is_some());
}

#[test]
fn lines_are_explained_in_both_languages() {
    for (name, sdp) in all() {
        let unknown: Vec<_> = sdp.lines().filter(|line| explain(line, Language::English).is_none()).collect();
        // Lines that no browser writes.
        let odd = ["rtcp-xr", "goo", "label", "mslabel"];
        for line in unknown {
            let is_odd = line.attribute().is_none_or(|(name, _)| odd.contains(&name));
            assert!(is_odd, "{name}: {}", line.text());
        }
        for line in sdp.lines() {
            let (english, korean) = (explain(line, Language::English), explain(line, Language::Korean));
            assert_eq!(english.is_some(), korean.is_some(), "{}", line.text());
            assert!(english.is_none() || english != korean, "{}", line.text());
        }
    }
}

#[test]
fn difference_shows_an_ice_restart_and_a_refused_section() {
    let offer = text("ssrc");
    let restarted = offer.replace("ice-ufrag:ez5G", "ice-ufrag:new1").replace("m=video 9", "m=video 0");
    let (before, after) = (Sdp::parse(&offer).unwrap(), Sdp::parse(&restarted).unwrap());
    let difference = difference(&before, &after);
    assert!(difference.sections.iter().all(|section| section.restarts_ice));
    assert_eq!(difference.sections.iter().map(|section| section.is_refused).collect::<Vec<_>>(), [false, true]);
    let ufrag: Vec<_> = difference.sections[0]
        .changes
        .iter()
        .map(|change| match change {
            Change::Added(line) => "+".to_owned() + &line.text(),
            Change::Removed(line) => "-".to_owned() + &line.text(),
        })
        .collect();
    assert_eq!(ufrag, ["-a=ice-ufrag:ez5G", "+a=ice-ufrag:new1"]);
}

#[test]
fn description_is_no_different_from_itself_however_its_lines_are_ordered() {
    for (name, sdp) in all() {
        assert!(difference(&sdp, &sdp).is_empty(), "{name}");
    }
    let one = Sdp::parse("v=0\nm=audio 9 RTP/AVP 0\na=mid:0\na=x\na=y\n").unwrap();
    let other = Sdp::parse("v=0\nm=audio 9 RTP/AVP 0\na=y\na=mid:0\na=x\n").unwrap();
    assert!(difference(&one, &other).is_empty());
}

#[test]
fn difference_counts_equal_lines() {
    let with = |lines: &str| Sdp::parse(&format!("v=0\nm=audio 9 RTP/AVP 0\na=mid:0\n{lines}")).unwrap();
    let changes = |before: &str, after: &str| difference(&with(before), &with(after)).sections[0].changes.len();
    assert_eq!(changes("a=x\na=x\n", "a=x\n"), 1);
    assert_eq!(changes("a=x\n", "a=x\na=x\na=z\n"), 2);
}

#[test]
fn text_that_is_no_description_is_refused() {
    assert_eq!(Sdp::parse(" \r\n"), Err(SdpError::Empty));
    assert_eq!(Sdp::parse("{\"type\": \"offer\"}"), Err(SdpError::NotSdp));
    assert_eq!(Sdp::parse(&"v=0\n".repeat(300_000)), Err(SdpError::TooLong(1_200_000)));
}
