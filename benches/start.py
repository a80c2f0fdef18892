#!/usr/bin/env python3
"""Time from the start of the program to its maps for a thousand decays: what a run takes before it transports anything.

    benches/start.py IMAGES PROGRAM [OTHER_PROGRAM ...] [--nuclides Lu-177,Y-90,I-131] [--rounds 5] [--threads 1]

IMAGES is a folder of `voxgray demo` (ct.nii.gz, activity.nii.gz). Each program runs without kept tables (`cold`) and with those of a run before (`warm`);
programs take turns. Medians of processor seconds (user and system) and of seconds by the clock.
"""

import argparse
import os
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("programs", type=Path, nargs="+")
    parser.add_argument("--nuclides", default="Lu-177,Y-90,I-131")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    a = parser.parse_args()
    print("| program | nuclide | tables | processor s | clock s |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:

        def run(program, nuclide, cache):
            words = [program, "dose", "--ct", a.images / "ct.nii.gz", "--activity", a.images / "activity.nii.gz", "--nuclide", nuclide]
            words += ["--histories", 1000, "--threads", a.threads, "--engine", "cpu", "--overwrite", "-o", Path(place) / "out"]
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            environment = {**os.environ, "VOXGRAY_CACHE": str(cache)}
            subprocess.run([str(w) for w in words], check=True, capture_output=True, env=environment)
            clock, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, clock

        for nuclide in a.nuclides.split(","):
            times = {}
            for _ in range(a.rounds):
                for n, program in enumerate(a.programs):
                    kept = Path(place) / f"kept-{n}"
                    times.setdefault((program, "cold"), []).append(run(program, nuclide, "none"))
                    run(program, nuclide, kept)
                    times.setdefault((program, "warm"), []).append(run(program, nuclide, kept))
            for (program, tables), both in times.items():
                processor, clock = (statistics.median(t) for t in zip(*both))
                print(f"| {program} | {nuclide} | {tables} | {processor:.2f} | {clock:.2f} |", flush=True)


if __name__ == "__main__":
    main()
