//! Elements of a data set that is written, with the VR of the dictionary (PS3.6): text that its VR allows, numbers, sequences.

use std::borrow::Cow;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::InMemDicomObject;

use super::decimal::decimal;

/// A data set or an item of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fields(pub InMemDicomObject);

impl Fields {
    pub fn new() -> Self {
        Fields(InMemDicomObject::new_empty())
    }

    fn put(&mut self, tag: Tag, value: PrimitiveValue) {
        self.0.put(DataElement::new(tag, vr_of(tag), value));
    }

    /// A text; empty where there is none (type 2).
    pub fn text(&mut self, tag: Tag, value: &str) {
        let value = allowed(vr_of(tag), value);
        let empty = value.is_empty();
        self.put(tag, if empty { PrimitiveValue::Empty } else { PrimitiveValue::from(&*value) });
    }

    /// Several texts.
    pub fn texts(&mut self, tag: Tag, values: &[&str]) {
        let all: Vec<String> = values.iter().map(|v| allowed(vr_of(tag), v).into_owned()).collect();
        self.put(tag, PrimitiveValue::Strs(all.into()));
    }

    /// Decimal strings.
    pub fn decimals(&mut self, tag: Tag, values: &[f64]) {
        let all: Vec<String> = values.iter().map(|x| decimal(*x)).collect();
        self.put(tag, PrimitiveValue::Strs(all.into()));
    }

    /// A whole number, of the VR IS, US or UL.
    pub fn count(&mut self, tag: Tag, value: usize) {
        let value = match vr_of(tag) {
            VR::US => PrimitiveValue::from(value as u16),
            VR::UL => PrimitiveValue::from(value as u32),
            _ => PrimitiveValue::from(value.to_string()),
        };
        self.put(tag, value);
    }

    /// The Image Pixel module of unsigned grey values of so many bits (PS3.3 C.7.6.3), without their rows and columns.
    pub fn monochrome(&mut self, bits: usize) {
        self.count(tags::SAMPLES_PER_PIXEL, 1);
        self.text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
        self.count(tags::BITS_ALLOCATED, bits);
        self.count(tags::BITS_STORED, bits);
        self.count(tags::HIGH_BIT, bits - 1);
        self.count(tags::PIXEL_REPRESENTATION, 0);
    }

    /// Whole numbers of 16 or 32 bits.
    pub fn counts(&mut self, tag: Tag, values: &[u32]) {
        let value = match vr_of(tag) {
            VR::US => PrimitiveValue::U16(values.iter().map(|v| *v as u16).collect()),
            _ => PrimitiveValue::U32(values.iter().copied().collect()),
        };
        self.put(tag, value);
    }

    /// A number in double precision (VR FD).
    pub fn double(&mut self, tag: Tag, value: f64) {
        self.put(tag, PrimitiveValue::from(value));
    }

    /// A tag as a value (VR AT).
    pub fn pointer(&mut self, tag: Tag, to: Tag) {
        self.put(tag, PrimitiveValue::from(to));
    }

    /// A sequence; empty where there is nothing (type 2).
    pub fn items(&mut self, tag: Tag, items: Vec<Fields>) {
        let items: Vec<InMemDicomObject> = items.into_iter().map(|i| i.0).collect();
        self.0.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
    }

    /// Bytes as they stand in the file, of an even number.
    pub fn bytes(&mut self, tag: Tag, vr: VR, mut bytes: Vec<u8>) {
        if bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        self.0.put(DataElement::new(tag, vr, PrimitiveValue::U8(bytes.into())));
    }

    /// Takes an attribute out.
    pub fn leave_out(&mut self, tag: Tag) {
        self.0.remove_element(tag);
    }

    /// Whether a text goes beyond ASCII, here or in an item.
    pub fn is_international(&self) -> bool {
        fn within(object: &InMemDicomObject) -> bool {
            object.iter().any(|element| match element.value().items() {
                Some(items) => items.iter().any(within),
                None => match element.value().primitive() {
                    Some(PrimitiveValue::Str(s)) => !s.is_ascii(),
                    Some(PrimitiveValue::Strs(all)) => all.iter().any(|s| !s.is_ascii()),
                    _ => false,
                },
            })
        }
        within(&self.0)
    }
}

/// A code (PS3.3 table 8.8-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code<'a> {
    pub value: &'a str,
    pub scheme: &'a str,
    pub meaning: &'a str,
}

impl Code<'_> {
    pub fn item(&self) -> Fields {
        let mut item = Fields::new();
        use dicom_dictionary_std::tags::{CODE_MEANING, CODE_VALUE, CODING_SCHEME_DESIGNATOR};
        item.text(CODE_VALUE, self.value);
        item.text(CODING_SCHEME_DESIGNATOR, self.scheme);
        item.text(CODE_MEANING, self.meaning);
        item
    }
}

/// The VR of an attribute; of an ambiguous one (US or SS) the unsigned.
fn vr_of(tag: Tag) -> VR {
    StandardDataDictionary.by_tag(tag).map_or(VR::UN, |e| e.vr().relaxed())
}

/// Most characters of a VR (PS3.5 table 6.2-1); 0 for no limit that matters here.
fn most(vr: VR) -> usize {
    match vr {
        VR::AE | VR::CS | VR::SH | VR::DS => 16,
        VR::LO | VR::PN | VR::UI => 64,
        VR::IS => 12,
        VR::ST => 1024,
        VR::LT => 10240,
        _ => 0,
    }
}

/// A text without what its VR forbids: control characters, the backslash that would divide it, too many characters.
pub(super) fn allowed(vr: VR, text: &str) -> Cow<'_, str> {
    let limit = match vr {
        // Each of up to three groups of a name has its own 64.
        VR::PN => 3 * most(vr),
        _ => most(vr),
    };
    let good = |c: char| !c.is_control() && (c != '\\' || matches!(vr, VR::ST | VR::LT | VR::UT));
    let text = text.trim_end_matches([' ', '\0']);
    if text.chars().all(good) && (limit == 0 || text.chars().count() <= limit) {
        return Cow::Borrowed(text);
    }
    let cleaned = text.chars().map(|c| if good(c) { c } else { ' ' });
    let cut: String = if limit == 0 { cleaned.collect() } else { cleaned.take(limit).collect() };
    Cow::Owned(cut.trim_end().to_owned())
}
