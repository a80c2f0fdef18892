//! `voxgray nuclide NAME`: what a nuclide emits, its chain and where the numbers come from.

use std::fmt::Write;

use crate::physics::chain::DEFAULT_HORIZON_HALF_LIVES;
use crate::physics::{Chain, EnergyPerDecay, Line, Nuclide, RadiationCode, chain};
use crate::units::KEV_PER_MEV;
use crate::{Error, Result};

/// Lines printed of each type, by energy per decay.
const LINES: usize = 8;

/// The text that `voxgray nuclide` prints. `horizon_s` (s; default ten half-lives of the parent) and
/// `retained` (fraction of daughters that stay, per generation) are those of
/// [`chain`](crate::physics::chain::chain).
///
/// # Errors
/// If the nuclide is unknown (near names are suggested), or the horizon or the fraction make no sense.
pub fn describe(name: &str, horizon_s: Option<f64>, retained: f64) -> Result<String> {
    let nuclide = Nuclide::load(name)?;
    let chain = chain(&nuclide.name, horizon_s, retained)?;
    let mut out = String::new();
    let with_chain = chain.energy_per_decay()?;
    write_all(&mut out, &nuclide, &chain, &with_chain, horizon_s.is_none(), retained).map_err(
        |error| {
            Error::run("the nuclide's text cannot be written", error.to_string(), "Report this.")
        },
    )?;
    Ok(out)
}

fn write_all(
    out: &mut String,
    nuclide: &Nuclide,
    chain: &Chain,
    with_chain: &EnergyPerDecay,
    default_horizon: bool,
    retained: f64,
) -> std::fmt::Result {
    writeln!(out, "{}   Z = {}, A = {}", nuclide.name, nuclide.z, nuclide.a)?;
    writeln!(
        out,
        "half-life   {} = {:.6e} s",
        spelled_unit(&nuclide.half_life),
        nuclide.half_life_s
    )?;
    if nuclide.level_mev > 0.0 {
        writeln!(out, "level       {} keV", digits(nuclide.level_mev * KEV_PER_MEV))?;
    }
    if !nuclide.own.is_empty() {
        writeln!(out, "own data    {}", nuclide.own)?;
    }
    for branch in &nuclide.branches {
        writeln!(out, "decays by   {} to {} ({})", branch.mode, branch.progeny, branch.fraction)?;
    }
    write_energy(out, "energy per decay, keV (without progeny)", &nuclide.energy_per_decay())?;
    write_balance(out, nuclide)?;
    write_betas(out, nuclide)?;
    write_lines(out, "gamma rays", &nuclide.photons, RadiationCode::G)?;
    write_lines(out, "X rays", &nuclide.photons, RadiationCode::X)?;
    write_lines(out, "annihilation quanta", &nuclide.annihilation, RadiationCode::AQ)?;
    write_lines(out, "conversion electrons", &nuclide.electrons, RadiationCode::IE)?;
    write_lines(out, "Auger electrons", &nuclide.electrons, RadiationCode::AE)?;
    write_lines(out, "alpha particles", &nuclide.alphas, RadiationCode::A)?;
    write_chain(out, chain, default_horizon, retained)?;
    if chain.members.len() > 1 {
        let title = format!("energy per decay of {} with its chain, keV", nuclide.name);
        write_energy(out, &title, with_chain)?;
    }
    writeln!(out, "\nsource\n  {}", nuclide.data.title())?;
    writeln!(out, "  beta spectra and positrons: the spectrum is sampled, not the mean energies")?;
    writeln!(out, "\nnotice\n{}", indent(nuclide.data.notice()))
}

/// ICRP-107 abbreviates minutes as m and years as y.
pub(super) fn spelled_unit(half_life: &str) -> String {
    match half_life.split_once(' ') {
        Some((value, "m")) => format!("{value} min"),
        _ => half_life.to_string(),
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}").trim_end().to_string() + "\n").collect()
}

fn write_energy(out: &mut String, title: &str, energy: &EnergyPerDecay) -> std::fmt::Result {
    writeln!(out, "\n{title}")?;
    for (label, value) in [
        ("alpha particles", energy.alpha),
        ("recoil nuclei", energy.recoil),
        ("beta-minus", energy.beta_minus),
        ("beta-plus", energy.beta_plus),
        ("conversion electrons", energy.conversion),
        ("Auger electrons", energy.auger),
        ("gamma rays", energy.gamma),
        ("X rays", energy.x_ray),
        ("annihilation quanta", energy.annihilation),
    ] {
        if value > 0.0 {
            writeln!(out, "  {label:<22}{:>12}", digits(value * KEV_PER_MEV))?;
        }
    }
    let electrons = "electrons, positrons";
    writeln!(out, "  all {electrons:<22}{:>8}", digits(energy.electrons() * KEV_PER_MEV))?;
    writeln!(out, "  all {:<22}{:>8}", "photons", digits(energy.photons() * KEV_PER_MEV))?;
    writeln!(out, "  {:<22}{:>12}", "total", digits(energy.total() * KEV_PER_MEV))
}

/// How the energy balances, and what was completed or is missing.
fn write_balance(out: &mut String, nuclide: &Nuclide) -> std::fmt::Result {
    let kev = |mev: f64| digits(mev * KEV_PER_MEV);
    if let Some(balance) = &nuclide.balance {
        writeln!(
            out,
            "  balance: Q {} keV, neutrinos {} keV, emitted {} keV: {} % of what neutrinos leave is not listed",
            kev(balance.available_mev),
            kev(balance.neutrino_mev),
            kev(balance.emitted_mev),
            digits(100.0 * balance.imbalance())
        )?;
    }
    if nuclide.completed_mev > 0.0 {
        writeln!(
            out,
            "  completed from conversion coefficients and atomic data: {} keV",
            kev(nuclide.completed_mev)
        )?;
    }
    match nuclide.complaint() {
        Some(text) => writeln!(out, "  caution: {text}"),
        None => Ok(()),
    }
}

fn write_betas(out: &mut String, nuclide: &Nuclide) -> std::fmt::Result {
    for (title, code, spectrum) in [
        ("beta-minus", RadiationCode::BMinus, &nuclide.beta_minus),
        ("beta-plus", RadiationCode::BPlus, &nuclide.beta_plus),
    ] {
        let Some(spectrum) = spectrum else { continue };
        writeln!(
            out,
            "\n{title} spectrum: {} per decay, mean {} keV, end-point {} keV",
            digits(spectrum.yield_per_decay),
            digits(spectrum.mean_energy_mev * KEV_PER_MEV),
            digits(spectrum.end_point_mev() * KEV_PER_MEV)
        )?;
        let title = format!("{title} branches (mean energy)");
        write_lines(out, &title, &nuclide.beta_branches, code)?;
    }
    Ok(())
}

/// The lines of one type that carry the most energy, in the order of energy.
fn write_lines(
    out: &mut String,
    title: &str,
    all: &[Line],
    code: RadiationCode,
) -> std::fmt::Result {
    let mut lines: Vec<Line> = all.iter().filter(|line| line.code == code).copied().collect();
    if lines.is_empty() {
        return Ok(());
    }
    let carried = |line: &Line| line.energy_mev * line.yield_per_decay;
    let total: f64 = lines.iter().map(carried).sum();
    let count = lines.len();
    lines.sort_by(|a, b| carried(b).total_cmp(&carried(a)));
    lines.truncate(LINES);
    let shown: f64 = lines.iter().map(carried).sum();
    lines.sort_by(|a, b| a.energy_mev.total_cmp(&b.energy_mev));
    writeln!(
        out,
        "\n{title}, {}: {} of {count} lines, {} % of their energy",
        code.as_str(),
        lines.len(),
        digits(100.0 * shown / total)
    )?;
    writeln!(out, "  {:>12} {:>14}", "energy, keV", "per 100 decays")?;
    for line in &lines {
        writeln!(
            out,
            "  {:>12} {:>14}",
            digits(line.energy_mev * KEV_PER_MEV),
            digits(100.0 * line.yield_per_decay)
        )?;
    }
    Ok(())
}

fn write_chain(
    out: &mut String,
    chain: &Chain,
    default_horizon: bool,
    retained: f64,
) -> std::fmt::Result {
    writeln!(out, "\nchain, decays per decay of the parent")?;
    let why = if default_horizon {
        format!(" ({DEFAULT_HORIZON_HALF_LIVES} half-lives of the parent)")
    } else {
        String::new()
    };
    writeln!(
        out,
        "  horizon {:.6e} s{why}; {} % of the parent decays in it; {} of the daughters retained per generation",
        chain.horizon_s,
        digits(100.0 * chain.parent_decay_fraction),
        digits(retained)
    )?;
    writeln!(
        out,
        "  {:<10} {:>14} {:>16} {:>18} {:>18}",
        "nuclide", "in the horizon", "in endless time", "half-life", "keV per its decay"
    )?;
    for member in &chain.members {
        let nuclide = Nuclide::load(&member.nuclide)
            .map_or((String::from("not modelled"), String::from("-")), |n| {
                (spelled_unit(&n.half_life), digits(n.energy_per_decay().total() * KEV_PER_MEV))
            });
        writeln!(
            out,
            "  {:<10} {:>14} {:>16} {:>18} {:>18}",
            member.nuclide,
            digits(member.decays_per_parent_decay),
            digits(member.endless_decays_per_parent_decay),
            nuclide.0,
            nuclide.1
        )?;
    }
    Ok(())
}

/// Five significant digits, in scientific notation below 1e-3 and from 1e6.
pub(super) fn digits(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".to_string();
    }
    if !(1e-3..1e6).contains(&size) {
        return format!("{value:.4e}");
    }
    let decimals = (4 - size.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(text: &str, lines: &[&str]) {
        let squeezed: Vec<String> =
            text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for line in lines {
            assert!(squeezed.iter().any(|l| l.contains(line)), "'{line}' is missing in\n{text}");
        }
    }

    #[test]
    fn lutetium_177() {
        let text = describe("lu177", None, 1.0).unwrap();
        has(
            &text,
            &[
                "Lu-177 Z = 71, A = 177",
                "half-life 6.6443 d = 5.740675e5 s",
                "decays by beta- to Hf-177 (1)",
                "208.37 10.41",
                "end-point 496.8 keV",
                "99.902 % of the parent decays in it",
                "From ENSDF database",
            ],
        );
    }

    #[test]
    fn astatine_211_with_its_chain() {
        let text = describe("211At", None, 1.0).unwrap();
        has(
            &text,
            &[
                "Po-211 0.582",
                "5869.5 41.8",
                "Bi-207 6.4",
                "energy per decay of At-211 with its chain",
                "recoil nuclei 131.12",
            ],
        );
    }

    #[test]
    fn gallium_68_in_minutes_with_positrons() {
        let text = describe("Ga-68", Some(60.0), 1.0).unwrap();
        has(&text, &["half-life 1.1285 h", "beta-plus spectrum: 0.8891 per decay"]);
        assert!(!text.contains("half-lives of the parent"));
    }

    #[test]
    fn every_nuclide_can_be_described() {
        for name in Nuclide::all_names() {
            let text = describe(name, None, 1.0).unwrap();
            assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
        }
        assert!(describe("Lu-999", None, 1.0).is_err());
    }

    #[test]
    fn prints_five_digits() {
        let cases = [(0.0, "0"), (147.924, "147.92"), (11.0, "11"), (8785.13, "8785.1")];
        for (value, text) in cases {
            assert_eq!(digits(value), text);
        }
        assert_eq!(digits(3.1415e-9), "3.1415e-9");
        assert_eq!(digits(100000.0), "100000");
    }
}
