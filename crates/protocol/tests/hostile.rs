//! Hostile texts, read by `serde_json`, and the check of size and nesting before every parser. The app's `tests/json.rs`
//! reads the same corpus in browsers.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test's helpers fail by panicking")]

mod corpus;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;
use vitrine_protocol::json_limits::{self, LimitError, MAX_BYTES, MAX_DEPTH};

struct Native;

impl corpus::Reader for Native {
    fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
        json_limits::check(text).map_err(|error| error.to_string())?;
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

#[test]
fn hostile_texts_are_rejected_or_harmless() {
    corpus::check::<Native>();
}

#[test]
fn limits_are_exact() {
    let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(json_limits::check(&nested(MAX_DEPTH)), Ok(()));
    assert_eq!(json_limits::check(&nested(MAX_DEPTH + 1)), Err(LimitError::TooDeep));
    assert_eq!(json_limits::check(&format!("[{}]", [nested(MAX_DEPTH - 1), nested(MAX_DEPTH - 1)].join(","))), Ok(()));
    assert_eq!(json_limits::check(&" ".repeat(MAX_BYTES)), Ok(()));
    assert_eq!(json_limits::check(&" ".repeat(MAX_BYTES + 1)), Err(LimitError::TooLong(MAX_BYTES + 1)));
}

#[test]
fn brackets_in_strings_do_not_nest() {
    let brackets = "[{".repeat(100);
    for text in [
        format!("\"{brackets}\""),
        format!("\"\\\"{brackets}\""),
        format!("{{\"{brackets}\\\\\":\"\\\\\\\"{brackets}\"}}"),
        format!("\"한\\u0022{brackets}\""),
    ] {
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
        assert_eq!(json_limits::check(&text), Ok(()), "{text}");
    }
    for text in [format!("\"\\\\\"{brackets}"), format!("\"\"{brackets}"), format!("[\"\\\"\",{brackets}")] {
        assert_eq!(json_limits::check(&text), Err(LimitError::TooDeep), "{text}");
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\[\\]{}\"\\\\,:a한]{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[\\[\\]{}\"\\\\a]{0,8}", inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nesting_of_json_is_counted_exactly(value in json_value(), outer in (MAX_DEPTH - 4)..=MAX_DEPTH) {
        let text = "[".repeat(outer) + &value.to_string() + &"]".repeat(outer);
        let expected = if outer + depth(&value) <= MAX_DEPTH { Ok(()) } else { Err(LimitError::TooDeep) };
        prop_assert_eq!(json_limits::check(&text), expected, "{}", text);
    }

    #[test]
    fn no_text_makes_the_check_panic(text in any::<String>()) {
        let _ = json_limits::check(&text);
    }
}
