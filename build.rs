//! What a program is told of itself at build time: the embedded tables with their SHA-256, the SHA-256 of its own source, and the git
//! revision where there is one. A result names the data and the program that made it; parts of a run are joined by them. Says also which of
//! the files beside the repository are there, so that the tests which need them are ignored where they are not (`shared_images`,
//! `shared_reference`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use sha2::{Digest, Sha256};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    for watched in ["build.rs", "data", "src", "shaders"] {
        println!("cargo:rerun-if-changed={watched}");
    }
    shared();
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut tables = hashes(&root.join("data"), &["csv"], false)?;
    if env::var_os("CARGO_FEATURE_ICRP107").is_none() {
        tables.retain(|name, _| !name.starts_with("icrp107/"));
    } else if !root.join("data/icrp107").is_dir() {
        return Err("data/icrp107 is missing: the feature icrp107 needs the repository, as the published crate does not hold these data".into());
    }
    let mut code = String::from("&[\n");
    for (name, hash) in &tables {
        writeln!(code, "    ({name:?}, {hash:?}),")?;
    }
    code.push(']');
    fs::write(out.join("embedded_tables.rs"), code)?;

    let mut source = hashes(&root.join("src"), &["rs"], true)?;
    source.extend(hashes(&root.join("shaders"), &["wgsl"], true)?);
    let (source, tables, revision) = (of_all(&source), of_all(&tables), revision(&root));
    fs::write(out.join("program.rs"), format!("({source:?}, {tables:?}, {revision:?})"))?;
    Ok(())
}

/// Only what is there is watched: Cargo takes a missing file for a changed one and would build anew each time. Where `../shared` is put
/// there later, `touch build.rs` tells.
fn shared() {
    for (folder, name) in [("images", "shared_images"), ("reference", "shared_reference")] {
        println!("cargo:rustc-check-cfg=cfg({name})");
        let file = format!("../shared/{folder}/README.md");
        if Path::new(&file).is_file() {
            println!("cargo:rustc-cfg={name}");
            println!("cargo:rerun-if-changed={file}");
        }
    }
}

/// Names below `root` with `/` between folders, and the SHA-256 of the files; of `text` with the line ends of Unix, as checkouts differ.
fn hashes(root: &Path, endings: &[&str], text: bool) -> Outcome<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| endings.iter().any(|wanted| e == *wanted)) {
                let name = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
                let mut bytes = fs::read(&path)?;
                if text {
                    bytes.retain(|b| *b != b'\r');
                }
                found.insert(name, hex(&Sha256::digest(bytes)));
            }
        }
    }
    Ok(found)
}

fn of_all(files: &BTreeMap<String, String>) -> String {
    let lines: String = files.iter().map(|(name, hash)| format!("{name} {hash}\n")).collect();
    hex(&Sha256::digest(lines))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The git revision of this folder, `-modified` where the source is not as committed; of a packed crate, what cargo noted in it. None
/// outside of git, and in a folder that another repository merely holds.
fn revision(root: &Path) -> Option<String> {
    let note = root.join(".cargo_vcs_info.json");
    if let Ok(text) = fs::read_to_string(note) {
        let at = text.find("\"sha1\"")? + 6;
        return text[at..].split('"').nth(1).map(str::to_owned);
    }
    let git = |arguments: &[&str]| -> Option<String> {
        let done = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        let text = String::from_utf8(done.stdout).ok()?;
        done.status.success().then(|| text.trim().to_owned())
    };
    let top = PathBuf::from(git(&["rev-parse", "--show-toplevel"])?);
    if top.canonicalize().ok()? != root.canonicalize().ok()? {
        return None;
    }
    // A build for users follows every commit; in development a commit alone is no reason to compile again.
    if env::var("PROFILE").is_ok_and(|p| p == "release") {
        for name in ["HEAD", "logs/HEAD"] {
            let path = root.join(git(&["rev-parse", "--git-path", name])?);
            if path.is_file() {
                println!("cargo:rerun-if-changed={}", path.display());
            }
        }
    }
    let revision = git(&["rev-parse", "HEAD"])?;
    let watched = ["Cargo.toml", "Cargo.lock", "build.rs", "data", "src", "shaders"];
    let changed = git(&[&["status", "--porcelain", "--"], &watched[..]].concat())?;
    Some(if changed.is_empty() { revision } else { format!("{revision}-modified") })
}
