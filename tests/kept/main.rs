//! Nothing is lost: what ends a run badly, and what is there afterwards. Kills, full disks, lost terminals, two runs for one place, parts of
//! different programs, names of patients.

#[path = "../cli_inputs/mod.rs"]
mod cli_inputs;
#[path = "../dicom/writer.rs"]
#[expect(dead_code, reason = "shared with the tests of DICOM, which use the rest")]
mod writer;

#[cfg(unix)]
mod kills;
mod names;
mod place;
mod shards;
#[cfg(unix)]
mod terminal;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// A box of 216 voxels with two VOIs, electrons: quick to set up.
pub const ELECTRONS: [&str; 8] =
    ["--source", "electron:0.5MeV", "--voi", "voi.mha", "--engine", "cpu", "--threads", "1"];

/// The files of an output; the summary without what tells of time and machine, and the mark without the hash of the summary.
pub fn result_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let mut bytes = std::fs::read(entry.path()).unwrap();
        let json = || serde_json::from_slice::<Value>(&bytes).unwrap();
        if name == "summary.json" {
            let mut summary = json();
            summary.as_object_mut().unwrap().remove("timing").unwrap();
            bytes = summary.to_string().into_bytes();
        } else if name == "voxgray-files.json" {
            let mut mark = json();
            let files = mark["files"].as_array_mut().unwrap();
            let timed = |name: &Value| name == "summary.json" || name == "shard.voxgray";
            files.iter_mut().filter(|f| timed(&f["name"])).for_each(|f| f["sha256"] = Value::Null);
            bytes = mark.to_string().into_bytes();
        } else if name == "shard.voxgray" {
            let mut shard = voxgray::transport::shard::read_shard(&entry.path()).unwrap();
            shard.seconds = 0.0;
            bytes = format!("{shard:?}").into_bytes();
        }
        files.insert(name, bytes);
    }
    files
}

/// Names of the files that differ.
pub fn differing(one: &Path, other: &Path) -> Vec<String> {
    let (a, b) = (result_of(one), result_of(other));
    let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let shown = |bytes: Option<&Vec<u8>>| {
        bytes.map_or("absent".into(), |b| {
            String::from_utf8_lossy(b).chars().take(2000).collect::<String>()
        })
    };
    let differ = |n: &&String| a.get(*n) != b.get(*n);
    // What tells of files is short: it says why.
    let told = |n: &String| match n.as_str() {
        "voxgray-files.json" => format!("{n}: {} and {}", shown(a.get(n)), shown(b.get(n))),
        _ => n.clone(),
    };
    names.into_iter().filter(differ).map(told).collect()
}
