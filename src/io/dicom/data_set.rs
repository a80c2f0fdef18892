//! Reads a data set (PS3.5 section 7) into a `dicom-object`: `dicom-encoding` reads the headers of elements, `dicom-parser`
//! their values and text.
//!
//! Here is what must stand in front of them: every declared length is checked against the bytes that are there before
//! anything is allocated, sequences are followed to a limited depth and count, values of VR UN are read as what the dictionary
//! says, and the pixel data are found but not copied.
//!
//! Kept are the attributes of [`super::attributes`]; everything else, private elements and all that comes after the pixel
//! data are passed over.

use std::cell::Cell;
use std::ops::Range;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, DataElementHeader, Length, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_encoding::decode::basic::{BasicDecoder, LittleEndianBasicDecoder};
use dicom_encoding::decode::{BasicDecode, default_reader, file_header_decoder};
use dicom_encoding::text::SpecificCharacterSet;
use dicom_encoding::transfer_syntax::{DynDecoder, TransferSyntax};
use dicom_object::InMemDicomObject;
use dicom_parser::{StatefulDecode, StatefulDecoder};

use super::attributes::{SPECIFIC_CHARACTER_SET, is_read};

/// Elements by tag.
pub(super) type DataSet = InMemDicomObject;

const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
/// Deeper nesting than this is taken for damage (real objects stay below ten).
const MAX_DEPTH: usize = 32;
/// More items than these are refused, for each takes a thousand bytes in memory and sixteen in a file: an enhanced object of
/// 10,000 frames has about 100,000.
const MAX_ITEMS: usize = 1 << 18;
/// A longer text is refused, for each of its values takes up to 50 bytes in memory and one in a file: the lists of an object of
/// 10,000 frames have some 160 kB.
const MAX_TEXT: usize = 1 << 20;

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

/// Parses the data set `bytes[start..]`.
pub(super) fn parse(bytes: &[u8], start: usize, syntax: &TransferSyntax) -> Result<Parsed, Damage> {
    let walk = Walk::new(bytes, Coding::of(syntax)?);
    let mut inside = Inside::root(bytes);
    let mut parsed = Parsed { data_set: DataSet::new_empty(), pixels: None, float_pixels: None };
    let mut at = start;
    // Up to 7 stray bytes cannot hold an element; they are trailing padding.
    while at + 8 <= bytes.len() {
        let element = walk.element(at, &inside)?;
        match element.header.tag {
            tags::PIXEL_DATA => {
                parsed.pixels = Some(walk.pixel_data(&element, &inside)?);
                break;
            }
            tag @ (tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA) => {
                parsed.float_pixels = Some(tag);
            }
            tag if tag.0 > tags::PIXEL_DATA.0 => break,
            _ => {}
        }
        at = walk.read(&element, &mut inside, Some(&mut parsed.data_set))?;
    }
    Ok(parsed)
}

/// The elements before the pixel data and where the pixels start; none if these bytes end before that.
pub(super) fn parse_header(bytes: &[u8], syntax: &TransferSyntax) -> Option<(DataSet, usize)> {
    let walk = Walk::new(bytes, Coding::of(syntax).ok()?);
    let mut inside = Inside::root(bytes);
    let mut header = DataSet::new_empty();
    let mut at = 0;
    loop {
        let element = walk.element(at, &inside).ok()?;
        if element.header.tag.0 >= tags::PIXEL_DATA.0 {
            return Some((header, element.value));
        }
        at = walk.read(&element, &mut inside, Some(&mut header)).ok()?;
    }
}

/// The file meta group that starts at `start`, if there is one, and where it ends. Its own group length is not needed and not
/// trusted.
pub(super) fn parse_meta(bytes: &[u8], start: usize) -> Result<(DataSet, usize), Damage> {
    let walk = Walk::new(bytes, Coding::meta());
    let mut inside = Inside::root(bytes);
    let mut meta = DataSet::new_empty();
    let mut at = start;
    while bytes.get(at..at + 2) == Some(&[2, 0]) {
        let mut element = walk.element(at, &inside)?;
        // All VRs of this group but OB and UN have a short length, so a spoiled one has it too.
        if element.header.vr == VR::UN
            && bytes.get(at + 4..at + 6) != Some(b"UN")
            && let Some(&[low, high]) = bytes.get(at + 6..at + 8)
        {
            element.header.len = Length(u16::from_le_bytes([low, high]).into());
            element.value = at + 8;
        }
        at = walk.read(&element, &mut inside, Some(&mut meta))?;
    }
    Ok((meta, at))
}

/// How headers and numbers are encoded.
struct Coding<'a> {
    headers: DynDecoder<&'a [u8]>,
    numbers: BasicDecoder,
}

impl Coding<'_> {
    fn of(syntax: &TransferSyntax) -> Result<Self, Damage> {
        let headers =
            syntax.decoder_for().ok_or_else(|| format!("{} is not read", syntax.name()))?;
        Ok(Coding { headers, numbers: syntax.basic_decoder() })
    }

    /// Explicit little endian (PS3.10 7.1).
    fn meta() -> Self {
        let numbers = BasicDecoder::LE(LittleEndianBasicDecoder);
        Coding { headers: Box::new(file_header_decoder()), numbers }
    }

    /// Implicit little endian, whatever surrounds a value of VR UN (PS3.5 6.2.2, note 2).
    fn unknown() -> Self {
        let numbers = BasicDecoder::LE(LittleEndianBasicDecoder);
        Coding { headers: Box::new(default_reader()), numbers }
    }
}

/// A header, and where its value starts.
struct Element {
    header: DataElementHeader,
    value: usize,
}

/// What surrounds an element.
#[derive(Clone)]
struct Inside {
    /// No value goes beyond this byte.
    end: usize,
    depth: usize,
    /// A value of VR UN is around it.
    unknown: bool,
    text: SpecificCharacterSet,
}

impl Inside {
    fn root(bytes: &[u8]) -> Inside {
        let text = SpecificCharacterSet::default();
        Inside { end: bytes.len(), depth: 0, unknown: false, text }
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    declared: Coding<'a>,
    unknown: Coding<'a>,
    /// Items that were kept.
    items: Cell<usize>,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8], declared: Coding<'a>) -> Self {
        Walk { bytes, declared, unknown: Coding::unknown(), items: Cell::new(0) }
    }

    fn coding(&self, unknown: bool) -> &Coding<'a> {
        if unknown { &self.unknown } else { &self.declared }
    }

    fn element(&self, at: usize, inside: &Inside) -> Result<Element, Damage> {
        let mut rest = self.bytes.get(at..).unwrap_or_default();
        let (header, length) = self
            .coding(inside.unknown)
            .headers
            .decode_header(&mut rest)
            .map_err(|_| format!("the file ends inside an element header at byte {at}"))?;
        Ok(Element { header, value: at + length })
    }

    /// Reads an element into `out`, if it is wanted there; returns where the next one starts.
    fn read(
        &self,
        element: &Element,
        inside: &mut Inside,
        out: Option<&mut DataSet>,
    ) -> Result<usize, Damage> {
        let DataElementHeader { tag, vr, len } = element.header;
        let stop = len.get().map(|_| self.stop(element, inside.end, "element")).transpose()?;
        let out = out.filter(|_| is_read(tag));
        if let (Some(stop), None) = (stop, &out) {
            return Ok(stop);
        }
        let unknown = inside.unknown || vr == VR::UN;
        let known = || StandardDataDictionary.by_tag(tag).map_or(VR::UN, |e| e.vr().relaxed());
        let vr = if vr == VR::UN { known() } else { vr };
        let Some(stop) = stop.filter(|_| vr != VR::SQ) else {
            let end = stop.unwrap_or(inside.end);
            let within =
                Inside { end, depth: inside.depth + 1, unknown, text: inside.text.clone() };
            let (items, next) = self.items(element, stop, &within, out.is_some())?;
            if let Some(out) = out {
                out.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
            }
            return Ok(next);
        };
        let bytes = &self.bytes[element.value..stop];
        if let Some(value) = self.value(tag, vr, bytes, unknown, &inside.text)?
            && let Some(out) = out
        {
            if tag == SPECIFIC_CHARACTER_SET.0 {
                inside.text = character_set(&value);
            }
            out.put(DataElement::new(tag, vr, value));
        }
        Ok(stop)
    }

    /// Where a value of defined length ends.
    fn stop(&self, element: &Element, end: usize, what: &str) -> Result<usize, Damage> {
        let DataElementHeader { tag, len, .. } = element.header;
        let stop = element.value.saturating_add(len.0 as usize);
        if stop <= end {
            return Ok(stop);
        }
        Err(format!(
            "{what} {tag} at byte {} declares {} bytes of value but {} are left",
            element.value,
            len.0,
            end.saturating_sub(element.value)
        ))
    }

    /// The value of an element; none of bytes that are neither text nor numbers.
    fn value(
        &self,
        tag: Tag,
        vr: VR,
        bytes: &'a [u8],
        unknown: bool,
        declared: &SpecificCharacterSet,
    ) -> Result<Option<PrimitiveValue>, Damage> {
        if tag == tags::CONTOUR_DATA {
            return Ok(Some(coordinates(bytes)));
        }
        let numeric =
            matches!(vr, VR::US | VR::SS | VR::UL | VR::SL | VR::UV | VR::SV | VR::FL | VR::FD);
        match vr {
            VR::AT | VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::SQ | VR::UN => {
                return Ok(None);
            }
            _ if !numeric && bytes.len() > MAX_TEXT => {
                return Err(format!("element {tag} holds {} bytes of text", bytes.len()));
            }
            _ => {}
        }
        let coding = self.coding(unknown);
        let text = text_of(bytes, declared);
        // Without its tag: the decoder would take a stated US for SS where pixels are signed.
        let header = DataElementHeader::new(Tag(0, 0), vr, Length(bytes.len() as u32));
        StatefulDecoder::new(bytes, &coding.headers, coding.numbers.clone(), text)
            .read_value_preserved(&header)
            .map(Some)
            .map_err(|e| format!("the value of element {tag} cannot be read: {e}"))
    }

    /// The items of a sequence that ends at `stop` or, without it, at its delimiter; none of them if they are not kept.
    fn items(
        &self,
        sequence: &Element,
        stop: Option<usize>,
        within: &Inside,
        keep: bool,
    ) -> Result<(Vec<DataSet>, usize), Damage> {
        let tag = sequence.header.tag;
        if within.depth > MAX_DEPTH {
            return Err(format!("sequences are nested deeper than {MAX_DEPTH} at {tag}"));
        }
        let mut items = Vec::new();
        let mut at = sequence.value;
        while stop.is_none_or(|stop| at < stop) {
            let item = self.element(at, within)?;
            match item.header.tag {
                SEQUENCE_END => return Ok((items, item.value)),
                ITEM => {
                    let mut data_set = keep.then(DataSet::new_empty);
                    at = self.item(&item, within, data_set.as_mut())?;
                    self.count(data_set.iter().len(), tag)?;
                    items.extend(data_set);
                }
                other => return Err(format!("{other} stands where an item of {tag} must")),
            }
        }
        Ok((items, at))
    }

    fn count(&self, more: usize, tag: Tag) -> Result<(), Damage> {
        self.items.set(self.items.get() + more);
        if self.items.get() > MAX_ITEMS {
            return Err(format!("there are more than {MAX_ITEMS} items, the last one in {tag}"));
        }
        Ok(())
    }

    /// Reads an item into `out`; returns where the next one starts.
    fn item(
        &self,
        item: &Element,
        within: &Inside,
        mut out: Option<&mut DataSet>,
    ) -> Result<usize, Damage> {
        let stop =
            item.header.len.get().map(|_| self.stop(item, within.end, "item")).transpose()?;
        if let (Some(stop), None) = (stop, &out) {
            return Ok(stop);
        }
        let mut inside = within.clone();
        inside.end = stop.unwrap_or(within.end);
        let mut at = item.value;
        while stop.is_none_or(|stop| at < stop) {
            let element = self.element(at, &inside)?;
            if element.header.tag == ITEM_END {
                return Ok(element.value);
            }
            at = self.read(&element, &mut inside, out.as_deref_mut())?;
        }
        Ok(at)
    }

    fn pixel_data(&self, element: &Element, inside: &Inside) -> Result<PixelBytes, Damage> {
        if element.header.len.is_defined() {
            let stop = self.stop(element, inside.end, "element")?;
            return Ok(PixelBytes::Native(element.value..stop));
        }
        let mut at = element.value;
        let mut offsets = None;
        let mut fragments = Vec::new();
        loop {
            let item = self.element(at, inside)?;
            if item.header.tag == SEQUENCE_END {
                let offsets = offsets.unwrap_or_default();
                return Ok(PixelBytes::Encapsulated { offsets, fragments });
            }
            let broken = || format!("compressed pixel data break off at byte {at}");
            let stop = item.value.saturating_add(item.header.len.0 as usize);
            let fragment = self.bytes.get(item.value..stop).ok_or_else(broken)?;
            if item.header.tag != ITEM {
                return Err(broken());
            }
            if offsets.is_none() {
                let mut table = vec![0; fragment.len() / 4];
                let read = self.declared.numbers.decode_ul_into(fragment, &mut table);
                read.map_err(|_| broken())?;
                offsets = Some(table);
            } else {
                fragments.push(item.value..stop);
            }
            at = stop;
        }
    }
}

/// The points of a contour, as numbers: as texts they would take ten times the memory of the file. What is no number is NaN, for who reads it.
fn coordinates(bytes: &[u8]) -> PrimitiveValue {
    let number = |text: &[u8]| {
        let text = std::str::from_utf8(text).ok()?;
        text.trim_matches([' ', '\0', '\t', '\r', '\n']).parse::<f64>().ok()
    };
    if bytes.iter().all(|b| matches!(b, b' ' | 0)) {
        return PrimitiveValue::Empty;
    }
    let numbers: Vec<f64> =
        bytes.split(|b| *b == b'\\').map(|text| number(text).unwrap_or(f64::NAN)).collect();
    PrimitiveValue::F64(numbers.into())
}

/// The character set of a data set: the first of those it names beside the default.
fn character_set(value: &PrimitiveValue) -> SpecificCharacterSet {
    value
        .to_multi_str()
        .iter()
        .filter_map(|code| SpecificCharacterSet::from_code(code.trim()))
        .find(|set| *set != SpecificCharacterSet::ISO_IR_6)
        .unwrap_or_default()
}

/// How a text is read: in its character set. Latin ones are declared in place of UTF-8, and the reverse, too often to be
/// believed: the text is UTF-8 if it can be, else Latin.
fn text_of(bytes: &[u8], declared: &SpecificCharacterSet) -> SpecificCharacterSet {
    let latin = [
        SpecificCharacterSet::ISO_IR_6,
        SpecificCharacterSet::ISO_IR_100,
        SpecificCharacterSet::ISO_IR_192,
    ];
    if !latin.contains(declared) {
        return declared.clone();
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => SpecificCharacterSet::ISO_IR_192,
        Err(_) => SpecificCharacterSet::ISO_IR_100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::dicom::transfer_syntax::TransferSyntax;
    use dicom_dictionary_std::uids;

    fn parsed(bytes: &[u8]) -> Result<Parsed, Damage> {
        let syntax = TransferSyntax::from_uid(uids::IMPLICIT_VR_LITTLE_ENDIAN).expect("known");
        parse(bytes, 0, syntax.coding)
    }

    /// An element of implicit little endian with the length that it states.
    fn element(tag: Tag, length: u32, value: &[u8]) -> Vec<u8> {
        let mut bytes = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
        bytes.extend(length.to_le_bytes());
        bytes.extend(value);
        bytes
    }

    fn whole(tag: Tag, value: &[u8]) -> Vec<u8> {
        element(tag, value.len() as u32, value)
    }

    #[test]
    fn a_length_beyond_the_bytes_is_refused_before_anything_is_allocated() {
        let of = |tag| parsed(&element(tag, 0xFFFF_FFF0, b"CT")).expect_err("too long");
        for tag in
            [tags::MODALITY, tags::ROWS, tags::PATIENT_NAME, tags::DETECTOR_INFORMATION_SEQUENCE]
        {
            let text = of(tag);
            assert!(text.contains("declares 4294967280 bytes of value but 2 are left"), "{text}");
            assert!(text.contains(&tag.to_string()), "{text}");
        }
        // An item may not go beyond its sequence, though the file goes on.
        let item = element(ITEM, 100, b"");
        let mut bytes = whole(tags::DETECTOR_INFORMATION_SEQUENCE, &item);
        bytes.extend([0; 200]);
        let text = parsed(&bytes).expect_err("too long");
        assert!(text.contains("item (FFFE,E000)") && text.contains("but 0 are left"), "{text}");
    }

    #[test]
    fn nesting_and_items_have_their_limits() {
        let nested = |depth| {
            let mut bytes = Vec::new();
            for _ in 0..depth {
                bytes = whole(tags::DETECTOR_INFORMATION_SEQUENCE, &whole(ITEM, &bytes));
            }
            parsed(&bytes)
        };
        assert!(nested(MAX_DEPTH).is_ok());
        let text = nested(MAX_DEPTH + 1).expect_err("too deep");
        assert!(text.contains("deeper than 32 at (0054,0022)"), "{text}");
        let items = |count: usize| {
            let items = whole(ITEM, b"").repeat(count);
            parsed(&whole(tags::DETECTOR_INFORMATION_SEQUENCE, &items))
        };
        assert!(items(MAX_ITEMS).is_ok());
        let text = items(MAX_ITEMS + 1).expect_err("too many");
        assert!(text.contains("more than 262144 items"), "{text}");
        let text = parsed(&whole(tags::IMAGE_TYPE, &vec![b'\\'; MAX_TEXT + 1])).expect_err("long");
        assert!(text.contains("(0008,0008) holds 1048577 bytes of text"), "{text}");
    }

    /// The first value of a text in a data set that names these character sets.
    fn text(sets: &str, value: &[u8]) -> String {
        let mut bytes = whole(SPECIFIC_CHARACTER_SET.0, sets.as_bytes());
        bytes.extend(whole(tags::SERIES_DESCRIPTION, value));
        let parsed = parsed(&bytes).expect("good");
        let element = parsed.data_set.get(tags::SERIES_DESCRIPTION).expect("there");
        element.value().to_str().expect("text").into_owned()
    }

    #[test]
    fn text_is_read_in_its_character_set() {
        assert_eq!(text("ISO_IR 192", "Schädel".as_bytes()), "Schädel");
        assert_eq!(text("ISO_IR 100", b"Sch\xE4del"), "Schädel");
        assert_eq!(text("ISO_IR 144", b"\xBF\xDE\xE7\xDA\xD8"), "Почки");
        assert_eq!(text("\\ISO 2022 IR 87", b"\x1B$B?U\x1B(B"), "腎");
        assert_eq!(text("GB18030", b"\xC9\xF6"), "肾");
        // What is declared is not what is written.
        assert_eq!(text("ISO_IR 100", "Schädel".as_bytes()), "Schädel");
        assert_eq!(text("ISO_IR 192", b"Sch\xE4del"), "Schädel");
        assert_eq!(text("", b"Sch\xE4del"), "Schädel");
        assert_eq!(text("nonsense", b"plain"), "plain");
    }

    #[test]
    fn no_bytes_are_too_strange_for_a_character_set() {
        let mut state = 1_u32;
        for set in
            ["13", "87", "100", "101", "109", "110", "126", "127", "138", "144", "149", "166"]
                .map(|number| format!("ISO_IR {number}"))
                .into_iter()
                .chain(["ISO_IR 192", "GB18030", "GBK"].map(String::from))
        {
            for length in 0..400 {
                let byte = || {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                };
                let bytes: Vec<u8> = std::iter::repeat_with(byte).take(length % 40).collect();
                text(&set, &bytes);
            }
        }
    }

    #[test]
    fn a_spoiled_vr_of_the_meta_group_does_not_hide_the_transfer_syntax() {
        let mut bytes = b"\x02\x00\x03\x00u\x13\x02\x001\x00".to_vec();
        bytes.extend(b"\x02\x00\x10\x00UI\x06\x001.2.3\x00\x08\x00");
        let (meta, end) = parse_meta(&bytes, 0).expect("good");
        assert_eq!(end, bytes.len() - 2);
        assert!(meta.get(tags::TRANSFER_SYNTAX_UID).is_some());
    }

    #[test]
    fn an_unsigned_value_stays_one_beside_signed_pixels() {
        let mut bytes = whole(tags::PIXEL_REPRESENTATION, &[1, 0]);
        bytes.extend(whole(tags::PIXEL_PADDING_VALUE, &63536_u16.to_le_bytes()));
        let parsed = parsed(&bytes).expect("good");
        let element = parsed.data_set.get(tags::PIXEL_PADDING_VALUE).expect("there");
        assert_eq!(element.value().to_float64().ok(), Some(63536.0));
    }
}
