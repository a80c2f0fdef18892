//! Tables of measured numbers: CSV with comments that say where they are from. None of them is in the repository.

use std::path::Path;

use voxgray::sheet::Sheet;
use voxgray::{Error, Result};

/// A table that is there.
pub struct Measured {
    sheet: Sheet,
    /// Comment lines above the header.
    head: String,
}

impl Measured {
    /// Reads `name` in the folder; `None`, and a line that says so, where it is not there.
    ///
    /// # Errors
    /// If it is there and no table.
    pub fn read(folder: &Path, name: &str) -> Result<Option<Self>> {
        let path = folder.join(name);
        if !path.exists() {
            println!("measured: {name} is skipped: it is not in the folder of measured numbers");
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
        let head = text.lines().take_while(|l| l.starts_with('#')).collect::<Vec<_>>().join("\n");
        Ok(Some(Measured { sheet: Sheet::read(&path)?, head }))
    }

    /// A column as text.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn text(&self, column: &str) -> Result<Vec<&str>> {
        let at = self.sheet.header.iter().position(|h| h == column).ok_or_else(|| {
            Error::input(
                format!("{}: no column '{column}'", self.sheet.file),
                format!("it has {:?}", self.sheet.header),
                "Restore the table.",
            )
        })?;
        Ok(self.sheet.rows.iter().map(|r| r.cells[at].as_str()).collect())
    }

    /// A column as numbers.
    ///
    /// # Errors
    /// If there is none of that name, or a cell is no number.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>> {
        let refuse = |cell: &str| {
            Error::input(
                format!("{}: '{cell}' in column '{column}'", self.sheet.file),
                "it is not a number",
                "Restore the table.",
            )
        };
        let cells = self.text(column)?;
        cells.into_iter().map(|c| c.parse().map_err(|_| refuse(c))).collect()
    }

    /// Points (by their fraction of the mean range) that the comments say to leave out of a bar: `CAUTION: for fmr A and B ...`.
    pub fn doubtful(&self) -> Vec<f64> {
        let behind = self.head.split_once("CAUTION: for fmr").map_or("", |(_, rest)| rest);
        let words = behind.split_whitespace().filter(|w| *w != "and");
        words.map_while(|w| w.parse().ok()).collect()
    }

    /// The numbers in the brackets behind `word` in the comments.
    pub fn list(&self, word: &str) -> Option<Vec<f64>> {
        let behind = &self.head[self.head.find(word)?..];
        let (_, open) = behind.split_once('[')?;
        let (inside, _) = open.split_once(']')?;
        inside.split(',').map(|n| n.trim().parse().ok()).collect()
    }

    /// The number that stands before `unit` behind `word` in the comments, such as the 0.005 of `foil of 0.005 g/cm2`.
    pub fn stated(&self, word: &str, unit: &str) -> Option<f64> {
        let behind = &self.head[self.head.find(word)?..];
        let before = &behind[..behind.find(unit)?];
        before.trim_end().rsplit(' ').next()?.parse().ok()
    }
}
