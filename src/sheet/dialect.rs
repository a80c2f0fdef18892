//! What separates the cells of a table: tabs, semicolons or commas, found from the rows themselves.
//!
//! Each separator is tried. The one by which most rows have as many cells as the header wins; where two do equally well, a tab is no part
//! of a cell, and a semicolon separates where the comma is the decimal mark. A first line `sep=;`, as Excel takes it, decides alone.

use csv::{ReaderBuilder, StringRecord};

use super::Row;

/// Rows that are looked at.
const SAMPLE: usize = 500;

/// What separates the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
}

impl Separator {
    /// In order of preference.
    pub const ALL: [Separator; 3] = [Separator::Tab, Separator::Semicolon, Separator::Comma];

    /// The character.
    pub fn byte(self) -> u8 {
        match self {
            Separator::Comma => b',',
            Separator::Semicolon => b';',
            Separator::Tab => b'\t',
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Separator::Comma => "comma",
            Separator::Semicolon => "semicolon",
            Separator::Tab => "tab",
        }
    }
}

/// How a text is cut into cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// Between cells.
    pub separator: Separator,
    /// Whether a first line `sep=` says so.
    stated: bool,
}

/// The dialect of a text.
pub fn detect(text: &str) -> Dialect {
    let first = text.lines().next().unwrap_or("").trim().trim_matches('"').to_ascii_lowercase();
    if let Some(stated) = first.strip_prefix("sep=")
        && let Some(separator) =
            Separator::ALL.into_iter().find(|s| stated.as_bytes() == [s.byte()])
    {
        return Dialect { separator, stated: true };
    }
    let tried = Separator::ALL.map(|separator| {
        let dialect = Dialect { separator, stated: false };
        (dialect.agreement(text), dialect)
    });
    let best = tried.iter().map(|t| t.0).fold(0.0, f64::max);
    let dialect = tried.into_iter().find(|t| t.0 >= best && best > 0.0).map(|t| t.1);
    dialect.unwrap_or(Dialect { separator: Separator::Comma, stated: false })
}

impl Dialect {
    /// Share of the rows with as many cells as the header, which counts as one; 0 for a single column.
    fn agreement(self, text: &str) -> f64 {
        let records = self.records(text, SAMPLE);
        let Some((header, rows)) = records.split_first().filter(|(h, _)| h.cells.len() > 1) else {
            return 0.0;
        };
        let same = rows.iter().filter(|r| r.cells.len() == header.cells.len()).count();
        (1 + same) as f64 / (1 + rows.len()) as f64
    }

    /// Records without comments and empty lines, cells without outer spaces; the first is the header.
    pub fn records(self, text: &str, most: usize) -> Vec<Row> {
        let mut found = Vec::new();
        let (mut line, mut counted) = (1, 0);
        self.each(text, |record, start, _| {
            line += text[counted..start].matches('\n').count() as u64;
            counted = start;
            let cells: Vec<String> = record.iter().map(|c| c.trim().to_string()).collect();
            let statement = self.stated && line == 1 && is_statement(&cells);
            if !statement && cells.iter().any(|c| !c.is_empty()) {
                found.push(Row { line, cells });
            }
            found.len() < most
        });
        found
    }

    /// Comments below the header with as many cells as it has: rows that somebody left out, or names that begin with #.
    pub fn commented(self, text: &str, header_line: u64, columns: usize) -> Vec<Row> {
        let mut inside: Vec<(usize, usize)> = Vec::new();
        self.each(text, |_, start, end| {
            inside.push((start, end));
            true
        });
        let (mut found, mut start) = (Vec::new(), 0);
        for (n, line) in text.split_inclusive('\n').enumerate() {
            let number = n as u64 + 1;
            let after = inside.partition_point(|r| r.1 <= start);
            let within = inside.get(after).is_some_and(|r| r.0 < start);
            start += line.len();
            let Some(rest) = line.trim_start().strip_prefix('#') else { continue };
            if within || number <= header_line || columns < 2 {
                continue;
            }
            let rest = rest.trim_start_matches('#');
            let separator = char::from(self.separator.byte());
            // Without quotation marks a line is cut as it stands; a file may have very many comments.
            let cells: Vec<String> = if rest.contains('"') {
                self.records(rest, 1).pop().map(|r| r.cells).unwrap_or_default()
            } else if rest.matches(separator).count() + 1 == columns && !rest.trim().is_empty() {
                rest.split(separator).map(|c| c.trim().to_string()).collect()
            } else {
                continue;
            };
            if cells.len() == columns && cells.iter().any(|c| !c.is_empty()) {
                found.push(Row { line: number, cells });
            }
        }
        found
    }

    /// Calls `with` for every record that is no comment, with its first byte and the one behind it, until it says to stop.
    fn each(self, text: &str, mut with: impl FnMut(&StringRecord, usize, usize) -> bool) {
        let mut reader = ReaderBuilder::new()
            .delimiter(self.separator.byte())
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let mut record = StringRecord::new();
        // Text is valid UTF-8 and rows may have any length: nothing is left that this reader refuses.
        while reader.read_record(&mut record).unwrap_or(false) {
            let from = record.position().map_or(0, |p| p.byte() as usize);
            let end = reader.position().byte() as usize;
            let start = from + skipped(text.get(from..end).unwrap_or(""));
            // The csv crate knows comments without spaces before them only.
            let comment = text[start..].trim_start_matches(' ').starts_with('#');
            if !comment && !with(&record, start, end) {
                return;
            }
        }
    }
}

/// Bytes of empty lines and comments before a record, which the csv crate counts to it.
fn skipped(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        if rest.starts_with(['\n', '\r']) {
            at += 1;
        } else if rest.starts_with('#') {
            at += rest.find('\n').map_or(rest.len(), |n| n + 1);
        } else {
            return at;
        }
    }
}

fn is_statement(cells: &[String]) -> bool {
    cells.first().is_some_and(|c| c.to_ascii_lowercase().starts_with("sep="))
}
