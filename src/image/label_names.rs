//! Names of the labels of a label map, from a table.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::sheet::{Row, Sheet};

/// Names of the column of numbers. `label` is one unless another is there and the names have no column else.
const NUMBERS: [&str; 12] = [
    "label",
    "id",
    "index",
    "value",
    "number",
    "label id",
    "label value",
    "label number",
    "labelvalue",
    "labelid",
    "voxel value",
    "nr",
];
/// Names of the column of names.
const NAMES: [&str; 14] = [
    "name",
    "label name",
    "labelname",
    "organ",
    "structure",
    "region",
    "voi",
    "roi",
    "lesion",
    "tissue",
    "segment",
    "structure name",
    "voi name",
    "description",
];

/// Names of labels from a table with a column of numbers (`label`, `id`, `index`, `value`, `number`) and one of names (`name`, `organ`, `structure`,
/// `region`, `voi`, `roi`, `lesion`, `tissue`, `segment`); other columns are not read.
///
/// # Errors
/// If a column is missing or not clear, a label is not a whole number, a name is empty, or a label or name comes twice.
pub fn read_label_names(sheet: &Sheet) -> Result<BTreeMap<u32, String>> {
    let (label_at, name_at) = columns(sheet)?;
    let mut names = BTreeMap::new();
    if name_at == 0 {
        let whole = |r: &&Row| label(&r.cells[label_at]).is_some();
        if let Some(row) = sheet.commented.iter().find(whole) {
            return refuse(
                sheet,
                row.line,
                format!("'#{}' is a comment, or the name begins with #", row.cells[0]),
            );
        }
    }
    for row in &sheet.rows {
        let (number, name) = (&row.cells[label_at], row.cells[name_at].clone());
        let Some(label) = label(number) else {
            return refuse(sheet, row.line, format!("the label is {number:?}"));
        };
        if name.is_empty() {
            return refuse(sheet, row.line, format!("label {label} has no name"));
        }
        if names.contains_key(&label) || names.values().any(|n| *n == name) {
            return refuse(
                sheet,
                row.line,
                format!("label {label} or the name {name:?} was there before"),
            );
        }
        names.insert(label, name);
    }
    Ok(names)
}

/// A whole number, also as programs write one from a column of decimal numbers: `3.0`.
fn label(text: &str) -> Option<u32> {
    let whole = text.strip_suffix(".0").or_else(|| text.strip_suffix(",0")).unwrap_or(text);
    whole.parse().ok()
}

/// Of the labels and of the names.
fn columns(sheet: &Sheet) -> Result<(usize, usize)> {
    let folded: Vec<String> = sheet
        .header
        .iter()
        .map(|h| {
            let spaced: String =
                h.chars().map(|c| if "_-".contains(c) { ' ' } else { c }).collect();
            spaced.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
        })
        .collect();
    let positions = |wanted: &str| -> Vec<usize> {
        (0..folded.len()).filter(|i| folded[*i] == wanted).collect()
    };
    // In the order of preference.
    let find = |known: &[&str]| -> Vec<usize> { known.iter().flat_map(|k| positions(k)).collect() };
    let (numbers, names) = (find(&NUMBERS), find(&NAMES));
    let (at_label, at_name) = (positions("label"), positions("name"));
    match (&numbers[..], &names[..]) {
        ([number, ..], [name, ..]) if at_label.len() < 2 && at_name.len() < 2 => {
            Ok((*number, *name))
        }
        // `value,label`: the label is the name.
        ([label, number], []) if at_label == [*label] => Ok((*number, *label)),
        _ => refuse(sheet, sheet.header_line, format!("the columns are {:?}", sheet.header)),
    }
}

fn refuse<T>(sheet: &Sheet, line: u64, problem: String) -> Result<T> {
    Err(Error::input(
        format!("{}: {problem}", sheet.at(line)),
        "a header line with a column of labels (label, id, index, value, number) and one of names (name, organ, structure, region, voi, roi, lesion, tissue, segment) is needed, then one line per label",
        "Correct the file, for example: label,name / 1,liver / 2,\"kidney, left\".",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<BTreeMap<u32, String>> {
        read_label_names(&Sheet::parse(text.as_bytes(), "names.csv")?)
    }

    #[test]
    fn names_in_every_dialect() {
        let expected =
            BTreeMap::from([(3, "liver, right #2".to_string()), (4, "spleen".to_string())]);
        for text in [
            "name, label ,volume\n\"liver, right #2\",3,9\nspleen,4,9\n",
            "label;name\r\n3;liver, right #2\r\n4;spleen\r\n",
            "\u{feff}ID\tOrgan\n4\tspleen\n3\tliver, right #2\n",
            "# from the console\nindex,structure\n3,\"liver, right #2\"\n# a comment\n4,spleen\n",
            "value,label\n3.0,\"liver, right #2\"\n4.0,spleen\n",
            "Label_Value;Label Name;;\n3;liver, right #2;;\n4;spleen;;\n",
        ] {
            assert_eq!(read(text).unwrap_or_else(|e| panic!("{text}: {e}")), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_table_of_names_is_refused() {
        for text in [
            "",
            "1,liver",
            "label,name\nx,liver",
            "label,name\n1,a\n1,b",
            "label,name\n1,a\n2,a",
            "label,name\n1",
            "label,name\n1.5,a",
            "label,name\n-1,a",
            "label,label,name\n1,2,a",
            "name,label\n#1,3\nspleen,4\n",
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }
}
