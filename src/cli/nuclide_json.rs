//! `voxgray nuclide NAME --json`: what a nuclide emits, for programs.

use serde_json::{Value, json};

use crate::physics::{EnergyPerDecay, Line, Nuclide, chain};
use crate::units::KEV_PER_MEV;
use crate::{Error, Result};

/// The nuclide with its chain as JSON. Energies are in keV, half-lives and the horizon in s, yields per decay.
///
/// # Errors
/// As [`super::nuclide::describe`].
pub fn json(name: &str, horizon_s: Option<f64>, retained: f64) -> Result<String> {
    let nuclide = Nuclide::load(name)?;
    let chain = chain(&nuclide.name, horizon_s, retained)?;
    let lines = |lines: &[Line]| -> Vec<Value> {
        lines
            .iter()
            .map(|l| {
                json!({"type": l.code.as_str(), "energy_kev": l.energy_mev * KEV_PER_MEV,
                       "yield_per_decay": l.yield_per_decay})
            })
            .collect()
    };
    let spectrum = |s: &Option<crate::physics::BetaSpectrum>| {
        s.as_ref().map(|s| {
            json!({"yield_per_decay": s.yield_per_decay, "mean_energy_kev": s.mean_energy_mev * KEV_PER_MEV,
                   "energy_kev": s.energy_mev.iter().map(|e| e * KEV_PER_MEV).collect::<Vec<_>>(),
                   "density_per_kev": s.density_per_mev.iter().map(|d| d / KEV_PER_MEV).collect::<Vec<_>>()})
        })
    };
    let all = [
        &nuclide.photons,
        &nuclide.annihilation,
        &nuclide.electrons,
        &nuclide.alphas,
        &nuclide.recoils,
    ];
    let all: Vec<Value> = all.into_iter().flat_map(|of| lines(of)).collect();
    let value = json!({
        "nuclide": nuclide.name, "z": nuclide.z, "a": nuclide.a,
        "nuclide_data": nuclide.data.name(),
        "level_kev": nuclide.level_mev * KEV_PER_MEV,
        "half_life_s": nuclide.half_life_s,
        "branches": nuclide.branches.iter().map(|b| json!({
            "progeny": b.progeny, "fraction": b.fraction, "mode": b.mode})).collect::<Vec<_>>(),
        "energy_per_decay_kev": energies(&nuclide.energy_per_decay()),
        "energy_balance_kev": nuclide.balance.map(|b| json!({
            "available": b.available_mev * KEV_PER_MEV, "neutrinos": b.neutrino_mev * KEV_PER_MEV,
            "emitted": b.emitted_mev * KEV_PER_MEV, "imbalance": b.imbalance()})),
        "completed_kev": nuclide.completed_mev * KEV_PER_MEV,
        "own": (!nuclide.own.is_empty()).then_some(&nuclide.own),
        "caution": nuclide.complaint(),
        "lines": all,
        "beta_branches": nuclide.computed_branches.iter().map(|b| json!({
            "end_point_kev": b.end_point_mev * KEV_PER_MEV, "mean_kev": b.mean_mev * KEV_PER_MEV,
            "listed_mean_kev": b.listed_mean_mev * KEV_PER_MEV, "yield_per_decay": b.yield_per_decay,
            "class": b.class.words()})).collect::<Vec<_>>(),
        "beta_minus": spectrum(&nuclide.beta_minus),
        "beta_plus": spectrum(&nuclide.beta_plus),
        "chain": {
            "horizon_s": chain.horizon_s,
            "parent_decay_fraction": chain.parent_decay_fraction,
            "energy_per_decay_kev": energies(&chain.energy_per_decay()?),
            "members": chain.members.iter().map(|m| json!({
                "nuclide": m.nuclide, "decays_per_parent_decay": m.decays_per_parent_decay,
                "endless_decays_per_parent_decay": m.endless_decays_per_parent_decay})).collect::<Vec<_>>(),
        },
        "notice": nuclide.data.notice(),
    });
    let text = serde_json::to_string_pretty(&value).map_err(|error| {
        Error::run("the nuclide's JSON cannot be written", error.to_string(), "Report this.")
    })?;
    Ok(text + "\n")
}

fn energies(e: &EnergyPerDecay) -> Value {
    json!({
        "alpha": e.alpha * KEV_PER_MEV, "recoil": e.recoil * KEV_PER_MEV,
        "beta_minus": e.beta_minus * KEV_PER_MEV, "beta_plus": e.beta_plus * KEV_PER_MEV,
        "conversion": e.conversion * KEV_PER_MEV, "auger": e.auger * KEV_PER_MEV,
        "gamma": e.gamma * KEV_PER_MEV, "x_ray": e.x_ray * KEV_PER_MEV,
        "annihilation": e.annihilation * KEV_PER_MEV,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_json_with_the_spectrum() {
        let value: Value = serde_json::from_str(&json("177Lu", None, 1.0).unwrap()).unwrap();
        assert_eq!(value["nuclide"], "Lu-177");
        let spectrum = &value["beta_minus"];
        let of = |key: &str| -> Vec<f64> {
            spectrum[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
        };
        let (e, d) = (of("energy_kev"), of("density_per_kev"));
        let area: f64 = (1..e.len()).map(|i| 0.5 * (e[i] - e[i - 1]) * (d[i] + d[i - 1])).sum();
        assert!((area / spectrum["yield_per_decay"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    }
}
