//! The table `[method]` of a series file: how the curve of each VOI, and of what is outside of them, is integrated. Its keys stand in
//! `docs/kinetics.md`, section 11; unknown ones are refused.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Value;

use super::series_file::{families, time};
use crate::error::{Error, Result, did_you_mean, did_you_mean_of};
use crate::image::{Voi, find_voi, label_key};
use crate::kinetics::method::MethodName;
use crate::kinetics::{Choice, Family};

/// The table as it is written: each entry is a name, or a table with its companions.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct MethodKeys {
    default: Option<Value>,
    outside: Option<Value>,
    voi: Option<Value>,
    /// What is no key: told with those that are.
    #[serde(flatten)]
    other: BTreeMap<String, Value>,
}

/// Keys of the table, and of the table of one region.
const KEYS: [&str; 3] = ["default", "outside", "voi"];
const REGION_KEYS: [&str; 7] =
    ["method", "models", "head", "tail", "population_half_life", "population_spread", "time_point"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    method: String,
    models: Option<Vec<String>>,
    head: Option<String>,
    tail: Option<String>,
    population_half_life: Option<String>,
    population_spread: Option<String>,
    time_point: Option<usize>,
}

/// The method of a region.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RegionMethod {
    /// Method and companions.
    pub choice: Choice,
    /// The time point (from 0) that a method of one point uses, where there are several.
    pub time_point: Option<usize>,
}

/// The methods of all regions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Methods {
    /// Where nothing else is said.
    pub default: RegionMethod,
    /// Of what is outside of all VOIs.
    pub outside: Option<RegionMethod>,
    /// By VOI name or label.
    pub voi: BTreeMap<String, RegionMethod>,
}

impl MethodKeys {
    /// Checks the table; `all` are the families of the key `models`, `points` the number of time points.
    pub fn build(self, all: &[Family], points: usize) -> Result<Methods> {
        let one = |key: String, value: Value| {
            read(value, all)
                .and_then(|m| m.check(points).map(|()| m))
                .map_err(|e| Error { problem: format!("[method] {key}: {}", e.problem), ..e })
        };
        if let Some(key) = self.other.keys().next() {
            return Err(unknown(key));
        }
        let vois = match self.voi {
            None => toml::Table::new(),
            Some(Value::Table(table)) => table,
            Some(other) => {
                return Err(Error::input(
                    format!("[method] voi is {}", shown(&other)),
                    "it is a table with a method for each VOI by its name or label",
                    "Write voi.NAME = \"mono\" for one VOI, or default = \"mono\" for all.",
                ));
            }
        };
        let default = Value::String("auto".into());
        // With [planar] the method is that of the planar curve, which has points of its own: checked there.
        Ok(Methods {
            default: one("default".into(), self.default.unwrap_or(default))?,
            outside: self.outside.map(|v| one("outside".into(), v)).transpose()?,
            voi: vois
                .into_iter()
                .map(|(name, v)| Ok((name.clone(), one(format!("voi.{name}"), v)?)))
                .collect::<Result<_>>()?,
        })
    }
}

/// The error of a key of `[method]` that there is not.
fn unknown(key: &str) -> Error {
    // In serde's words, which tests of the help look for.
    let why = format!("unknown field `{key}`, expected one of `default`, `outside`, `voi`");
    let nearest = did_you_mean(key, KEYS);
    let suggestion = if !nearest.is_empty() {
        nearest
    } else if REGION_KEYS.contains(&key) {
        format!(
            "It is a key of one region: write default = {{ method = \"trapezoid\", {key} = ... }}, or the same for voi.NAME. "
        )
    } else {
        format!("A VOI's method stands under voi: voi.\"{key}\" = \"mono\". ")
    };
    Error::input(
        format!("[method] {key}"),
        why,
        format!("{suggestion}voxgray help-file series lists the keys."),
    )
}

/// A value as it may stand in a message.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        Value::Integer(x) => x.to_string(),
        Value::Float(x) => x.to_string(),
        other => format!("a {}", other.type_str()),
    }
}

/// The method of one region from its key: a name, or a table with its companions; `points` is the number of its points.
///
/// # Errors
/// With what does not go together.
pub fn region_method(value: Value, points: usize) -> Result<RegionMethod> {
    let method = read(value, &Family::ALL)?;
    method.check(points).map(|()| method)
}

fn read(value: Value, all: &[Family]) -> Result<RegionMethod> {
    let keys = match value {
        Value::String(method) => Keys {
            method,
            models: None,
            head: None,
            tail: None,
            population_half_life: None,
            population_spread: None,
            time_point: None,
        },
        Value::Table(table) => table.try_into::<Keys>().map_err(|e| {
            let message = e.to_string();
            Error::input(
                "its keys cannot be read",
                message.trim_end(),
                format!(
                    "{}Write a name such as \"auto\", or a table with method and its companions: {}.",
                    did_you_mean_of(&message),
                    REGION_KEYS[1..].join(", ")
                ),
            )
        })?,
        other => {
            return Err(Error::input(
                format!("it is {}", shown(&other)),
                "a method is a name in quotation marks, or a table of keys",
                format!(
                    "Write a name such as \"auto\", or a table with method and its companions: {}.",
                    REGION_KEYS[1..].join(", ")
                ),
            ));
        }
    };
    let name: MethodName = keys.method.parse()?;
    let refuse = |key: &str, with: &str| {
        Err(Error::input(
            format!("{key} with the method {}", keys.method),
            format!("it is for {with} only"),
            "Leave it out, or choose another method.",
        ))
    };
    if name != MethodName::Trapezoid && (keys.head.is_some() || keys.tail.is_some()) {
        return refuse("head or tail", "trapezoid");
    }
    if !matches!(name, MethodName::Auto | MethodName::Average) && keys.models.is_some() {
        return refuse("models", "auto and average");
    }
    let mut choice = Choice { name, families: all.to_vec(), ..Choice::default() };
    if keys.models.is_some() {
        choice.families = families(keys.models)?;
    }
    if let Some(head) = keys.head {
        choice.head = head.parse()?;
    }
    if let Some(tail) = keys.tail {
        choice.tail = tail.parse()?;
    }
    choice.population_s = match (keys.population_half_life, keys.population_spread) {
        (Some(mean), Some(spread)) => Some([time(&mean)?, time(&spread)?]),
        (None, None) => None,
        _ => {
            return Err(Error::input(
                "population_half_life or population_spread alone",
                "a population has a mean and a spread, which is the result's uncertainty",
                "Give both.",
            ));
        }
    };
    let time_point = match keys.time_point {
        Some(0) => {
            return Err(Error::input("time_point is 0", "they count from 1", "Correct it."));
        }
        given => given.map(|n| n - 1),
    };
    Ok(RegionMethod { choice, time_point })
}

impl RegionMethod {
    /// Whether one point is enough.
    fn takes_one_point(&self) -> bool {
        use MethodName::{Auto, Average, Family as Of, Haenscheid, Madsen, Trapezoid};
        match self.choice.name {
            Haenscheid | Madsen => true,
            Of(family) => family == Family::Physical,
            Auto | Average => self.choice.families == [Family::Physical],
            Trapezoid => false,
        }
    }

    fn check(&self, points: usize) -> Result<()> {
        let rule = matches!(self.choice.name, MethodName::Haenscheid | MethodName::Madsen);
        match self.time_point {
            Some(n) if n >= points => Err(Error::input(
                format!("time_point = {}", n + 1),
                format!("there are {points}"),
                "Give the number of a [[time_point]], from 1.",
            )),
            Some(_) if !self.takes_one_point() => Err(Error::input(
                "time_point with a method of several points",
                "it is for haenscheid, madsen and physical only",
                "Leave it out, or choose one of them.",
            )),
            None if rule && points > 1 => Err(Error::input(
                format!("a single-time-point method for {points} time points"),
                "it uses one of them",
                "Add time_point = N, the number of its [[time_point]] from 1.",
            )),
            _ => Ok(()),
        }
    }
}

impl Methods {
    /// Of the VOI of that number (or of what is outside of all).
    pub fn of(&self, vois: &[&Voi], number: Option<usize>) -> &RegionMethod {
        match number.and_then(|n| vois.get(n)) {
            None => self.outside.as_ref().unwrap_or(&self.default),
            Some(voi) => self
                .voi
                .get(&voi.name)
                .or_else(|| label_key(vois, voi).and_then(|key| self.voi.get(&key)))
                .unwrap_or(&self.default),
        }
    }

    /// Refuses a series of one image whose methods need more.
    pub(super) fn check_one_point(&self) -> Result<()> {
        let all = [Some(&self.default), self.outside.as_ref()];
        let all = all.into_iter().flatten().chain(self.voi.values());
        if all.clone().all(RegionMethod::takes_one_point) {
            return Ok(());
        }
        Err(Error::input(
            "one time point",
            "its curve is not known",
            "Choose [method] default = \"haenscheid\", \"physical\", or { method = \"madsen\", population_half_life = \"50h\", \
             population_spread = \"10h\" }; or give a [planar] curve.",
        ))
    }

    /// Refuses the name of a VOI that does not exist, and a label that several have.
    pub(super) fn check_names(&self, vois: &[&Voi]) -> Result<()> {
        for key in self.voi.keys() {
            let found =
                find_voi(key, vois.iter().map(|v| (v.label, v.name.as_str()))).map_err(|e| {
                    Error { problem: format!("[method.voi.{key}]: {}", e.problem), ..e }
                })?;
            if found.is_none() {
                let names: Vec<&str> = vois.iter().map(|v| v.name.as_str()).collect();
                return Err(Error::input(
                    format!("[method.voi.{key}]: there is no VOI '{key}'"),
                    if names.is_empty() {
                        "no VOIs are given".to_string()
                    } else {
                        format!("the VOIs are {}", names.join(", "))
                    },
                    "Name one of them or its label, and give --voi.",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinetics::method::TailName;

    fn build(text: &str, points: usize) -> Result<Methods> {
        let keys: MethodKeys = toml::from_str(text).expect("a table");
        keys.build(&Family::ALL, points)
    }

    #[test]
    fn each_region_has_its_method() {
        let text = "default = 'average'\noutside = { method = 'auto', models = ['mono', 'bi'] }\n
            [voi.tumour]\nmethod = 'trapezoid'\nhead = 'constant'\ntail = 'population'\n
            population_half_life = '60h'\npopulation_spread = '20h'\n
            [voi.2]\nmethod = 'haenscheid'\ntime_point = 3\n";
        let methods = build(text, 4).unwrap();
        let voi = |name: &str, label| Voi { label, name: name.into(), voxels: vec![] };
        let vois = [voi("tumour", 1), voi("kidney", 2), voi("liver", 3)];
        let all: Vec<&Voi> = vois.iter().collect();
        let tumour = methods.of(&all, Some(0));
        assert_eq!(tumour.choice.tail, TailName::Population);
        assert_eq!(tumour.choice.population_s, Some([60.0 * 3600.0, 20.0 * 3600.0]));
        assert_eq!(methods.of(&all, Some(1)).time_point, Some(2));
        assert_eq!(methods.of(&all, Some(2)).choice.name, MethodName::Average);
        assert_eq!(methods.of(&all, None).choice.families, [Family::Mono, Family::Bi]);
        assert!(methods.check_names(&all[..2]).is_ok());
        let refused = methods.check_names(&[&voi("tumor", 1), &voi("kidney", 2)]).unwrap_err();
        assert!(refused.to_string().contains("the VOIs are tumor, kidney"), "{refused}");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (text, word) in [
            ("default = 'quad'", "there is none"),
            ("default = 'trapezoidal'", "Did you mean 'trapezoid'?"),
            ("default = 'Mono'", "Did you mean 'mono'?"),
            ("defualt = 'mono'", "Did you mean 'default'?"),
            ("liver = 'mono'", "voi.\"liver\" = \"mono\""),
            ("tail = 'physical'", "key of one region"),
            ("voi = 'mono'", "a method for each VOI"),
            ("default = { method = 'trapezoid', tial = 'none' }", "Did you mean 'tail'?"),
            ("default = { method = 'trapezoid', tail = 'physicl' }", "Did you mean 'physical'?"),
            ("default = { method = 'trapezoid', head = 'lineer' }", "Did you mean 'linear'?"),
            ("default = { method = 'auto', models = ['mon'] }", "Did you mean 'mono'?"),
            ("outside = 3", "it is 3"),
            ("default = {}", "missing field"),
            ("default = 3", "population_spread"),
            ("default = { metod = 'auto' }", "metod"),
            ("default = { method = 'mono', tail = 'physical' }", "for trapezoid only"),
            ("default = { method = 'mono', models = ['bi'] }", "for auto and average only"),
            ("default = { method = 'trapezoid', tail = 'mono' }", "mono:N"),
            ("default = { method = 'madsen', population_half_life = '50h' }", "Give both"),
            ("default = 'haenscheid'", "time_point = N"),
            ("default = { method = 'haenscheid', time_point = 5 }", "there are 4"),
            ("default = { method = 'haenscheid', time_point = 0 }", "from 1"),
            ("default = { method = 'bi', time_point = 1 }", "haenscheid, madsen and physical"),
            (
                "default = { method = 'madsen', population_half_life = '50', population_spread = '5h' }",
                "has its unit",
            ),
        ] {
            let error = build(text, 4).expect_err(text).to_string();
            assert!(error.contains(word), "'{word}' not in: {error}");
        }
        assert!(build("", 1).unwrap().check_one_point().is_err());
        assert!(build("default = 'haenscheid'", 1).unwrap().check_one_point().is_ok());
        let mixed = "default = 'physical'\n[voi.a]\nmethod = 'auto'";
        assert!(build(mixed, 1).unwrap().check_one_point().is_err());
    }
}
