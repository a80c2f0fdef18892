//! An uncertainty budget: a value, its components, and which of them dominates.
//!
//! First order in every component (the law of propagation, JCGM 100:2008, eq. 10); components are uncorrelated with each other, and
//! correlations within one are inside its variance (eq. 13).

use std::fmt::Write as _;

/// One source of uncertainty.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// What it is.
    pub name: String,
    /// Standard uncertainty of the input, in the input's unit; none for a group of correlated inputs.
    pub standard_uncertainty: Option<f64>,
    /// Derivative of the result by the input; none for a group of correlated inputs.
    pub sensitivity: Option<f64>,
    /// Its part of the result's variance.
    pub variance: f64,
}

impl Component {
    /// One input: its standard uncertainty and the derivative of the result by it.
    pub fn new(name: impl Into<String>, standard_uncertainty: f64, sensitivity: f64) -> Self {
        let part = sensitivity * standard_uncertainty;
        Component {
            name: name.into(),
            standard_uncertainty: Some(standard_uncertainty),
            sensitivity: Some(sensitivity),
            variance: part * part,
        }
    }

    /// A group of correlated inputs by its part of the variance.
    pub fn group(name: impl Into<String>, variance: f64) -> Self {
        Component { name: name.into(), standard_uncertainty: None, sensitivity: None, variance }
    }
}

/// A value and where its uncertainty comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// What was measured.
    pub quantity: String,
    /// Its unit.
    pub unit: String,
    /// Best estimate.
    pub value: f64,
    /// The components, uncorrelated with each other.
    pub components: Vec<Component>,
}

impl Budget {
    /// Combined variance.
    pub fn variance(&self) -> f64 {
        self.components.iter().map(|c| c.variance).sum()
    }

    /// Combined standard uncertainty, in the value's unit.
    pub fn standard_uncertainty(&self) -> f64 {
        self.variance().sqrt()
    }

    /// Standard uncertainty over the value.
    pub fn relative_uncertainty(&self) -> f64 {
        self.standard_uncertainty() / self.value.abs()
    }

    /// Part of the variance per component; sums to one.
    pub fn shares(&self) -> Vec<f64> {
        let all = self.variance();
        self.components.iter().map(|c| c.variance / all).collect()
    }

    /// The component with the largest part of the variance.
    pub fn dominant(&self) -> Option<&Component> {
        self.components.iter().max_by(|a, b| a.variance.total_cmp(&b.variance))
    }

    /// The value and a row per component, largest first.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{}: {} +- {} {} ({:.2} %)\n",
            self.quantity,
            short(self.value),
            short(self.standard_uncertainty()),
            self.unit,
            100.0 * self.relative_uncertainty()
        );
        let width = self.components.iter().map(|c| c.name.chars().count()).max().unwrap_or(0);
        let width = width.max("component".len());
        let _ = writeln!(
            text,
            "  {:width$}  {:>12}  {:>12}  {:>12}  {:>7}",
            "component", "uncertainty", "sensitivity", "of result", "share"
        );
        let mut rows: Vec<(&Component, f64)> = self.components.iter().zip(self.shares()).collect();
        rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (c, share) in rows {
            let shown = |x: Option<f64>| x.map_or("-".to_string(), short);
            let _ = writeln!(
                text,
                "  {:width$}  {:>12}  {:>12}  {:>11.3}%  {:>6.1}%",
                c.name,
                shown(c.standard_uncertainty),
                shown(c.sensitivity),
                100.0 * c.variance.sqrt() / self.value.abs(),
                100.0 * share
            );
        }
        if let Some(c) = self.dominant() {
            let _ = writeln!(text, "  dominant: {}", c.name);
        }
        text
    }
}

/// A number with five significant digits.
pub fn short(x: f64) -> String {
    if x == 0.0 || (1e-3..1e6).contains(&x.abs()) {
        let digits = if x == 0.0 { 0 } else { (4 - x.abs().log10().floor() as i32).max(0) };
        format!("{x:.*}", digits as usize)
    } else {
        format!("{x:.4e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_the_largest_dominates() {
        let budget = Budget {
            quantity: "activity".into(),
            unit: "MBq".into(),
            value: 100.0,
            components: vec![
                Component::new("reading", 3.0, 1.0),
                Component::new("calibrator", 0.02, -200.0),
                Component::group("fit", 0.0),
            ],
        };
        assert_eq!(budget.standard_uncertainty(), 5.0);
        assert_eq!(budget.relative_uncertainty(), 0.05);
        assert_eq!(budget.shares(), [9.0 / 25.0, 16.0 / 25.0, 0.0]);
        assert_eq!(budget.dominant().map(|c| c.name.as_str()), Some("calibrator"));
        let table = budget.table();
        assert!(table.contains("100.00 +- 5.0000 MBq (5.00 %)"), "{table}");
        assert!(table.find("calibrator") < table.find("reading"), "{table}");
    }
}
