//! Transfer syntaxes: how the data set is encoded and how its pixels are compressed (PS3.5, PS3.6 A).

/// Byte order and value representation of the data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    ImplicitLittle,
    ExplicitLittle,
    ExplicitBig,
}

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TransferSyntax {
    pub encoding: Encoding,
    pub compression: Compression,
    /// The data set after the file meta group is one raw deflate stream (PS3.5 A.5).
    pub deflated: bool,
}

impl TransferSyntax {
    /// An uncompressed syntax of the given encoding.
    pub fn native(encoding: Encoding) -> Self {
        TransferSyntax { encoding, compression: Compression::None, deflated: false }
    }

    /// The syntax of a UID, or none if this reader does not know it.
    pub fn from_uid(uid: &str) -> Option<Self> {
        let compressed = |compression| TransferSyntax {
            encoding: Encoding::ExplicitLittle,
            compression,
            deflated: false,
        };
        Some(match uid.strip_prefix("1.2.840.10008.1.2")? {
            "" => TransferSyntax::native(Encoding::ImplicitLittle),
            ".1" => TransferSyntax::native(Encoding::ExplicitLittle),
            ".1.99" => TransferSyntax {
                deflated: true,
                ..TransferSyntax::native(Encoding::ExplicitLittle)
            },
            ".2" => TransferSyntax::native(Encoding::ExplicitBig),
            // Baseline, extended, lossless process 14, lossless process 14 selection value 1.
            ".4.50" | ".4.51" | ".4.57" | ".4.70" => compressed(Compression::Jpeg),
            ".4.80" | ".4.81" => compressed(Compression::JpegLs),
            ".4.90" | ".4.91" => compressed(Compression::Jpeg2000),
            ".5" => compressed(Compression::Rle),
            _ => return None,
        })
    }
}
