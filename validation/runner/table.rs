//! Reference tables: CSV with `#` header lines that name quantity, units, source, licence and generator.

use std::path::Path;

use voxgray::{Error, Result};

/// The header lines that every reference table must have.
pub const PROVENANCE: [&str; 5] = ["quantity", "units", "source", "licence", "generator"];

/// A table by column name.
#[derive(Debug, Clone)]
pub struct Table {
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// If the file cannot be read, lacks a provenance line, or a row has another number of values than columns.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, &e))?;
        let name = path.display().to_string();
        let bad = |problem: String, why: &str| {
            Error::input(
                format!("{name}: {problem}"),
                why,
                "Restore the table from the repository.",
            )
        };
        let header = |key: &str| text.lines().find_map(|l| l.strip_prefix(&format!("# {key}: ")));
        for key in PROVENANCE {
            if header(key).is_none() {
                return Err(bad(
                    format!("no '# {key}:' line"),
                    "every table says where it is from",
                ));
            }
        }
        let mut lines = text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
        let split = |l: &str| l.split(',').map(|v| v.trim().to_string()).collect::<Vec<_>>();
        let columns = split(lines.next().unwrap_or_default());
        let rows: Vec<Vec<String>> = lines.map(split).collect();
        if let Some(i) = rows.iter().position(|r| r.len() != columns.len()) {
            return Err(bad(
                format!("row {}", i + 1),
                "it has another number of values than columns",
            ));
        }
        if rows.is_empty() {
            return Err(bad("no rows".into(), "a reference needs at least one value"));
        }
        Ok(Table { name, columns, rows })
    }

    /// A column as text.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn text(&self, column: &str) -> Result<Vec<&str>> {
        let at = self.columns.iter().position(|c| c == column).ok_or_else(|| {
            Error::input(
                format!("{}: no column '{column}'", self.name),
                format!("it has {:?}", self.columns),
                "Restore the table from the repository.",
            )
        })?;
        Ok(self.rows.iter().map(|r| r[at].as_str()).collect())
    }

    /// A column as numbers.
    ///
    /// # Errors
    /// If there is no such column or a value is not a finite number.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>> {
        let parse = |v: &str| v.parse::<f64>().ok().filter(|x| x.is_finite());
        self.text(column)?
            .iter()
            .map(|v| {
                parse(v).ok_or_else(|| {
                    Error::input(
                        format!("{}: '{v}' in column '{column}'", self.name),
                        "it is not a finite number",
                        "Restore the table from the repository.",
                    )
                })
            })
            .collect()
    }
}
