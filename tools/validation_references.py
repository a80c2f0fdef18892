"""Copies our own EGSnrc and PENELOPE results into validation/cases, with provenance headers and metadata.

Usage: python tools/validation_references.py EGSNRC_DIR PENELOPE_DIR OUTPUT_DIR

Only results are carried over; no data or code of either program. Standard library only.
"""

import array
import gzip
import json
import pathlib
import shutil
import sys

LICENCE = "MIT OR Apache-2.0 (our own computation; the programs themselves are not included)"
GENERATOR = "tools/validation_references.py, from the runs that the .json beside it describes"

# group, names, EGSnrc folder, quantity, units
GROUPS = [
    ("dpk", ["dpk_e_%sMeV" % e for e in ("0.1", "0.2", "0.5", "1", "2")], "dpk",
     "energy imparted per source electron in spherical shells of water round an isotropic point source",
     "r in cm and in CSDA ranges; E in MeV per history; sigma (one standard deviation) in % of E"),
    ("dpk_lowAE", ["dpk_e_%sMeV_lowAE" % e for e in ("0.01", "0.02", "0.05", "0.1")], "dpk_lowAE",
     "energy imparted per source electron in spherical shells of water round an isotropic point source, 0.2 keV threshold",
     "r in cm and in CSDA ranges; E in MeV per history; sigma (one standard deviation) in % of E"),
    ("ppk", ["ppk_g_%sMeV" % e for e in ("0.02", "0.03", "0.05", "0.08", "0.113", "0.14", "0.208", "0.364", "0.511", "0.662", "1", "1.5")], "ppk",
     "energy imparted per source photon in spherical shells of water round an isotropic point source",
     "r in cm; E in MeV per history; sigma (one standard deviation) in % of E"),
    ("vsv", ["vsv_e_%sMeV_3mm" % e for e in ("0.15", "0.5", "0.935", "2")] + ["vsv_g_%sMeV_3mm" % e for e in ("0.113", "0.208", "0.364")], "vsv",
     "energy imparted per history in the 3 mm voxels of a water grid, source uniform in the central voxel, mean of mirror images and permutations of the offset i <= j <= k",
     "distance in cm; E in MeV per history and voxel; S in mGy/(MBq s); sigma (one standard deviation) in % of E"),
    ("slabs", ["het_%s_srcW_%sMeV" % (s, e) for s in ("wlw", "wbw") for e in ("e_0.5", "e_0.935", "e_2", "g_0.208", "g_0.364")], "slabs",
     "energy imparted per history in 2 mm layers of a slab stack, source in the last water layer before the interface",
     "z in cm; E in MeV per history and layer; sigma (one standard deviation) in % of E"),
    ("phantom", ["phantom_e_0.147MeV"], "phantom_dose",
     "energy imparted per history in the regions of the 64^3 voxel phantom",
     "mass in g; E in MeV per history; dose in Gy per history; sigma (one standard deviation) in % of E"),
]

PENELOPE_FOLDER = {"dpk": "dpk", "vsv": "vsv", "slabs": "het"}


def write_table(source, target, quantity, units, code):
    lines = source.read_text().splitlines()
    notes = [line for line in lines if line.startswith("#")]
    rows = [line for line in lines if not line.startswith("#")]
    header = [f"# quantity: {quantity}", f"# units: {units}", f"# source: {code}", f"# licence: {LICENCE}", f"# generator: {GENERATOR}"]
    target.write_text("\n".join(header + notes + rows) + "\n")


def gzip_to(path, data):
    # mtime 0: the same input gives the same bytes.
    path.write_bytes(gzip.compress(data, 9, mtime=0))


def phantom_voxels(egs, name, target):
    """Energy as little-endian f32, sigma as little-endian u16 in steps of 0.002 %."""
    energy = (egs / "phantom_dose" / f"{name}_edepMeV_f32le.raw").read_bytes()
    gzip_to(target / f"{name}.energy_f32le.gz", energy)
    sigma = array.array("f")
    sigma.frombytes((egs / "phantom_dose" / f"{name}_sigmapct_f32le.raw").read_bytes())
    if sys.byteorder != "little":
        sigma.byteswap()
    steps = array.array("H", [min(65535, round(s / 0.002)) for s in sigma])
    if sys.byteorder != "little":
        steps.byteswap()
    gzip_to(target / f"{name}.sigma_u16le.gz", steps.tobytes())


def main():
    egs, penelope, out = (pathlib.Path(p) for p in sys.argv[1:4])
    for group, names, folder, quantity, units in GROUPS:
        target = out / group
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
            source = egs / folder / f"{name}.csv"
            meta = json.loads(source.with_suffix(".json").read_text())
            write_table(source, target / f"{name}.csv", quantity, units, meta["code"])
            (target / f"{name}.json").write_text(json.dumps(meta, indent=1) + "\n")
            second = penelope / PENELOPE_FOLDER.get(group, "none") / f"{name}.csv"
            if second.exists():
                code = "PENELOPE 2018 by PyPI pyPenred 1.15.2.0"
                write_table(second, target / f"{name}.penelope.csv", quantity, units, code)
                data = json.loads(second.with_suffix(".json").read_text())
                (target / f"{name}.penelope.json").write_text(json.dumps(data, indent=1) + "\n")
            if group == "dpk_lowAE" and "0.1" not in name:
                first = egs / "dpk" / f"{name.removesuffix('_lowAE')}.csv"
                code = json.loads(first.with_suffix(".json").read_text())["code"] + ", 1 keV threshold"
                write_table(first, target / f"{name}.ae1keV.csv", quantity.replace("0.2 keV", "1 keV"), units, code)
                shutil.copy(first.with_suffix(".json"), target / f"{name}.ae1keV.json")
    phantom_voxels(egs, "phantom_e_0.147MeV", out / "phantom")
    shutil.copy(egs / "phantom" / "phantom.json", out / "phantom" / "phantom.json")


if __name__ == "__main__":
    main()
