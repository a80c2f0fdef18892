//! Checkpoints: what a run has finished is on the disk at least every so often, so that a run that was killed, lost its power or was
//! interrupted goes on from there, to the bits of a run that was never stopped. Neglects what was in flight: it is run again.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Observer;
use super::context::Context;
use super::goal::GoalMonitor;
use super::stop_plan::StopPlan;
use crate::error::{Error, Result};
use crate::files::hex;
use crate::job::Job;
use crate::transport::in_progress::{InProgress, Start};
use crate::transport::run::Monitor;
use crate::transport::shard::{Checkpoint, Shard, Sums, read_checkpoint, write_checkpoint};
use crate::transport::signature::Signature;
use crate::transport::tally::Tally;

/// A checkpoint waits until the run was at work so many times as long as the last one took to write,
const WORTH: u32 = 20;
/// but no longer than this, unless the user says so.
const LONGEST: Duration = Duration::from_secs(60);
/// Differences that a message lists.
const LISTED: usize = 4;

/// What makes a transport the same as another: program, engine, plan, cut, shard, and all that was known before the first history.
pub struct Identity {
    /// Program, engine, plan, cut.
    pub signature: Signature,
    /// Number and count of the shards.
    pub part: [u32; 2],
    /// What was known, as text.
    pub context: String,
    /// Of what route.
    route: &'static str,
}

impl Identity {
    /// Of a transport that is about to start.
    ///
    /// # Errors
    /// If the context cannot be written.
    pub fn new(
        job: &Job,
        signature: Signature,
        context: &Context,
        route: &'static str,
    ) -> Result<Self> {
        let part = job.shard.map_or([1, 1], |s| [s.number, s.of]);
        Ok(Identity { signature, part, context: context.to_json()?, route })
    }

    /// A hash of it; a GPU counts by its kind.
    pub fn sha256(&self) -> String {
        let program = &self.signature.program;
        let compared = compared(&self.context);
        let mut text = format!("{} {:?} {compared}", self.route, self.part);
        let _ = write!(
            text,
            " {} {} {} {} {} {} {}",
            program.version,
            program.source_sha256,
            program.tables_sha256,
            self.signature.engine.kind,
            self.signature.plan_sha256,
            self.signature.batches,
            self.signature.histories_per_batch
        );
        hex(&Sha256::digest(text))
    }

    /// What differs of this transport and the one that has given some sums, the engine and the shard apart.
    pub fn differences(&self, sums: &Shard) -> Vec<String> {
        let mut found = sums.signature.differences(&self.signature);
        found.extend(context_differences(&sums.context, &self.context));
        found
    }

    /// Reads a checkpoint of this transport.
    ///
    /// # Errors
    /// If it cannot be read, or is of another; with what differs.
    pub fn read(&self, path: &Path, observer: &dyn Observer) -> Result<Checkpoint> {
        let found = read_checkpoint(path)?;
        let whole = &found.whole;
        let mut differences =
            whole.signature.engines(&self.signature).into_iter().collect::<Vec<_>>();
        if whole.part != self.part {
            let shard = |[n, of]: [u32; 2]| format!("{n}/{of}");
            differences.push(format!("shard {} and {}", shard(whole.part), shard(self.part)));
        }
        differences.extend(self.differences(whole));
        if !differences.is_empty() {
            return Err(Error::input(
                format!("{} is the checkpoint of another run", path.display()),
                format!("they differ in {}", listed(&differences)),
                "Give the options and inputs of that run, or leave --resume out to start from the beginning.",
            ));
        }
        let (was, is) = (&whole.signature.engine.devices, &self.signature.engine.devices);
        if was != is {
            observer.warn(&format!(
                "the run began on {} and goes on on {}: its bits may differ from those of one device, its statistics do not",
                was.join(" + "),
                is.join(" + ")
            ));
        }
        Ok(found)
    }
}

/// The context as it is compared: without names of files.
fn compared(context: &str) -> Value {
    match Context::from_json(context) {
        Ok(context) => serde_json::to_value(context.without_paths()).unwrap_or_default(),
        Err(_) => Value::Null,
    }
}

/// What differs of two runs' contexts: the places in the summary and their values.
pub fn context_differences(one: &str, other: &str) -> Vec<String> {
    let mut found = Vec::new();
    differences("", &compared(one), &compared(other), &mut found);
    // An input explains what follows from it.
    found.sort_by_key(|text| !text.starts_with("setup.inputs"));
    found
}

/// A list, shortened.
pub fn listed(differences: &[String]) -> String {
    let mut text = differences.iter().take(LISTED).cloned().collect::<Vec<_>>().join("; ");
    if differences.len() > LISTED {
        let _ = write!(text, "; and {} more", differences.len() - LISTED);
    }
    text
}

fn differences(place: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    if one == other {
        return;
    }
    let below = |key: &str| if place.is_empty() { key.into() } else { format!("{place}.{key}") };
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let of = |m: &serde_json::Map<String, Value>| m.get(key).cloned();
                let (x, y) = (of(a).unwrap_or_default(), of(b).unwrap_or_default());
                differences(&below(key), &x, &y, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() && a.len() < 100 => {
            for (n, (x, y)) in a.iter().zip(b).enumerate() {
                let role = x.get("role").and_then(Value::as_str);
                let key = role.map_or(format!("{n}"), str::to_owned);
                differences(&below(&key), x, y, found);
            }
        }
        _ => {
            let short = |v: &Value| {
                let text = v.to_string();
                let cut: String = text.chars().take(40).collect();
                if cut.len() < text.len() { format!("{cut}...") } else { cut }
            };
            found.push(format!("{place}: {} and {}", short(one), short(other)));
        }
    }
}

/// Writes checkpoints of a transport.
pub struct Keeper<'a> {
    path: PathBuf,
    identity: Identity,
    every: Duration,
    /// Transport before this process, s.
    before_s: f64,
    since: Instant,
    state: Mutex<State>,
    observer: &'a dyn Observer,
    /// What it has decided goes along.
    goal: &'a GoalMonitor<'a>,
}

/// When the next one is due, and whether the last one failed.
struct State {
    by: Instant,
    failed: bool,
}

impl<'a> Keeper<'a> {
    /// Of a transport that starts now and was at work for `before_s` seconds before.
    pub fn new(
        path: PathBuf,
        identity: Identity,
        checkpoint_s: f64,
        before_s: f64,
        observer: &'a dyn Observer,
        goal: &'a GoalMonitor<'a>,
    ) -> Self {
        let every = Duration::from_secs_f64(checkpoint_s);
        let since = Instant::now();
        let state = Mutex::new(State { by: since + every, failed: false });
        Keeper { path, identity, every, before_s, since, state, observer, goal }
    }

    /// Whether the transport has lasted for longer than a checkpoint's time.
    pub fn is_worth_it(&self) -> bool {
        self.before_s > 0.0 || self.since.elapsed() >= self.every
    }

    /// Writes one now. What cannot be written is told, once; the run goes on. True if it was written.
    pub fn write(&self, tally: &Tally, more: Option<&InProgress>) -> bool {
        let begun = Instant::now();
        // After the tally was taken: what it knows is not older than what its batches have decided.
        let plan = self.goal.plan().map_or(Vec::new(), StopPlan::to_bytes);
        let sums = Sums {
            signature: &self.identity.signature,
            part: self.identity.part,
            seconds: self.before_s + self.since.elapsed().as_secs_f64(),
            context: &self.identity.context,
            payload: &plan,
            tally,
            more,
        };
        let written = write_checkpoint(&self.path, &sums);
        let took = begun.elapsed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.by = Instant::now() + self.every.max((took * WORTH).min(LONGEST));
        let Err(error) = &written else {
            state.failed = false;
            return true;
        };
        if !state.failed {
            self.observer.warn(&format!(
                "what is finished is not on the disk, and would be lost if the run were killed: {error}"
            ));
        }
        state.failed = true;
        false
    }

    fn by(&self) -> Instant {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).by
    }
}

/// The goal's monitor, with checkpoints.
pub struct Watch<'a> {
    /// Writes, and knows the goal.
    pub keeper: &'a Keeper<'a>,
}

impl Monitor for Watch<'_> {
    fn advanced(&self, histories: u64) {
        self.keeper.goal.advanced(histories);
    }

    fn batch_done(&self, tally: &Tally, maps: bool) -> bool {
        self.keeper.goal.batch_done(tally, maps)
    }

    fn next_look(&self, done: usize) -> Option<usize> {
        self.keeper.goal.next_look(done)
    }

    fn kept(&self, tally: &Tally, more: Option<&InProgress>) {
        if Instant::now() >= self.keeper.by() {
            self.keeper.write(tally, more);
        }
    }

    fn keep_by(&self) -> Option<Instant> {
        Some(self.keeper.by())
    }
}

/// What a transport starts from.
pub fn start_of(checkpoint: Checkpoint) -> Start {
    Start { tally: Some(checkpoint.whole.tally), kept: checkpoint.more }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_named_by_their_place() {
        let one =
            json!({"setup": {"goal": null, "inputs": [{"role": "ct", "sha256": "ab"}]}, "kind": 1});
        let other = json!({"setup": {"goal": {"u": 1}, "inputs": [{"role": "ct", "sha256": "cd"}]}, "kind": 1});
        let mut found = Vec::new();
        differences("", &one, &other, &mut found);
        assert_eq!(
            found,
            ["setup.goal: null and {\"u\":1}", "setup.inputs.ct.sha256: \"ab\" and \"cd\""]
        );
        let many: Vec<String> = (0..7).map(|n| n.to_string()).collect();
        assert_eq!(listed(&many), "0; 1; 2; 3; and 3 more");
    }
}
