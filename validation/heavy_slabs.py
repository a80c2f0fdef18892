"""Lockwood's profiles of Mo and Ta that voxgray misses: the thickness of the calorimeter foil, the energy that is left in the slab, finer steps.

    python3 validation/heavy_slabs.py PROGRAM MEASURED     # the release program, the folder of measured tables; numpy, SimpleITK; 2 minutes

Prints for each case the part of the beam's energy that is left in the slab (ours; measured: the profile's integral, its first value going to the
surface), and the mean ratio above 20 % of the maximum for a foil of 2 % of the mean range and for one of twice the depth of the first point.
The table does not have the foil's thickness. docs/measured.md
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

DENSITY = {"mo": 10.22, "ta": 16.65}  # g/cm3, ESTAR (NIST)
LAYERS, LAYER = 120, 0.01  # of the mean range each
FINER = ["--max-step", "0.04", "--max-step-loss", "0.04", "--production-threshold", "0.015"]
CASES = [("mo", "0.3", []), ("mo", "0.5", []), ("ta", "0.314", []), ("ta", "0.521", []), ("ta", "1.033", []), ("ta", "0.314", FINER)]


def case(program, table, folder, element, mev, options):
    rows = [r for r in table if r["element"] == element and r["energy_MeV"] == mev]
    fmr, depth, dose = (np.array([float(r[k]) for r in rows]) for k in ("fmr", "depth_g_cm2", "dose_MeV_cm2_g"))
    mean_range, rho = depth[-1] / fmr[-1], DENSITY[element]
    layer = LAYER * mean_range
    for name, value in (("density.mha", rho), ("label.mha", 0.0)):
        image = sitk.GetImageFromArray(np.full((LAYERS, 3, 3), value, np.float32))
        image.SetSpacing([1e4, 1e4, 10 * layer / rho])  # mm: without end sideways
        sitk.WriteImage(image, str(folder / name))
    material = f'[labels]\n0 = "{element}"\n[[material]]\nname = "{element}"\ndensity_g_cm3 = {rho}\n'
    (folder / "materials.toml").write_text(material + f"mass_fractions = {{ {element.capitalize()} = 1.0 }}\n")
    words = ["dose", "--density", "density.mha", "--materials", "label.mha", "--material-names", "materials.toml", "--source"]
    words += [f"electron:{mev}MeV", "--beam", "direction=0,0,1; field=1x1mm", "--score", "layers:z", "--accept", "voxel-size"]
    words += ["--histories", "60000", "--engine", "cpu", "--overwrite", "-q", "-o", "out", *options]
    subprocess.run([program, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    books = json.loads((folder / "out/summary.json").read_text())["ledger"]
    with open(folder / "out/layers.csv") as lines:
        energy = np.array([float(r["energy_mev_per_decay"]) for r in csv.DictReader(lines)])
    left, at = np.concatenate([[0], np.cumsum(energy)]), np.arange(LAYERS + 1) * layer
    measured = np.trapezoid(np.concatenate([dose[:1], dose]), np.concatenate([[0], depth])) / float(mev)
    high, ratios = dose > 0.2 * dose.max(), []
    for foil in (0.02 * mean_range, 2 * depth[0]):
        ends = np.clip([depth - foil / 2, depth + foil / 2], 0, None)
        low, top = np.interp(ends, at, left)
        ratios.append(np.mean(((top - low) / (ends[1] - ends[0]))[high] / dose[high]))
    ours = books["imparted_mev"] / books["emitted_mev"]
    print(f"{element} {mev} MeV {'finer ' if options else ''}left {ours:.3f}, measured {measured:.3f}; ratio {ratios[0]:.3f}, thick foil {ratios[1]:.3f}")


def main():
    program, measured = (Path(p).resolve() for p in sys.argv[1:3])
    with open(measured / "lockwood_other_elements_0deg.csv") as lines:
        table = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    with tempfile.TemporaryDirectory() as folder:
        for element, mev, options in CASES:
            case(program, table, Path(folder), element, mev, options)


if __name__ == "__main__":
    main()
