//! Content items of structured reports (PS3.3 C.17.3): containers, codes, texts, UIDs and numbers in a tree.

use dicom_dictionary_std::tags;

use super::fields::{Code, Fields};

/// How an item stands to the one above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relationship {
    Contains,
    HasConceptModifier,
    HasObservationContext,
}

/// What an item's value is.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// Items below it, with the template that they follow.
    Container(&'a str, Vec<Fields>),
    Code(Code<'a>),
    Text(&'a str),
    Uid(&'a str),
    /// A number and its unit.
    Number(f64, Code<'a>),
}

/// An item of the tree.
pub(super) fn item(relationship: Relationship, name: Code, value: Value) -> Fields {
    let mut f = Fields::new();
    f.text(
        tags::RELATIONSHIP_TYPE,
        match relationship {
            Relationship::Contains => "CONTAINS",
            Relationship::HasConceptModifier => "HAS CONCEPT MOD",
            Relationship::HasObservationContext => "HAS OBS CONTEXT",
        },
    );
    put(&mut f, name, value);
    f
}

/// Name and value of an item; the root of a tree is the data set itself.
pub(super) fn put(f: &mut Fields, name: Code, value: Value) {
    f.items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![name.item()]);
    let kind = match value {
        Value::Container(template, items) => {
            f.text(tags::CONTINUITY_OF_CONTENT, "SEPARATE");
            if !template.is_empty() {
                let mut identification = Fields::new();
                identification.text(tags::MAPPING_RESOURCE, "DCMR");
                identification.text(tags::TEMPLATE_IDENTIFIER, template);
                f.items(tags::CONTENT_TEMPLATE_SEQUENCE, vec![identification]);
            }
            f.items(tags::CONTENT_SEQUENCE, items);
            "CONTAINER"
        }
        Value::Code(code) => {
            f.items(tags::CONCEPT_CODE_SEQUENCE, vec![code.item()]);
            "CODE"
        }
        Value::Text(text) => {
            f.text(tags::TEXT_VALUE, text);
            "TEXT"
        }
        Value::Uid(uid) => {
            f.text(tags::UID, uid);
            "UIDREF"
        }
        Value::Number(number, unit) => {
            let mut measured = Fields::new();
            measured.decimals(tags::NUMERIC_VALUE, &[number]);
            measured.double(tags::FLOATING_POINT_VALUE, number);
            measured.items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![unit.item()]);
            f.items(tags::MEASURED_VALUE_SEQUENCE, vec![measured]);
            "NUM"
        }
    };
    f.text(tags::VALUE_TYPE, kind);
}
