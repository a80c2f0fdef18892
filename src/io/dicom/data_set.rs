//! Parses a data set (PS3.5 section 7): every declared length is checked against the bytes that are there before
//! anything is allocated, sequences are followed to their items, and the pixel data are found but not copied.
//!
//! Private elements are skipped, and so is everything after the pixel data. Text is taken as UTF-8 or, where it
//! is not, as ISO 8859-1; other character sets spoil descriptions, nothing else.

use std::collections::BTreeMap;
use std::ops::Range;

use super::attributes::{Tag, kind_of};
use super::transfer_syntax::Encoding;

/// Group of the pixel data elements.
const PIXEL_GROUP: u16 = 0x7FE0;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
const UNDEFINED: u32 = u32::MAX;
/// Deeper nesting than this is taken for damage (real objects stay below ten).
const MAX_DEPTH: usize = 32;

/// How the bytes of a value are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    U16,
    I16,
    U32,
    I32,
    F32,
    F64,
    Sequence,
    /// Not read by this crate.
    Opaque,
}

impl Kind {
    /// The kind of a value representation; none for UN and unknown ones.
    fn of_vr(vr: &[u8; 2]) -> Option<Kind> {
        Some(match vr {
            b"AE" | b"AS" | b"CS" | b"DA" | b"DS" | b"DT" | b"IS" | b"LO" | b"LT" | b"PN"
            | b"SH" | b"ST" | b"TM" | b"UC" | b"UI" | b"UR" | b"UT" => Kind::Text,
            b"US" => Kind::U16,
            b"SS" => Kind::I16,
            b"UL" => Kind::U32,
            b"SL" => Kind::I32,
            b"FL" => Kind::F32,
            b"FD" => Kind::F64,
            b"SQ" => Kind::Sequence,
            b"AT" | b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SV" | b"UV" => Kind::Opaque,
            _ => return None,
        })
    }
}

/// The value of an element.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Numbers(Vec<f64>),
    Items(Vec<DataSet>),
}

/// Elements by tag; private and opaque ones are left out.
#[derive(Debug, Clone, Default)]
pub(super) struct DataSet(BTreeMap<Tag, Value>);

impl DataSet {
    pub fn get(&self, tag: Tag) -> Option<&Value> {
        self.0.get(&tag)
    }
}

/// The bytes of the pixel data element.
#[derive(Debug, Clone)]
pub(super) enum PixelBytes {
    /// One uncompressed block.
    Native(Range<usize>),
    /// Compressed fragments, and the basic offset table (byte offsets of each frame's first fragment).
    Encapsulated { offsets: Vec<u32>, fragments: Vec<Range<usize>> },
}

/// A parsed file.
#[derive(Debug)]
pub(super) struct Parsed {
    pub data_set: DataSet,
    /// The value of Pixel Data (7FE0,0010), if any.
    pub pixels: Option<PixelBytes>,
    /// Tag of a float or double pixel data element, if any.
    pub float_pixels: Option<Tag>,
}

/// Why a data set cannot be parsed, as a plain sentence.
pub(super) type Damage = String;

struct Element {
    tag: Tag,
    kind: Kind,
    /// The VR is UN or unknown.
    unknown_vr: bool,
    length: u32,
    value: usize,
}

#[derive(Clone, Copy)]
struct Parser<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
}

/// Parses the data set `bytes[start..]`.
pub(super) fn parse(bytes: &[u8], start: usize, encoding: Encoding) -> Result<Parsed, Damage> {
    let parser = Parser { bytes, encoding };
    let mut parsed = Parsed { data_set: DataSet::default(), pixels: None, float_pixels: None };
    let mut at = start;
    // Up to 7 stray bytes cannot hold an element; they are trailing padding.
    while at + 8 <= bytes.len() {
        let element = parser.element(at)?;
        match element.tag {
            Tag(PIXEL_GROUP, 0x0010) => {
                parsed.pixels = Some(parser.pixel_data(&element)?);
                break;
            }
            Tag(PIXEL_GROUP, 0x0008 | 0x0009) => parsed.float_pixels = Some(element.tag),
            Tag(group, _) if group > PIXEL_GROUP => break,
            _ => {}
        }
        at = parser.read(&element, bytes.len(), 0, &mut parsed.data_set)?;
    }
    Ok(parsed)
}

/// The elements before the pixel data and where the pixels start; none if these bytes end before that.
pub(super) fn parse_header(bytes: &[u8], encoding: Encoding) -> Option<(DataSet, usize)> {
    let parser = Parser { bytes, encoding };
    let mut header = DataSet::default();
    let mut at = 0;
    loop {
        let element = parser.element(at).ok()?;
        if element.tag.0 >= PIXEL_GROUP {
            return Some((header, element.value));
        }
        at = parser.read(&element, bytes.len(), 0, &mut header).ok()?;
    }
}

impl Parser<'_> {
    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], Damage> {
        at.checked_add(N)
            .and_then(|end| self.bytes.get(at..end))
            .and_then(|s| s.try_into().ok())
            .ok_or_else(|| format!("the file ends inside an element header at byte {at}"))
    }

    fn u16(&self, at: usize) -> Result<u16, Damage> {
        let pair = self.array::<2>(at)?;
        let big = self.encoding == Encoding::ExplicitBig;
        Ok(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    }

    fn u32(&self, at: usize) -> Result<u32, Damage> {
        let quad = self.array::<4>(at)?;
        let big = self.encoding == Encoding::ExplicitBig;
        Ok(if big { u32::from_be_bytes(quad) } else { u32::from_le_bytes(quad) })
    }

    fn element(&self, at: usize) -> Result<Element, Damage> {
        let tag = Tag(self.u16(at)?, self.u16(at + 2)?);
        let known = kind_of(tag).unwrap_or(Kind::Opaque);
        if tag.0 == 0xFFFE || self.encoding == Encoding::ImplicitLittle {
            let length = self.u32(at + 4)?;
            return Ok(Element { tag, kind: known, unknown_vr: false, length, value: at + 8 });
        }
        let vr = self.array::<2>(at + 4)?;
        let kind = Kind::of_vr(&vr);
        // VRs with a 32 bit length (PS3.5 table 7.1-1); an unknown one is read like UN.
        let long = matches!(
            &vr,
            b"OB"
                | b"OD"
                | b"OF"
                | b"OL"
                | b"OV"
                | b"OW"
                | b"SQ"
                | b"SV"
                | b"UC"
                | b"UR"
                | b"UT"
                | b"UV"
        );
        let (length, value) = if long || kind.is_none() {
            (self.u32(at + 8)?, at + 12)
        } else {
            (u32::from(self.u16(at + 6)?), at + 8)
        };
        let unknown_vr = kind.is_none();
        Ok(Element { tag, kind: kind.unwrap_or(known), unknown_vr, length, value })
    }

    /// Reads an element whose container ends at `end` into `out`; returns where the next one starts.
    fn read(
        &self,
        element: &Element,
        end: usize,
        depth: usize,
        out: &mut DataSet,
    ) -> Result<usize, Damage> {
        let Tag(group, _) = element.tag;
        let wanted = group % 2 == 0;
        // UN holds implicit little endian whatever surrounds it (PS3.5 6.2.2, note 2).
        let inner = match element.unknown_vr {
            true => Parser { encoding: Encoding::ImplicitLittle, ..*self },
            false => *self,
        };
        let stop = if element.length == UNDEFINED {
            None
        } else {
            Some(self.stop(element, end, "element")?)
        };
        if stop.is_none() || element.kind == Kind::Sequence {
            let (items, next) = inner.items(element, stop, end, depth)?;
            if wanted {
                out.0.insert(element.tag, Value::Items(items));
            }
            return Ok(next);
        }
        let stop = stop.unwrap_or(end);
        if wanted && let Some(value) = inner.value(element.kind, &self.bytes[element.value..stop]) {
            out.0.insert(element.tag, value);
        }
        Ok(stop)
    }

    /// Where a value of defined length ends.
    fn stop(&self, element: &Element, end: usize, what: &str) -> Result<usize, Damage> {
        let stop = element.value.saturating_add(element.length as usize);
        if stop <= end {
            return Ok(stop);
        }
        Err(format!(
            "{what} {} at byte {} declares {} bytes of value but {} are left",
            element.tag,
            element.value,
            element.length,
            end.saturating_sub(element.value)
        ))
    }

    fn value(&self, kind: Kind, bytes: &[u8]) -> Option<Value> {
        let big = self.encoding == Encoding::ExplicitBig;
        // A number of N bytes, turned to little endian.
        fn cells<const N: usize>(bytes: &[u8], big: bool) -> impl Iterator<Item = [u8; N]> {
            bytes.as_chunks::<N>().0.iter().map(move |cell| {
                let mut cell = *cell;
                if big {
                    cell.reverse();
                }
                cell
            })
        }
        Some(Value::Numbers(match kind {
            Kind::Text => return Some(Value::Text(decode_text(bytes))),
            Kind::U16 => cells(bytes, big).map(|c| u16::from_le_bytes(c).into()).collect(),
            Kind::I16 => cells(bytes, big).map(|c| i16::from_le_bytes(c).into()).collect(),
            Kind::U32 => cells(bytes, big).map(|c| u32::from_le_bytes(c).into()).collect(),
            Kind::I32 => cells(bytes, big).map(|c| i32::from_le_bytes(c).into()).collect(),
            Kind::F32 => cells(bytes, big).map(|c| f32::from_le_bytes(c).into()).collect(),
            Kind::F64 => cells(bytes, big).map(f64::from_le_bytes).collect(),
            Kind::Sequence | Kind::Opaque => return None,
        }))
    }

    /// Reads the items of a sequence that ends at `stop` or, without it, at its delimiter.
    fn items(
        &self,
        sequence: &Element,
        stop: Option<usize>,
        end: usize,
        depth: usize,
    ) -> Result<(Vec<DataSet>, usize), Damage> {
        if depth >= MAX_DEPTH {
            return Err(format!(
                "sequences are nested deeper than {MAX_DEPTH} at {}",
                sequence.tag
            ));
        }
        let mut items = Vec::new();
        let mut at = sequence.value;
        while stop.is_none_or(|stop| at < stop) {
            let item = self.element(at)?;
            match item.tag {
                SEQUENCE_END => return Ok((items, item.value)),
                ITEM => {
                    let item_stop = match item.length {
                        UNDEFINED => None,
                        _ => Some(self.stop(&item, stop.unwrap_or(end), "item")?),
                    };
                    let (data_set, next) = self.item(item.value, item_stop, end, depth)?;
                    items.push(data_set);
                    at = next;
                }
                other => {
                    return Err(format!("{other} stands where an item of {} must", sequence.tag));
                }
            }
        }
        Ok((items, at))
    }

    fn item(
        &self,
        start: usize,
        stop: Option<usize>,
        end: usize,
        depth: usize,
    ) -> Result<(DataSet, usize), Damage> {
        let mut data_set = DataSet::default();
        let mut at = start;
        while stop.is_none_or(|stop| at < stop) {
            let element = self.element(at)?;
            if element.tag == ITEM_END {
                return Ok((data_set, element.value));
            }
            at = self.read(&element, stop.unwrap_or(end), depth + 1, &mut data_set)?;
        }
        Ok((data_set, at))
    }

    fn pixel_data(&self, element: &Element) -> Result<PixelBytes, Damage> {
        if element.length != UNDEFINED {
            let stop = self.stop(element, self.bytes.len(), "element")?;
            return Ok(PixelBytes::Native(element.value..stop));
        }
        let mut at = element.value;
        let mut offsets = None;
        let mut fragments = Vec::new();
        loop {
            let item = self.element(at)?;
            if item.tag == SEQUENCE_END {
                let offsets = offsets.unwrap_or_default();
                return Ok(PixelBytes::Encapsulated { offsets, fragments });
            }
            let stop = item.value.saturating_add(item.length as usize);
            if item.tag != ITEM || stop > self.bytes.len() {
                return Err(format!("compressed pixel data break off at byte {at}"));
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

fn decode_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
    }
}
