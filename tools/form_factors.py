"""Writes data/photon/{form_factor,incoherent_function,k_fluorescence,l_fluorescence}.csv from xraylib.

Run from the repository root after tools/photon_cross_sections.py (the K-shell share comes from XCOM's edge jump).
"""

import csv
from pathlib import Path

import xraylib

Z_MAX = 92
NODES_PER_DECADE = 40
X_FIRST_LOG10 = -2.0  # below 0.01 1/Angstrom F and S are quadratic in x
X_LAST_LOG10 = 2.6  # 398 1/Angstrom: backscatter at 4 MeV is 323
SOURCE = "PyPI xraylib 4.3.0 (Schoonjans et al., Spectrochim. Acta B 66, 776, 2011, doi:10.1016/j.sab.2011.09.011)"


def write(name, quantity, units, source, licence, lines):
    text = (
        f"# quantity: {quantity}\n# units: {units}\n# source: {source}\n# licence: {licence}\n"
        "# generator: tools/form_factors.py\n"
    )
    (Path("data/photon") / name).write_text(text + "\n".join(lines) + "\n")


def grid():
    count = round((X_LAST_LOG10 - X_FIRST_LOG10) * NODES_PER_DECADE) + 1
    return [10 ** (X_FIRST_LOG10 + i / NODES_PER_DECADE) for i in range(count)]


def form_factor(z):
    """F on the grid. Far beyond its nodes xraylib's spline wiggles around zero: from there on F falls as x^-4."""
    values = []
    for x in grid():
        value = xraylib.FF_Rayl(z, x)
        if values and (value <= 0.0 or value >= values[-1] or x > 100.0):
            value = values[-1] * 10 ** (-4.0 / NODES_PER_DECADE)
        values.append(value)
    return values


def incoherent_function(z):
    """S on the grid, never above Z."""
    return [min(xraylib.SF_Compt(z, x), float(z)) for x in grid()]


def shape_table(function, prefix):
    columns = [function(z) for z in range(1, Z_MAX + 1)]
    lines = ["x," + ",".join(f"{prefix}{z}" for z in range(1, Z_MAX + 1))]
    for i, x in enumerate(grid()):
        lines.append(f"{x:.8g}," + ",".join(f"{column[i]:.5g}" for column in columns))
    return lines


def line_energy(z, line):
    try:
        return xraylib.LineEnergy(z, line)
    except ValueError:
        return 0.0


def line_rate(z, line):
    try:
        return xraylib.RadRate(z, line)
    except ValueError:
        return 0.0


def group(z, shells):
    """Summed rate and intensity-weighted mean energy (keV) of the K lines from the given shells.

    xraylib's own group energies (KB_LINE) are wrong for heavy elements (they count lines without an energy as zero),
    so the single lines are summed here."""
    rate = energy = 0.0
    for shell in shells:
        line = getattr(xraylib, f"K{shell}_LINE", None)
        if line is None:
            continue
        line_kev, weight = line_energy(z, line), line_rate(z, line)
        if line_kev > 0.0 and weight > 0.0:
            rate += weight
            energy += weight * line_kev
    return rate, energy / rate if rate > 0.0 else 0.0


def k_edges():
    """Z -> (edge energy MeV, share of the photoelectric cross section just above the K edge that is K)."""
    edges = {}
    below = None
    with open("data/photon/xcom.csv") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            if row["edge"] == "-1":
                below = float(row["photoelectric"])
            elif row["edge"] == "1":
                share = 1.0 - below / float(row["photoelectric"])
                edges[int(row["z"])] = (float(row["energy_mev"]), share)  # the last edge is the K edge
    return edges


def fluorescence_table():
    lines = ["z,edge_mev,k_share,yield,k_alpha_mev,k_alpha_rate,k_beta_mev,k_beta_rate"]
    l_shells = ["L2", "L3"]
    outer = [f"{letter}{i}" for letter, top in (("M", 5), ("N", 7), ("O", 7), ("P", 5)) for i in range(1, top + 1)]
    for z, (edge, share) in sorted(k_edges().items()):
        if z > Z_MAX or edge < 1.0e-3 or abs(edge * 1e3 / xraylib.EdgeEnergy(z, xraylib.K_SHELL) - 1.0) > 0.02:
            raise SystemExit(f"Z = {z}: the last XCOM edge is not the K edge")
        alpha_rate, alpha_kev = group(z, l_shells)
        beta_rate, beta_kev = group(z, outer)
        total = alpha_rate + beta_rate
        lines.append(
            f"{z},{edge:.8g},{share:.5g},{xraylib.FluorYield(z, xraylib.K_SHELL):.5g},"
            f"{alpha_kev * 1e-3:.6g},{alpha_rate / total:.5g},{beta_kev * 1e-3:.6g},{beta_rate / total:.5g}"
        )
    return lines


def l_fluorescence_table():
    """All three L subshells, ionised as just above the L1 edge (from xraylib's jumps), with Coster-Kronig transitions between them."""
    lines = ["z,l3_edge_mev,l_share,yield,line_mev"]
    outer = [f"{letter}{i}" for letter, top in (("M", 5), ("N", 7), ("O", 7), ("P", 5)) for i in range(1, top + 1)]
    shells = [xraylib.L1_SHELL, xraylib.L2_SHELL, xraylib.L3_SHELL]
    for z in range(1, Z_MAX + 1):
        edge = optional(xraylib.EdgeEnergy, z, xraylib.L3_SHELL)
        if edge < 1.0:
            continue
        below, shares = 1.0, []
        for shell in shells:
            jump = optional(xraylib.JumpFactor, z, shell) or 1.0
            shares.append(below * (1.0 - 1.0 / jump))
            below /= jump
        kronig = [optional(xraylib.CosKronTransProb, z, getattr(xraylib, f"FL{n}_TRANS")) for n in (12, 13, 23)]
        first = shares[0]
        second = shares[1] + kronig[0] * first
        third = shares[2] + kronig[1] * first + kronig[2] * second
        photons = energy = 0.0
        for vacancies, shell, number in zip((first, second, third), shells, (1, 2, 3)):
            rate = weighted = 0.0
            for name in outer:
                line = getattr(xraylib, f"L{number}{name}_LINE", None)
                kev, weight = (line_energy(z, line), line_rate(z, line)) if line is not None else (0.0, 0.0)
                if kev > 0.0 and weight > 0.0:
                    rate, weighted = rate + weight, weighted + weight * kev
            if rate > 0.0:
                of_shell = vacancies * optional(xraylib.FluorYield, z, shell)
                photons, energy = photons + of_shell, energy + of_shell * weighted / rate
        lines.append(f"{z},{edge * 1e-3:.8g},{sum(shares):.5g},{photons / sum(shares):.5g},{energy / photons * 1e-3:.6g}")
    return lines


def optional(of, *arguments):
    try:
        return of(*arguments)
    except ValueError:
        return 0.0


def main():
    write(
        "form_factor.csv",
        "atomic form factor F(x, Z), column fZ",
        "x = sin(theta/2)/lambda in 1/Angstrom; F electrons",
        SOURCE + ": FF_Rayl, after Hubbell et al., J. Phys. Chem. Ref. Data 4, 471, 1975, doi:10.1063/1.555523",
        "BSD-3-Clause (xraylib)",
        shape_table(form_factor, "f"),
    )
    write(
        "incoherent_function.csv",
        "incoherent scattering function S(x, Z), column sZ",
        "x = sin(theta/2)/lambda in 1/Angstrom; S electrons",
        SOURCE + ": SF_Compt, after Hubbell et al., J. Phys. Chem. Ref. Data 4, 471, 1975, doi:10.1063/1.555523",
        "BSD-3-Clause (xraylib)",
        shape_table(incoherent_function, "s"),
    )
    write(
        "k_fluorescence.csv",
        "K shell: edge, share of photoelectric absorption just above the edge, fluorescence yield, mean energies and "
        "relative rates of the K-alpha and K-beta lines",
        "energies MeV; share, yield and rates per unity",
        SOURCE + ": FluorYield, LineEnergy, RadRate; edge and share from the jump of data/photon/xcom.csv",
        "BSD-3-Clause (xraylib); NIST data, public domain in the USA",
        fluorescence_table(),
    )
    write(
        "l_fluorescence.csv",
        "L shell where its x rays are of 1 keV or more: L3 edge, share of photoelectric absorption just above the L1 edge, x rays per L "
        "vacancy, their mean energy (not transported: how much that neglects)",
        "energies MeV; share and yield per unity",
        SOURCE + ": EdgeEnergy, JumpFactor, CosKronTransProb, FluorYield, LineEnergy, RadRate",
        "BSD-3-Clause (xraylib)",
        l_fluorescence_table(),
    )


if __name__ == "__main__":
    main()
