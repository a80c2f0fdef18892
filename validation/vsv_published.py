#!/usr/bin/env python3
"""Voxel S values by `voxgray kernel` against those of Lanconelli et al. (Phys. Med. Biol. 57, 517, 2012), soft tissue.

Usage: vsv_published.py SHARED/reference [--voxgray PATH] [--nuclides Y-90,Sr-89] [--histories N] [--nuclide-data ensdf|icrp107]
The table is not part of this repository: where it is absent this says so and ends with code 77.
Bars: source voxel within 1 %, neighbours above 1 % of it within 3 %. Published values have three digits.
"""
import argparse
import csv
import pathlib
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference", type=pathlib.Path)
    parser.add_argument("--voxgray", default="target/release/voxgray")
    parser.add_argument("--nuclides", default="Y-90,Sr-89")
    parser.add_argument("--histories", default="2e6")
    parser.add_argument("--nuclide-data", default="ensdf", help="icrp107, of which the published values are, needs a voxgray built with it")
    a = parser.parse_args()
    path = a.reference / "published" / "vsv_lanconelli2012.csv"
    if not path.exists():
        print(f"skipped: {path} is not there")
        return 77
    rows = list(csv.DictReader(line for line in open(path) if not line.startswith("#")))
    failed = 0
    for nuclide in a.nuclides.split(","):
        element, mass = nuclide.split("-")
        here = [r for r in rows if r["nuclide"] == mass + element and r["tissue"] == "soft"]
        for size in sorted({r["voxel_mm"] for r in here}, key=float):
            command = [a.voxgray, "kernel", "--nuclide", nuclide, "--nuclide-data", a.nuclide_data, "--voxel", f"{size}mm", "--reach", "5", "--histories", a.histories, "-q"]
            text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            ours = {}
            for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
                ours[(int(row["i"]), int(row["j"]), int(row["k"]))] = (float(row["S_mGy_per_MBq_s"]), float(row["standard_error"]))
            published = {(int(r["i"]), int(r["j"]), int(r["k"])): float(r["S_mGy_per_MBq_s"]) for r in here if r["voxel_mm"] == size}
            source = published[(0, 0, 0)]
            ratio = {at: ours[at][0] / value - 1 for at, value in published.items() if at in ours and value > 0}
            near = {at: r for at, r in ratio.items() if at != (0, 0, 0) and published[at] > 0.01 * source}
            worst = max(near, key=lambda at: abs(near[at])) if near else None
            beyond = sum(abs(r) > 0.03 for r in near.values())
            bad = abs(ratio[(0, 0, 0)]) > 0.01 or beyond > 0
            failed += bad
            print(f"{nuclide} {size} mm: source {100 * ratio[(0, 0, 0)]:+.2f} % (se {100 * ours[(0, 0, 0)][1] / ours[(0, 0, 0)][0]:.2f} %), "
                  f"{len(near)} neighbours above 1 %" + (f", worst {100 * near[worst]:+.2f} % at {worst}" if worst else "") + f", {beyond} beyond 3 %"
                  + (" FAIL" if bad else ""))
    print(f"{failed} of the kernels miss a bar")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
