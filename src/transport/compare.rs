//! Both engines on the same histories: which books differ, and where the first difference arises.

use std::collections::HashMap;

use super::ledger::Ledger;
use super::plan::Plan;
use super::trace::{EVENTS, Told, trace};

/// Books of the two engines, history by history.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerComparison {
    /// Histories compared.
    pub histories: u64,
    /// Numbers of the histories whose books differ.
    pub differing: Vec<u64>,
}

impl LedgerComparison {
    /// Fraction of equal books.
    pub fn equal_fraction(&self) -> f64 {
        1.0 - self.differing.len() as f64 / (self.histories as f64).max(1.0)
    }
}

/// Compares books with those of the CPU engine for the histories `first ..` of a run.
pub fn compare_ledgers(
    plan: &Plan,
    first: u64,
    histories_per_batch: u64,
    theirs: &[Ledger],
) -> LedgerComparison {
    use rayon::prelude::*;
    let differing = theirs
        .par_iter()
        .enumerate()
        .filter_map(|(i, other)| {
            let history = first + i as u64;
            (trace(plan, history, histories_per_batch).ledger != *other).then_some(history)
        })
        .collect();
    LedgerComparison { histories: theirs.len() as u64, differing }
}

/// Where two traces of one history part.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Number of the particle in the order in which the CPU engine met it, from 0.
    pub particle: usize,
    /// Number of the event among those of the particle, from 0.
    pub step: usize,
    /// What the CPU engine says; none if its particle has ended.
    pub cpu: Option<Told>,
    /// What the other engine says.
    pub other: Option<Told>,
}

/// The CPU engine's account of a history, in the form that both engines share.
pub fn told_by_cpu(plan: &Plan, history: u64, histories_per_batch: u64) -> Vec<Told> {
    let trace = trace(plan, history, histories_per_batch);
    trace
        .events()
        .map(|event| {
            let p = event.particle;
            Told {
                birth: p.state,
                event: EVENTS.iter().position(|e| e.name == event.name).unwrap_or(EVENTS.len()),
                kind: p.kind,
                origin: p.origin,
                cell: plan.linear(p.voxel) as u32,
                energy: p.energy,
                local: p.local,
                value: event.given_mev,
                direction: p.direction,
            }
        })
        .collect()
}

/// The first difference of two accounts of a history. Engines follow particles in different orders, so each particle (told by the birth
/// state of its stream) is compared with itself. None if they agree to the bit.
pub fn first_difference(cpu: &[Told], other: &[Told]) -> Option<Difference> {
    let mut order: Vec<[u32; 4]> = Vec::new();
    let mut by_particle: HashMap<[u32; 4], [Vec<Told>; 2]> = HashMap::new();
    for (engine, told) in [cpu, other].into_iter().enumerate() {
        for event in told {
            let lists = by_particle.entry(event.birth).or_insert_with(|| {
                order.push(event.birth);
                Default::default()
            });
            lists[engine].push(*event);
        }
    }
    order.iter().enumerate().find_map(|(particle, birth)| {
        let [a, b] = &by_particle[birth];
        let step = (0..a.len().max(b.len())).find(|&n| match (a.get(n), b.get(n)) {
            (Some(x), Some(y)) => !same(x, y),
            _ => true,
        })?;
        Some(Difference { particle, step, cpu: a.get(step).copied(), other: b.get(step).copied() })
    })
}

/// Events of the particle that a difference is about, side by side: up to `before` that agree, and the first that differ.
pub fn side_by_side(
    cpu: &[Told],
    other: &[Told],
    difference: &Difference,
    before: usize,
) -> Vec<[Option<Told>; 2]> {
    let Some(birth) = difference.cpu.or(difference.other).map(|t| t.birth) else {
        return Vec::new();
    };
    let of = |told: &[Told]| -> Vec<Told> {
        told.iter().filter(|t| t.birth == birth).copied().collect()
    };
    let (cpu, other) = (of(cpu), of(other));
    let first = difference.step.saturating_sub(before);
    (first..=difference.step).map(|n| [cpu.get(n).copied(), other.get(n).copied()]).collect()
}

/// Whether two accounts of an event agree. Where a photon leaves, the engines say different points: they are not compared.
fn same(a: &Told, b: &Told) -> bool {
    let left = EVENTS.get(a.event).is_some_and(|e| e.name == "escape");
    let place = left || (a.cell == b.cell && a.local == b.local);
    a.event == b.event
        && a.kind == b.kind
        && a.origin == b.origin
        && a.energy == b.energy
        && a.value == b.value
        && a.direction == b.direction
        && place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(birth: u32, energy: f32) -> Told {
        Told {
            birth: [birth; 4],
            event: 1,
            kind: 1,
            origin: 0,
            cell: 7,
            energy,
            local: [0.0; 3],
            value: 0.0,
            direction: [0.0; 3],
        }
    }

    #[test]
    fn the_order_of_particles_does_not_matter() {
        let a = [told(1, 1.0), told(1, 0.5), told(2, 0.3)];
        let b = [told(2, 0.3), told(1, 1.0), told(1, 0.5)];
        assert_eq!(first_difference(&a, &b), None);
        let c = [told(2, 0.3), told(1, 1.0), told(1, 0.25)];
        let d = first_difference(&a, &c).unwrap();
        assert_eq!((d.particle, d.step), (0, 1));
        let rows = side_by_side(&a, &c, &d, 5);
        assert_eq!(rows, [[Some(a[0]), Some(c[1])], [Some(a[1]), Some(c[2])]]);
        let e = first_difference(&a, &b[..2]).unwrap();
        assert_eq!((e.particle, e.step, e.other), (0, 1, None));
    }
}
