#!/usr/bin/env python3
"""What kernel-anchored Monte Carlo could gain: dose = convolution with a kernel + Monte Carlo mean of (patient - uniform twin), the same histories in both.

Usage: anchored.py FOLDER... [--time-ratio R]
FOLDER is what `voxgray compare-media --change all=soft_tissue@1.04` wrote. Needs numpy and nibabel.

With the best coefficient in each voxel the variance of the difference is (1 - rho^2) of the plain one, rho the correlation of both doses batch by
batch; the estimate of 1 - rho^2 from n batches is (n - 2)/(n - 1) of it on average, which is taken off. The twin costs its own transport: R of the
patient's. Gain = 1 / ((1 - rho^2) (1 + R)); below 1 the twin loses. Noise, truncation and edges of the kernel are left out: they can only lose.
"""
import argparse
import json
import pathlib

import nibabel
import numpy as np

TISSUES = [("lung", 0.05, 0.6), ("soft", 0.6, 1.15), ("bone", 1.15, 99.0)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--time-ratio", type=float, default=1.0)
    a = parser.parse_args()
    for folder in a.folders:
        summary = json.load(open(folder / "summary.json"))
        n = summary["batches"]
        stem = "dose_rate" if (folder / "dose_rate_reference.nii.gz").exists() else "dose"
        read = lambda name: np.asarray(nibabel.load(folder / f"{name}.nii.gz").dataobj, float)
        dose, error, rho = read(f"{stem}_reference"), read(f"{stem}_reference_standard_error"), read("correlation")
        density = read("density")
        known = (error > 0) & np.isfinite(rho) & (error < 0.5 * dose)
        sharp = known & (error < 0.1 * dose) & (density > 0.05)
        if not sharp.any():
            print(f"{folder}: no voxel's dose is known to 10 %: more histories are needed")
            continue
        largest = dose[known & (error < 0.1 * dose) & (density > 0.05)].max()
        left = np.clip(1 - rho**2, 1e-9, 1) * (n - 1) / (n - 2)
        print(f"{folder}: {n} batches of {summary['histories'] // n} histories, twin takes {a.time_ratio:.2f} of the patient's time")
        classes = [("hot half", known & (dose > 0.5 * largest) & (density > 0.05))]
        classes += [(name, known & (density >= low) & (density < high)) for name, low, high in TISSUES]
        classes += [(f"{name}, above 10 %", c & (dose > 0.1 * largest)) for name, c in classes[1:]]
        for name, c in classes:
            if c.sum() < 20:
                continue
            # A voxel's gain cannot be told well by 32 batches; the class's is that of the sum of its variances, relative to dose.
            relative = (error[c] / dose[c]) ** 2
            gain = relative.sum() / (relative * left[c]).sum() / (1 + a.time_ratio)
            print(f"  {name:18s} {c.sum():7d} voxels   gain {gain:6.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
