//! A minimal reader of `index.html`, for the security headers: they need the signaling server that the page names. It
//! reads pages of the project's own build and is no general HTML parser.

/// The start tag of one element.
#[derive(Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Attributes: lower-case name, and raw value (no entities resolved).
    pub attributes: Vec<(String, &'a str)>,
}

impl Element<'_> {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }
}

/// All elements of a page with the given lower-case name, in order. Comments are skipped.
pub fn elements<'a>(page: &'a str, name: &str) -> Vec<Element<'a>> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end..]);
            continue;
        }
        let tag_name_end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/')).unwrap_or(rest.len());
        let tag_name = rest[..tag_name_end].to_ascii_lowercase();
        let (attributes, after_tag) = attributes(&rest[tag_name_end..]);
        rest = after_tag;
        // Inside these elements only their own end tag is markup.
        if matches!(tag_name.as_str(), "script" | "style") {
            let end_tag = format!("</{tag_name}");
            let end = rest.to_ascii_lowercase().find(&end_tag).unwrap_or(rest.len());
            rest = &rest[end..];
        }
        if tag_name == name {
            found.push(Element { attributes });
        }
    }
    found
}

/// The attributes of a tag, and the text after its `>`.
fn attributes(tag: &str) -> (Vec<(String, &str)>, &str) {
    let mut attributes = Vec::new();
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return (attributes, after);
        }
        let name_end =
            rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(rest.len());
        if name_end == 0 {
            // The page ends inside the tag, or the next character begins no attribute.
            let Some(next) = rest.chars().next() else {
                return (attributes, "");
            };
            rest = &rest[next.len_utf8()..];
            continue;
        }
        let name = rest[..name_end].to_ascii_lowercase();
        rest = rest[name_end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            (value, rest) = match quote {
                Some(quote) => {
                    let inner = &after[1..];
                    let end = inner.find(quote).unwrap_or(inner.len());
                    (&inner[..end], inner.get(end + 1..).unwrap_or_default())
                }
                None => {
                    let end = after.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(after.len());
                    after.split_at(end)
                }
            };
        }
        attributes.push((name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_comments_contain_no_elements() {
        let page = r#"<!DOCTYPE html><!-- <script>no</script> --><SCRIPT type=module nonce="a>b">
if (1 < 2) { "<p>" }
</SCRIPT ><script src='/a.js'></script><p class="<script>">x</p><script>two</script>"#;
        let scripts = elements(page, "script");
        assert_eq!(scripts.len(), 3, "{scripts:?}");
        assert!(elements(page, "p").iter().all(|paragraph| paragraph.attribute("class").is_some()));
        assert_eq!(scripts[0].attribute("nonce"), Some("a>b"));
        assert_eq!(scripts[0].attribute("type"), Some("module"));
        assert_eq!(scripts[1].attribute("src"), Some("/a.js"));
    }

    #[test]
    fn void_elements_and_attributes_without_a_value_are_read() {
        let page =
            r#"<meta name="signaling-server" content="https://a.example/"/><input disabled><meta charset=utf-8>"#;
        let metas = elements(page, "meta");
        assert_eq!(metas[0].attribute("content"), Some("https://a.example/"));
        assert_eq!(metas[1].attribute("charset"), Some("utf-8"));
        assert_eq!(elements(page, "input")[0].attribute("disabled"), Some(""));
    }

    #[test]
    fn reading_a_broken_page_terminates() {
        for page in ["<", "<script", "<script a", "<script a=", "<script a='", "<!--", "<script>x", "< =>", "<a =b>"] {
            let _ = elements(page, "script");
        }
    }
}
