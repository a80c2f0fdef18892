#!/usr/bin/env python3
"""S values of the ICRP-110 adult male by `voxgray s-values` against the specific absorbed fractions of ICRP Publication 133.

Usage: icrp133.py SHARED/reference [--voxgray PATH] [--histories N] [--energies MeV,...] [--particle photon] [--out FOLDER]
Needs numpy; the reference files are not part of this repository (no open licence): where they are absent it says so and ends with code 77.

What is compared, pair by pair: SAF = absorbed fraction / target mass (1/kg). Masses of ICRP-133 hold blood that the voxels do not: a region by
itself is scaled by the ratio of the masses (photons as m^-1, as ICRP-133 does; the scaling is stated beside the ratio and not counted). Walls
and mucosae that ICRP-133 takes from other models than voxels are no targets here.
"""
import argparse
import csv
import gzip
import json
import lzma
import math
import pathlib
import struct
import subprocess
import sys

import numpy as np

# Target of ICRP-133, source of ICRP-133 (or none), organ numbers of ICRP-110.
REGIONS = [
    ("Brain", "Brain", [61]), ("Thyroid", "Thyroid", [132]), ("Ht-wall", "Ht-wall", [87]), ("Adrenals", "Adrenals", [1, 2]),
    ("Liver", "Liver", [95]), ("Pancreas", "Pancreas", [113]), ("Kidneys", "Kidneys", list(range(89, 95))), ("Spleen", "Spleen", [127]),
    ("Testes", "Testes", [129, 130]), ("Prostate", "Prostate", [115]), ("Thymus", "Thymus", [131]), ("AI", "Lungs", list(range(96, 100))),
    (None, "UB-cont", [138]), (None, "St-cont", [73]), (None, "SI-cont", [75]), ("Muscle", None, list(range(106, 110))),
    ("Skin", None, list(range(122, 126))), ("S-glands", None, [120, 121]), ("LN-Sys", None, list(range(100, 106))),
    ("Ureters", None, [135, 136]), ("Breast", None, list(range(62, 66))), ("Tonsils", None, [134]), ("P-gland", None, [114]),
    ("UB-wall", None, [137]), ("GB-wall", None, [70]), ("Eye-lens", None, [66, 68]), ("O-mucosa", None, [5, 6]),
    ("Adipose", None, [116, 117, 118, 119]),
]


def read_nifti(path):
    raw = gzip.open(path, "rb").read()
    dims = struct.unpack_from("<8h", raw, 40)
    code = struct.unpack_from("<h", raw, 70)[0]
    offset = int(struct.unpack_from("<f", raw, 108)[0])
    kind = {2: "u1", 4: "<i2", 8: "<i4", 16: "<f4", 64: "<f8", 512: "<u2"}[code]
    count = dims[1] * dims[2] * dims[3]
    return raw[:offset], np.frombuffer(raw, kind, count, offset)


def write_nifti(path, header, values):
    head = bytearray(header)
    code = {"uint8": 2, "float32": 16}[values.dtype.name]
    struct.pack_into("<hh", head, 70, code, values.dtype.itemsize * 8)
    struct.pack_into("<f", head, 108, float(len(head)))
    struct.pack_into("<ff", head, 112, 1.0, 0.0)
    with gzip.open(path, "wb", 1) as out:
        out.write(bytes(head) + values.tobytes())


def read_saf(path):
    lines = lzma.open(path, "rt").read().splitlines()
    energies = [float(x) for x in lines[3].split()[2:] if x[0].isdigit()]
    table = {}
    for line in lines[5:]:
        if "<-" in line:
            target, rest = line.split("<-", 1)
            # The source takes ten characters.
            table[(target.strip(), rest[:10].strip())] = [float(x) for x in rest[10:].split()[: len(energies)]]
    return energies, table


def at(energies, values, energy):
    for e, v in zip(energies, values):
        if abs(e - energy) < 1e-9:
            return v
    raise SystemExit(f"{energy} MeV is none of the energies of ICRP-133")


def picture(path, particle, pairs):
    """Ratio of each pair against its own standard error, by energy."""
    colours = ["#1b6ca8", "#d1662b", "#3a8f3a", "#8e44ad", "#7f7f7f", "#b8860b", "#c0392b"]
    energies = sorted({p["energy_mev"] for p in pairs})
    width, height, left, bottom = 820, 460, 70, 60
    across, up = width - left - 150, height - bottom - 40
    low, high = math.log10(1e-3), math.log10(0.2)
    x = lambda e: left + across * (min(max(math.log10(e), low), high) - low) / (high - low)
    y = lambda r: 40 + up * (1 - (min(max(r, 0.85), 1.15) - 0.85) / 0.3)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<title>Specific absorbed fractions of {particle}s, ICRP-110 male: voxgray over ICRP-133, each pair of regions</title>',
           f'<rect x="{left}" y="{y(1.02):.1f}" width="{across}" height="{y(0.98) - y(1.02):.1f}" fill="#e8eef4"/>']
    for r in (0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15):
        out.append(f'<line x1="{left}" y1="{y(r):.1f}" x2="{left + across}" y2="{y(r):.1f}" stroke="{"black" if r == 1 else "#cccccc"}"/>')
        out.append(f'<text x="{left - 8}" y="{y(r) + 4:.1f}" text-anchor="end">{r:.2f}</text>')
    for e in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2):
        out.append(f'<text x="{x(e):.1f}" y="{height - bottom + 18}" text-anchor="middle">{100 * e:g}</text>')
    out.append(f'<text x="{left + across / 2}" y="{height - 14}" text-anchor="middle">relative standard error of the pair, %</text>')
    out.append(f'<text x="{left}" y="24" font-size="14">SAF of {particle}s over ICRP-133, {len(pairs)} pairs of different regions; beyond 15 % at the edge; grey: within 2 %</text>')
    for n, energy in enumerate(energies):
        colour = colours[n % len(colours)]
        out.append(f'<circle cx="{left + across + 20}" cy="{60 + 20 * n}" r="4" fill="{colour}"/><text x="{left + across + 30}" y="{64 + 20 * n}">{energy:g} MeV</text>')
        for p in pairs:
            if p["energy_mev"] == energy and p["relative_error"] < 0.2:
                out.append(f'<circle cx="{x(p["relative_error"]):.1f}" cy="{y(p["ratio"]):.1f}" r="2" fill="{colour}" fill-opacity="0.6"/>')
    path.write_text("\n".join(out + ["</svg>"]) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference", type=pathlib.Path)
    parser.add_argument("--voxgray", default="target/release/voxgray")
    parser.add_argument("--histories", default="5e5")
    parser.add_argument("--energies", default="0.03,0.05,0.1,0.2,0.5,1,2")
    parser.add_argument("--particle", default="photon", choices=["photon", "electron"])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("icrp133"))
    a = parser.parse_args()
    phantom, safs = a.reference / "icrp110", a.reference / "icrp133"
    needed = [phantom / "AM_labels.nii.gz", safs / f"rcp-am_{a.particle}_2016-08-12.SAF.xz"]
    for path in needed:
        if not path.exists():
            print(f"skipped: {path} is not there")
            return 77
    a.out.mkdir(parents=True, exist_ok=True)
    header, labels = read_nifti(phantom / "AM_labels.nii.gz")
    labels = labels.astype(int)
    density, medium = np.full(256, 0.001205, "f4"), np.full(256, 53, "u1")
    for row in csv.DictReader(open(phantom / "AM_organs.csv")):
        density[int(row["id"])] = float(row["density_g_cm3"])
        medium[int(row["id"])] = int(row["tissue_number"])
    write_nifti(a.out / "density.nii.gz", header, density[labels])
    write_nifti(a.out / "medium.nii.gz", header, medium[labels])
    voi = np.zeros(labels.shape, "u1")
    with open(a.out / "voi.csv", "w") as out:
        out.write("label,name\n")
        for n, (target, source, organs) in enumerate(REGIONS, 1):
            voi[np.isin(labels, organs)] = n
            out.write(f"{n},{target or source}\n")
    write_nifti(a.out / "voi.nii.gz", header, voi)
    masses = {}
    for line in open(safs / "torgans_2016-08-12.NDX"):
        parts = line.split()
        if len(parts) == 3 and "E" in parts[1]:
            masses[parts[0]] = float(parts[1])
    grid, table = read_saf(needed[1])
    name_of = {(t or s): (t, s) for t, s, _ in REGIONS}
    sources = [t or s for t, s, _ in REGIONS if s]
    pairs = []
    for energy in [float(e) for e in a.energies.split(",")]:
        folder = a.out / f"{a.particle}_{energy:g}MeV"
        command = [a.voxgray, "s-values", "--density", a.out / "density.nii.gz", "--materials", a.out / "medium.nii.gz",
                   "--material-names", phantom / "AM_materials_voxgray.toml", "--voi", a.out / "voi.nii.gz", "--voi-names", a.out / "voi.csv",
                   "--sources", ",".join(sources), "--source", f"{a.particle}:{energy:g}MeV", "--histories", a.histories, "--engine", "cpu",
                   "-o", folder, "--overwrite", "-q"]
        subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL)
        for row in csv.DictReader(open(folder / "s_values.csv")):
            if row["target"] not in name_of:
                continue
            target, source = name_of[row["target"]][0], name_of[row["source"]][1]
            if not target or (target, source) not in table or not row["standard_error"]:
                continue
            reference = at(grid, table[(target, source)], energy)
            mass = float(row["target_mass_g"]) / 1000.0
            saf = float(row["absorbed_fraction"]) / mass
            error = float(row["standard_error"]) / float(row["S_mGy_per_MBq_s"]) if float(row["S_mGy_per_MBq_s"]) else math.inf
            own = row["target"] == row["source"]
            scaled = saf * mass / masses[target] if own else saf
            if reference > 0 and scaled > 0:
                pairs.append(dict(energy_mev=energy, source=source, target=target, saf=scaled, relative_error=error, icrp133=reference,
                                  ratio=scaled / reference, mass_scaled=own))
    with open(a.out / f"pairs_{a.particle}.csv", "w", newline="") as out:
        writer = csv.DictWriter(out, list(pairs[0]))
        writer.writeheader()
        writer.writerows(pairs)
    cross = [p for p in pairs if not p["mass_scaled"]]
    print(f"{len(sources)} sources, {len({p['target'] for p in pairs})} targets, {len(cross)} cross-fire pairs and {len(pairs) - len(cross)} of a region by itself")
    for energy in sorted({p["energy_mev"] for p in pairs}):
        here = [p for p in cross if p["energy_mev"] == energy]
        known = [p for p in here if p["relative_error"] < 0.01]
        sharp = [p for p in here if p["relative_error"] <= 0.005]
        within = [p for p in sharp if abs(p["ratio"] - 1) <= 0.02]
        median = float(np.median([p["ratio"] for p in known])) if known else math.nan
        print(f"{energy:g} MeV: median ratio {median:.4f} of {len(known)} pairs known to 1 %; of {len(sharp)} known to 0.5 % {len(within)} are within 2 %")
    sharp = [p for p in cross if p["relative_error"] <= 0.005]
    known = [p["ratio"] for p in cross if p["relative_error"] < 0.01]
    print(f"all: median {np.median(known):.4f}; {sum(abs(p['ratio'] - 1) <= 0.02 for p in sharp)} of {len(sharp)} pairs known to 0.5 % within 2 %")
    for p in sorted(sharp, key=lambda p: -abs(p["ratio"] - 1)):
        if abs(p["ratio"] - 1) > 0.02:
            print(f"beyond 2 %: {p['energy_mev']:g} MeV {p['target']}<-{p['source']}: {p['ratio']:.4f} +- {p['ratio'] * p['relative_error']:.4f}")
    picture(a.out / f"pairs_{a.particle}.svg", a.particle, cross)
    json.dump(dict(pairs=pairs), open(a.out / f"pairs_{a.particle}.json", "w"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
