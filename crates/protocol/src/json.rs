//! JSON as a tree, with its reader and writer. It is what the page reads and writes its messages with: all of it is a
//! few kilobytes of the download, where `serde_json` and the code that `serde` derives are ten times that. The server,
//! which nobody downloads, uses those. Numbers are kept as they are written: every one on the wire is a count.

/// Deepest nesting that is read: a text of brackets must not exhaust the stack.
const MAX_DEPTH: u32 = 64;

const END: &str = "the end";

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Json {
    /// `null`, and what is not there.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, in its own order.
    Object(Vec<(String, Json)>),
}

/// Why a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected} was expected at byte {at}")]
pub struct NotJson {
    /// What should stand there.
    pub expected: &'static str,
    /// Where.
    pub at: usize,
}

/// A field of an object is missing or of the wrong type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no usable field `{0}`")]
pub struct NoField(pub &'static str);

impl NotJson {
    /// Whether there is a JSON value and then something else.
    pub fn is_trailing(self) -> bool {
        self.expected == END
    }
}

impl Json {
    /// Reads a text that is one JSON value.
    ///
    /// # Errors
    /// [`NotJson`] with the first place at which it is not.
    pub fn parse(text: &str) -> Result<Self, NotJson> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(MAX_DEPTH)?;
        reader.skip_space();
        if reader.at == text.len() { Ok(value) } else { Err(reader.expected(END)) }
    }

    /// An object of these fields.
    pub fn object<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The object with a field more, if there is a `value` for it.
    #[must_use]
    pub fn with<T: Into<Self>>(mut self, name: &str, value: Option<T>) -> Self {
        if let (Self::Object(fields), Some(value)) = (&mut self, value) {
            fields.push((name.to_owned(), value.into()));
        }
        self
    }

    /// The field `name`; null if it is not there. Of several the last one counts, as in browsers.
    pub fn field(&self, name: &str) -> &Self {
        const NULL: &Json = &Json::Null;
        let Self::Object(fields) = self else { return NULL };
        fields.iter().rev().find(|(known, _)| known == name).map_or(NULL, |(_, value)| value)
    }

    /// The string.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The array's values.
    pub fn list(&self) -> Option<&[Self]> {
        if let Self::List(values) = self { Some(values) } else { None }
    }

    /// The field `name` as `read` reads it.
    ///
    /// # Errors
    /// [`NoField`] when it cannot.
    pub fn need<'a, T>(&'a self, name: &'static str, read: impl FnOnce(&'a Self) -> Option<T>) -> Result<T, NoField> {
        read(self.field(name)).ok_or(NoField(name))
    }

    /// The same for a field that may be missing or null.
    ///
    /// # Errors
    /// [`NoField`] when it is there and cannot be read.
    pub fn may<'a, T>(
        &'a self,
        name: &'static str,
        read: impl FnOnce(&'a Self) -> Option<T>,
    ) -> Result<Option<T>, NoField> {
        if *self.field(name) == Self::Null { Ok(None) } else { self.need(name, read).map(Some) }
    }

    /// The string, of one's own.
    pub fn to_text(&self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// The number, if it is one that counts something.
    pub fn to_count(&self) -> Option<u64> {
        if let Self::Number(digits) = self { digits.parse().ok() } else { None }
    }

    /// The truth value.
    pub fn to_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The value as JSON, without spaces.
    pub fn encode(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(digits) => out.push_str(digits),
            Self::Text(text) => write_text(text, out),
            Self::List(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    value.write(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Json {
    fn from(count: u64) -> Self {
        Self::Number(count.to_string())
    }
}

impl From<u32> for Json {
    fn from(count: u32) -> Self {
        Self::Number(count.to_string())
    }
}

/// Null for none.
impl<T: Into<Self>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Json {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..' ' => {
                out.push_str(if character < '\u{10}' { "\\u000" } else { "\\u001" });
                out.extend(char::from_digit(u32::from(character) % 16, 16));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// Reads from `text` at `at`, which is never inside a character.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn expected(&self, expected: &'static str) -> NotJson {
        NotJson { expected, at: self.at }
    }

    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    fn skip(&mut self, belongs: impl Fn(u8) -> bool) -> usize {
        let start = self.at;
        while self.at < self.text.len() && belongs(self.peek()) {
            self.at += 1;
        }
        self.at - start
    }

    /// What was read from `start` on.
    fn since(&self, start: usize) -> &str {
        // Indexing would bring the standard library's tables of printable characters, for its panic's message.
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        self.skip(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// Takes `word` if it is next.
    fn take(&mut self, word: &str) -> bool {
        let found = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        if found {
            self.at += word.len();
        }
        found
    }

    fn value(&mut self, depth: u32) -> Result<Json, NotJson> {
        self.skip_space();
        match self.peek() {
            b'"' => self.text().map(Json::Text),
            b'-' | b'0'..=b'9' => self.number(),
            b'[' | b'{' if depth == 0 => Err(self.expected("less nesting")),
            b'[' => self.list(depth),
            b'{' => self.object(depth),
            _ if self.take("null") => Ok(Json::Null),
            _ if self.take("true") => Ok(Json::Bool(true)),
            _ if self.take("false") => Ok(Json::Bool(false)),
            _ => Err(self.expected("a value")),
        }
    }

    fn list(&mut self, depth: u32) -> Result<Json, NotJson> {
        let mut values = Vec::new();
        self.items("]", |reader| {
            values.push(reader.value(depth - 1)?);
            Ok(())
        })?;
        Ok(Json::List(values))
    }

    fn object(&mut self, depth: u32) -> Result<Json, NotJson> {
        let mut fields = Vec::new();
        self.items("}", |reader| {
            let name = reader.text()?;
            reader.skip_space();
            if !reader.take(":") {
                return Err(reader.expected("`:`"));
            }
            fields.push((name, reader.value(depth - 1)?));
            Ok(())
        })?;
        Ok(Json::Object(fields))
    }

    /// Items between the bracket that is next and `end`, with commas between them.
    fn items(&mut self, end: &str, mut item: impl FnMut(&mut Self) -> Result<(), NotJson>) -> Result<(), NotJson> {
        self.at += 1;
        self.skip_space();
        if self.take(end) {
            return Ok(());
        }
        loop {
            self.skip_space();
            item(self)?;
            self.skip_space();
            if self.take(end) {
                return Ok(());
            }
            if !self.take(",") {
                return Err(self.expected("`,` or the closing bracket"));
            }
        }
    }

    fn number(&mut self) -> Result<Json, NotJson> {
        let start = self.at;
        let digit = |byte: u8| byte.is_ascii_digit();
        self.take("-");
        if !self.take("0") && self.skip(digit) == 0 {
            return Err(self.expected("a digit"));
        }
        if self.take(".") && self.skip(digit) == 0 {
            return Err(self.expected("a digit"));
        }
        if self.take("e") || self.take("E") {
            let _sign = self.take("+") || self.take("-");
            if self.skip(digit) == 0 {
                return Err(self.expected("a digit"));
            }
        }
        Ok(Json::Number(self.since(start).to_owned()))
    }

    fn text(&mut self) -> Result<String, NotJson> {
        if !self.take("\"") {
            return Err(self.expected("a string"));
        }
        let mut text = String::new();
        loop {
            let start = self.at;
            self.skip(|byte| !matches!(byte, b'"' | b'\\' | 0..=31));
            text.push_str(self.since(start));
            if self.take("\"") {
                return Ok(text);
            }
            if !self.take("\\") {
                return Err(self.expected("the end of the string"));
            }
            text.push(self.escape()?);
        }
    }

    /// What stands for a character behind a backslash.
    fn escape(&mut self) -> Result<char, NotJson> {
        let character = match self.peek() {
            b'u' => return self.escaped_unit(),
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            _ => return Err(self.expected("an escape")),
        };
        self.at += 1;
        Ok(character)
    }

    /// `uXXXX`, twice for a character outside the basic plane.
    fn escaped_unit(&mut self) -> Result<char, NotJson> {
        let first = self.unit()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !self.take("\\") {
                return Err(self.expected("the other half of a character"));
            }
            let second = self.unit()?.wrapping_sub(0xdc00);
            if second < 0x400 { 0x1_0000 + ((first - 0xd800) << 10) + second } else { u32::MAX }
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.expected("a character"))
    }

    fn unit(&mut self) -> Result<u32, NotJson> {
        if !self.take("u") {
            return Err(self.expected("`u`"));
        }
        let mut code = 0;
        for _ in 0..4 {
            let digit = char::from(self.peek()).to_digit(16);
            code = code * 16 + digit.ok_or_else(|| self.expected("a hexadecimal digit"))?;
            self.at += 1;
        }
        Ok(code)
    }
}
