//! `voxgray nuclide NAME --compare`: two evaluations side by side.

use std::fmt::Write;

use super::nuclide::{digits, spelled_unit};
use crate::physics::own_nuclides::OwnNuclides;
use crate::physics::{EnergyPerDecay, Line, Nuclide, NuclideData, RadiationCode};
use crate::units::KEV_PER_MEV;
use crate::{Error, Result};

/// Lines of each type that are compared, by the energy that they carry.
const LINES: usize = 8;
/// Lines of two evaluations are one if they are so near: 1 keV or 1 %.
const NEAR_MEV: f64 = 1e-3;
const NEAR: f64 = 1e-2;

/// One type's energy.
type EnergyOf = fn(&EnergyPerDecay) -> f64;

/// The text of the comparison.
///
/// # Errors
/// If one of the evaluations does not have the nuclide.
pub(super) fn compare(name: &str) -> Result<String> {
    NuclideData::Icrp107.need()?;
    if OwnNuclides::chosen().is_some() {
        return Err(Error::usage(
            "--compare with --nuclide-file",
            "evaluations are compared as they are",
            "Take one of them out.",
        ));
    }
    let ensdf = Nuclide::load_from(NuclideData::Ensdf, name)?;
    let icrp = Nuclide::load_from(NuclideData::Icrp107, name)?;
    let mut out = String::new();
    let _ = write_all(&mut out, &ensdf, &icrp);
    Ok(out)
}

fn write_all(out: &mut String, a: &Nuclide, b: &Nuclide) -> std::fmt::Result {
    writeln!(out, "{}: ENSDF and ICRP-107, difference of ENSDF in % of ICRP-107", a.name)?;
    writeln!(
        out,
        "\nhalf-life   {} and {} ({})",
        spelled_unit(&a.half_life),
        spelled_unit(&b.half_life),
        percent(a.half_life_s, b.half_life_s)
    )?;
    let (ea, eb) = (a.energy_per_decay(), b.energy_per_decay());
    row(out, "\nkeV per decay", ["ENSDF", "ICRP-107", "diff., %"].map(String::from))?;
    let types: [(&str, EnergyOf); 11] = [
        ("alpha particles", |e| e.alpha),
        ("recoil nuclei", |e| e.recoil),
        ("beta-minus", |e| e.beta_minus),
        ("beta-plus", |e| e.beta_plus),
        ("conversion electrons", |e| e.conversion),
        ("Auger electrons", |e| e.auger),
        ("gamma rays", |e| e.gamma),
        ("X rays", |e| e.x_ray),
        ("annihilation quanta", |e| e.annihilation),
        ("all electrons, positrons", EnergyPerDecay::electrons),
        ("all photons", EnergyPerDecay::photons),
    ];
    for (label, of) in types {
        let (x, y) = (of(&ea), of(&eb));
        if x > 0.0 || y > 0.0 {
            energy_row(out, label, x, y)?;
        }
    }
    writeln!(out, "\nabsorbed dose per decay follows the energy that stays:")?;
    let near = |e: &EnergyPerDecay| e.electrons() + e.alpha + e.recoil;
    energy_row(out, "of electrons and alphas, in mm", near(&ea), near(&eb))?;
    energy_row(out, "all, in a very large body", ea.total(), eb.total())?;
    for (title, code, of) in [
        ("gamma rays", RadiationCode::G, Nuclide::photon_lines as fn(&Nuclide) -> &[Line]),
        ("X rays", RadiationCode::X, Nuclide::photon_lines),
        ("conversion electrons", RadiationCode::IE, Nuclide::electron_lines),
        ("Auger electrons", RadiationCode::AE, Nuclide::electron_lines),
        ("alpha particles", RadiationCode::A, Nuclide::alpha_lines),
        ("beta-minus branches, by mean energy", RadiationCode::BMinus, Nuclide::beta_lines),
        ("beta-plus branches, by mean energy", RadiationCode::BPlus, Nuclide::beta_lines),
    ] {
        write_lines(out, title, &only(of(a), code), &only(of(b), code))?;
    }
    if let Some(text) = a.complaint() {
        writeln!(out, "\ncaution: {text}")?;
    }
    writeln!(out, "\nENSDF     {}\nICRP-107  {}", a.data.title(), b.data.title())?;
    writeln!(out, "notices: voxgray nuclide {} --nuclide-data ensdf, and icrp107", a.name)
}

fn only(lines: &[Line], code: RadiationCode) -> Vec<Line> {
    lines.iter().filter(|l| l.code == code).copied().collect()
}

fn row(out: &mut String, label: &str, cells: [String; 3]) -> std::fmt::Result {
    let [a, b, c] = cells;
    writeln!(out, "{label:<34} {a:>12} {b:>12} {c:>10}")
}

fn energy_row(out: &mut String, label: &str, a: f64, b: f64) -> std::fmt::Result {
    let cells = [digits(a * KEV_PER_MEV), digits(b * KEV_PER_MEV), percent(a, b)];
    row(out, &format!("  {label}"), cells)
}

/// The difference in per cent; a dash where one of the two is nothing.
fn percent(a: f64, b: f64) -> String {
    if a > 0.0 && b > 0.0 { format!("{:+.2} %", 100.0 * (a / b - 1.0)) } else { "-".into() }
}

/// The strongest lines of both, each with the nearest of the other; the number of both in per 100 decays.
fn write_lines(out: &mut String, title: &str, a: &[Line], b: &[Line]) -> std::fmt::Result {
    if a.is_empty() && b.is_empty() {
        return Ok(());
    }
    let carried = |l: &&Line| l.energy_mev * l.yield_per_decay;
    let mut strongest: Vec<&Line> = a.iter().chain(b).collect();
    strongest.sort_by(|x, y| carried(y).total_cmp(&carried(x)));
    // A line stands for all of its evaluation that are near it: subshells that one lists apart are one line of the other.
    let near = |x: f64, y: f64| (x - y).abs() <= NEAR_MEV.max(NEAR * y);
    let sum = |lines: &[Line], at: f64| -> f64 {
        lines.iter().filter(|l| near(l.energy_mev, at)).map(|l| l.yield_per_decay).sum()
    };
    let mut shown: Vec<f64> = Vec::new();
    for line in strongest {
        if shown.len() < LINES && !shown.iter().any(|&e| near(line.energy_mev, e)) {
            shown.push(line.energy_mev);
        }
    }
    shown.sort_by(f64::total_cmp);
    row(
        out,
        &format!("\n{title}, per 100 decays"),
        ["ENSDF", "ICRP-107", "diff., %"].map(String::from),
    )?;
    for energy in shown {
        let (x, y) = (sum(a, energy), sum(b, energy));
        let label = format!("  {} keV", digits(energy * KEV_PER_MEV));
        let number = |v: f64| if v > 0.0 { digits(100.0 * v) } else { "-".into() };
        row(out, &label, [number(x), number(y), percent(x, y)])?;
    }
    Ok(())
}

impl Nuclide {
    fn photon_lines(&self) -> &[Line] {
        &self.photons
    }

    fn electron_lines(&self) -> &[Line] {
        &self.electrons
    }

    fn alpha_lines(&self) -> &[Line] {
        &self.alphas
    }

    fn beta_lines(&self) -> &[Line] {
        &self.beta_branches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of the two evaluations themselves: 10.41 and 11.0 per 100 decays of the 208 keV line.
    #[test]
    fn lutetium_side_by_side() {
        let text = compare("lu177").unwrap();
        let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains("10.41 11 -5.36 %"), "{text}");
        assert!(squeezed.contains("6.6443 d and 6.647 d"), "{text}");
        for name in NuclideData::Icrp107.names() {
            let text = compare(name).unwrap();
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
        assert!(compare("Lu-999").is_err());
    }
}
