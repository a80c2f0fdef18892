//! What all new objects have in common: patient, study, series, equipment, frame of reference (PS3.3 C.7.1.1, C.7.2.1, C.7.3.1, C.7.5.1, C.7.4.1), and
//! how they become files.
//!
//! Every object is a series of its own. Its UIDs follow from all of its other attributes, so the same input gives the same bytes.

use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::FileMetaTableBuilder;
use sha2::{Digest, Sha256};

use super::fields::{Code, Fields};
use super::reference::Reference;
use super::uid::UidRoot;
use crate::error::{Error, Result};
use crate::io::atomic::write_atomically;

/// Who writes, in the file meta group: a UUID made for this program once (PS3.7 D.3.3.2).
const IMPLEMENTATION: &str = "2.25.98168253610276588770605989952792078281";
/// Longest data set: the length of an element has 32 bits.
const MOST_BYTES: u64 = u32::MAX as u64 - (1 << 20);

/// The program that makes the objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equipment {
    /// Manufacturer and model name.
    pub name: String,
    /// SoftwareVersions.
    pub version: String,
    /// DeviceSerialNumber: which build it is.
    pub build: String,
}

/// What new objects are made with.
#[derive(Debug, Clone)]
pub struct Author<'a> {
    /// The image that says who, which study and where.
    pub reference: &'a Reference,
    /// The program.
    pub equipment: Equipment,
    /// Where new UIDs stand.
    pub uid_root: UidRoot,
    /// Date and time (DA, TM) of the content, where they are stated.
    pub stated_time: Option<(String, String)>,
    /// The content was made from the reference's images: objects of maps then name them as their source.
    pub made_from_reference: bool,
}

/// An object that is ready to be written.
#[derive(Debug, Clone)]
pub struct NewObject {
    fields: Fields,
    /// SOPClassUID.
    pub class_uid: &'static str,
    /// SOPInstanceUID.
    pub instance_uid: String,
    /// SeriesInstanceUID.
    pub series_uid: String,
    transfer_syntax: &'static str,
}

/// What an object is, besides its content.
pub(super) struct Kind<'a> {
    pub class_uid: &'static str,
    pub modality: &'a str,
    pub series_number: usize,
    pub description: &'a str,
}

impl Author<'_> {
    /// The attributes that all objects have.
    pub(super) fn begin(&self, kind: &Kind) -> Fields {
        let mut f = Fields::new();
        self.reference.copied.iter().for_each(|(tag, value)| f.text(*tag, value));
        f.text(tags::SOP_CLASS_UID, kind.class_uid);
        f.text(tags::MODALITY, kind.modality);
        f.count(tags::SERIES_NUMBER, kind.series_number);
        f.count(tags::INSTANCE_NUMBER, 1);
        f.text(tags::SERIES_DESCRIPTION, kind.description);
        f.text(tags::OPERATORS_NAME, "");
        f.text(tags::MANUFACTURER, &self.equipment.name);
        f.text(tags::MANUFACTURER_MODEL_NAME, &self.equipment.name);
        f.text(tags::SOFTWARE_VERSIONS, &self.equipment.version);
        f.text(tags::DEVICE_SERIAL_NUMBER, &self.equipment.build);
        if let Some((date, time)) = &self.stated_time {
            for (d, t) in [
                (tags::SERIES_DATE, tags::SERIES_TIME),
                (tags::INSTANCE_CREATION_DATE, tags::INSTANCE_CREATION_TIME),
            ] {
                f.text(d, date);
                f.text(t, time);
            }
        }
        f
    }

    /// Date and time of an object's content, which must be there (type 1): as stated, else those of the reference's acquisition, so that the same
    /// input gives the same file.
    ///
    /// # Errors
    /// If neither is known.
    pub fn content_time(&self) -> Result<(String, String)> {
        let known = self.stated_time.clone().or_else(|| self.reference.when.clone());
        known.ok_or_else(|| {
            Error::input(
                "the reference has no date",
                "the object must state when its content was made",
                "Add --date, such as 2026-11-29T10:00.",
            )
        })
    }

    /// Date and time of the content, empty where nothing is stated (type 2).
    pub(super) fn dated(&self, f: &mut Fields, date: Tag, time: Tag) {
        let (d, t) = self.stated_time.clone().unwrap_or_default();
        f.text(date, &d);
        f.text(time, &t);
    }

    /// An item of the Derivation Image functional group: images of the reference, how and for what they were used.
    pub(super) fn derivation(
        &self,
        images: &[&super::reference::ReferenceImage],
        derivation: Code,
        purpose: Code,
    ) -> Fields {
        let source = |i: &&super::reference::ReferenceImage| {
            let mut item = instance(&i.class_uid, &i.instance_uid);
            item.items(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, vec![purpose.item()]);
            item
        };
        let mut item = Fields::new();
        item.items(tags::SOURCE_IMAGE_SEQUENCE, images.iter().map(source).collect());
        item.items(tags::DERIVATION_CODE_SEQUENCE, vec![derivation.item()]);
        item
    }

    /// The references of the Common Instance Reference module: all images of the reference.
    pub(super) fn referenced_series(&self) -> Fields {
        self.reference.referenced_series()
    }

    /// The object with its UIDs. `more` are further UIDs that it needs inside: where they go, and what they identify.
    ///
    /// # Errors
    /// If it is too large for a DICOM file.
    pub(super) fn finish(
        &self,
        mut f: Fields,
        kind: &Kind,
        more: impl FnOnce(&mut Fields, &dyn Fn(&str) -> String),
    ) -> Result<NewObject> {
        if f.is_international() {
            f.text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192");
        }
        // The points of a contour may need more than the 64 KiB that explicit VRs leave to decimal strings.
        let transfer_syntax = match kind.class_uid {
            uids::RT_STRUCTURE_SET_STORAGE => uids::IMPLICIT_VR_LITTLE_ENDIAN,
            _ => uids::EXPLICIT_VR_LITTLE_ENDIAN,
        };
        let mut count = Counted { digest: Sha256::new(), bytes: 0 };
        let syntax = super::super::transfer_syntax::TransferSyntax::from_uid(transfer_syntax);
        let coding = syntax.ok_or_else(|| failed("its transfer syntax is not known"))?.coding;
        f.0.write_dataset_with_ts(&mut count, coding).map_err(|e| failed(&e.to_string()))?;
        if count.bytes > MOST_BYTES {
            return Err(Error::input(
                format!("an object of {} bytes", count.bytes),
                "a DICOM object has at most 4 GiB",
                "Write it on a coarser grid.",
            ));
        }
        let content = count.digest.finalize();
        let uid = |what: &str| self.uid_root.uid(&content, what);
        let (instance_uid, series_uid) = (uid("instance"), uid("series"));
        f.text(tags::SOP_INSTANCE_UID, &instance_uid);
        f.text(tags::SERIES_INSTANCE_UID, &series_uid);
        more(&mut f, &uid);
        Ok(NewObject {
            fields: f,
            class_uid: kind.class_uid,
            instance_uid,
            series_uid,
            transfer_syntax,
        })
    }
}

/// SOP class and instance, as references have them.
pub(super) fn instance(class_uid: &str, instance_uid: &str) -> Fields {
    let mut item = Fields::new();
    item.text(tags::REFERENCED_SOP_CLASS_UID, class_uid);
    item.text(tags::REFERENCED_SOP_INSTANCE_UID, instance_uid);
    item
}

impl NewObject {
    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// If writing fails.
    pub fn write(self, path: &Path) -> Result<()> {
        let version = format!("VOXGRAY_{}", env!("CARGO_PKG_VERSION").replace('.', "_"));
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(self.transfer_syntax)
            .implementation_class_uid(IMPLEMENTATION)
            .implementation_version_name(version.chars().take(16).collect::<String>());
        let file = self.fields.0.with_meta(meta).map_err(|e| failed(&e.to_string()))?;
        write_atomically(path, |writer| file.write_all(writer).map_err(std::io::Error::other))
    }
}

fn failed(why: &str) -> Error {
    Error::run("a DICOM object cannot be written", why, "Report this as a bug.")
}

/// Hashes and counts what is written to it.
struct Counted {
    digest: Sha256,
    bytes: u64,
}

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
