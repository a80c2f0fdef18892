//! VOIs as a table (CSV): the dose, its whole uncertainty, and a column for each part of it. What is not known is an empty cell.

use super::summary::VoiResult;
use crate::sheet::{Separator, lines};
use crate::uncertainty::Part;

/// A column after those that every table has.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// A cell for each VOI.
    pub cells: Vec<String>,
}

/// A number as it stands in a cell.
pub fn cell(x: f64) -> String {
    if x.is_finite() { format!("{x:.6e}") } else { String::new() }
}

/// What columns of doses in `Gy` or `Gy/s` are called, and the end of their names.
pub fn dose_names(unit: &str) -> (&'static str, &'static str) {
    if unit == "Gy" { ("dose", "gy") } else { ("dose_rate", "gy_per_s") }
}

/// The table; `unit` is `Gy` or `Gy/s`.
pub fn voi_table(vois: &[VoiResult], unit: &str, more: &[Column]) -> String {
    let (dose, suffix) = dose_names(unit);
    let mut header: Vec<String> = vec![
        "label".into(),
        "name".into(),
        "mass_g".into(),
        format!("{dose}_{suffix}"),
        format!("standard_uncertainty_{suffix}"),
        format!("interval_95_low_{suffix}"),
        format!("interval_95_high_{suffix}"),
        "standard_uncertainty_percent".into(),
        "largest".into(),
    ];
    header.extend(Part::TABLE.iter().map(|p| format!("{}_percent", p.name())));
    header.push(format!("standard_error_{suffix}"));
    header.extend(["voxels", "hit_voxels", "hit_batches"].map(String::from));
    header.push(format!("upper_limit_95_{suffix}"));
    header.extend(more.iter().map(|c| c.name.clone()));
    let mut rows = vec![header];
    let number = |x: Option<f64>| x.map_or(String::new(), cell);
    let percent =
        |x: Option<f64>| x.filter(|x| x.is_finite()).map_or(String::new(), |x| format!("{x:.3}"));
    for (n, voi) in vois.iter().enumerate() {
        let u = &voi.uncertainty;
        let mut row = vec![
            voi.label.to_string(),
            voi.name.clone(),
            cell(voi.mass_g),
            number(voi.mean_dose),
            number(u.standard_uncertainty),
            number(u.interval_95[0]),
            number(u.interval_95[1]),
            percent(u.relative_percent),
            u.largest.map_or(String::new(), |p| p.name().into()),
        ];
        row.extend(Part::TABLE.iter().map(|part| {
            percent(u.components.iter().find(|c| c.name == *part).and_then(|c| c.relative_percent))
        }));
        row.push(number(voi.standard_error));
        row.push(voi.voxels.to_string());
        row.push(voi.hit_voxels.map_or(String::new(), |n| n.to_string()));
        row.push(voi.hit_batches.to_string());
        row.push(number(voi.upper_limit_95));
        row.extend(more.iter().map(|c| c.cells.get(n).cloned().unwrap_or_default()));
        rows.push(row);
    }
    lines(rows, Separator::Comma)
}

/// How much of a VOI was hit, in words, where that is not all: `4 of 10 voxels hit`; and the limit of one that was not.
pub fn hits_in_words(voi: &VoiResult, unit: &str) -> Option<String> {
    let hit = voi.hit_voxels.filter(|n| *n < voi.voxels)?;
    let limit = voi.upper_limit_95.map_or(String::new(), |l| format!(", below {l:.1e} {unit}"));
    Some(format!("{hit} of {} voxels hit{limit}", voi.voxels))
}

/// The parts of a VOI's uncertainty in words, largest first: `fit 5.1 %`.
pub fn parts_in_words(voi: &VoiResult) -> Vec<String> {
    let one = |c: &crate::uncertainty::PartResult| {
        let size = c.relative_percent.map_or("unknown".into(), |p| format!("{p:.2} %"));
        format!("{} {size}", c.name.name())
    };
    voi.uncertainty.components.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::{UncertaintyPart, VoiBudget};

    #[test]
    fn each_part_has_its_column_and_names_are_quoted() {
        let budget = VoiBudget::new(
            2.0,
            [
                UncertaintyPart::normal(Part::Transport, 0.004),
                UncertaintyPart::normal(Part::Calibration, 0.03),
            ],
        );
        let voi = VoiResult {
            label: 7,
            name: "kidney, left".into(),
            voxels: 10,
            volume_cm3: 1.0,
            mass_g: 1.05,
            activity: 1.0,
            mean_dose: Some(2.0),
            standard_error: Some(0.008),
            hit_voxels: Some(4),
            hit_batches: 30,
            upper_limit_95: None,
            uncertainty: budget.result(),
            curve: None,
        };
        assert_eq!(hits_in_words(&voi, "Gy").as_deref(), Some("4 of 10 voxels hit"));
        let all = VoiResult { hit_voxels: Some(10), ..voi.clone() };
        assert_eq!(hits_in_words(&all, "Gy"), None);
        assert_eq!(parts_in_words(&voi), ["calibration 3.00 %", "transport 0.40 %"]);
        let more = Column { name: "model".into(), cells: vec!["mono".into()] };
        let table = voi_table(&[voi], "Gy", &[more]);
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let header = reader.headers().unwrap().clone();
        let row = reader.records().next().unwrap().unwrap();
        let of = |name: &str| row[header.iter().position(|h| h == name).unwrap()].to_string();
        assert_eq!((of("name"), of("largest")), ("kidney, left".into(), "calibration".into()));
        assert_eq!((of("dose_gy"), of("model")), ("2.000000e0".into(), "mono".into()));
        assert_eq!(
            (of("calibration_percent"), of("transport_percent")),
            ("3.000".into(), "0.400".into())
        );
        assert_eq!((of("voxels"), of("hit_voxels")), ("10".into(), "4".into()));
        assert_eq!((of("hit_batches"), of("upper_limit_95_gy")), ("30".into(), String::new()));
        assert_eq!((of("fit_percent"), of("volume_percent")), (String::new(), String::new()));
        let u: f64 = of("standard_uncertainty_gy").parse().unwrap();
        assert!((u / 2.0 - 0.03f64.hypot(0.004)).abs() < 1e-7);
    }
}
