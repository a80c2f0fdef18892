//! Tests of every element from hydrogen to uranium against what NIST's programs give (`validation/reference/elements_*.csv`).

use voxgray::constants::AVOGADRO;
use voxgray::physics::element::{MAX_Z, element};
use voxgray::physics::fluorescence::k_shell;
use voxgray::physics::photon::mu_over_rho;
use voxgray::physics::scattering::TransportMoments;
use voxgray::physics::{AlphaStopping, Bremsstrahlung, Lepton, Material, StoppingPower};

/// Rows of numbers of a table with comments and a line of names.
fn rows(text: &str) -> impl Iterator<Item = Vec<f64>> + '_ {
    let lines = text.lines().filter(|l| !l.starts_with('#')).skip(1);
    lines.map(|l| l.split(',').map(|cell| cell.parse().expect("a number")).collect())
}

const ESTAR: &str = include_str!("../validation/reference/elements_estar.csv");

/// Density (g/cm3) of the elements as ESTAR has them.
fn density(z: u8) -> f64 {
    rows(ESTAR).find(|row| row[0] == f64::from(z)).expect("a row of each element")[1]
}

/// The element by itself, at a density.
fn alone(z: u8, density: f64) -> Material {
    Material::with_bragg_excitation(format!("Z = {z}"), density, &[(z, 1.0)]).expect("an element")
}

/// The largest of some differences, and of what.
#[derive(Default)]
struct Worst(f64, String);

impl Worst {
    fn see(&mut self, off: f64, what: impl Fn() -> String) {
        if off.is_nan() || off.abs() > self.0.abs() {
            *self = Worst(off, what());
        }
    }
}

/// Stopping powers of ESTAR's algorithm with its own density effect: bar 0.5 %.
#[test]
fn stopping_powers_follow_estar() {
    let mut worst: [Worst; 3] = Default::default();
    let mut seen = std::collections::BTreeSet::new();
    for row in rows(ESTAR) {
        let (z, mev) = (row[0] as u8, row[2]);
        let stopping = StoppingPower::new(&alone(z, row[1])).expect("an element");
        let electron = Lepton::Electron;
        let ours = [
            stopping.collision(mev, electron),
            stopping.radiative(mev, electron),
            stopping.total(mev, electron),
        ];
        seen.insert(z);
        for (n, (worst, ours)) in worst.iter_mut().zip(ours).enumerate() {
            worst.see(ours / row[3 + n] - 1.0, || format!("Z = {z} at {mev} MeV"));
        }
    }
    for (name, w) in ["collision", "radiative", "total"].iter().zip(&worst) {
        println!("{name}: {:+.3} % ({})", 100.0 * w.0, w.1);
        assert!(w.0.abs() < 0.005, "{name}: {} {}", w.0, w.1);
    }
    assert_eq!(seen.len(), usize::from(MAX_Z));
}

/// Elements where XCOM's nodes beside the K edge are off the curve of the next ones by 0.5 to 2 %: there a spline through all of them swings.
const KINKED: [u8; 5] = [24, 50, 69, 78, 86];

/// Cross sections between XCOM's nodes: bar 0.2 % from 1.3 times the K edge on, which two of the points miss (Ti at 12.3 keV by 0.03 %, Rn at 0.245 MeV by
/// 0.07 %; how the node beside their K edge is taken). Below and beside it programs draw straight lines (in the logarithms) between
/// nodes as far apart as 10 and 15 keV, or end a spline without curvature, where the curve bends: ours differs from that by up to 0.7 %.
#[test]
fn cross_sections_follow_xcom() {
    let text = include_str!("../validation/reference/elements_xcom.csv");
    let [mut above, mut below, mut kinked]: [Worst; 3] = Default::default();
    let (mut compared, mut missed) = ([0; 3], 0);
    for row in rows(text) {
        let (z, mev) = (row[0] as u8, row[1]);
        let barn: f64 = row[2..6].iter().sum();
        let atoms = AVOGADRO / element(z).expect("an element").atomic_weight;
        let ours = mu_over_rho(&alone(z, 1.0), mev).expect("inside of the tables").total();
        let is_above = k_shell(z).is_none_or(|k| mev > 1.3 * k.edge_mev);
        let (n, worst) = match is_above {
            _ if KINKED.contains(&z) && mev < 0.2 => (2, &mut kinked),
            true => (0, &mut above),
            false => (1, &mut below),
        };
        compared[n] += 1;
        let off = ours / (barn * 1e-24 * atoms) - 1.0;
        if n == 0 && off.abs() > 0.002 {
            missed += 1;
            println!("Z = {z} at {mev} MeV: {:+.3} %", 100.0 * off);
        }
        worst.see(ours / (barn * 1e-24 * atoms) - 1.0, || format!("Z = {z} at {mev} MeV"));
    }
    for (name, w, bar) in [
        ("beyond the K edge", above, 0.003),
        ("below and beside it", below, 0.007),
        ("beside a kink", kinked, 0.06),
    ] {
        println!("{name}: {:+.3} % ({})", 100.0 * w.0, w.1);
        assert!(w.0.abs() < bar, "{name}: {} {}", w.0, w.1);
    }
    println!("{missed} of {} beyond the K edge miss 0.2 %", compared[0]);
    assert!(missed <= 2, "{missed} miss the bar of 0.2 %");
    assert!(compared[0] > 900 && compared[1] > 250, "{compared:?}");
}

/// Every element can be transported in: all tables of a material of each are there and of the right sign, at the ends of the range and between.
#[test]
fn every_element_has_all_data() {
    for z in 1..=MAX_Z {
        let material = alone(z, density(z));
        let stopping = StoppingPower::new(&material).expect("stopping");
        let alpha = AlphaStopping::new(&material).expect("alpha stopping");
        assert!(alpha.range(6.0) > 0.0, "Z = {z}");
        for lepton in [Lepton::Electron, Lepton::Positron] {
            let brems = Bremsstrahlung::new(&material, lepton).expect("bremsstrahlung");
            for mev in [0.001, 0.0017, 0.01, 0.15, 0.2, 1.0, 4.0] {
                let threshold = 0.5 * mev;
                assert!(
                    stopping.restricted_collision(mev, lepton, threshold) > 0.0,
                    "Z = {z} at {mev} MeV"
                );
                assert!(brems.stopping(mev) > 0.0);
                let moments = TransportMoments::new(&material, mev, lepton, threshold, 4);
                let moments = moments.expect("elastic scattering");
                // 1 - P_l lies within 0 and 2. It rises with l where scattering is forward, which at 1 keV it is not everywhere.
                let within = moments.g[1..].iter().all(|g| *g > 0.0 && *g < 2.0 * moments.total);
                let ascending = moments.g.windows(2).all(|w| w[1] > w[0]);
                assert!(within && (ascending || mev < 0.01), "Z = {z} at {mev} MeV");
            }
        }
        assert_eq!(element(z).expect("an element").z, z);
    }
}

/// What transport scatters by changes smoothly from element to element: a wrong row of a table would stand out. G_1 A / (Z (Z + 1)) of neighbours differs by less
/// than a quarter at 10 keV and above.
#[test]
fn elastic_scattering_is_smooth_in_z() {
    for lepton in [Lepton::Electron, Lepton::Positron] {
        for mev in [0.01, 0.03, 0.15, 0.2, 1.0, 4.0] {
            let of = |z: u8| {
                let moments = TransportMoments::elastic(&alone(z, 1.0), mev, lepton, 2);
                let g = moments.expect("elastic scattering").g[1];
                let z = f64::from(z);
                g * element(z as u8).expect("an element").atomic_weight / (z * (z + 1.0))
            };
            let all: Vec<f64> = (2..=MAX_Z).map(of).collect();
            for (n, w) in all.windows(2).enumerate() {
                let off = w[1] / w[0] - 1.0;
                assert!(off.abs() < 0.25, "Z = {} at {mev} MeV, {lepton:?}: {off}", n + 3);
            }
        }
    }
}

/// A plan of electrons and positrons can be built in the heaviest elements: near 1 keV Bethe's stopping power is below what free electrons' hard collisions take.
#[test]
fn plans_of_the_heaviest_elements_are_built() {
    use voxgray::image::Grid;
    use voxgray::source::{Beam, parse_source};
    use voxgray::transport::build::{PlanInput, build_beam_plan};
    use voxgray::transport::settings::Settings;
    let grid = Grid::aligned([1; 3], [0.0; 3], [10.0; 3]);
    for (z, source) in
        [(81, "electron:5keV"), (82, "electron:5keV"), (92, "electron:5keV"), (92, "positron:5keV")]
    {
        let material = alone(z, density(z));
        let input = PlanInput {
            grid: &grid,
            density: &[density(z) as f32],
            material: &[0],
            materials: std::slice::from_ref(&material),
            activity: &[],
            decay: &parse_source(source).expect("a source"),
            settings: &Settings::default(),
            radial: None,
        };
        let plan = build_beam_plan(&input, &Beam::pencil([0.0, 0.0, 1.0])).expect("a plan");
        assert!(plan.tables.iter().all(|t| t.is_finite()), "Z = {z}, {source}");
    }
}
