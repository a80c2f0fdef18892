//! Where the numbers come from: program, inputs by hash, settings.

use serde_json::Value;

use super::numbers::{Cleaner, NONE, stated};
use super::read::{Run, as_text};
use crate::report::html::Page;

pub fn section(page: &mut Page, runs: &[Run], clean: &Cleaner) {
    page.section("provenance", "Provenance");
    for run in runs {
        if runs.len() > 1 {
            page.heading(&run.name);
        }
        let revision = run.text("/build/revision");
        let devices: Vec<String> =
            run.list("/timing/engine/devices").iter().map(|d| as_text(&d["name"])).collect();
        let engine = run.text("/timing/engine/name");
        let accepted: Vec<String> =
            run.list("/setup/checks/accepted").iter().map(as_text).collect();
        page.facts(&[
            (
                "program",
                format!(
                    "voxgray {}{}",
                    run.text("/version"),
                    if revision.is_empty() {
                        String::new()
                    } else {
                        format!(", revision {revision}")
                    }
                ),
            ),
            ("source, SHA-256", run.text("/build/source_sha256")),
            ("tables, SHA-256", run.text("/build/tables_sha256")),
            (
                "engine",
                if devices.is_empty() {
                    engine
                } else {
                    format!("{engine}: {}", devices.join(", "))
                },
            ),
            (
                "seed, histories, batches",
                match run.transports() {
                    true => format!(
                        "{}, {}, {}",
                        run.text("/setup/seed"),
                        run.text("/run/histories"),
                        run.text("/run/batches")
                    ),
                    false => run.histories(),
                },
            ),
            (
                "checks that were overruled",
                if accepted.is_empty() { "none".into() } else { accepted.join(", ") },
            ),
            ("settings", settings(run.at("/setup/settings"))),
        ]);
        let mut heads = vec!["read as", "files", "SHA-256", "voxels", "voxel / mm"];
        if clean.identify() {
            heads.push("file");
        }
        let row = |input: &Value| {
            let list = |key: &str, digits: i32| {
                let all = input[key].as_array().into_iter().flatten().filter_map(Value::as_f64);
                let all: Vec<String> = all.map(|x| stated(x, digits)).collect();
                if all.is_empty() { NONE.into() } else { all.join(" x ") }
            };
            let mut cells = vec![
                as_text(&input["role"]).replace('_', " "),
                as_text(&input["files"]),
                as_text(&input["sha256"]),
                list("dims", 6),
                list("spacing_mm", 4),
            ];
            if clean.identify() {
                cells.push(as_text(&input["file"]));
            }
            cells
        };
        let rows: Vec<Vec<String>> = run.inputs().iter().map(row).collect();
        page.table(
            "Inputs. The hash of a folder is that of the list of its files' hashes.",
            &heads,
            &rows,
        );
    }
    page.note("How long each stage took is in stages.json and summary.json: this page is the same for the same results.");
}

fn settings(of: &Value) -> String {
    let all = of.as_object().into_iter().flatten();
    all.map(|(k, v)| format!("{} {}", k.replace('_', " "), as_text(v)))
        .collect::<Vec<_>>()
        .join("; ")
}
