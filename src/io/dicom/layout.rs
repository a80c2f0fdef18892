//! Checks every declared length of a data set against the bytes that are there, and finds the pixel data.
//!
//! A parser that trusts a damaged length allocates gigabytes or reads garbage. This walk visits all elements
//! (nested ones too) without allocating for their values, so what is parsed afterwards is known to fit. The
//! rules are those of PS3.5 section 7.

use std::ops::Range;

use dicom_core::{DataDictionary, Tag, VR, dictionary::DataDictionaryEntry};
use dicom_dictionary_std::StandardDataDictionary;

use super::transfer_syntax::Encoding;

/// First group of pixel data elements; what follows it is not needed.
const PIXEL_GROUP: u16 = 0x7FE0;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
const UNDEFINED: u32 = u32::MAX;
/// Deeper nesting than this is taken for damage (real objects stay below ten).
const MAX_DEPTH: usize = 32;

/// The bytes of the pixel data element.
#[derive(Debug, Clone)]
pub(super) enum PixelBytes {
    /// One uncompressed block.
    Native(Range<usize>),
    /// Compressed fragments, and the basic offset table (byte offsets of each frame's first fragment).
    Encapsulated { offsets: Vec<u32>, fragments: Vec<Range<usize>> },
}

/// Where the parts of a data set lie.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// Everything before the pixel data.
    pub header: Range<usize>,
    /// The value of Pixel Data (7FE0,0010), if any.
    pub pixels: Option<PixelBytes>,
    /// Tag of a float or double pixel data element, if any.
    pub float_pixels: Option<Tag>,
}

/// Why a data set cannot be walked, as a plain sentence.
pub(super) type Damage = String;

struct Element {
    tag: Tag,
    vr: VR,
    length: u32,
    value: usize,
}

struct Walker<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
}

/// Walks the data set `bytes[start..]`.
pub(super) fn walk(bytes: &[u8], start: usize, encoding: Encoding) -> Result<Layout, Damage> {
    let walker = Walker { bytes, encoding };
    let mut at = start;
    let mut header_end = None;
    let mut pixels = None;
    let mut float_pixels = None;
    // Up to 7 stray bytes cannot hold an element; they are trailing padding.
    while at + 8 <= bytes.len() {
        let element = walker.element(at)?;
        if element.tag.group() == PIXEL_GROUP {
            header_end.get_or_insert(at);
            match element.tag.element() {
                0x0008 | 0x0009 => float_pixels = Some(element.tag),
                0x0010 => {
                    pixels = Some(walker.pixel_data(&element)?);
                    break;
                }
                _ => {}
            }
        } else if element.tag.group() > PIXEL_GROUP {
            break;
        }
        at = walker.skip(&element, bytes.len(), 0)?;
    }
    let end = header_end.unwrap_or(at.min(bytes.len()));
    Ok(Layout { header: start..end, pixels, float_pixels })
}

impl Walker<'_> {
    fn u16(&self, at: usize) -> Result<u16, Damage> {
        let pair = self.array::<2>(at)?;
        Ok(match self.encoding {
            Encoding::ExplicitBig => u16::from_be_bytes(pair),
            _ => u16::from_le_bytes(pair),
        })
    }

    fn u32(&self, at: usize) -> Result<u32, Damage> {
        let quad = self.array::<4>(at)?;
        Ok(match self.encoding {
            Encoding::ExplicitBig => u32::from_be_bytes(quad),
            _ => u32::from_le_bytes(quad),
        })
    }

    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], Damage> {
        at.checked_add(N)
            .and_then(|end| self.bytes.get(at..end))
            .and_then(|s| s.try_into().ok())
            .ok_or_else(|| format!("the file ends inside an element header at byte {at}"))
    }

    fn element(&self, at: usize) -> Result<Element, Damage> {
        let tag = Tag(self.u16(at)?, self.u16(at + 2)?);
        if tag.group() == 0xFFFE {
            return Ok(Element { tag, vr: VR::UN, length: self.u32(at + 4)?, value: at + 8 });
        }
        if self.encoding == Encoding::ImplicitLittle {
            let vr = StandardDataDictionary.by_tag(tag).map_or(VR::UN, |e| e.vr().relaxed());
            return Ok(Element { tag, vr, length: self.u32(at + 4)?, value: at + 8 });
        }
        let vr = VR::from_binary(self.array::<2>(at + 4)?).unwrap_or(VR::UN);
        // VRs with a 32 bit length (PS3.5 table 7.1-1); an unknown one is read like UN.
        let long = matches!(
            vr,
            VR::OB
                | VR::OD
                | VR::OF
                | VR::OL
                | VR::OV
                | VR::OW
                | VR::SQ
                | VR::SV
                | VR::UC
                | VR::UN
                | VR::UR
                | VR::UT
                | VR::UV
        );
        Ok(if long {
            Element { tag, vr, length: self.u32(at + 8)?, value: at + 12 }
        } else {
            Element { tag, vr, length: u32::from(self.u16(at + 6)?), value: at + 8 }
        })
    }

    /// Checks an element whose container ends at `end`; returns where the next one starts.
    fn skip(&self, element: &Element, end: usize, depth: usize) -> Result<usize, Damage> {
        if depth > MAX_DEPTH {
            return Err(format!("sequences are nested deeper than {MAX_DEPTH} at {}", element.tag));
        }
        if element.length == UNDEFINED {
            // UN of undefined length holds an implicit little endian sequence (PS3.5 6.2.2, note 2).
            let encoding =
                if element.vr == VR::UN { Encoding::ImplicitLittle } else { self.encoding };
            let inner = Walker { bytes: self.bytes, encoding };
            return inner.items(element, None, end, depth);
        }
        let stop = element.value.saturating_add(element.length as usize);
        if stop > end {
            return Err(format!(
                "element {} at byte {} declares {} bytes of value but {} are left",
                element.tag,
                element.value,
                element.length,
                end.saturating_sub(element.value)
            ));
        }
        if element.vr == VR::SQ {
            self.items(element, Some(stop), stop, depth)?;
        }
        Ok(stop)
    }

    /// Checks the items of a sequence that ends at `stop` or, without it, at its delimiter.
    fn items(
        &self,
        sequence: &Element,
        stop: Option<usize>,
        end: usize,
        depth: usize,
    ) -> Result<usize, Damage> {
        let mut at = sequence.value;
        while stop.is_none_or(|stop| at < stop) {
            let item = self.element(at)?;
            match item.tag {
                SEQUENCE_END => return Ok(item.value),
                ITEM if item.length == UNDEFINED => at = self.item(&item, None, end, depth)?,
                ITEM => {
                    let item_end = item.value.saturating_add(item.length as usize);
                    if item_end > end {
                        return Err(format!(
                            "an item of {} at byte {} declares {} bytes but {} are left",
                            sequence.tag,
                            item.value,
                            item.length,
                            end.saturating_sub(item.value)
                        ));
                    }
                    self.item(&item, Some(item_end), item_end, depth)?;
                    at = item_end;
                }
                other => {
                    return Err(format!("{other} stands where an item of {} must", sequence.tag));
                }
            }
        }
        Ok(at)
    }

    fn item(
        &self,
        item: &Element,
        stop: Option<usize>,
        end: usize,
        depth: usize,
    ) -> Result<usize, Damage> {
        let mut at = item.value;
        while stop.is_none_or(|stop| at < stop) {
            let element = self.element(at)?;
            if element.tag == ITEM_END {
                return Ok(element.value);
            }
            at = self.skip(&element, end, depth + 1)?;
        }
        Ok(at)
    }

    fn pixel_data(&self, element: &Element) -> Result<PixelBytes, Damage> {
        if element.length != UNDEFINED {
            let stop = self.skip(element, self.bytes.len(), 0)?;
            return Ok(PixelBytes::Native(element.value..stop));
        }
        let mut at = element.value;
        let mut offsets = None;
        let mut fragments = Vec::new();
        loop {
            let item = self.element(at)?;
            if item.tag == SEQUENCE_END {
                return Ok(PixelBytes::Encapsulated {
                    offsets: offsets.unwrap_or_default(),
                    fragments,
                });
            }
            let stop = item.value.saturating_add(item.length as usize);
            if item.tag != ITEM || stop > self.bytes.len() {
                return Err(format!(
                    "compressed pixel data break off at byte {at}: fragment {} is incomplete",
                    fragments.len() + usize::from(offsets.is_some())
                ));
            }
            if offsets.is_none() {
                let count = item.length as usize / 4;
                let table: Result<Vec<u32>, Damage> =
                    (0..count).map(|k| self.u32(item.value + 4 * k)).collect();
                offsets = Some(table?);
            } else {
                fragments.push(item.value..stop);
            }
            at = stop;
        }
    }
}
