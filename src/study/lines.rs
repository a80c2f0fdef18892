//! Where each key of a TOML text stands, so that a value can be told with its line.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Lines (from 1) of keys by their path, such as `cycle.1.time_point.2.time`; items of arrays are counted from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// Of a text; none where it is no TOML.
    pub fn of(text: &str) -> Self {
        let mut lines = Lines::default();
        if let Ok(table) = DeTable::parse(text) {
            lines.table(text, "", table.get_ref());
        }
        lines
    }

    /// The line of a key, or of the nearest table above it that has one.
    pub fn get(&self, path: &str) -> Option<usize> {
        let mut path = path;
        loop {
            if let Some(line) = self.0.get(path) {
                return Some(*line);
            }
            path = path.rsplit_once('.')?.0;
        }
    }

    /// The first line of a key of that name, whatever table it is in.
    pub fn ending_in(&self, key: &str) -> Option<usize> {
        let is = |path: &str| path.rsplit('.').next() == Some(key);
        self.0.iter().filter(|(path, _)| is(path)).map(|(_, line)| *line).min()
    }

    fn table(&mut self, text: &str, above: &str, table: &DeTable) {
        for (key, value) in table.iter() {
            let name = key.get_ref().as_ref();
            let path = if above.is_empty() { name.into() } else { format!("{above}.{name}") };
            self.enter(text, &path, key.span().start);
            self.value(text, &path, value);
        }
    }

    fn value(&mut self, text: &str, path: &str, value: &Spanned<DeValue>) {
        match value.get_ref() {
            DeValue::Table(table) => self.table(text, path, table),
            DeValue::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    let path = format!("{path}.{}", n + 1);
                    self.enter(text, &path, item.span().start);
                    self.value(text, &path, item);
                }
            }
            _ => {}
        }
    }

    fn enter(&mut self, text: &str, path: &str, at: usize) {
        let line = 1 + text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count();
        self.0.entry(path.into()).or_insert(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_lines_they_stand_on() {
        let text = "format = 1\n\n[dose]\nhistories = \"1e6\"\n[[cycle]]\nct = \"ct\"\n[[cycle.time_point]]\n\
                    time = \"4h\"\n[[cycle.time_point]]\ntime = \"24h\"\nvoi = [\n \"a\",\n \"b\"]\n";
        let lines = Lines::of(text);
        for (path, line) in [
            ("format", 1),
            ("dose", 3),
            ("dose.histories", 4),
            ("cycle.1.ct", 6),
            ("cycle.1.time_point.1.time", 8),
            ("cycle.1.time_point.2.time", 10),
            ("cycle.1.time_point.2.voi.2", 13),
            ("dose.seed", 3),
        ] {
            assert_eq!(lines.get(path), Some(line), "{path}");
        }
        assert_eq!(lines.get("dvh.d"), None);
        assert_eq!(Lines::of("= 1"), Lines::default());
    }
}
