//! Photon cross sections of the elements: NIST XCOM's nodes and the interpolation between them.
//!
//! Neglected: solid-state and molecular structure (free atoms). Coherent and incoherent: one log-log cubic spline. Photoelectric:
//! one log-log spline per interval between edges. Pair and triplet: the ratio of XCOM to the first-Born value is
//! interpolated linearly in energy, and kept constant between threshold and the first non-zero node.

use crate::error::Result;
use crate::numerics::LogSpline;
use crate::physics::element::{self, MAX_Z};
use crate::physics::embedded;
use crate::physics::pair::{born_pair_xs, born_triplet_xs};
use crate::physics::photon::PhotonCoefficients;
use std::sync::LazyLock;

/// 1 barn in cm2.
const BARN_CM2: f64 = 1e-24;
/// Nodes nearer than this (in ln E) to a kept one are left out: XCOM rounds to four digits, and the rounding
/// would bend the spline. They are edge nodes in smooth processes and 1.022 and 2.044 MeV.
const MIN_NODE_DISTANCE: f64 = 0.03;

/// Interpolators of one element.
#[derive(Debug)]
pub(crate) struct XcomElement {
    coherent: LogSpline,
    incoherent: LogSpline,
    photoelectric: Vec<EdgeInterval>,
    pair_nuclear: RatioTable,
    pair_electron: RatioTable,
}

/// A node beside an edge may be left out where the others give it to within this; some edges of XCOM are off by more (Pt: 2 %), and the curve bends
/// sharply there.
const KINK: f64 = 3e-3;

/// Photoelectric absorption from the energy of an edge up to the next edge, or a piece of that.
#[derive(Debug)]
struct EdgeInterval {
    from_mev: f64,
    curve: LogSpline,
}

/// Ratio of a tabulated cross section to an analytic one, at ascending energies.
#[derive(Debug)]
struct RatioTable(Vec<(f64, f64)>);

/// One line of the table.
struct Node {
    energy: f64,
    edge: f64,
    coherent: f64,
    incoherent: f64,
    photoelectric: f64,
    pair_nuclear: f64,
    pair_electron: f64,
}

static ELEMENTS: LazyLock<Vec<XcomElement>> = LazyLock::new(|| {
    let mut nodes: Vec<Vec<Node>> = (0..MAX_Z).map(|_| Vec::new()).collect();
    for row in embedded::numbers(include_str!("../../data/photon/xcom.csv")) {
        nodes[row[0] as usize - 1].push(Node {
            energy: row[1],
            edge: row[2],
            coherent: row[3],
            incoherent: row[4],
            photoelectric: row[5],
            pair_nuclear: row[6],
            pair_electron: row[7],
        });
    }
    nodes.iter().zip(1u8..).map(|(nodes, z)| XcomElement::new(z, nodes)).collect()
});

/// The interpolators of element `z`.
pub(crate) fn xcom_element(z: u8) -> Result<&'static XcomElement> {
    let element = element::element(z)?;
    Ok(&ELEMENTS[usize::from(element.z) - 1])
}

impl XcomElement {
    fn new(z: u8, nodes: &[Node]) -> Self {
        let smooth = |value: fn(&Node) -> f64| {
            let nodes = nodes.iter().filter(|node| node.edge == 0.0);
            LogSpline::run_out(&thinned(nodes.map(|node| (node.energy, value(node))).collect()))
        };
        let z = f64::from(z);
        XcomElement {
            coherent: smooth(|node| node.coherent),
            incoherent: smooth(|node| node.incoherent),
            photoelectric: edge_intervals(nodes),
            pair_nuclear: RatioTable::new(nodes, |node| {
                (node.pair_nuclear, z * z * born_pair_xs(node.energy))
            }),
            pair_electron: RatioTable::new(nodes, |node| {
                (node.pair_electron, z * born_triplet_xs(node.energy))
            }),
        }
    }

    /// Cross sections per atom, cm2, of element `z` (the one this was made for).
    pub(crate) fn per_atom(&self, z: u8, energy_mev: f64) -> PhotonCoefficients {
        let z = f64::from(z);
        PhotonCoefficients {
            coherent: self.coherent.value(energy_mev) * BARN_CM2,
            incoherent: self.incoherent.value(energy_mev) * BARN_CM2,
            photoelectric: self.photoelectric(energy_mev),
            pair_nuclear: self.pair_nuclear.value(energy_mev) * z * z * born_pair_xs(energy_mev),
            pair_electron: self.pair_electron.value(energy_mev) * z * born_triplet_xs(energy_mev),
        }
    }

    /// Photoelectric cross section per atom, cm2.
    pub(crate) fn photoelectric(&self, energy_mev: f64) -> f64 {
        let above = self.photoelectric.partition_point(|part| part.from_mev <= energy_mev);
        self.photoelectric[above.max(1) - 1].curve.value(energy_mev) * BARN_CM2
    }
}

/// Drops nodes too near to the last kept one or to the last of all; the first and the last stay.
fn thinned(nodes: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let last = nodes.len() - 1;
    let far = |low: f64, high: f64| (high / low).ln() > MIN_NODE_DISTANCE;
    let mut kept: Vec<(f64, f64)> = Vec::with_capacity(nodes.len());
    for (i, node) in nodes.iter().enumerate() {
        let inside = i > 0 && i < last;
        let apart = kept.last().is_none_or(|before| far(before.0, node.0));
        if !inside || (apart && far(node.0, nodes[last].0)) {
            kept.push(*node);
        }
    }
    kept
}

fn edge_intervals(nodes: &[Node]) -> Vec<EdgeInterval> {
    let mut starts: Vec<usize> = vec![0];
    starts.extend((1..nodes.len()).filter(|&i| nodes[i].edge > 0.0));
    let ends = starts.iter().skip(1).copied().chain([nodes.len()]);
    let between = |(&start, end): (&usize, usize)| {
        let nodes: Vec<(f64, f64)> =
            nodes[start..end].iter().map(|n| (n.energy, n.photoelectric)).collect();
        pieces(&nodes)
    };
    starts.iter().zip(ends).flat_map(between).collect()
}

/// The curve between two edges; where a node beside an edge is left out that the others do not give, straight lines (in the logarithms) through it.
fn pieces(nodes: &[(f64, f64)]) -> Vec<EdgeInterval> {
    let kept = thinned(nodes.to_vec());
    let whole = LogSpline::run_out(&kept);
    let (mut from, mut to) = (0, nodes.len() - 1);
    let kinked = |n: usize| {
        let (energy, value) = nodes[n];
        !kept.contains(&nodes[n]) && (whole.value(energy) / value - 1.0).abs() > KINK
    };
    if to >= 3 && kinked(1) {
        from = 1;
    }
    if to - from >= 3 && kinked(to - 1) {
        to -= 1;
    }
    let piece = |range: std::ops::RangeInclusive<usize>| {
        let part = nodes[range].to_vec();
        EdgeInterval { from_mev: part[0].0, curve: LogSpline::run_out(&thinned(part)) }
    };
    let mut pieces = vec![piece(from..=to)];
    if from > 0 {
        pieces.insert(0, piece(0..=from));
    }
    if to + 1 < nodes.len() {
        pieces.push(piece(to..=nodes.len() - 1));
    }
    pieces
}

impl RatioTable {
    /// `values` gives the tabulated cross section (barn) and the analytic one (cm2).
    fn new(nodes: &[Node], values: impl Fn(&Node) -> (f64, f64)) -> Self {
        RatioTable(
            nodes
                .iter()
                .map(|node| (node.energy, values(node)))
                .filter(|(_, (table, analytic))| *table > 0.0 && *analytic > 0.0)
                .map(|(energy, (table, analytic))| (energy, table * BARN_CM2 / analytic))
                .collect(),
        )
    }

    fn value(&self, energy_mev: f64) -> f64 {
        let nodes = &self.0;
        let i = nodes.partition_point(|node| node.0 <= energy_mev).clamp(1, nodes.len() - 1) - 1;
        let share = (energy_mev - nodes[i].0) / (nodes[i + 1].0 - nodes[i].0);
        nodes[i].1 + (nodes[i + 1].1 - nodes[i].1) * share.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// XCOM's pair cross sections are the Born ones times Coulomb and screening corrections, which are
    /// small for light elements and for the triplet: this checks both formulas against the data.
    #[test]
    fn pair_ratios_are_near_one_for_light_elements() {
        for z in [1u8, 6, 8] {
            let element = xcom_element(z).unwrap();
            for energy in [1.5, 2.0, 3.0, 4.0, 5.0] {
                let ratio = element.pair_nuclear.value(energy);
                assert!((ratio - 1.0).abs() < 0.025, "Z {z}, {energy} MeV: pair ratio {ratio}");
            }
            for energy in [3.0, 4.0, 5.0] {
                let ratio = element.pair_electron.value(energy);
                assert!((ratio - 1.0).abs() < 0.02, "Z {z}, {energy} MeV: triplet ratio {ratio}");
            }
        }
    }

    #[test]
    fn every_kept_node_comes_back_and_edges_jump() {
        for z in 1..=MAX_Z {
            let element = xcom_element(z).unwrap();
            for pair in element.photoelectric.windows(2) {
                let edge = pair[1].from_mev;
                let (below, above) =
                    (element.photoelectric(edge * (1.0 - 1e-9)), element.photoelectric(edge));
                let kink = (above / below - 1.0).abs() < 1e-6;
                assert!(kink || above > 1.01 * below, "Z {z}, edge {edge} MeV: {below} to {above}");
            }
        }
        // Ca, XCOM's own figures: 6150 b at 10 keV, 67970 b above and 7763 b below the K edge.
        let calcium = xcom_element(20).unwrap();
        for (energy, barn) in [(0.01, 6150.0), (0.004_038_1, 67_970.0), (0.004_038, 7763.0)] {
            let value = calcium.photoelectric(energy) / BARN_CM2;
            assert!((value / barn - 1.0).abs() < 1e-9, "{energy}: {value}");
        }
    }

    /// Rounded or crowded nodes would make a spline wiggle. Between edges, from 10 keV up, the local exponent of
    /// photoelectric absorption must stay between -3.6 and -0.8, those of the scattering processes between -2.3 and 1.
    #[test]
    fn no_element_wiggles() {
        let slope = |f: &dyn Fn(f64) -> f64, e: f64| (f(e * 1.0005) / f(e)).ln() / 1.0005_f64.ln();
        for z in 1..=MAX_Z {
            let element = xcom_element(z).unwrap();
            for i in 0..1000 {
                let energy = 0.01 * 400.0_f64.powf(f64::from(i) / 1000.0);
                let crosses = |part: &EdgeInterval| {
                    part.from_mev > energy && part.from_mev <= 1.0005 * energy
                };
                // A kink's short piece is XCOM's own.
                let at = element.photoelectric.partition_point(|part| part.from_mev <= energy);
                let short = |part: &EdgeInterval| {
                    let from = element.photoelectric[at.max(1) - 1].from_mev;
                    (part.from_mev / from).ln() < MIN_NODE_DISTANCE
                };
                if element.photoelectric.get(at).is_some_and(short) {
                    continue;
                }
                if !element.photoelectric.iter().any(crosses) {
                    let tau = slope(&|e| element.photoelectric(e), energy);
                    assert!((-3.6..-0.8).contains(&tau), "Z {z}, {energy} MeV: tau ~ E^{tau}");
                }
                for curve in [&element.coherent, &element.incoherent] {
                    let power = slope(&|e| curve.value(e), energy);
                    assert!((-2.3..1.0).contains(&power), "Z {z}, {energy} MeV: ~ E^{power}");
                }
            }
        }
    }
}
