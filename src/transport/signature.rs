//! What a part of a run is signed with. Parts whose signatures agree are parts of one run of one program, and their sums may be added.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::engine::Engine;
use super::plan::Plan;
use super::run::RunSettings;
use crate::files::hex;
use crate::program::Program;

/// Which engine ran the histories. The CPU gives the same bits everywhere, a GPU those of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineMark {
    /// `cpu` or `gpu`.
    pub kind: String,
    /// Names and drivers of the GPUs, each once.
    pub devices: Vec<String>,
}

impl From<&Engine> for EngineMark {
    fn from(engine: &Engine) -> Self {
        let name =
            |d: &super::devices::DeviceFacts| format!("{} ({}, {})", d.name, d.backend, d.driver);
        let mut devices: Vec<String> = engine.devices().iter().map(name).collect();
        devices.sort();
        devices.dedup();
        EngineMark { kind: engine.kind().into(), devices }
    }
}

/// Program, engine, plan and cut of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The program.
    pub program: Program,
    /// The engine.
    pub engine: EngineMark,
    /// SHA-256 of the plan: matter, activity, source, settings, seed.
    pub plan_sha256: String,
    /// Histories of a batch.
    pub histories_per_batch: u64,
    /// Batches of the whole run, or the most of a run with a goal.
    pub batches: u32,
}

impl Signature {
    /// Of a run by this program.
    pub fn new(plan: &Plan, settings: &RunSettings, engine: &Engine) -> Self {
        Signature {
            program: Program::this(),
            engine: EngineMark::from(engine),
            plan_sha256: plan_sha256(plan),
            histories_per_batch: settings.histories_per_batch,
            batches: settings.batches,
        }
    }

    /// What differs of two runs, in words, the kind of engine apart; empty for the same run.
    pub fn differences(&self, other: &Signature) -> Vec<String> {
        let mut found = self.program.differences(&other.program);
        if self.plan_sha256 != other.plan_sha256 {
            found.push("the plan (matter, activity, source, transport settings or seed)".into());
        }
        let cut = |s: &Signature| format!("{} batches of {}", s.batches, s.histories_per_batch);
        if cut(self) != cut(other) {
            found.push(format!("{} and {} histories", cut(self), cut(other)));
        }
        found
    }

    /// The kinds of engine, if they differ.
    pub fn engines(&self, other: &Signature) -> Option<String> {
        let (a, b) = (&self.engine.kind, &other.engine.kind);
        (a != b).then(|| format!("the engine: {a} and {b}"))
    }
}

/// SHA-256 over everything that decides a run: scalars, tables, voxels, source.
pub fn plan_sha256(plan: &Plan) -> String {
    let mut digest = Sha256::new();
    digest.update(format!("{:?} {:?} {:?}", plan.params, plan.grid, plan.origins));
    digest.update(format!("{:?} {:?}", plan.source_groups, plan.source_entries));
    plan.tables.iter().for_each(|v| digest.update(v.to_bits().to_le_bytes()));
    for words in [&plan.voxels, &plan.cells, &plan.source_voxels] {
        words.iter().for_each(|v| digest.update(v.to_le_bytes()));
    }
    plan.source_cumulative.iter().for_each(|v| digest.update(v.to_le_bytes()));
    plan.source_weights.iter().for_each(|v| digest.update(v.to_bits().to_le_bytes()));
    hex(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let one = Signature {
            program: Program::this(),
            engine: EngineMark { kind: "cpu".into(), devices: Vec::new() },
            plan_sha256: "ab".into(),
            histories_per_batch: 10,
            batches: 5,
        };
        assert!(one.differences(&one.clone()).is_empty() && one.engines(&one).is_none());
        let plan = Signature { plan_sha256: "cd".into(), ..one.clone() };
        assert!(one.differences(&plan)[0].contains("the plan"));
        let cut = Signature { batches: 6, ..one.clone() };
        assert_eq!(one.differences(&cut), ["5 batches of 10 and 6 batches of 10 histories"]);
        let engine = EngineMark { kind: "gpu".into(), devices: vec!["X".into()] };
        let gpu = Signature { engine, ..one.clone() };
        assert!(one.differences(&gpu).is_empty());
        assert_eq!(one.engines(&gpu).as_deref(), Some("the engine: cpu and gpu"));
    }
}
