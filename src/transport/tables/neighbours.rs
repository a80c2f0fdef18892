//! Arrangement of tabulated values so that a linear interpolation reads one block of four: both ends of an interval stand next to
//! each other, at the price of storing inner nodes twice (records) or every third one twice (windows).

use crate::transport::layout::WINDOW_INTERVALS;

/// Records of intervals from records of nodes of `values` numbers each: `[interval][value][low end, high end]`.
pub fn interval_records(nodes: &[f32], values: usize) -> Vec<f32> {
    let records: Vec<&[f32]> = nodes.chunks_exact(values).collect();
    let pairs = records.windows(2).flat_map(|ends| ends[0].iter().zip(ends[1]));
    pairs.flat_map(|(&low, &high)| [low, high]).collect()
}

/// Blocks of four nodes that share their last with the next block's first, filled up with the last node. The low end of
/// interval `i` stands at `i + i / 3`, the high end behind it.
pub fn windows(nodes: &[f32]) -> Vec<f32> {
    let last = nodes.len() - 1;
    let blocks = last.div_ceil(WINDOW_INTERVALS);
    let node = |block: usize, k: usize| nodes[(block * WINDOW_INTERVALS + k).min(last)];
    (0..blocks).flat_map(|b| (0..=WINDOW_INTERVALS).map(move |k| node(b, k))).collect()
}

/// Fills up to a multiple of four values, where the next block may start.
pub fn align(tables: &mut Vec<f32>) {
    tables.resize(tables.len().next_multiple_of(WINDOW_INTERVALS + 1), 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::layout::windowed;

    #[test]
    fn both_ends_of_every_interval_stand_in_one_block() {
        for intervals in [1, 2, 3, 4, 128, 384, 1024] {
            let nodes: Vec<f32> = (0..=intervals).map(|i| i as f32).collect();
            let stored = windows(&nodes);
            assert_eq!(stored.len(), windowed(intervals));
            for i in 0..intervals {
                let at = i + i / 3;
                assert_eq!([stored[at], stored[at + 1]], [i as f32, (i + 1) as f32]);
                assert_eq!(at / 4, (at + 1) / 4);
            }
        }
    }

    #[test]
    fn records_hold_low_and_high_end_of_each_value() {
        let nodes = [1.0, 10.0, 2.0, 20.0, 3.0, 30.0];
        assert_eq!(interval_records(&nodes, 2), [1.0, 2.0, 10.0, 20.0, 2.0, 3.0, 20.0, 30.0]);
    }

    #[test]
    fn alignment_adds_at_most_three_values() {
        for n in 0..9 {
            let mut tables = vec![1.0; n];
            align(&mut tables);
            assert_eq!(tables.len() % 4, 0);
            assert!(tables.len() - n < 4);
        }
    }
}
