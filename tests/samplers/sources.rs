//! Energies and voxels of the source.

use super::*;

#[test]
fn source_energies() {
    let mut out = Vec::new();
    for (i, name) in ["Lu-177", "Y-90", "I-131", "F-18"].into_iter().enumerate() {
        let decay = DecaySpectrum::from_chain(&chain(name, None, 0.0).expect("carried"));
        let decay = decay.expect("modelled");
        let mut plan = plan().clone();
        (plan.source_groups, plan.source_entries) =
            build_groups(&decay, &mut plan.tables).expect("flat tables");
        let groups: Vec<_> = [&decay.photons, &decay.electrons, &decay.positrons, &decay.alphas]
            .into_iter()
            .filter(|g| !g.entries.is_empty())
            .collect();
        assert_eq!(groups.len(), plan.source_groups.len());
        for (g, facts) in groups.into_iter().enumerate() {
            let flat = plan.source_groups[g];
            let yielded = f64::from(flat.whole) + f64::from(flat.fraction);
            assert!((yielded / facts.yield_per_decay - 1.0).abs() < 1e-6);
            let birth = history_state([SEED, 8], 10 * i as u64 + g as u64);
            let mut stream = Stream::new([SEED, 8], birth);
            // Lines by their energy (a few coincide); what is no line is the spectrum.
            let mut lines: Vec<(f32, f64)> = Vec::new();
            let mut spectrum = 0.0;
            for entry in &facts.entries {
                let p = entry.yield_per_decay() / facts.yield_per_decay;
                match entry {
                    Emission::Line { energy_mev, .. } => lines.push((*energy_mev as f32, p)),
                    Emission::Spectrum { .. } => spectrum += p,
                }
            }
            lines.sort_by(|a, b| a.0.total_cmp(&b.0));
            lines.dedup_by(|b, a| {
                let same = a.0 == b.0;
                a.1 += if same { b.1 } else { 0.0 };
                same
            });
            let mut counts = vec![0_u64; lines.len() + 1];
            let mut continuous = Vec::new();
            for _ in 0..SAMPLES {
                let e = sample_energy(&plan, &flat, &mut stream);
                match lines.binary_search_by(|l| l.0.total_cmp(&e)) {
                    Ok(at) => counts[at] += 1,
                    Err(_) => {
                        counts[lines.len()] += 1;
                        continuous.push(f64::from(e));
                    }
                }
            }
            let mut p: Vec<f64> = lines.iter().map(|l| l.1).collect();
            p.push(spectrum);
            let label =
                |i: usize| lines.get(i).map_or("spectrum".into(), |l| format!("{} MeV", l.0));
            out.push(compare_counts(&format!("{name} lines of group {g}"), &p, &counts, label));
            let nuclide = Nuclide::load(name).expect("carried");
            let beta = if flat.kind == 2 { nuclide.beta_plus } else { nuclide.beta_minus };
            if let (true, Some(beta)) = (spectrum > 0.0, beta) {
                let top = beta.end_point_mev();
                let density = |e: f64| {
                    let j = beta.energy_mev.partition_point(|&x| x < e);
                    let j = j.clamp(1, beta.energy_mev.len() - 1);
                    let (a, b) = (beta.energy_mev[j - 1], beta.energy_mev[j]);
                    let (da, db) = (beta.density_per_mev[j - 1], beta.density_per_mev[j]);
                    (da + (db - da) * (e - a) / (b - a)).max(0.0)
                };
                let bins = Bins::from_pdf(density, |t| top * t).without_tails(1e-3, 1e-3);
                let n = continuous.len();
                let mut drawn = continuous.into_iter();
                out.push(compare(&format!("{name} beta of group {g}"), &bins, n, || {
                    drawn.next().expect("n of them")
                }));
            }
        }
    }
    check(&out);
}

/// Systematic sampling: every voxel gets its share of a batch to within one history, whatever the offset.
#[test]
fn source_voxels_get_their_share() {
    let plan = plan();
    let n = 10_007_u64;
    let shares = [1.0 / 6.5, 2.0 / 6.5, 3.5 / 6.5];
    let mut firsts = Vec::new();
    for batch in 0..40 {
        let strata = Strata::new(plan, batch, n);
        let mut counts = [0_u64; 3];
        let mut hint = 0;
        for i in 0..n {
            counts[plan.source_voxel(strata.position(i), &mut hint) as usize] += 1;
        }
        for (count, share) in counts.iter().zip(shares) {
            assert!((*count as f64 - share * n as f64).abs() <= 1.0, "batch {batch}: {counts:?}");
        }
        let stride = (1_u64 << 62) / n;
        firsts.push(strata.position(0) as f64 / stride as f64);
    }
    // The offset is uniform in a stride: mean 1/2 within 4 sigma.
    let mean = firsts.iter().sum::<f64>() / firsts.len() as f64;
    assert!((mean - 0.5).abs() < 4.0 / (12.0 * firsts.len() as f64).sqrt(), "{mean}");
    assert!(firsts.iter().all(|f| (0.0..1.0).contains(f)));
}
