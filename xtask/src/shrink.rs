//! Makes the app's files smaller than Trunk and wasm-bindgen leave them. Every function that the wasm imports has a
//! long name there, ending in random digits, which stands in the wasm and again in the JavaScript around it: short
//! names do. The wasm loses what only debuggers read, JavaScript and style sheet lose indentation and comments. What any
//! of it does is not touched.

use crate::process::{Failure, Outcome, io_failure};
use sha2::{Digest, Sha384};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// The end of the wasm file's name; before it stands the name of the JavaScript.
const WASM_END: &str = "_bg.wasm";

/// Shrinks the app in `dist`.
pub fn shrink(dist: &Path) -> Outcome {
    let mut site = Site { dist, html: String::new() };
    site.html = site.text("index.html")?;
    let stem = site.find(WASM_END)?;
    let (wasm, js) = (site.read(&(stem.clone() + WASM_END))?, site.text(&(stem.clone() + ".js"))?);
    let (short_wasm, names) = shorten_imports(&wasm).ok_or("the app's wasm has no import section that can be read")?;
    let short_js = rename_imports(&strip(&js), &names)?;
    let short_stem = new_stem(&stem, &[&short_wasm, short_js.as_bytes()]);
    site.replace(&stem, &short_stem, WASM_END, &wasm, &short_wasm)?;
    site.replace(&stem, &short_stem, ".js", js.as_bytes(), short_js.as_bytes())?;

    let stem = site.find(".css")?;
    let css = site.text(&(stem.clone() + ".css"))?;
    let short_css = strip_style(&css);
    let short_stem = new_stem(&stem, &[short_css.as_bytes()]);
    site.replace(&stem, &short_stem, ".css", css.as_bytes(), short_css.as_bytes())?;
    site.write("index.html", site.html.as_bytes())
}

/// `dist/`, and the page in it as it will be.
struct Site<'a> {
    dist: &'a Path,
    html: String,
}

impl Site<'_> {
    /// The name, without `end`, of the file whose name ends so.
    fn find(&self, end: &str) -> Outcome<String> {
        let names = fs::read_dir(self.dist).map_err(io_failure("cannot read dist/"))?.flatten();
        let mut stems = names.filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(end)?.to_owned()));
        stems.next().ok_or_else(|| format!("there is no `*{end}` in dist/").into())
    }

    fn read(&self, name: &str) -> Outcome<Vec<u8>> {
        fs::read(self.dist.join(name)).map_err(io_failure(format!("cannot read {name} in dist/")))
    }

    fn text(&self, name: &str) -> Outcome<String> {
        String::from_utf8(self.read(name)?).map_err(|_| Failure(format!("{name} in dist/ is not text")))
    }

    fn write(&self, name: &str, content: &[u8]) -> Outcome {
        fs::write(self.dist.join(name), content).map_err(io_failure(format!("cannot write {name} in dist/")))
    }

    /// Puts `new` in the place of `old`, under a new name, because what was published under a name must not change.
    fn replace(&mut self, stem: &str, new_stem: &str, end: &str, old: &[u8], new: &[u8]) -> Outcome {
        let (name, new_name) = (stem.to_owned() + end, new_stem.to_owned() + end);
        self.html = self.html.replace(&integrity(old), &integrity(new)).replace(&name, &new_name);
        fs::remove_file(self.dist.join(&name)).map_err(io_failure(format!("cannot remove {name} in dist/")))?;
        self.write(&new_name, new)
    }
}

/// A name for what was called `stem`, by its new content.
fn new_stem(stem: &str, content: &[&[u8]]) -> String {
    let digest = content.iter().fold(Sha384::new(), |digest, part| digest.chain_update(part)).finalize();
    let digest: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{digest}", stem.split('-').next().unwrap_or(stem))
}

/// The value of an `integrity` attribute (W3C Subresource Integrity §3.1), as Trunk writes it.
fn integrity(content: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // 48 bytes, so that base64 needs no padding.
    let digest = Sha384::digest(content);
    let groups = digest.chunks(3).map(|group| group.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte)));
    let digits = groups.flat_map(|bits| [18, 12, 6, 0].map(|shift| char::from(DIGITS[bits >> shift & 63])));
    "sha384-".chars().chain(digits).collect()
}

/// The glue without indentation, empty lines and comments. wasm-bindgen writes each comment on lines of its own, and
/// no string over several lines.
fn strip(js: &str) -> String {
    let mut in_comment = false;
    let mut stripped = String::with_capacity(js.len());
    for line in js.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if !in_comment && !line.is_empty() && !line.starts_with("//") {
            stripped.push_str(line);
            stripped.push('\n');
        }
        in_comment &= !line.ends_with("*/");
    }
    stripped
}

/// The style sheet without indentation, empty lines, comments and spaces around punctuation. None of its strings has any of
/// these.
fn strip_style(css: &str) -> String {
    let mut stripped = String::with_capacity(css.len());
    for part in css.split("/*") {
        // The part before the first comment has no end of one.
        let rest = part.split_once("*/").map_or(part, |(_, rest)| rest);
        for line in rest.lines().map(str::trim).filter(|line| !line.is_empty()) {
            stripped.push_str(line);
            if !line.ends_with(['{', '}', ';', ',']) {
                stripped.push('\n');
            }
        }
    }
    let tight = [(" {", "{"), ("{ ", "{"), (" }", "}"), (": ", ":"), ("; ", ";"), (", ", ","), (";}", "}")];
    tight.into_iter().fold(stripped, |css, (loose, tight)| css.replace(loose, tight))
}

/// Renames the keys of the object that the glue hands to the wasm, and the name of that object.
fn rename_imports(js: &str, names: &HashMap<String, String>) -> Outcome<String> {
    let mut left = names.len();
    let mut renamed = String::with_capacity(js.len());
    for line in js.lines() {
        let found = line.split_once(": ").and_then(|(key, rest)| Some((names.get(key.trim_matches('"'))?, rest)));
        if let Some((name, rest)) = found {
            left -= 1;
            renamed.extend([name, ": ", rest]);
        } else {
            renamed.push_str(line);
        }
        renamed.push('\n');
    }
    if left == 0 { Ok(renamed) } else { Err(format!("{left} imports of the wasm are not in the JavaScript").into()) }
}

/// The wasm with short names for what it imports, and these names by the long ones; the name of the module from which
/// all is imported is among them. Custom sections, which mean nothing to a browser, are left out. None if it is not wasm
/// (WebAssembly core specification §5.5.5).
fn shorten_imports(wasm: &[u8]) -> Option<(Vec<u8>, HashMap<String, String>)> {
    const CUSTOM: u8 = 0;
    const IMPORTS: u8 = 2;
    let mut rest = wasm.get(8..)?;
    let mut shortened = wasm[..8].to_vec();
    let mut names = HashMap::new();
    while let Some((&section, after)) = rest.split_first() {
        rest = after;
        let length = number(&mut rest)?;
        let (content, after) = rest.split_at_checked(length)?;
        rest = after;
        if section == CUSTOM {
            continue;
        }
        let content = if section == IMPORTS { imports(content, &mut names)? } else { content.to_vec() };
        shortened.push(section);
        write_number(content.len(), &mut shortened);
        shortened.extend(content);
    }
    Some((shortened, names))
}

fn imports(mut section: &[u8], names: &mut HashMap<String, String>) -> Option<Vec<u8>> {
    let count = number(&mut section)?;
    let mut shortened = Vec::new();
    write_number(count, &mut shortened);
    for _ in 0..count {
        for _ in ["module", "name"] {
            let length = number(&mut section)?;
            let (name, after) = section.split_at_checked(length)?;
            section = after;
            let next = short_name(names.len());
            let short = names.entry(String::from_utf8(name.to_vec()).ok()?).or_insert(next);
            write_number(short.len(), &mut shortened);
            shortened.extend(short.bytes());
        }
        let before = section;
        skip_import_type(&mut section)?;
        shortened.extend(&before[..before.len() - section.len()]);
    }
    Some(shortened)
}

/// Of a function, table, memory, global or tag.
fn skip_import_type(section: &mut &[u8]) -> Option<()> {
    let byte = |section: &mut &[u8]| {
        let (&byte, after) = section.split_first()?;
        *section = after;
        Some(byte)
    };
    let limits = |section: &mut &[u8]| {
        let has_maximum = byte(section)? & 1 == 1;
        number(section)?;
        if has_maximum { number(section).map(drop) } else { Some(()) }
    };
    match byte(section)? {
        0 => number(section).map(drop),
        1 => byte(section).and_then(|_| limits(section)),
        2 => limits(section),
        3 => byte(section).and_then(|_| byte(section)).map(drop),
        4 => byte(section).and_then(|_| number(section)).map(drop),
        _ => None,
    }
}

/// `a` to `z`, then `aa` and so on; none is a word of JavaScript, as a key need not be.
fn short_name(index: usize) -> String {
    let last = char::from(b'a' + (index % 26) as u8);
    if index < 26 { last.to_string() } else { short_name(index / 26 - 1) + &last.to_string() }
}

/// An unsigned LEB128 number.
fn number(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0_usize;
    for shift in (0..35).step_by(7) {
        let (&byte, after) = bytes.split_first()?;
        *bytes = after;
        value |= usize::from(byte & 127) << shift;
        if byte < 128 {
            return Some(value);
        }
    }
    None
}

fn write_number(mut value: usize, out: &mut Vec<u8>) {
    while value >= 128 {
        out.push((value & 127) as u8 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module that imports two functions and a memory, and has a custom section behind them.
    fn module(names: [&str; 3]) -> Vec<u8> {
        let mut imports = vec![2];
        for (name, import) in names[1..].iter().zip([&[0, 0][..], &[2, 1, 1, 200, 1]]) {
            for name in [names[0], name] {
                imports.push(name.len() as u8);
                imports.extend(name.bytes());
            }
            imports.extend(import);
        }
        let mut module = b"\0asm\x01\0\0\0\x02".to_vec();
        write_number(imports.len(), &mut module);
        module.extend(imports);
        module
    }

    #[test]
    fn imports_get_short_names_on_both_sides() {
        let long = module(["./vitrine_bg.js", "__wbg_close_294d3f727cb7a844", "__wbindgen_memory"]);
        let custom_section = b"\x00\x03\x01xy";
        let (short, names) = shorten_imports(&[&long, &custom_section[..]].concat()).unwrap();
        assert_eq!(short, module(["a", "b", "c"]));
        let js = "/**\n * What it does.\n */\nconst imports = {\n    // The functions.\n    __wbg_close_294d3f727cb7a844: function(arg0) {\n        \
                  arg0.close();\n    },\n    __wbindgen_memory: () => memory,\n};\nreturn { \"./other.js\": 1,\n    \"./vitrine_bg.js\": imports };\n";
        let expected = "const imports = {\nb: function(arg0) {\narg0.close();\n},\nc: () => memory,\n};\n\
                        return { \"./other.js\": 1,\na: imports };\n";
        assert_eq!(rename_imports(&strip(js), &names).unwrap(), expected);
        assert!(rename_imports("", &names).is_err());
    }

    #[test]
    fn a_style_sheet_keeps_its_rules() {
        let css = "/* Tokens. */\n:root {\n  --ease: cubic-bezier(.2, .7, 1); /* soft */\n}\n\na,\nb > c { top: 0 }\n.d\n  .e {}\n";
        let expected = ":root{--ease:cubic-bezier(.2,.7,1)}a,b > c{top:0}.d\n.e{}";
        assert_eq!(strip_style(css), expected);
    }

    #[test]
    fn names_are_different_and_short() {
        let names: Vec<String> = (0..1000).map(short_name).collect();
        let different: std::collections::HashSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len());
        assert!(names.iter().all(|name| name.len() <= 3));
    }

    #[test]
    fn what_is_no_wasm_is_refused() {
        assert!(shorten_imports(b"").is_none());
        assert!(shorten_imports(b"\0asm\x01\0\0\0\x02\x7f\x01").is_none());
    }

    #[test]
    fn integrity_is_what_browsers_compute() {
        let empty = "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb";
        assert_eq!(integrity(b""), empty);
    }

    #[test]
    fn the_page_leads_to_the_shrunk_files() {
        let dist = std::env::temp_dir().join(format!("vitrine-shrink-{}", std::process::id()));
        fs::create_dir_all(&dist).unwrap();
        let wasm = module(["./vitrine_bg.js", "__wbg_a", "__wbg_b"]);
        let js = "    __wbg_a: 1,\n    __wbg_b: 2,\n    \"./vitrine_bg.js\": import0,\n";
        fs::write(dist.join("vitrine-123_bg.wasm"), &wasm).unwrap();
        fs::write(dist.join("vitrine-123.js"), js).unwrap();
        fs::write(dist.join("style-9.css"), "").unwrap();
        let html = |stem: &str, wasm: &[u8], js: &[u8]| {
            format!(
                "<link href=./{stem}_bg.wasm integrity={}><script src=./{stem}.js integrity={}>",
                integrity(wasm),
                integrity(js)
            )
        };
        fs::write(dist.join("index.html"), html("vitrine-123", &wasm, js.as_bytes())).unwrap();
        shrink(&dist).unwrap();
        let mut names: Vec<_> =
            fs::read_dir(&dist).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        let stem = names[2].strip_suffix(".js").unwrap();
        assert_eq!(names[2..], [format!("{stem}.js"), format!("{stem}_bg.wasm")]);
        assert!(stem != "vitrine-123" && names[1] != "style-9.css" && names[1].ends_with(".css"), "{names:?}");
        let (wasm, js) = (fs::read(dist.join(&names[3])).unwrap(), fs::read(dist.join(&names[2])).unwrap());
        assert_eq!(fs::read_to_string(dist.join("index.html")).unwrap(), html(stem, &wasm, &js));
        assert_eq!(js, b"b: 1,\nc: 2,\na: import0,\n");
        fs::remove_dir_all(&dist).unwrap();
    }
}
