#!/usr/bin/env python3
"""Voxel kernels by the nuclide data of ENSDF and of ICRP-107: the difference of S with its standard error.

Usage: two_evaluations.py [--voxgray PATH] [--nuclides Y-90,Lu-177,I-131] [--histories N] [--voxel 3mm] [--medium soft_tissue]
Needs a voxgray that was built with both (cargo build --release --features icrp107). Both kernels are made by transport of their own, from a point kernel
in ten parts (voxgray kernel), with different seeds, so that the standard error of the difference is that of independent runs.
"""
import argparse
import csv
import math
import subprocess
import tempfile

PLACES = [("source", 0, 0, 0), ("face", 1, 0, 0), ("edge", 1, 1, 0), ("corner", 1, 1, 1), ("second", 2, 0, 0), ("fifth", 5, 0, 0)]


def kernel(a, folder, nuclide, data, seed):
    path = f"{folder}/kernel.csv"
    subprocess.run([a.voxgray, "kernel", "--nuclide", nuclide, "--nuclide-data", data, "--seed", str(seed), "--medium", a.medium, "--voxel", a.voxel,
                    "--histories", a.histories, "-q", "-o", path, "--overwrite"], check=True, stdout=subprocess.DEVNULL)
    with open(path) as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    value = next(k for k in rows[0] if k.startswith("S_") or k == "s" or k.lower().startswith("s_m"))
    error = next(k for k in rows[0] if "error" in k)
    return {(int(r["i"]), int(r["j"]), int(r["k"])): (float(r[value]), float(r[error])) for r in rows}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--voxgray", default="target/release/voxgray")
    p.add_argument("--nuclides", default="Y-90,Lu-177,I-131")
    p.add_argument("--histories", default="2e6")
    p.add_argument("--voxel", default="3mm")
    p.add_argument("--medium", default="soft_tissue")
    a = p.parse_args()
    print(f"S by ENSDF over S by ICRP-107 less 1, %, voxels of {a.voxel} in {a.medium}, {a.histories} decays each")
    with tempfile.TemporaryDirectory() as folder:
        for nuclide in a.nuclides.split(","):
            new, old = (kernel(a, folder, nuclide, data, seed) for data, seed in (("ensdf", 1), ("icrp107", 2)))
            told = []
            for name, *at in PLACES:
                (x, dx), (y, dy) = new[tuple(at)], old[tuple(at)]
                told.append(f"{name} {100 * (x / y - 1):+.2f} +- {100 * math.hypot(dx / x, dy / y):.2f}")
            print(f"{nuclide}: " + ", ".join(told))


main()
