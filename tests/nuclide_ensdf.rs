//! explore
use voxgray::physics::beta_shape::Forbiddenness;
use voxgray::physics::{Nuclide, NuclideData};

#[test]
fn explore() {
    let t = std::time::Instant::now();
    let mut tally = std::collections::BTreeMap::<String, [usize; 3]>::new();
    let (mut ok, mut bad, mut none) = (0, 0, 0);
    for name in NuclideData::Ensdf.names() {
        let n = Nuclide::load_from(NuclideData::Ensdf, name).unwrap();
        match &n.balance {
            Some(b) if b.is_balanced() => ok += 1,
            Some(_) => bad += 1,
            None => none += 1,
        }
        for b in &n.computed_branches {
            if b.end_point_mev < 0.05 || b.listed_mean_mev <= 0.0 { continue; }
            let kind = match b.class { Forbiddenness::Unique(k) => format!("U{k}"), Forbiddenness::NonUnique(k) => format!("N{k}"), c => c.words() };
            let off = (b.mean_mev / b.listed_mean_mev - 1.0).abs();
            let e = tally.entry(kind).or_default();
            e[0] += 1;
            if off < 0.005 { e[1] += 1; }
            if off < 0.01 { e[2] += 1; }
        }
    }
    println!("{:?} {ok} {bad} {none}", t.elapsed());
    println!("{tally:#?}");
    for name in ["P-32", "Sr-89", "Y-90", "Lu-177", "I-131", "F-18", "Sm-153", "Re-188", "Ho-166", "Cs-137", "C-11", "Cu-64", "Tl-204", "Bi-210", "K-40"] {
        let n = Nuclide::load_from(NuclideData::Ensdf, name).unwrap();
        for b in n.computed_branches.iter().filter(|b| b.yield_per_decay > 0.01) {
            println!("{name} {:?} end {:.4} mean {:.5} listed {:.5} {:+.3}% y {:.4}", b.class, b.end_point_mev, b.mean_mev, b.listed_mean_mev, 100.0*(b.mean_mev/b.listed_mean_mev-1.0), b.yield_per_decay);
        }
    }
    for name in ["P-32", "Sr-89", "Y-90", "Lu-177", "I-131", "F-18", "Sm-153"] {
        let a = Nuclide::load_from(NuclideData::Ensdf, name).unwrap();
        let b = Nuclide::load_from(NuclideData::Icrp107, name).unwrap();
        let s = |n: &Nuclide| n.beta_minus.clone().or(n.beta_plus.clone()).unwrap();
        let (a, b) = (s(&a), s(&b));
        let (ta, tb) = (a.inverse_cdf(4001), b.inverse_cdf(4001));
        let mut worst = (0.0f64, 0.0);
        for (i, e) in ta.iter().enumerate() {
            let j = tb.partition_point(|x| x < e);
            let d = (i as f64 - j as f64) / 4000.0;
            if d.abs() > worst.0.abs() { worst = (d, *e); }
        }
        println!("{name} cdf {:.4} at {:.4}; mean {:.5} {:.5}", worst.0, worst.1, a.mean_energy_mev, b.mean_energy_mev);
    }
}
