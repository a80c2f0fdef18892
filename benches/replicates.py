#!/usr/bin/env python3
"""Two or more programs (or options) on the same patient in many replicates: variance, error bars, and whether the means agree.

    benches/replicates.py IMAGES PROGRAM [OTHER_PROGRAM ...] [--nuclide Lu-177] [--decays 100000] [--replicates 100] [--options "--photons kerma"]

IMAGES is a folder of `voxgray demo` (ct.nii.gz, activity.nii.gz, organs.nii.gz, organs.csv). Programs take turns, each replicate with a seed of its own, on
one thread. Classes: hot voxels (half of the dose that 98 % of the active ones stay below), cold voxels (below a hundredth of that dose, in tissue), and the
means of the organs. Printed for each: variance of a replicate relative to the first program's, the standard errors that were told over what was seen (root
mean squares, where every replicate tells one), and the difference of the means from the first program's over its own standard error: its mean and root mean square over the class. Needs numpy
and nibabel.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import nibabel
import numpy as np


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("programs", type=Path, nargs="+")
    parser.add_argument("--nuclide", default="Lu-177")
    parser.add_argument("--decays", type=int, default=100_000)
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--options", default="")
    a = parser.parse_args()
    activity = np.asarray(nibabel.load(a.images / "activity.nii.gz").dataobj, dtype=float).ravel()
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"

        def dose(program, seed):
            words = [program, "dose", "--ct", a.images / "ct.nii.gz", "--activity", a.images / "activity.nii.gz"]
            words += ["--voi", a.images / "organs.nii.gz", "--voi-names", a.images / "organs.csv"]
            words += ["--nuclide", a.nuclide, "--histories", a.decays, "--seed", seed, "--threads", 1, "--engine", "cpu"]
            words += [*a.options.split(), "--overwrite", "-o", out]
            subprocess.run([str(w) for w in words], check=True, capture_output=True)
            summary = json.loads((out / "summary.json").read_text())
            vois = [v for v in summary["vois"] if v["voxels"] > 0]
            maps = ("dose_rate.nii.gz", "dose_rate_standard_error.nii.gz")
            mean, error = (np.asarray(nibabel.load(out / m).dataobj, dtype=float).ravel() for m in maps)
            means = np.array([[v["mean_dose"], v["standard_error"]] for v in vois])
            return summary["timing"]["transport_seconds"], mean, error, means

        _, first, _, _ = dose(a.programs[0], 10**6)
        density = np.asarray(nibabel.load(out / "density.nii.gz").dataobj, dtype=float).ravel()
        top = np.percentile(first[activity > 0.1 * activity.max()], 98)
        hot, cold = first >= 0.5 * top, (first < 0.01 * top) & (density > 0.9)
        # Sums over the replicates of value, square, and square of the error told.
        sums = [{} for _ in a.programs]
        seconds = np.zeros(len(a.programs))
        for replicate in range(a.replicates):
            for n, program in enumerate(a.programs):
                took, mean, error, means = dose(program, 1 + replicate * len(a.programs) + n)
                seconds[n] += took
                values = {"hot voxels": (mean[hot], error[hot]), "cold voxels": (mean[cold], error[cold]), "organ means": means.T}
                for name, (value, told) in values.items():
                    row = np.array([value, value**2, told**2])
                    sums[n][name] = sums[n].get(name, 0) + row
        n = a.replicates
        print(f"{a.nuclide}, {a.decays} decays, {n} replicates {a.options}\n")
        print("| program | class | decays/s | variance | errors told / seen | z: mean | z: rms |\n|---|---|---|---|---|---|---|")
        seen = [{k: (s[0] / n, (s[1] / n - (s[0] / n) ** 2) * n / (n - 1), s[2] / n) for k, s in of.items()} for of in sums]
        for program, of, took in zip(a.programs, seen, seconds):
            for name, (mean, variance, told) in of.items():
                base_mean, base_variance, _ = seen[0][name]
                ok = (variance > 0) & (base_variance > 0)
                known = ok & np.isfinite(told)
                ratio = (variance[ok] / mean[ok] ** 2).mean() / (base_variance[ok] / base_mean[ok] ** 2).mean()
                honest = np.sqrt((told[known] / mean[known] ** 2).sum() / (variance[known] / mean[known] ** 2).sum())
                z = (mean - base_mean)[ok] / np.sqrt((variance + base_variance)[ok] / n)
                row = f"{a.decays * n / took:.3e} | {ratio:.3f} | {honest:.3f} | {z.mean():+.2f} | {np.sqrt((z**2).mean()):.2f}"
                print(f"| {program} | {name} | {row} |")


if __name__ == "__main__":
    main()
