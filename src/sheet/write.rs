//! Tables for spreadsheets: cells in quotation marks where they need them (RFC 4180).

use csv::{Terminator, WriterBuilder};

use super::Separator;

/// Lines of cells. A cell that holds the separator, a quotation mark or a line break, or begins a line with #, stands in quotation marks.
pub fn lines<R>(rows: R, separator: Separator) -> String
where
    R: IntoIterator,
    R::Item: AsRef<[String]>,
{
    let mut text = Vec::new();
    for row in rows {
        let cells = row.as_ref();
        let comment = cells.first().is_some_and(|c| c.starts_with('#')).then_some(b'#');
        let mut writer = WriterBuilder::new()
            .delimiter(separator.byte())
            .terminator(Terminator::Any(b'\n'))
            .comment(comment)
            .from_writer(&mut text);
        // Writing to memory does not fail.
        let _ = writer.write_record(cells).and_then(|()| Ok(writer.flush()?));
    }
    String::from_utf8_lossy(&text).into_owned()
}
