//! A small DICOM writer (Explicit VR Little Endian) for tests: valid objects, and ones broken on purpose.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Group and element.
pub type Tag = (u16, u16);

/// Elements by tag, already encoded.
#[derive(Clone, Default)]
pub struct DataSet(BTreeMap<Tag, Vec<u8>>);

impl DataSet {
    /// Text; several values are joined with a backslash by the caller.
    pub fn text(mut self, tag: Tag, vr: &str, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(b' ');
        }
        self.0.insert(tag, short(tag, vr, &bytes));
        self
    }

    /// Numbers as a decimal string.
    pub fn ds(self, tag: Tag, values: &[f64]) -> Self {
        let text: Vec<String> = values.iter().map(f64::to_string).collect();
        self.text(tag, "DS", &text.join("\\"))
    }

    /// Unsigned 16 bit numbers.
    pub fn us(mut self, tag: Tag, values: &[u16]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.0.insert(tag, short(tag, "US", &bytes));
        self
    }

    /// Double precision numbers.
    pub fn fd(mut self, tag: Tag, values: &[f64]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.0.insert(tag, short(tag, "FD", &bytes));
        self
    }

    /// A sequence with items of defined length.
    pub fn sq(mut self, tag: Tag, items: &[DataSet]) -> Self {
        let mut bytes = Vec::new();
        for item in items {
            let body = item.encode();
            bytes.extend(start(ITEM, body.len() as u32));
            bytes.extend(body);
        }
        self.0.insert(tag, long(tag, "SQ", &bytes));
        self
    }

    /// Signed 16 bit pixels, uncompressed.
    pub fn pixels(mut self, values: &[i16]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.0.insert(PIXEL_DATA, long(PIXEL_DATA, "OW", &bytes));
        self
    }

    /// Compressed fragments behind a basic offset table.
    pub fn fragments(mut self, offsets: &[u32], fragments: &[Vec<u8>]) -> Self {
        let mut bytes = [0xE0, 0x7F, 0x10, 0x00, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF].to_vec();
        bytes.extend(start(ITEM, 4 * offsets.len() as u32));
        bytes.extend(offsets.iter().flat_map(|o| o.to_le_bytes()));
        for fragment in fragments {
            bytes.extend(start(ITEM, fragment.len() as u32));
            bytes.extend(fragment);
        }
        bytes.extend(start((0xFFFE, 0xE0DD), 0));
        self.0.insert(PIXEL_DATA, bytes);
        self
    }

    /// Without an element.
    pub fn without(mut self, tag: Tag) -> Self {
        self.0.remove(&tag);
        self
    }

    pub fn encode(&self) -> Vec<u8> {
        self.0.values().flatten().copied().collect()
    }

    /// The bytes of a file with preamble and file meta group.
    pub fn file(&self, transfer_syntax: &str) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM");
        bytes.extend(DataSet::default().text((2, 0x10), "UI", transfer_syntax).encode());
        bytes.extend(self.encode());
        bytes
    }
}

/// The bytes of a deflated file: `body` is what its data set encodes to, `behind` what stands behind the stream.
pub fn deflated(body: &[u8], behind: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut stream = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    stream.write_all(body).expect("deflate");
    let mut bytes = DataSet::default().file(DEFLATED);
    bytes.extend(stream.finish().expect("deflate"));
    bytes.extend(behind);
    bytes
}

const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
pub const RLE: &str = "1.2.840.10008.1.2.5";
pub const PIXEL_DATA: Tag = (0x7FE0, 0x0010);
const ITEM: Tag = (0xFFFE, 0xE000);

fn start(tag: Tag, length: u32) -> Vec<u8> {
    let mut bytes = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
    bytes.extend(length.to_le_bytes());
    bytes
}

fn short(tag: Tag, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
    bytes.extend(vr.as_bytes());
    bytes.extend((value.len() as u16).to_le_bytes());
    bytes.extend(value);
    bytes
}

fn long(tag: Tag, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
    bytes.extend(vr.as_bytes());
    bytes.extend([0, 0]);
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend(value);
    bytes
}

/// A folder that is removed at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        // Two tests may choose one name.
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("voxgray-{name}-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a scratch folder");
        Scratch(path)
    }

    /// Writes objects as files `0.dcm`, `1.dcm`, ...
    pub fn with(name: &str, objects: &[DataSet]) -> Scratch {
        let scratch = Scratch::new(name);
        for (k, object) in objects.iter().enumerate() {
            scratch.write(&format!("{k}.dcm"), &object.file(EXPLICIT_LITTLE));
        }
        scratch
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("writable");
        path
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
