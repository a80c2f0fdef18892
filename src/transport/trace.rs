//! One history told step by step: what `voxgray trace` prints. Neglects nothing of the history: it is the engine itself with a
//! scorer that listens, so its deposits are, to the bit, those of the run that the history belongs to.

use std::fmt::Write as _;

use super::cpu::history::run_history;
use super::cpu::particle::{ELECTRON, PHOTON, POSITRON, Particle, Stack};
use super::cpu::score::Scorer;
use super::ledger::{Ledger, to_units};
use super::plan::Plan;
use super::strata::Strata;
use crate::units::{KEV_PER_MEV, MM_PER_CM};

/// Name of an event, here and in the shaders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventName {
    /// As a trace prints it.
    pub name: &'static str,
    /// The shaders' constant, whose value is the place in [`EVENTS`].
    pub shader_name: &'static str,
}

const fn event(name: &'static str, shader_name: &'static str) -> EventName {
    EventName { name, shader_name }
}

/// Everything that may happen to a particle.
pub const EVENTS: [EventName; 15] = [
    event("start", "EVENT_START"),
    event("step", "EVENT_STEP"),
    event("hinge", "EVENT_HINGE"),
    event("crossing", "EVENT_CROSSING"),
    event("moller", "EVENT_MOLLER"),
    event("bhabha", "EVENT_BHABHA"),
    event("bremsstrahlung", "EVENT_BREMSSTRAHLUNG"),
    event("settle", "EVENT_SETTLE"),
    event("annihilation", "EVENT_ANNIHILATION"),
    event("compton", "EVENT_COMPTON"),
    event("rayleigh", "EVENT_RAYLEIGH"),
    event("photoelectric", "EVENT_PHOTOELECTRIC"),
    event("pair", "EVENT_PAIR"),
    event("cutoff", "EVENT_CUTOFF"),
    event("escape", "EVENT_ESCAPE"),
];

/// Something that happened, as both engines tell it: no names, no order between particles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// Birth state of the stream of the particle that it happened to.
    pub birth: [u32; 4],
    /// Place in [`EVENTS`].
    pub event: usize,
    /// Particle kind.
    pub kind: u32,
    /// See [`super::tally::Origin`].
    pub origin: u32,
    /// Voxel.
    pub cell: u32,
    /// Energy after it, MeV.
    pub energy: f32,
    /// Position relative to the voxel's centre, cm.
    pub local: [f32; 3],
    /// Energy given away, MeV.
    pub value: f32,
    /// Direction.
    pub direction: [f32; 3],
}

/// Something that happened to a particle.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// `start`, `step`, `hinge`, `crossing`, `moller`, `bhabha`, `bremsstrahlung`, `settle`, `annihilation`, `compton`, `rayleigh`,
    /// `photoelectric`, `pair`, `cutoff`, `escape`.
    pub name: &'static str,
    /// The particle after it.
    pub particle: Particle,
    /// Energy (MeV) that it gave away.
    pub given_mev: f32,
}

/// Energy booked to a tally cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deposit {
    /// Voxel (or shell, where the plan scores radially).
    pub cell: usize,
    /// See [`super::tally::Origin`].
    pub origin: u32,
    /// Energy, MeV.
    pub energy_mev: f32,
}

impl Deposit {
    /// The energy in the tally's fixed-point units, as the run books it.
    pub fn units(&self) -> u64 {
        to_units(self.energy_mev)
    }
}

/// One line of a trace.
#[derive(Debug, Clone, Copy)]
pub enum Record {
    /// Something happened to a particle.
    Event(Event),
    /// Energy was booked.
    Deposit(Deposit),
}

/// A scorer that writes everything down. `SHELLS` as the plan scores: it decides which numbers a history draws.
#[derive(Debug, Default)]
pub struct TraceScorer<const SHELLS: bool> {
    /// What was told, in order.
    pub records: Vec<Record>,
}

impl<const SHELLS: bool> Scorer for TraceScorer<SHELLS> {
    const RADIAL: bool = SHELLS;

    fn deposit(&mut self, plan: &Plan, linear: usize, local: [f32; 3], origin: u32, energy: f32) {
        let cell = if SHELLS { plan.shell_of(local) } else { linear };
        self.records.push(Record::Deposit(Deposit { cell, origin, energy_mev: energy }));
    }

    fn trace(&mut self, event: &'static str, particle: &Particle, value: f32) {
        let particle = *particle;
        self.records.push(Record::Event(Event { name: event, particle, given_mev: value }));
    }
}

/// A history and what it did.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Number of the history in its run.
    pub history: u64,
    /// Number of its batch.
    pub batch: u32,
    /// Events and deposits in order.
    pub records: Vec<Record>,
    /// The books of this history alone.
    pub ledger: Ledger,
}

/// Replays history number `history` of a run with `histories_per_batch` histories in each batch (at least one): the batch
/// decides where in the source the history starts.
pub fn trace(plan: &Plan, history: u64, histories_per_batch: u64) -> Trace {
    if plan.params.shells > 0 {
        replay::<true>(plan, history, histories_per_batch)
    } else {
        replay::<false>(plan, history, histories_per_batch)
    }
}

fn replay<const SHELLS: bool>(plan: &Plan, history: u64, histories_per_batch: u64) -> Trace {
    let per_batch = histories_per_batch.max(1);
    let batch = (history / per_batch) as u32;
    let strata = Strata::new(plan, batch, per_batch);
    let mut scorer = TraceScorer::<SHELLS>::default();
    let mut ledger = Ledger::default();
    let i = history % per_batch;
    run_history(plan, &strata, history, i, &mut scorer, &mut ledger, &mut Stack::default());
    Trace { history, batch, records: scorer.records, ledger }
}

impl Trace {
    /// The deposits in order.
    pub fn deposits(&self) -> impl Iterator<Item = Deposit> + '_ {
        self.records.iter().filter_map(|record| match record {
            Record::Deposit(deposit) => Some(*deposit),
            Record::Event(_) => None,
        })
    }

    /// The events in order.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.records.iter().filter_map(|record| match record {
            Record::Event(event) => Some(*event),
            Record::Deposit(_) => None,
        })
    }

    /// The history as a table: energies in keV, positions in mm (LPS), then its ledger.
    pub fn table(&self, plan: &Plan) -> String {
        let mut out = format!("history {} (batch {})\n", self.history, self.batch);
        let _ = writeln!(
            out,
            "{:>5} {:9} {:14} {:>10} {:>10}  {:^32}  {:^15}  {:^26}",
            "step", "particle", "event", "E keV", "given keV", "x y z mm", "voxel", "direction"
        );
        for (step, record) in self.records.iter().enumerate() {
            match record {
                Record::Event(event) => event_row(&mut out, plan, step, event),
                Record::Deposit(deposit) => deposit_row(&mut out, plan, step, deposit),
            }
        }
        ledger_rows(&mut out, &self.ledger);
        out
    }
}

fn event_row(out: &mut String, plan: &Plan, step: usize, event: &Event) {
    let p = &event.particle;
    let [x, y, z] = position_mm(plan, p);
    let [u, v, w] = direction_lps(plan, p);
    let [i, j, k] = p.voxel;
    let _ = writeln!(
        out,
        "{step:>5} {:9} {:14} {:>10.4} {:>10.4}  {x:>10.4} {y:>10.4} {z:>10.4}  {i:>5}{j:>5}{k:>5}  {u:>8.5} {v:>8.5} {w:>8.5}",
        kind_name(p.kind),
        event.name,
        f64::from(p.energy) * KEV_PER_MEV,
        f64::from(event.given_mev) * KEV_PER_MEV,
    );
}

fn deposit_row(out: &mut String, plan: &Plan, step: usize, deposit: &Deposit) {
    let given = f64::from(deposit.energy_mev) * KEV_PER_MEV;
    let origin = ["electron", "photon", "alpha"][(deposit.origin as usize).min(2)];
    let place = if plan.params.shells > 0 {
        format!("shell {}", deposit.cell)
    } else {
        let [i, j, k] = plan.unlinear(deposit.cell as u32);
        format!("{i:>5}{j:>5}{k:>5}")
    };
    let what = format!("deposit, {origin}");
    let _ = writeln!(out, "{step:>5} {what:24} {:>10} {given:>10.4}  {:32}  {place}", "", "");
}

fn ledger_rows(out: &mut String, ledger: &Ledger) {
    let kev = |units: u64| Ledger::mev(units) * KEV_PER_MEV;
    let _ = writeln!(
        out,
        "ledger: emitted {:.4} keV in {} primaries = imparted {:.4} + escaped {:.4} + cut {:.4} (off by {:.1e})",
        kev(ledger.emitted_units),
        ledger.primaries,
        kev(ledger.imparted_units),
        kev(ledger.escaped_units),
        kev(ledger.cut_units),
        ledger.imbalance(),
    );
    let _ = writeln!(
        out,
        "        {} track segments, {} photon collisions; caps: {} segments, {} stack, {} rejection",
        ledger.lepton_segments,
        ledger.photon_collisions,
        ledger.segment_caps,
        ledger.stack_overflows,
        ledger.rejection_caps,
    );
}

/// Name of a particle kind.
pub fn kind_name(kind: u32) -> &'static str {
    match kind {
        PHOTON => "photon",
        ELECTRON => "electron",
        POSITRON => "positron",
        _ => "alpha",
    }
}

/// Position of a particle, mm, LPS.
pub fn position_mm(plan: &Plan, particle: &Particle) -> [f64; 3] {
    let spacing = plan.grid.spacing_mm();
    let index = [0, 1, 2].map(|k| {
        f64::from(particle.voxel[k]) + f64::from(particle.local[k]) * MM_PER_CM / spacing[k]
    });
    plan.grid.to_mm(index)
}

/// Direction of a particle in patient coordinates, LPS.
fn direction_lps(plan: &Plan, particle: &Particle) -> [f64; 3] {
    let spacing = plan.grid.spacing_mm();
    [0, 1, 2].map(|c| {
        let along =
            |a: usize| f64::from(particle.direction[a]) * plan.grid.axes_mm[a][c] / spacing[a];
        along(0) + along(1) + along(2)
    })
}
