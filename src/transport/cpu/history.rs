//! One history: one decay with everything it emits, from a voxel of the source or in a beam.

use super::lookup;
use super::particle::{ALPHA, ELECTRON, PHOTON, POSITRON, Particle, Stack, Stream};
use super::rng::history_state;
use super::score::Scorer;
use super::vector::sample_isotropic;
use super::walk::{REST, Walk};
use crate::transport::escapes::MISSED;
use crate::transport::layout::{FLAG_BEAM, FLAG_POINT_SOURCE};
use crate::transport::ledger::Ledger;
use crate::transport::plan::{Plan, SOURCE_SPECTRUM_INTERVALS, SourceGroup};
use crate::transport::strata::Strata;
use crate::transport::tally::Origin;

/// Runs history number `history`, the `i`-th of its batch. The stack is empty before and after.
pub fn run_history<S: Scorer>(
    plan: &Plan,
    strata: &Strata,
    history: u64,
    i: u64,
    scorer: &mut S,
    ledger: &mut Ledger,
    stack: &mut Stack,
) {
    let mut walk = Walk { plan, scorer, ledger, stack };
    walk.decay(strata.position(i), history);
}

impl<S: Scorer> Walk<'_, S> {
    /// Emits and transports everything of one decay. Three draws for the point (two in a beam), then one per group,
    /// two per energy and two per direction. An electron that cannot leave its voxel is settled without a direction. What a beam sends past the
    /// grid has escaped.
    fn decay(&mut self, position: u64, history: u64) {
        self.ledger.histories += 1;
        let plan = self.plan;
        let mut stream = Stream::new(plan.params.seed, history_state(plan.params.seed, history));
        let voxel = plan.unlinear(plan.source_voxel(position, &mut self.stack.source_hint));
        self.scorer.begin(plan, self.stack.source_hint);
        let beam = plan.params.flags & FLAG_BEAM != 0;
        let mut start = [0.0_f32; 3];
        let mut local = [0.0_f32; 3];
        if beam {
            start = self.sample_field(&mut stream.rng);
        } else if plan.params.flags & FLAG_POINT_SOURCE == 0 {
            for (x, h) in local.iter_mut().zip(plan.params.voxel_cm) {
                *x = (stream.rng.uniform() - 0.5) * h;
            }
        }
        let mut place = self.place(voxel, local);
        let on_the_spot = [
            (Origin::Electron, plan.params.local_electron),
            (Origin::Photon, plan.params.local_photon),
            (Origin::Alpha, plan.params.local_alpha),
        ];
        for (origin, energy) in on_the_spot {
            if energy > 0.0 {
                self.ledger.emitted(energy);
                self.deposit(&place, origin as u32, energy);
            }
        }
        for group in &plan.source_groups {
            let more = stream.rng.uniform() < group.fraction;
            for _ in 0..group.whole + u32::from(more) {
                let energy = sample_energy(plan, group, &mut stream);
                let rest = if group.kind == POSITRON { 2.0 * REST } else { 0.0 };
                self.ledger.emitted(energy + rest);
                let mut direction = [0.0_f32; 3];
                if beam {
                    direction = self.sample_cone(&mut stream.rng);
                    match self.enter(start, direction) {
                        Some(entered) => place = entered,
                        None => {
                            self.escape(group.kind, energy, MISSED);
                            continue;
                        }
                    }
                }
                if group.kind == ELECTRON && self.ends_here(&place, energy) {
                    let origin = Origin::Electron as u32;
                    let local = self.settle(&place, ELECTRON, origin, energy, &mut stream);
                    self.deposit(&place, origin, local);
                    self.drain();
                    continue;
                }
                if !beam {
                    direction = sample_isotropic(&mut stream.rng);
                }
                let state = stream.next_child();
                let primary = Particle {
                    kind: group.kind,
                    origin: origin_of(group.kind) as u32,
                    energy,
                    voxel: place.voxel,
                    local: place.local,
                    direction,
                    state,
                };
                // The stack is empty here: it always has room for one.
                let kept = self.stack.push(primary);
                debug_assert!(kept);
                self.drain();
            }
        }
    }
}

/// Tally of a primary.
fn origin_of(kind: u32) -> Origin {
    match kind {
        PHOTON => Origin::Photon,
        ALPHA => Origin::Alpha,
        _ => Origin::Electron,
    }
}

/// Energy of one emission of a group: alias table, then the spectrum's inverse CDF where it is not a line. Two draws.
pub fn sample_energy(plan: &Plan, group: &SourceGroup, stream: &mut Stream) -> f32 {
    let pick = stream.rng.uniform() * group.count as f32;
    let index = (pick as u32).min(group.count - 1);
    let u = stream.rng.uniform();
    let entries = &plan.source_entries[group.first as usize..];
    let entry = &entries[index as usize];
    // The fraction of the first draw decides between the entry and its alias.
    let entry = if pick - index as f32 <= entry.probability {
        entry
    } else {
        &entries[entry.alias as usize]
    };
    match entry.spectrum {
        u32::MAX => entry.energy,
        at => lookup::sample_uniform_table(&plan.tables, at as usize, SOURCE_SPECTRUM_INTERVALS, u),
    }
}
