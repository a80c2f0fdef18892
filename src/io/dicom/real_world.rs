//! Real world value maps: what stored values mean in a stated unit (PS3.3 C.7.6.16.2.11, PS3.3 C.7.6.16.2.11.1.2), by
//! slope and intercept or by a table, each over a range of stored values.
//!
//! A map holds for stored values as they are, before any rescaling. Several maps in one unit may share out the stored
//! values; outside of all ranges a value has no meaning.

use super::attributes::*;
use super::pixels::PixelFormat;
use super::ucum::{Meaning, meaning};
use crate::error::Result;

/// The maps of a frame in one unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UnitMap {
    /// The unit's code.
    pub code: String,
    pub meaning: Meaning,
    pub segments: Vec<Segment>,
}

/// One item: a function over a range of stored values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Segment {
    /// First and last stored value; none where the item does not say.
    range: Option<[f64; 2]>,
    function: Function,
}

#[derive(Debug, Clone, PartialEq)]
enum Function {
    Linear { slope: f64, intercept: f64 },
    Table(Vec<f64>),
}

impl UnitMap {
    /// The real world value of a stored one; none outside of the mapped ranges.
    pub fn value(&self, format: &PixelFormat, stored: i64) -> Option<f64> {
        self.segments.iter().find_map(|s| s.value(format, stored))
    }

    /// The largest difference to `slope x stored + intercept`, over the largest value of the map, at the ends of what
    /// is mapped.
    pub fn difference(&self, slope: f64, intercept: f64) -> f64 {
        let (mut apart, mut largest) = (0.0_f64, 0.0_f64);
        for segment in &self.segments {
            let Function::Linear { slope: s, intercept: i } = segment.function else { continue };
            for stored in segment.range.unwrap_or([0.0, 1e4]) {
                apart = apart.max((s * stored + i - slope * stored - intercept).abs());
                largest = largest.max((s * stored + i).abs());
            }
        }
        if largest > 0.0 { apart / largest } else { apart }
    }
}

impl Segment {
    fn value(&self, format: &PixelFormat, stored: i64) -> Option<f64> {
        let offset = match self.range {
            None => stored as f64,
            Some(range) => in_range(range, format, stored)?,
        };
        match &self.function {
            Function::Linear { slope, intercept } => Some(slope * stored as f64 + intercept),
            Function::Table(values) => values.get(offset as usize).copied(),
        }
    }
}

/// How far behind the first of a range a stored value lies. The ends have the VR US for signed values in many files (and in
/// implicit ones no VR at all), so ends that are out of order as signed numbers are compared as bits.
fn in_range([first, last]: [f64; 2], format: &PixelFormat, stored: i64) -> Option<f64> {
    let whole = first.fract() == 0.0 && last.fract() == 0.0;
    let value = stored as f64;
    let (low, high) = if whole && first.abs().max(last.abs()) < 4e9 {
        let ends = [format.wrap(first as i64), format.wrap(last as i64)];
        if ends[0] > ends[1] {
            let bits = format.bits_of(stored) as f64;
            return (first..=last).contains(&bits).then_some(bits - first);
        }
        (ends[0] as f64, ends[1] as f64)
    } else {
        (first, last)
    };
    (low..=high).contains(&value).then_some(value - low)
}

/// The maps that hold for a frame, by unit and in the order of the file. `holders` are the items that may have them, the
/// nearest first; only the first that has any counts.
pub(super) fn read(holders: &[Item<'_>]) -> Result<Vec<UnitMap>> {
    let items = holders
        .iter()
        .map(|h| h.items(REAL_WORLD_VALUE_MAPPING_SEQUENCE))
        .find(|items| !items.is_empty())
        .unwrap_or_default();
    let mut maps: Vec<UnitMap> = Vec::new();
    for item in items {
        let units = item.item(MEASUREMENT_UNITS_CODE_SEQUENCE);
        let code = units.and_then(|c| c.text(CODE_VALUE)).unwrap_or_default();
        let scheme = units.and_then(|c| c.text(CODING_SCHEME_DESIGNATOR));
        // Codes of other schemes are private or name no unit; without a scheme the code is UCUM's by PS3.16 CID 84.
        let known = scheme.is_none_or(|s| s == "UCUM");
        let meaning = if known { meaning(&code) } else { Meaning::Other };
        if meaning == Meaning::Other {
            maps.push(UnitMap { code, meaning, segments: Vec::new() });
            continue;
        }
        let segment = segment(item)?;
        match maps.iter_mut().find(|m| m.code == code) {
            Some(map) => map.segments.push(segment),
            None => maps.push(UnitMap { code, meaning, segments: vec![segment] }),
        }
    }
    Ok(maps)
}

fn segment(item: Item<'_>) -> Result<Segment> {
    let end = |double: Attribute, single: Attribute| -> Result<Option<f64>> {
        Ok(item.number(double)?.or(item.number(single)?))
    };
    let first =
        end(DOUBLE_FLOAT_REAL_WORLD_VALUE_FIRST_VALUE_MAPPED, REAL_WORLD_VALUE_FIRST_VALUE_MAPPED)?;
    let last =
        end(DOUBLE_FLOAT_REAL_WORLD_VALUE_LAST_VALUE_MAPPED, REAL_WORLD_VALUE_LAST_VALUE_MAPPED)?;
    let range = first.zip(last).map(|(a, b)| [a, b]);
    if let Some(table) = item.numbers(REAL_WORLD_VALUE_LUT_DATA)? {
        let needed = range.map(|[a, b]| (b - a).abs() + 1.0);
        if needed != Some(table.len() as f64) {
            return Err(item.bad(
                REAL_WORLD_VALUE_LUT_DATA,
                &format!("a table of {} values", table.len()),
                &format!(
                    "RealWorldValueFirstValueMapped and RealWorldValueLastValueMapped say {}",
                    needed.map_or("nothing".into(), |n| format!("{n}"))
                ),
                "Export the object again.",
            ));
        }
        return Ok(Segment { range, function: Function::Table(table) });
    }
    let why = "the real world value map is incomplete";
    let slope = item.required_number(REAL_WORLD_VALUE_SLOPE, why)?;
    let intercept = item.required_number(REAL_WORLD_VALUE_INTERCEPT, why)?;
    if slope == 0.0 {
        return Err(item.bad(
            REAL_WORLD_VALUE_SLOPE,
            "0",
            "all values would be the same",
            "Export again.",
        ));
    }
    Ok(Segment { range, function: Function::Linear { slope, intercept } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(signed: bool) -> PixelFormat {
        PixelFormat {
            rows: 1,
            columns: 1,
            frames: 1,
            bits_allocated: 16,
            bits_stored: 16,
            high_bit: 15,
            signed,
            foreign_padding: None,
        }
    }

    #[test]
    fn ranges_are_those_of_signed_and_of_unsigned_values() {
        let linear = Function::Linear { slope: 2.0, intercept: 1.0 };
        let of = |range| Segment { range, function: linear.clone() };
        assert_eq!(of(None).value(&format(true), -3), Some(-5.0));
        let narrow = of(Some([10.0, 20.0]));
        assert_eq!(narrow.value(&format(false), 20), Some(41.0));
        assert_eq!(narrow.value(&format(false), 21), None);
        // -5 to 5, written as US.
        let signed = of(Some([65531.0, 5.0]));
        assert_eq!(signed.value(&format(true), -5), Some(-9.0));
        assert_eq!(signed.value(&format(true), -6), None);
        // All 65536 patterns of signed pixels.
        let all = of(Some([0.0, 65535.0]));
        assert_eq!(all.value(&format(true), -6), Some(-11.0));
    }

    #[test]
    fn tables_start_at_the_first_mapped_value() {
        let table =
            Segment { range: Some([100.0, 102.0]), function: Function::Table(vec![0.0, 5.0, 7.5]) };
        assert_eq!(table.value(&format(false), 102), Some(7.5));
        assert_eq!(table.value(&format(false), 99), None);
    }
}
