//! VOIs that tables of a study name, looked for among those that its cycles have: before anything is computed. Neglects files of one's own (`[[fit]]`,
//! `[[uncertainty]]`), which name curves and VOIs of themselves.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::file::Study;
use crate::error::{Error, Result, did_you_mean};
use crate::pipeline::look::LookedVoi;

/// Options of `voxgray bed` that may be those of a VOI; the first two each VOI needs.
const OF_VOI: [&str; 4] = ["alpha_beta", "repair", "alpha", "half_life"];

impl Study {
    /// Whether the VOIs that limits and BED name are there; `cycles` has those of each cycle. Gives what is to be told of them.
    ///
    /// # Errors
    /// If one is not, with its line.
    pub fn vois_are_there(&self, cycles: &[Vec<LookedVoi>]) -> Result<Vec<String>> {
        self.limits_are_of(cycles)?;
        match (&self.bed, cycles.first()) {
            (Some(bed), Some(vois)) => self.bed_is_of(bed, vois),
            _ => Ok(Vec::new()),
        }
    }

    fn limits_are_of(&self, cycles: &[Vec<LookedVoi>]) -> Result<()> {
        let names: Vec<&str> = cycles.iter().flatten().map(|v| v.name.as_str()).collect();
        for (n, limit) in self.limits.iter().enumerate() {
            let path = format!("limit.{}.of", n + 1);
            let Some(of) = limit.get("of").and_then(Value::as_str) else { continue };
            // A number may be a label.
            if !names.contains(&of) && of.parse::<u32>().is_err() {
                let table = self.table_name(&format!("limit.{}", n + 1));
                return Err(self.no_voi(&path, &format!("of of {table}"), of, &names));
            }
        }
        Ok(())
    }

    /// Parameters of BED are those of VOIs by their names.
    fn bed_is_of(&self, bed: &Table, vois: &[LookedVoi]) -> Result<Vec<String>> {
        // A file that stands alone calls its labels by their numbers.
        let is = |v: &LookedVoi, name: &str| v.name == name || format!("label {}", v.label) == name;
        let known: Vec<&str> = vois.iter().map(|v| v.name.as_str()).collect();
        let mut named = BTreeSet::new();
        for key in OF_VOI {
            for name in names_in(bed.get(key)) {
                if !vois.iter().any(|v| is(v, &name)) {
                    let path = format!("bed.{key}.{name}");
                    return Err(self.no_voi(&path, &format!("{key} of [bed]"), &name, &known));
                }
                named.insert(name);
            }
        }
        let has = |key: &str, name: &str| {
            let own = names_in(bed.get(key));
            is_for_all(bed.get(key)) || own.contains(name)
        };
        for name in &named {
            if let Some(lacking) = OF_VOI[..2].iter().find(|key| !has(key, name)) {
                let error = Error::input(
                    format!("[bed] has no {lacking} of '{name}', and other parameters of it"),
                    "a BED needs both, and neither has a default",
                    format!("Add {lacking} = {{ {name:?} = ... }}, or leave the others out."),
                );
                return Err(self.at_line(error, self.lines.get("bed"), ""));
            }
        }
        let for_all = OF_VOI[..2].iter().all(|key| is_for_all(bed.get(*key)));
        let files = self.cycles.first().map_or(&[][..], |c| &c.vois);
        let without = files.iter().enumerate().filter(|(file, _)| {
            let mut own = vois.iter().filter(|v| v.file == *file);
            !for_all && !own.any(|v| named.iter().any(|name| is(v, name)))
        });
        Ok(without
            .map(|(_, voi)| {
                let file = voi.file.file_name().unwrap_or_default().to_string_lossy();
                format!("[bed] names no VOI of {file}: the BED of that file will be refused")
            })
            .collect())
    }

    fn no_voi(&self, path: &str, key: &str, name: &str, known: &[&str]) -> Error {
        let mut names = known.to_vec();
        names.dedup();
        let why = match names.is_empty() {
            true => "no [[cycle.voi]] is given".into(),
            false => format!("the VOIs are {}", names.join(", ")),
        };
        let meant = did_you_mean(name, names.iter().copied());
        let error =
            Error::input(format!("{key} names '{name}'"), why, format!("{meant}Name one of them."));
        self.at_line(error, self.lines.get(path), "")
    }
}

/// VOIs that an option names: keys of a table, or what stands before `=`.
fn names_in(value: Option<&Value>) -> BTreeSet<String> {
    let of_text = |v: &Value| Some(v.as_str()?.rsplit_once('=')?.0.trim().to_owned());
    match value {
        Some(Value::Table(table)) => table.keys().cloned().collect(),
        Some(Value::Array(items)) => items.iter().filter_map(of_text).collect(),
        Some(one) => of_text(one).into_iter().collect(),
        None => BTreeSet::new(),
    }
}

/// Whether an option has a value for all VOIs.
fn is_for_all(value: Option<&Value>) -> bool {
    let plain = |v: &Value| v.as_str().is_none_or(|t| !t.contains('='));
    match value {
        Some(Value::Table(_)) | None => false,
        Some(Value::Array(items)) => items.iter().any(plain),
        Some(one) => plain(one),
    }
}
