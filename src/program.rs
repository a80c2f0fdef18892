//! Which program this is. Results, parts of a run and checkpoints are signed with it: bits of two programs are never joined.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// SHA-256 of the source, SHA-256 of the embedded tables, and the git revision.
const BUILT: (&str, &str, Option<&str>) = include!(concat!(env!("OUT_DIR"), "/program.rs"));

/// A build of voxgray.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Program {
    /// Its version.
    pub version: String,
    /// Its git revision, ending in `-modified` where the source was not as committed; none where it was not built in its repository.
    pub revision: Option<String>,
    /// SHA-256 over the names and hashes of its source files and shaders (line ends of Unix).
    pub source_sha256: String,
    /// The same of its embedded tables.
    pub tables_sha256: String,
}

impl Program {
    /// This one.
    pub fn this() -> Self {
        let (source, tables, revision) = BUILT;
        Program {
            version: env!("CARGO_PKG_VERSION").into(),
            revision: revision.map(str::to_owned),
            source_sha256: source.into(),
            tables_sha256: tables.into(),
        }
    }

    /// SHA-256 over this program (source, embedded tables, kind of processor) and a text that says all else that decides a content.
    pub fn key(text: &str) -> [u8; 32] {
        let (source, tables, _) = BUILT;
        Sha256::digest([source, tables, std::env::consts::ARCH, text].join(" ")).into()
    }

    /// What makes another build another program, in words; empty for the same program. A revision alone does not: the same source at two
    /// commits is the same.
    pub fn differences(&self, other: &Program) -> Vec<String> {
        let mut found = Vec::new();
        if self.version != other.version {
            found.push(format!("version {} and {}", self.version, other.version));
        }
        if self.source_sha256 != other.source_sha256 {
            let short = |p: &Program| p.source_sha256.chars().take(12).collect::<String>();
            let revision = |p: &Program| p.revision.clone().unwrap_or_else(|| "unknown".into());
            found.push(format!(
                "source code {} and {} (git revision {} and {})",
                short(self),
                short(other),
                revision(self),
                revision(other)
            ));
        }
        if self.tables_sha256 != other.tables_sha256 {
            found.push("the embedded tables".into());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_build_is_told_by_what_differs() {
        let this = Program::this();
        assert_eq!((this.source_sha256.len(), this.tables_sha256.len()), (64, 64));
        assert!(this.differences(&this).is_empty());
        let committed = Program { revision: Some("abc".into()), ..this.clone() };
        assert!(this.differences(&committed).is_empty());
        let newer = Program { version: "0.2.0".into(), ..this.clone() };
        assert_eq!(this.differences(&newer), [format!("version {} and 0.2.0", this.version)]);
        let changed = Program { source_sha256: "f".repeat(64), ..committed };
        let told = this.differences(&changed).join("");
        assert!(told.contains("source code") && told.contains("abc"), "{told}");
    }
}
