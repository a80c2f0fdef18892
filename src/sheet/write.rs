//! Tables for spreadsheets: separated by commas, cells in quotation marks where they need them (RFC 4180).

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::Separator;

/// Lines of cells. A cell that holds the separator, a quotation mark or a line break, or begins a line with #, stands in quotation marks.
pub fn lines<R, C>(rows: R, separator: Separator) -> String
where
    R: IntoIterator,
    R::Item: IntoIterator<Item = C>,
    C: AsRef<[u8]>,
{
    let mut writer = WriterBuilder::new()
        .delimiter(separator.byte())
        .quote_style(QuoteStyle::Necessary)
        .terminator(Terminator::Any(b'\n'))
        .comment(Some(b'#'))
        .flexible(true)
        .from_writer(Vec::new());
    for row in rows {
        // Writing to memory does not fail, and rows may have any length.
        let _ = writer.write_record(row);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
