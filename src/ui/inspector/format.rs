//! Numbers as people read them: rates, times, shares, sizes. Units are those of the SI in every language.

use leptos_i18n::td_string;
use vitrine_insight::{Language, trace::Side};

use crate::ui::text::Locale;

/// The language of [`vitrine_insight`]'s words.
pub fn language(locale: Locale) -> Language {
    match locale {
        Locale::en => Language::English,
        Locale::ko => Language::Korean,
    }
}

/// A number with so few digits that it is read at a glance.
pub fn short(number: f64) -> String {
    let digits = if number.abs() >= 10.0 || number == number.round() { 0 } else { 1 };
    format!("{number:.digits$}")
}

/// Bits a second.
pub fn bitrate(bits: f64) -> String {
    if bits >= 1_000_000.0 {
        format!("{:.1} Mbit/s", bits / 1_000_000.0)
    } else {
        format!("{:.0} kbit/s", bits / 1_000.0)
    }
}

/// Seconds, as milliseconds.
pub fn milliseconds(seconds: f64) -> String {
    format!("{} ms", short(seconds * 1_000.0))
}

/// A share from 0 to 1.
pub fn percent(share: f64) -> String {
    format!("{} %", short(share * 100.0))
}

/// Bytes.
pub fn bytes(bytes: f64) -> String {
    match bytes {
        _ if bytes >= 1_000_000.0 => format!("{:.1} MB", bytes / 1_000_000.0),
        _ if bytes >= 1_000.0 => format!("{:.1} kB", bytes / 1_000.0),
        _ => format!("{bytes:.0} B"),
    }
}

/// How long after `start` something happened, both in milliseconds.
pub fn since(start: f64, time: f64) -> String {
    let milliseconds = (time - start).max(0.0);
    if milliseconds < 1_000.0 {
        return format!("{milliseconds:.0} ms");
    }
    let seconds = milliseconds / 1_000.0;
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    format!("{}:{:02}", (seconds / 60.0) as u32, (seconds % 60.0) as u32)
}

/// A number that may be missing.
pub fn or_dash(number: Option<f64>, format: impl Fn(f64) -> String) -> String {
    number.map_or_else(|| "–".to_owned(), format)
}

/// Two numbers that belong together.
pub fn of_both((one, other): (Option<f64>, Option<f64>), format: impl Fn(f64) -> String) -> String {
    format!("{} / {}", or_dash(one, &format), or_dash(other, &format))
}

/// Whose something is.
pub fn side(locale: Locale, side: Side) -> &'static str {
    match side {
        Side::Local => td_string!(locale, inspect.here),
        Side::Remote => td_string!(locale, inspect.there),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!((short(3.21), short(12.6), short(4.0)), ("3.2".into(), "13".into(), "4".into()));
        assert_eq!((bitrate(420_400.0), bitrate(2_310_000.0)), ("420 kbit/s".into(), "2.3 Mbit/s".into()));
        assert_eq!((milliseconds(0.0264), percent(0.034)), ("26 ms".into(), "3.4 %".into()));
        assert_eq!(
            (bytes(999.0), bytes(1_500.0), bytes(2_500_000.0)),
            ("999 B".into(), "1.5 kB".into(), "2.5 MB".into())
        );
        assert_eq!(
            (since(5.0, 417.0), since(0.0, 8_250.0), since(0.0, 83_000.0)),
            ("412 ms".into(), "8.2 s".into(), "1:23".into())
        );
        assert_eq!(of_both((Some(4.0), None), short), "4 / –");
    }
}
