//! Finds the addresses in a message that become links, and shows each as what it is: nobody can write one address and lead
//! to another. It draws nothing.

use linkify::{LinkFinder, LinkKind};

/// Most links in one message; the rest stays text.
const MAX_LINKS: usize = 50;

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text(String),
    /// A link.
    Link {
        /// Where it leads.
        address: String,
        /// What is shown.
        shown: String,
    },
}

/// The parts of `text`. `resolve` is the browser's reading of an address, with the host in ASCII.
pub fn parts(text: &str, resolve: impl Fn(&str) -> Option<String>) -> Vec<Part> {
    let (mut parts, mut links) = (Vec::new(), 0);
    let push_text = |parts: &mut Vec<Part>, text: &str| match parts.last_mut() {
        Some(Part::Text(last)) => last.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    };
    for span in LinkFinder::new().spans(text) {
        let link = match span.kind() {
            Some(LinkKind::Url) => web_link(span.as_str(), &resolve),
            Some(LinkKind::Email) => mail_link(span.as_str()),
            _ => None,
        };
        match link.filter(|_| links < MAX_LINKS) {
            Some(link) => {
                links += 1;
                parts.push(link);
            }
            None => push_text(&mut parts, span.as_str()),
        }
    }
    parts
}

/// Other schemes may start programs. A name before the host looks like the host. A host that is not ASCII may look like
/// another one, so it is shown as the browser resolves it.
fn web_link(text: &str, resolve: impl Fn(&str) -> Option<String>) -> Option<Part> {
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let is_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    if !is_web || authority.is_empty() || authority.contains('@') || text.contains('\\') {
        return None;
    }
    let address = resolve(text)?;
    let shown = if authority.is_ascii() { text.to_owned() } else { address.clone() };
    Some(Part::Link { address, shown })
}

fn mail_link(text: &str) -> Option<Part> {
    let is_plain = text.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '@' | '.' | '-' | '_' | '+'));
    is_plain.then(|| Part::Link { address: format!("mailto:{text}"), shown: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, String)> {
        let resolve = |text: &str| Some(text.replace("аpple", "xn--pple-43d"));
        let link = |part| match part {
            Part::Link { address, shown } => Some((address, shown)),
            Part::Text(_) => None,
        };
        parts(text, resolve).into_iter().filter_map(link).collect()
    }

    #[test]
    fn web_and_mail_addresses_become_links_and_the_rest_stays() {
        let text = "see https://example.org/a_(b)?c=d#e, or http://한국.kr and ada@example.org.";
        let all = parts(text, |text| Some(text.to_owned()));
        let shown: String = all
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.as_str(),
                Part::Link { shown, .. } => shown,
            })
            .collect();
        assert_eq!(shown, text);
        assert_eq!(all.iter().filter(|part| matches!(part, Part::Link { .. })).count(), 3);
        assert_eq!(found(text)[0].0, "https://example.org/a_(b)?c=d#e");
        assert_eq!(found(text)[2].0, "mailto:ada@example.org");
    }

    #[test]
    fn only_the_web_and_mail_are_linked() {
        for text in [
            "javascript:alert(1)",
            "javascript://example.org/%0aalert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "vbscript://x.org/",
            "ms-settings://x.org",
            "https://",
            "//example.org",
            "mailto:ada@example.org?body=x",
        ] {
            assert!(found(text).iter().all(|(address, _)| address == "mailto:ada@example.org"), "{text}");
        }
    }

    #[test]
    fn no_address_looks_like_another_one() {
        assert_eq!(
            found("https://аpple.com/x"),
            [("https://xn--pple-43d.com/x".into(), "https://xn--pple-43d.com/x".into())]
        );
        for text in ["https://example.org@evil.org/", "https://example.org:443@evil.org"] {
            assert_eq!(found(text), [], "{text}");
        }
        let link = "https://example.org".to_owned();
        assert_eq!(found("https://example.org\\@evil.org"), [(link.clone(), link)]);
    }

    #[test]
    fn links_of_a_message_are_limited() {
        assert_eq!(found(&"http://a.example ".repeat(400)).len(), MAX_LINKS);
    }
}
