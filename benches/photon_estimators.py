#!/usr/bin/env python3
"""Photons of one energy in a patient: histories per second, variance of a history and efficiency 1/(sigma^2 T) in hot voxels, by estimator.

    benches/photon_estimators.py IMAGES PROGRAM [OTHER_PROGRAM ...] [--source photon:0.208MeV] [--histories 200000] [--rounds 2]

IMAGES holds synthetic_lu177_4tp (CT and SPECT of 24 h; dose on the SPECT's voxels). One thread; programs and estimators take turns, so that several
builds can be compared on one machine. Hot voxels have at least half of the dose that 98 % of the active ones stay below. Needs numpy and nibabel.
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
    parser.add_argument("--source", default="photon:0.208MeV")
    parser.add_argument("--histories", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=2)
    a = parser.parse_args()
    folder = a.images / "synthetic_lu177_4tp"
    image = folder / "spect_024h_bqml.nii.gz"
    activity = np.asarray(nibabel.load(image).dataobj, dtype=float)
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"

        def dose(program, seed, estimator):
            words = [program, "dose", "--ct", folder / "ct_024h_hu.nii.gz", "--activity", image, "--grid", "activity"]
            words += ["--source", a.source, "--histories", a.histories, "--seed", seed, "--photons", estimator]
            words += ["--threads", 1, "--engine", "cpu", "--overwrite", "-o", out]
            subprocess.run([str(w) for w in words], check=True, capture_output=True)
            seconds = json.loads((out / "summary.json").read_text())["timing"]["transport_seconds"]
            maps = ["dose_rate.nii.gz", "dose_rate_standard_error.nii.gz"]
            return seconds, *(np.asarray(nibabel.load(out / m).dataobj, dtype=float) for m in maps)

        _, first, _ = dose(a.programs[0], 99, "analog")
        hot = first >= 0.5 * np.percentile(first[activity > 0.1 * activity.max()], 98)
        print("| program | photons | histories/s | variance of a history | efficiency/s^-1 |\n|---|---|---|---|---|")
        for _ in range(a.rounds):
            for program in a.programs:
                for estimator in ("analog", "kerma"):
                    seconds, mean, error = dose(program, 1, estimator)
                    variance = np.nanmean((error[hot] / mean[hot]) ** 2)
                    row = [program, estimator, f"{a.histories / seconds:.3e}", f"{variance * a.histories:.3g}"]
                    print("|", " | ".join(map(str, row)), "|", f"{1 / (variance * seconds):.3g} |", flush=True)


if __name__ == "__main__":
    main()
