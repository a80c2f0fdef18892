//! Names of labels in the extension of a NIfTI header: the table of a Caret volume label file (`<Label Key="5">...</Label>`), as TotalSegmentator
//! writes it.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::path::Path;

use super::header::{Header, announced};
use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::io::inflate;

/// Longest extension that is looked at.
const MOST_BYTES: u64 = 4 << 20;
/// More labels than these are damage.
const MOST_LABELS: usize = 1 << 16;

/// The names that a NIfTI file has for its labels; none where there is no such table, or the file is no NIfTI.
///
/// # Errors
/// If the file cannot be read.
pub fn read_label_table(path: &Path) -> Result<BTreeMap<u32, String>> {
    let io = |e: std::io::Error| Error::io("read", path, &e);
    let mut file = BufReader::with_capacity(1 << 16, InputFile::open(path)?);
    let start = std::io::BufRead::fill_buf(&mut file).map_err(io)?;
    let zipped = start.starts_with(&[0x1f, 0x8b]);
    let mut stream: Box<dyn Read> = if zipped {
        inflate::open(file).map_err(|e| inflate::failed(path, &e))?
    } else {
        Box::new(file)
    };
    let mut bytes = Vec::new();
    let mut first = [0; 4];
    if stream.read_exact(&mut first).is_err() {
        return Ok(BTreeMap::new());
    }
    let Ok((size, big_endian)) = announced(path, first) else { return Ok(BTreeMap::new()) };
    bytes.extend(first);
    let rest = (&mut stream).take(size as u64 - 4).read_to_end(&mut bytes);
    if rest.is_err() || bytes.len() != size {
        return Ok(BTreeMap::new());
    }
    let Ok(header) = Header::parse(path, &bytes, big_endian) else { return Ok(BTreeMap::new()) };
    let behind = header.vox_offset.saturating_sub(size as u64).min(MOST_BYTES);
    let mut extension = Vec::new();
    // What cannot be inflated is told by who reads the voxels.
    if stream.take(behind).read_to_end(&mut extension).is_err() || extension.first() != Some(&1) {
        return Ok(BTreeMap::new());
    }
    Ok(names(&String::from_utf8_lossy(&extension)))
}

/// The labels of a table, without the background.
fn names(text: &str) -> BTreeMap<u32, String> {
    let mut found = BTreeMap::new();
    for label in text.split("<Label ").skip(1).take(MOST_LABELS) {
        let Some((head, body)) = label.split_once('>') else { continue };
        let key = head.split_once("Key=\"").and_then(|(_, rest)| rest.split('"').next());
        let body = body.split("</Label>").next().unwrap_or("");
        let name = body.trim().trim_start_matches("<![CDATA[").trim_end_matches("]]>").trim();
        if let Some(key) = key.and_then(|k| k.parse::<u32>().ok())
            && key > 0
            && !name.is_empty()
            && !found.values().any(|n| n == name)
        {
            found.insert(key, name.to_string());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_a_caret_extension() {
        let text = "<CaretExtension><LabelTable><Label Key=\"0\" Red=\"1\"><![CDATA[???]]></Label>\n<Label Key=\"5\" Red=\"0.1\" \
                    Alpha=\"1\"><![CDATA[liver]]></Label><Label Key=\"x\"><![CDATA[bad]]></Label><Label Key=\"2\">kidney right</Label>";
        let expected = BTreeMap::from([(5, "liver".to_string()), (2, "kidney right".to_string())]);
        assert_eq!(names(text), expected);
        assert!(names("<Label").is_empty() && names("").is_empty());
    }
}
