#!/usr/bin/env python3
"""Kernels of cortical bone, lung and soft tissue against those of water: by composition (at equal density) and as they are (voxels at own density).

Usage: kernel_media.py [--voxgray PATH] [--nuclides Y-90,Lu-177] [--histories N] [--voxel 3mm]
Point kernels are compared in shells of equal mass thickness up to the radius within which 90 % of the energy stays in water; voxel kernels by the dose of
the source voxel and its face neighbour. Standard errors from the kernels' ten parts.
"""
import argparse
import csv
import math
import subprocess
import sys
import tempfile

MEDIA = ["soft_tissue", "cortical_bone", "lung"]


def kernel(a, folder, nuclide, medium, *more):
    path = f"{folder}/kernel.csv"
    subprocess.run([a.voxgray, "kernel", "--nuclide", nuclide, "--medium", medium, "--histories", a.histories, "-q", "-o", path, "--overwrite", *more],
                   check=True, stdout=subprocess.DEVNULL)
    with open(path) as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def shells(water, other):
    """Energy-weighted mean and largest difference (%) of the energy in shells of a twentieth of the radius that holds 90 %, with standard errors."""
    column, emitted = "electron", sum(float(r["electron"]) for r in water)
    within, ninety = 0.0, None
    for row in water:
        within += float(row[column])
        if within > 0.9 * emitted:
            ninety = float(row["r_out_cm"])
            break
    bins = [[0.0, 0.0, 0.0, 0.0] for _ in range(20)]
    for x, y in zip(water, other):
        at = int(20 * float(x["r_out_cm"]) / ninety * (1 - 1e-12))
        if at < 20:
            b = bins[at]
            b[0] += float(x[column])
            b[1] += float(y[column])
            b[2] += float(x["standard_error"]) ** 2
            b[3] += float(y["standard_error"]) ** 2
    total = sum(b[0] for b in bins)
    mean = sum(abs(b[1] - b[0]) for b in bins) / total
    worst = max(bins, key=lambda b: abs(b[1] / b[0] - 1))
    error = math.sqrt(worst[2] / worst[0] ** 2 + worst[3] / worst[1] ** 2) * worst[1] / worst[0]
    return 100 * mean, 100 * (worst[1] / worst[0] - 1), 100 * error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voxgray", default="target/release/voxgray")
    parser.add_argument("--nuclides", default="Y-90,Lu-177")
    parser.add_argument("--histories", default="1e6")
    parser.add_argument("--voxel", default="3mm")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for nuclide in a.nuclides.split(","):
            radial = kernel(a, folder, nuclide, "water", "--density", "1", "--radius", "2cm")
            voxels = kernel(a, folder, nuclide, "water", "--voxel", a.voxel, "--reach", "2")
            for medium in MEDIA:
                mean, worst, error = shells(radial, kernel(a, folder, nuclide, medium, "--density", "1", "--radius", "2cm"))
                own = kernel(a, folder, nuclide, medium, "--voxel", a.voxel, "--reach", "2")
                at = {tuple(r[c] for c in "ijk"): float(r["S_mGy_per_MBq_s"]) for r in own}
                of = {tuple(r[c] for c in "ijk"): float(r["S_mGy_per_MBq_s"]) for r in voxels}
                source, face = (100 * (at[v] / of[v] - 1) for v in [("0", "0", "0"), ("1", "0", "0")])
                print(f"{nuclide} {medium}: at equal density {mean:.1f} % of the energy lies elsewhere, worst twentieth {worst:+.1f} +- {error:.1f} %; "
                      f"{a.voxel} voxels at own density, dose: source {source:+.1f} %, face neighbour {face:+.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
