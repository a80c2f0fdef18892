#!/usr/bin/env python3
"""Y-90 in a treated liver with a shunt to the lung beside it: mean dose of the lung by the fast methods against Monte Carlo.

Usage: lung_beside_liver.py [--voxgray PATH] [--nuclide Y-90] [--histories N] [--spacing MM] [--shunts 0.1,1,5] [--out FOLDER]
A body of soft tissue (1.04 g/cm3) holds a lung (0.26 g/cm3, a ball of 70 mm radius cut at its base) whose base lies on the dome of a liver (1.06). The
activity is uniform in the liver but for the shunt, in % of all, which is uniform in the lung. Needs numpy and SimpleITK. Comparisons that lie in the
output folder already are not made again; lung-liver.svg is drawn of all.
"""
import argparse
import csv
import pathlib
import subprocess
import sys

import numpy as np
import SimpleITK as sitk

from lung import picture

METHODS = "mc,mird,ldm,vsv,vsv+density=none,vsv+density=source,msv,msv+by=source,semi-mc"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voxgray", default="target/release/voxgray")
    parser.add_argument("--nuclide", default="Y-90")
    parser.add_argument("--histories", default="2e6")
    parser.add_argument("--spacing", type=float, default=4.0)
    parser.add_argument("--shunts", default="0.1,1,5")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("lung-liver"))
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    n = [int(round(mm / a.spacing)) for mm in (220, 220, 260)]
    z, y, x = [(np.arange(k) + 0.5) * a.spacing - k * a.spacing / 2 for k in reversed(n)]
    z, y, x = np.meshgrid(z, y, x, indexing="ij")
    body = (x / 105) ** 2 + (y / 105) ** 2 <= 1
    # The dome: a ball below, round which the lung lies.
    liver = (x**2 + y**2 + (z + 70) ** 2 <= 75.0**2) & body
    lung = (x**2 + y**2 + (z - 30) ** 2 <= 70.0**2) & body & ~liver
    density = np.where(body, np.where(liver, 1.06, np.where(lung, 0.26, 1.04)), 0.0012)
    labels = np.where(body, np.where(lung, 2, 1), 0)
    voi = np.where(liver, 1, np.where(lung, 2, 0))

    def write(name, values, kind):
        image = sitk.GetImageFromArray(values.astype(kind))
        image.SetSpacing([a.spacing] * 3)
        sitk.WriteImage(image, str(a.out / name))
        return a.out / name

    shared = ["--density", write("density.nii.gz", density, "f4"), "--materials", write("materials.nii.gz", labels, "u1"), "--material-names",
              "air,soft_tissue,lung", "--voi", write("voi.nii.gz", voi, "u1"), "--voi-names", a.out / "names.csv"]
    (a.out / "names.csv").write_text("label,name\n1,liver\n2,lung\n")
    found, colours = {}, ["#1b6ca8", "#d1662b", "#5b8c3a"]
    for shunt in a.shunts.split(","):
        share = float(shunt) / 100
        activity = 1e9 * np.where(liver, (1 - share) / liver.sum(), np.where(lung, share / lung.sum(), 0.0))
        image = write(f"activity-{shunt}.nii.gz", activity / (a.spacing / 10) ** 3, "f4")
        compared = a.out / f"compared-{shunt}"
        command = [a.voxgray, "compare-methods", "--methods", METHODS, "-o", compared, "--overwrite", "-q", "--", *shared, "--activity", image,
                   "--activity-unit", "Bq/mL", "--nuclide", a.nuclide, "--histories", a.histories, "--engine", "cpu"]
        if not (compared / "vois.csv").exists():
            subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL)
        for row in csv.DictReader(open(compared / "vois.csv")):
            if row["metric"] == "mean":
                if row["voi"] == "lung":
                    value = 100 * float(row["relative_difference"]), 100 * float(row["standard_error"] or "nan")
                    found.setdefault(shunt, {})[row["candidate"]] = value
                print(f"shunt {shunt} %  {row['candidate']:22s} {row['voi']:6s} {100 * float(row['relative_difference']):+7.2f} +- "
                      f"{100 * float(row['standard_error'] or 'nan'):.2f} %")
    names = {shunt: (f"lung shunt {shunt} %", colour) for shunt, colour in zip(found, colours)}
    picture(a.out / "lung-liver.svg", f"{a.nuclide} in a liver: mean dose of the lung", found, names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
