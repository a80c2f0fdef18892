#!/usr/bin/env python3
"""Spheres of uniform activity: S by the point kernel (`voxgray kernel --sphere`) against Monte Carlo in a voxelised sphere (`voxgray s-values`).

Usage: spheres.py [--voxgray PATH] [--nuclides Lu-177,...] [--masses 0.01,1,100] [--histories N] [--out FOLDER] [--olinda CSV]
Bar: within 1 % and three joint standard errors. The sphere of the voxels has the exact mass on average over its surface: voxels count where their
centre lies within, and S is compared for the mass that they have. Alphas leave the steps of such a sphere's surface more than a smooth one's.
--olinda: a table of OLINDA's 310 g spheres (columns: nuclide, mass, disintegrations, mGy/(MBq h); not part of this repository) is shown beside the kernel's; its alpha emitters hold a weight of 5 and
no progeny, so that they say nothing.
"""
import argparse
import csv
import gzip
import math
import pathlib
import struct
import subprocess
import sys

DENSITY = 1.04


def write_nifti(path, dims, spacing, code, values):
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, *dims, 1, 1, 1, 1)
    struct.pack_into("<hh", head, 70, code, {2: 8, 16: 32}[code])
    struct.pack_into("<8f", head, 76, 1.0, spacing, spacing, spacing, 0, 0, 0, 0)
    struct.pack_into("<fff", head, 108, 352.0, 1.0, 0.0)
    head[123] = 2
    struct.pack_into("<hh", head, 252, 0, 1)
    struct.pack_into("<4f", head, 280, -spacing, 0, 0, 0)
    struct.pack_into("<4f", head, 296, 0, -spacing, 0, 0)
    struct.pack_into("<4f", head, 312, 0, 0, spacing, 0)
    head[344:348] = b"n+1\0"
    with gzip.open(path, "wb", 1) as out:
        out.write(bytes(head) + values)


def by_kernel(a, nuclide, mass):
    """S (mGy/(MBq s)) of a sphere by the point kernel, and its standard error."""
    run = subprocess.run([a.voxgray, "kernel", "--nuclide", nuclide, "--sphere", f"{mass:.9g}g", "-q"], check=True, capture_output=True, text=True)
    row = next(csv.DictReader(x for x in run.stdout.splitlines() if not x.startswith("#")))
    return float(row["S_mGy_per_MBq_s"]), float(row["standard_error"])


def beside_olinda(a):
    for nuclide, mass, number, dose in list(csv.reader(open(a.olinda, encoding="utf-8-sig")))[1:]:
        if nuclide in a.nuclides.split(","):
            s, error = by_kernel(a, nuclide, float(mass))
            theirs = float(dose) / float(number)
            print(f"{nuclide} {mass} g: {3600 * s:.4g} +- {3600 * error:.1g} against OLINDA's {theirs:g} mGy/(MBq h), ratio {3600 * s / theirs:.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voxgray", default="target/release/voxgray")
    parser.add_argument("--nuclides", default="Lu-177,Y-90,I-131,Ra-223,Ac-225")
    parser.add_argument("--masses", default="0.01,1,100,1000")
    parser.add_argument("--histories", default="1e6")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("spheres"))
    parser.add_argument("--olinda", type=pathlib.Path)
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    if a.olinda:
        beside_olinda(a)
    failed = 0
    half = 20
    for mass in [float(m) for m in a.masses.split(",") if m]:
        radius = 10 * (0.75 * mass / DENSITY / math.pi) ** (1 / 3)
        spacing = radius / half
        # The medium round it sends photons back: as much again as the radius, and at least 5 cm.
        margin = max(3, min(40, math.ceil(50 / spacing)))
        n = 2 * (half + margin) + 1
        centre = n // 2
        line = [(i - centre) ** 2 for i in range(n)]
        inside = bytearray(n**3)
        for z in range(n):
            for y in range(n):
                rest = half * half - line[z] - line[y]
                if rest >= 0:
                    reach = math.isqrt(rest)
                    start = (z * n + y) * n + centre
                    inside[start - reach : start + reach + 1] = b"\1" * (2 * reach + 1)
        voxels = sum(inside)
        own_mass = voxels * (spacing / 10) ** 3 * DENSITY
        folder = a.out / f"{mass:g}g"
        folder.mkdir(exist_ok=True)
        dims = (n, n, n)
        write_nifti(folder / "voi.nii.gz", dims, spacing, 2, bytes(inside))
        write_nifti(folder / "media.nii.gz", dims, spacing, 2, bytes(n**3))
        write_nifti(folder / "density.nii.gz", dims, spacing, 16, struct.pack("<f", DENSITY) * n**3)
        (folder / "names.csv").write_text("label,name\n1,sphere\n")
        for nuclide in a.nuclides.split(","):
            expected, error_kernel = by_kernel(a, nuclide, own_mass)
            out = folder / f"s_{nuclide}"
            subprocess.run([str(x) for x in [a.voxgray, "s-values", "--density", folder / "density.nii.gz", "--materials", folder / "media.nii.gz",
                           "--material-names", "soft_tissue", "--voi", folder / "voi.nii.gz", "--voi-names", folder / "names.csv", "--nuclide", nuclide,
                           "--sources", "sphere", "--histories", a.histories, "--engine", "cpu", "-o", out, "--overwrite", "-q"]],
                           check=True, stdout=subprocess.DEVNULL)
            own = next(r for r in csv.DictReader(open(out / "s_values.csv")) if r["target"] == "sphere")
            by_mc, error_mc = float(own["S_mGy_per_MBq_s"]), float(own["standard_error"] or "nan")
            difference = by_mc / expected - 1
            error = math.hypot(error_kernel / expected, error_mc / by_mc)
            bad = not abs(difference) <= 0.01 + 3 * error
            failed += bad
            print(f"{nuclide} {mass:g} g (voxels {own_mass:.5g} g): {by_mc:.4e} against {expected:.4e} mGy/(MBq s): {100 * difference:+.2f} +- {100 * error:.2f} %"
                  + (" FAIL" if bad else ""), flush=True)
    print(f"{failed} spheres miss the bar")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
