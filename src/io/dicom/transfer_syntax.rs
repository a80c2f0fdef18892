//! Transfer syntaxes: how the data set is encoded, by the registry of `dicom-rs`, and how its pixels are compressed (PS3.5, PS3.6 A).

use dicom_dictionary_std::uids;
use dicom_encoding::Endianness;
use dicom_transfer_syntax_registry::{TransferSyntaxIndex, TransferSyntaxRegistry};

/// How the pixel data are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Rle,
    Jpeg,
    JpegLs,
    Jpeg2000,
}

/// A transfer syntax that this reader knows.
#[derive(Clone, Copy)]
pub(super) struct TransferSyntax {
    /// Byte order and value representation of the data set.
    pub coding: &'static dicom_encoding::TransferSyntax,
    pub compression: Compression,
}

impl std::fmt::Debug for TransferSyntax {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.coding.name())
    }
}

impl TransferSyntax {
    /// The syntax of a UID, or none if this reader does not know it.
    #[expect(deprecated, reason = "big endian is retired, its files are not")]
    pub fn from_uid(uid: &str) -> Option<Self> {
        let compression = match uid {
            uids::IMPLICIT_VR_LITTLE_ENDIAN
            | uids::EXPLICIT_VR_LITTLE_ENDIAN
            | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
            | uids::EXPLICIT_VR_BIG_ENDIAN => Compression::None,
            uids::JPEG_BASELINE8_BIT
            | uids::JPEG_EXTENDED12_BIT
            | uids::JPEG_LOSSLESS
            | uids::JPEG_LOSSLESS_SV1 => Compression::Jpeg,
            uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => Compression::JpegLs,
            uids::JPEG2000_LOSSLESS | uids::JPEG2000 => Compression::Jpeg2000,
            uids::RLE_LOSSLESS => Compression::Rle,
            _ => return None,
        };
        const REGISTRY: &TransferSyntaxRegistry = &TransferSyntaxRegistry;
        Some(TransferSyntax { coding: REGISTRY.get(uid)?, compression })
    }

    /// Whether the data set after the file meta group is one raw deflate stream (PS3.5 A.5).
    pub fn deflated(&self) -> bool {
        self.coding.uid() == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    }

    /// Whether numbers have their most significant byte first.
    pub fn big_endian(&self) -> bool {
        self.coding.endianness() == Endianness::Big
    }
}
