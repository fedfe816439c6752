//! The JSON that the page reads and writes, held against `serde_json`.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use proptest::prelude::*;
use serde_json::Value;
use vitrine_protocol::json::Json;

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

#[test]
fn texts_that_are_not_json_are_refused_at_their_place() {
    for text in [
        "",
        " ",
        "nul",
        "truex",
        "01",
        "1.",
        ".5",
        "-",
        "+1",
        "1e",
        "0x1",
        "NaN",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\n\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "[1,]",
        "[1 2]",
        "[",
        "]",
        "{\"a\"}",
        "{a:1}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "1 2",
        "[]]",
        "\u{feff}1",
        "//",
        "한",
    ] {
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text:?}");
        assert!(Json::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(Json::parse("[1, x]").unwrap_err().at, 4);
    assert!(Json::parse("{} {}").unwrap_err().is_trailing());
}

#[test]
fn every_escape_is_read() {
    let text = Json::parse(r#" "\"\\\/\b\f\n\r\t\u0041\ud55c\ud83d\uDE00" "#).unwrap();
    assert_eq!(text.text(), Some("\"\\/\u{8}\u{c}\n\r\tA한😀"));
}

#[test]
fn nesting_has_an_end() {
    let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert!(Json::parse(&nested(64)).is_ok());
    assert!(Json::parse(&nested(65)).is_err());
    assert!(Json::parse(&"[{\"\":".repeat(100_000)).is_err());
}

#[test]
fn of_fields_with_one_name_the_last_counts() {
    assert_eq!(Json::parse(r#"{"a":1,"a":2}"#).unwrap().field("a").to_count(), Some(2));
}

#[test]
fn only_counts_are_read_as_numbers() {
    let count = |text: &str| Json::parse(text).unwrap().to_count();
    assert_eq!(count("0"), Some(0));
    assert_eq!(count(&u64::MAX.to_string()), Some(u64::MAX));
    for text in ["-1", "1.5", "1e3", "18446744073709551616", "\"1\"", "null"] {
        assert_eq!(count(text), None, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What either writes the other reads, and writes again letter by letter.
    #[test]
    fn it_agrees_with_serde_json(value in json_value()) {
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            let read = Json::parse(&text).unwrap();
            prop_assert_eq!(read.encode(), serde_json::to_string(&value).unwrap());
        }
    }

    /// It reads what `serde_json` reads and nothing else.
    #[test]
    fn it_refuses_what_serde_json_refuses(
        value in json_value(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of("[\\[\\]{}:,\"\\\\0-9eE.+\\- a-u\0\n]"), 0..2_usize), 1..4),
    ) {
        let mut text: Vec<char> = value.to_string().chars().collect();
        for (place, insert, remove) in damage {
            let at = place.index(text.len() + 1);
            let end = (at + remove).min(text.len());
            text.splice(at..end, insert.iter().flat_map(|insert| insert.chars()));
        }
        let text: String = text.into_iter().collect();
        let theirs = serde_json::from_str::<Value>(&text);
        // A number that no f64 holds is a number all the same, and ends its reading.
        let too_large = theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
        prop_assert!(too_large || Json::parse(&text).is_ok() == theirs.is_ok(), "{}", text);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = Json::parse(&text);
    }
}
