//! Walker's alias table: one uniform number picks an entry in constant time (Walker, ACM Trans. Math.
//! Softw. 3, 253, 1977; built in linear time after Vose, IEEE Trans. Softw. Eng. 17, 972, 1991).

/// Entry `i` is kept with `probability[i]`, else `alias[i]` is taken.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AliasTable {
    /// Probability to keep the entry that was hit, 0 to 1.
    pub probability: Vec<f64>,
    /// The entry taken otherwise.
    pub alias: Vec<u32>,
}

impl AliasTable {
    /// Builds the table for weights not below zero; empty if their sum is not positive and finite.
    pub fn new(weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        if !(total > 0.0 && total.is_finite()) || weights.iter().any(|&w| w < 0.0) {
            return AliasTable::default();
        }
        let count = weights.len();
        let mut scaled: Vec<f64> = weights.iter().map(|w| w / total * count as f64).collect();
        let mut table =
            AliasTable { probability: vec![1.0; count], alias: (0..count as u32).collect() };
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..count).partition(|&i| scaled[i] < 1.0);
        while let (Some(&low), Some(&high)) = (small.last(), large.last()) {
            small.pop();
            table.probability[low] = scaled[low];
            table.alias[low] = high as u32;
            scaled[high] -= 1.0 - scaled[low];
            if scaled[high] < 1.0 {
                large.pop();
                small.push(high);
            }
        }
        // What is left would be 1 but for rounding; a tiny weight left over must not become 1.
        let heaviest = (0..count).max_by(|&i, &j| weights[i].total_cmp(&weights[j])).unwrap_or(0);
        for low in small.into_iter().filter(|&i| scaled[i] < 0.5) {
            table.probability[low] = scaled[low].max(0.0);
            table.alias[low] = heaviest as u32;
        }
        table
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.alias.len()
    }

    /// Whether there is nothing to pick.
    pub fn is_empty(&self) -> bool {
        self.alias.is_empty()
    }

    /// The probability with which each entry is picked, recomputed from the table.
    pub fn picked(&self) -> Vec<f64> {
        let mut picked = vec![0.0; self.len()];
        for (i, (&keep, &other)) in self.probability.iter().zip(&self.alias).enumerate() {
            picked[i] += keep / self.len() as f64;
            picked[other as usize] += (1.0 - keep) / self.len() as f64;
        }
        picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_by_weight() {
        let weights = [0.3, 0.0, 5.0, 1e-9, 0.7, 0.7, 2.0, 1e3];
        let total: f64 = weights.iter().sum();
        for (picked, weight) in AliasTable::new(&weights).picked().iter().zip(weights) {
            assert!((picked - weight / total).abs() < 1e-15, "{picked} {weight}");
        }
    }

    #[test]
    fn equal_and_single_weights() {
        assert_eq!(AliasTable::new(&[2.0; 7]).picked(), [1.0 / 7.0; 7]);
        assert_eq!(AliasTable::new(&[3.0]).picked(), [1.0]);
    }

    #[test]
    fn nothing_to_pick_is_empty() {
        for weights in [&[][..], &[0.0, 0.0], &[-1.0, 2.0], &[f64::NAN]] {
            assert!(AliasTable::new(weights).is_empty());
        }
    }
}
