//! What several runs have in common: median and extremes.

use serde_json::{Value, json};

/// Median and extremes, in milliseconds; NaN of nothing.
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self { median: f64::midpoint(at(last / 2), at(last.div_ceil(2))), min: at(0), max: at(last) }
    }

    pub fn json(&self) -> Value {
        json!({ "median_ms": self.median, "min_ms": self.min, "max_ms": self.max })
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:.0} ({:.0} to {:.0})", self.median, self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied()).to_string();
        assert_eq!(spread(&[3.0, 1.0, 2.0]), "2 (1 to 3)");
        assert_eq!(spread(&[4.0, 1.0, 2.0, 100.0]), "3 (1 to 100)");
        assert_eq!(spread(&[5.0]), "5 (5 to 5)");
        assert!(Spread::of(std::iter::empty()).median.is_nan());
    }
}
