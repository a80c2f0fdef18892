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

    /// The line of a key that is there.
    pub fn exact(&self, path: &str) -> Option<usize> {
        self.0.get(path).copied()
    }

    /// The path of what begins on a line; the deepest.
    pub fn at(&self, line: usize) -> Option<&str> {
        let here = self.0.iter().filter(|(_, l)| **l == line).map(|(path, _)| path.as_str());
        here.max_by_key(|path| path.split('.').count())
    }

    /// The line of the key below a table that a text names, with the most of what lies above it.
    pub fn named_below(&self, table: &str, text: &str) -> Option<usize> {
        let part = |c: char| c.is_alphanumeric() || "_-".contains(c);
        let words: Vec<String> = text
            .split(|c: char| !part(c))
            .map(|w| w.trim_matches('-').replace('-', "_"))
            .filter(|w| !w.is_empty())
            .collect();
        let named = |segment: &str| words.iter().any(|w| w == &segment.replace('-', "_"));
        let below = self.0.iter().filter_map(|(path, line)| {
            let rest = path.strip_prefix(table)?.strip_prefix('.')?;
            let parts: Vec<&str> = rest.split('.').collect();
            // The number of an item is no name.
            let last = parts.last().filter(|l| l.parse::<usize>().is_err())?;
            named(last).then(|| {
                let score = parts.iter().filter(|p| named(p)).count();
                ((score, std::cmp::Reverse(parts.len())), *line)
            })
        });
        let best = below.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        best.map(|b| b.1)
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
        assert_eq!((lines.exact("dose.histories"), lines.exact("dose.seed")), (Some(4), None));
        assert_eq!(
            (lines.at(10), lines.at(5)),
            (Some("cycle.1.time_point.2.time"), Some("cycle.1"))
        );
        assert_eq!(lines.named_below("dose", "--histories is 'few'"), Some(4));
        assert_eq!(lines.named_below("cycle.1", "time '24'"), Some(8));
        assert_eq!(lines.named_below("dose", "time '24'"), None);
        assert_eq!(Lines::of("= 1"), Lines::default());
    }
}
