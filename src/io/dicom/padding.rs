//! Pixel padding: stored values that mean 'no data' (PixelPaddingValue and its range limit, PS3.3 C.7.5.1.1.2).
//!
//! In a CT they are air, in an activity image nothing. A padding value that stands for soft tissue or lung is taken for
//! padding only where it reaches the border of its slice, because some writers declare 0 in images whose water is 0.

use super::attributes::*;
use super::pixels::{FOREIGN, PixelFormat};
use crate::error::Result;

/// HU between which a declared padding value may as well be lung or soft tissue.
const TISSUE_HU: std::ops::RangeInclusive<f64> = -950.0..=300.0;

/// The declared range of one object; none if it declares nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Padding(Option<[i64; 2]>);

impl Padding {
    /// Reads the two attributes.
    ///
    /// # Errors
    /// If they are no stored values.
    pub fn read(root: Item<'_>) -> Result<Padding> {
        let Some(value) = root.number(PIXEL_PADDING_VALUE)? else { return Ok(Padding(None)) };
        let limit = root.number(PIXEL_PADDING_RANGE_LIMIT)?.unwrap_or(value);
        for (attribute, v) in [(PIXEL_PADDING_VALUE, value), (PIXEL_PADDING_RANGE_LIMIT, limit)] {
            if v.fract() != 0.0 || v.abs() > f64::from(u32::MAX) {
                return Err(root.bad(
                    attribute,
                    &v.to_string(),
                    "it must be a stored pixel value",
                    "Repair the header.",
                ));
            }
        }
        Ok(Padding(Some([value as i64, limit as i64])))
    }

    /// The padding as allocated cells where it needs more bits than pixels have: in such files padding fills the bits
    /// above BitsStored, and cut to them it would be a value of the image.
    pub fn foreign(&self, format: &PixelFormat) -> Option<[u32; 2]> {
        let ends = self.0.filter(|_| format.bits_stored < format.bits_allocated)?;
        let outside = |v: i64| {
            let sign_extended = format.signed && format.wrap(v) == self.signed(format, v);
            !sign_extended && format.wrap(v) != v
        };
        if !ends.iter().any(|v| outside(*v)) {
            return None;
        }
        let cells = ends.map(|v| v as u32 & (u32::MAX >> (32 - format.bits_allocated)));
        Some([cells[0].min(cells[1]), cells[0].max(cells[1])])
    }

    /// A value as a signed number of the allocated bits.
    fn signed(&self, format: &PixelFormat, v: i64) -> i64 {
        let unused = 64 - format.bits_allocated;
        v.wrapping_shl(unused).wrapping_shr(unused)
    }

    /// Writers often give a signed value the VR US, so both are compared as stored bits.
    fn covers(&self, format: &PixelFormat, stored: i64) -> bool {
        let Some(ends) = self.0 else { return false };
        let [a, b] = ends.map(|v| format.wrap(v));
        stored == FOREIGN || (a.min(b)..=a.max(b)).contains(&stored)
    }

    /// Which pixels of a slice are padding. `hu` gives the HU of a stored value; without it any value counts.
    pub fn mask(
        &self,
        format: &PixelFormat,
        stored: &[i64],
        hu: Option<&dyn Fn(i64) -> f64>,
    ) -> Vec<bool> {
        let declared: Vec<bool> = stored.iter().map(|v| self.covers(format, *v)).collect();
        // What is left of foreign padding in the stored bits may be any value of the image.
        let cut = format.foreign_padding.is_some();
        let doubtful = |p: usize| {
            stored[p] != FOREIGN && (cut || hu.is_some_and(|hu| TISSUE_HU.contains(&hu(stored[p]))))
        };
        if !(0..stored.len()).any(|p| declared[p] && doubtful(p)) {
            return declared;
        }
        let outside = from_border(&declared, format.columns);
        (0..stored.len()).map(|p| declared[p] && (outside[p] || !doubtful(p))).collect()
    }
}

/// The pixels of a mask that are joined to the border of the slice through pixels of the mask.
fn from_border(mask: &[bool], columns: usize) -> Vec<bool> {
    let rows = mask.len() / columns;
    let mut reached = vec![false; mask.len()];
    let edge = |p: usize| {
        let (row, column) = (p / columns, p % columns);
        row == 0 || column == 0 || row + 1 == rows || column + 1 == columns
    };
    let mut open: Vec<usize> = (0..mask.len()).filter(|p| mask[*p] && edge(*p)).collect();
    open.iter().for_each(|p| reached[*p] = true);
    while let Some(p) = open.pop() {
        let column = p % columns;
        let neighbours = [
            (column > 0).then(|| p - 1),
            (column + 1 < columns).then_some(p + 1),
            p.checked_sub(columns),
            (p + columns < mask.len()).then_some(p + columns),
        ];
        for q in neighbours.into_iter().flatten() {
            if mask[q] && !reached[q] {
                reached[q] = true;
                open.push(q);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(bits_stored: u32, signed: bool) -> PixelFormat {
        PixelFormat {
            rows: 4,
            columns: 4,
            frames: 1,
            bits_allocated: 16,
            bits_stored,
            high_bit: bits_stored - 1,
            signed,
            foreign_padding: None,
        }
    }

    #[test]
    fn padding_that_needs_more_bits_than_pixels_have() {
        // -2000 as US in pixels of 12 bits: cut to them it would be 2096, a bone at an intercept of -1024.
        let padding = Padding(Some([63536, 63536]));
        assert_eq!(padding.foreign(&format(12, false)), Some([63536, 63536]));
        assert_eq!(padding.foreign(&format(12, true)), None);
        assert_eq!(padding.foreign(&format(16, true)), None);
        assert_eq!(padding.foreign(&format(16, false)), None);
        assert!(padding.covers(&format(16, true), -2000));
        assert!(padding.covers(&format(12, true), -2000));
        assert_eq!(Padding(Some([-2000, -2000])).foreign(&format(12, true)), None);
    }

    #[test]
    fn a_value_of_tissue_is_padding_at_the_border_only() {
        let padding = Padding(Some([0, 0]));
        let mut slice = [5_i64; 16];
        for p in [0, 1, 5, 10] {
            slice[p] = 0;
        }
        let water = |v: i64| v as f64;
        let mask = padding.mask(&format(16, true), &slice, Some(&water));
        let of = |mask: &[bool]| (0..16).filter(|p| mask[*p]).collect::<Vec<_>>();
        assert_eq!(of(&mask), [0, 1, 5]);
        let bone = |v: i64| v as f64 + 1000.0;
        assert_eq!(of(&padding.mask(&format(16, true), &slice, Some(&bone))), [0, 1, 5, 10]);
        assert_eq!(of(&padding.mask(&format(16, true), &slice, None)), [0, 1, 5, 10]);
    }
}
