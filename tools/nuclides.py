"""Writes data/icrp107/{nuclides,emissions,beta_spectra,chains}.csv and LICENSE.TXT.

Source: ICRP Publication 107 (Eckerman and Endo 2008) as carried by the packages icrp107-database
(emissions, beta spectra) and radioactivedecay (half-lives, branching); versions in requirements.txt.
Nothing is thinned: every line of the database is written, down to the eV.

Run from the repository root: python tools/nuclides.py
"""

import json
import math
import pathlib
from importlib import metadata

import icrp107_database
import numpy as np
import radioactivedecay as rd
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.special import loggamma

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "data" / "icrp107"
DATABASE = pathlib.Path(icrp107_database.__file__).parent / "icrp107"
# The database merges the gamma rays G, PG and DG under "gamma"; the codes are ICRP-107's.
CODES = {
    "gamma": "G",
    "X": "X",
    "annihilation": "AQ",
    "beta+": "B+",
    "beta-": "B-",
    "betaD": "BD",
    "IE": "IE",
    "auger": "AE",
    "alpha": "A",
    "alpha recoil": "AR",
    "fission": "FF",
    "neutron": "N",
}
ELECTRON_MASS_MEV = 0.51099895
FINE_STRUCTURE = 7.2973525693e-3


def read_emissions(name):
    """The database's record of one nuclide (its JSON is encoded twice)."""
    return json.loads(json.load(open(DATABASE / f"{name}.json")))


def chain_members(names):
    """The nuclides asked for and every radioactive progeny, in the order met."""
    members = {}

    def visit(name):
        if name == "SF" or name in members or math.isinf(rd.Nuclide(name).half_life()):
            return
        if not (DATABASE / f"{name}.json").exists():
            raise SystemExit(f"{name} is not in ICRP-107: correct tools/nuclides.txt")
        members[name] = rd.Nuclide(name)
        for progeny in members[name].progeny():
            visit(progeny)

    for name in names:
        visit(name)
    return members


def allowed_shape(energy, end_point, z_daughter, a, sign):
    """Allowed beta spectrum p W (E0 - E)^2 F(Z, W), unnormalised; Fermi function of a point nucleus
    at radius R = 1.2 fm A^(1/3) (Krane, Introductory Nuclear Physics, 1988, section 9.3)."""
    w = 1.0 + energy / ELECTRON_MASS_MEV
    p = np.sqrt(np.maximum(w * w - 1.0, 1e-12))
    az = FINE_STRUCTURE * z_daughter
    gamma = math.sqrt(1.0 - az * az)
    radius = 1.2 * a ** (1 / 3) / 386.159
    eta = -sign * az * w / p
    fermi = (2 * p * radius) ** (2 * gamma - 2) * np.exp(
        math.pi * eta + 2 * loggamma(gamma + 1j * eta).real
    )
    return p * w * np.maximum(end_point - energy, 0.0) ** 2 * fermi


def branch_shape(energy, branches, z_daughter, a, sign):
    """Sum of allowed branches; each end-point is solved from the mean energy that ICRP-107 gives."""
    total = np.zeros_like(energy)
    for mean, rate in branches:

        def off(end_point):
            grid = np.linspace(1e-6, end_point, 4000)
            shape = allowed_shape(grid, end_point, z_daughter, a, sign)
            return np.sum(shape * grid) / np.sum(shape) - mean

        end_point = brentq(off, 1.2 * mean, 6.0 * mean)
        grid = np.linspace(1e-6, end_point, 4000)
        norm = np.trapezoid(allowed_shape(grid, end_point, z_daughter, a, sign), grid)
        total += rate * allowed_shape(energy, end_point, z_daughter, a, sign) / norm
    return total


def beta_spectra(name, nuclide, emissions):
    """[(sign, energy, density)]. The database has one spectrum per nuclide; where beta- and beta+
    are both in it (Cu-64) it is split by the ratio of the two allowed shapes, refined on a denser
    grid because each part is zero above its own end-point."""
    minus, plus = emissions["beta-"], emissions["beta+"]
    rows = emissions["b-spectra"]
    if not rows:
        if minus or plus:
            raise SystemExit(f"{name}: beta emissions without a spectrum")
        return []
    energy, density = np.array(rows).T
    if not (minus and plus):
        sign = "-" if minus else "+"
        return [(sign, energy, density)]
    dense = np.unique(np.concatenate([energy, np.arange(0.0, energy[-1], 0.01)]))
    total = np.maximum(CubicSpline(energy, density, bc_type="natural")(dense), 0.0)
    s_minus = branch_shape(dense, minus, nuclide.Z + 1, nuclide.A, -1)
    s_plus = branch_shape(dense, plus, nuclide.Z - 1, nuclide.A, +1)
    both = s_minus + s_plus
    # The very last points lie above both solved end-points: they belong to the longer branch.
    longer = s_minus[np.nonzero(both)[0][-1]] > 0
    share = np.where(both > 0, s_minus / np.where(both > 0, both, 1.0), float(longer))
    parts = []
    for sign, part in (("-", total * share), ("+", total * (1 - share))):
        last = np.nonzero(part > 1e-9 * part.max())[0][-1]
        part[last + 1 :] = 0.0
        keep = slice(0, min(last + 2, len(part)))
        parts.append((sign, dense[keep], part[keep]))
    return parts


def write_table(file, quantity, units, columns, rows):
    """One CSV with the five provenance lines."""
    path = OUT / file
    with open(path, "w", newline="\n") as out:
        out.write(f"# quantity: {quantity}\n# units: {units}\n")
        out.write(
            "# source: ICRP Publication 107, Eckerman and Endo 2008, Ann. ICRP 38 (3), via PyPI "
            f"icrp107-database {metadata.version('icrp107-database')} and "
            f"radioactivedecay {metadata.version('radioactivedecay')}\n"
        )
        out.write(
            "# licence: ICRP-07, Copyright (c) 2008 A. Endo and K.F. Eckerman; educational, research "
            "and not-for-profit use, notice in LICENSE.TXT of this folder\n"
        )
        out.write("# generator: tools/nuclides.py\n")
        out.write(",".join(columns) + "\n")
        for row in rows:
            out.write(",".join(str(cell) for cell in row) + "\n")
    if path.stat().st_size > 2 * 1024 * 1024:
        raise SystemExit(f"{file} is over 2 MiB")


def main():
    names = [
        line.split("#")[0].strip()
        for line in open(ROOT / "tools" / "nuclides.txt")
        if line.split("#")[0].strip()
    ]
    members = chain_members(names)
    nuclides, emitted, spectra, chains = [], [], [], []
    modes_ascii = str.maketrans({"α": "alpha", "β": "beta"})
    for name, nuclide in members.items():
        record = read_emissions(name)
        emissions = record["emissions"]
        unit = record["time_unit"]
        nuclides.append(
            (name, nuclide.Z, nuclide.A, f"{nuclide.half_life('s'):.9g}", record["half_life"], unit)
        )
        unknown = set(emissions) - set(CODES) - {"b-spectra"}
        if unknown:
            raise SystemExit(f"{name}: unknown emission types {unknown}")
        for kind, code in CODES.items():
            emitted += [(name, code, f"{e:.9g}", f"{y:.9g}") for e, y in emissions[kind]]
        for sign, energy, density in beta_spectra(name, nuclide, emissions):
            spectra += [
                (name, sign, f"{e:.9g}", f"{d:.6g}") for e, d in zip(energy, density)
            ]
        for progeny, branching, mode in zip(
            nuclide.progeny(), nuclide.branching_fractions(), nuclide.decay_modes()
        ):
            chains.append((name, progeny, f"{branching:.9g}", mode.translate(modes_ascii)))
    write_table(
        "nuclides.csv",
        "half-life of each nuclide; half_life and unit as printed in ICRP-107",
        "half_life_s in s; unit one of us, ms, s, m, h, d, y; the rest none",
        ["nuclide", "z", "a", "half_life_s", "half_life", "unit"],
        nuclides,
    )
    write_table(
        "emissions.csv",
        "emission lines per decay by ICRP-107 code (G gamma; X; AQ annihilation; B- and B+ MEAN energy of a beta branch; "
        "IE conversion electron; AE Auger; A alpha; AR alpha recoil; FF fission fragment; N neutron; BD delayed beta)",
        "energy MeV; yield per decay",
        ["nuclide", "code", "energy_mev", "yield_per_decay"],
        emitted,
    )
    write_table(
        "beta_spectra.csv",
        "beta spectrum of each nuclide and sign; where both signs occur, ICRP-107's sum is split by the ratio of allowed shapes",
        "energy MeV; density per MeV per decay",
        ["nuclide", "sign", "energy_mev", "density_per_mev"],
        spectra,
    )
    write_table(
        "chains.csv",
        "progeny and branching fraction of each nuclide (SF: spontaneous fission); sums below 1 are ICRP-107's",
        "branching per decay",
        ["nuclide", "progeny", "branching", "mode"],
        chains,
    )
    notice = metadata.distribution("radioactivedecay").locate_file(
        f"radioactivedecay-{metadata.version('radioactivedecay')}.dist-info/LICENSE.ICRP-07"
    )
    text = "\n".join(line.rstrip() for line in open(notice).read().splitlines())
    (OUT / "LICENSE.TXT").write_text(text.strip() + "\n")
    print(f"{len(members)} nuclides, {len(emitted)} lines, {len(spectra)} spectrum points")


main()
