//! Lists the embedded tables with their SHA-256, so that a result can name the data it was made from, and says which of the files beside
//! the repository are there, so that the tests which need them are ignored where they are not (`shared_images`, `shared_reference`).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=data");
    shared();
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("data");
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut code = String::from("&[\n");
    for path in files {
        let name = path.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
        let digest = Sha256::digest(fs::read(&path)?);
        let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        writeln!(code, "    ({name:?}, {hex:?}),")?;
    }
    code.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("embedded_tables.rs"), code)?;
    Ok(())
}

/// Only what is there is watched: Cargo takes a missing file for a changed one and would build anew each time. Where `../shared` is put
/// there later, `touch build.rs` tells.
fn shared() {
    println!("cargo:rerun-if-changed=build.rs");
    for (folder, name) in [("images", "shared_images"), ("reference", "shared_reference")] {
        println!("cargo:rustc-check-cfg=cfg({name})");
        let file = format!("../shared/{folder}/README.md");
        if Path::new(&file).is_file() {
            println!("cargo:rustc-cfg={name}");
            println!("cargo:rerun-if-changed={file}");
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "csv") {
            files.push(path);
        }
    }
    Ok(())
}
