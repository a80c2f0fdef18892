#!/usr/bin/env python3
"""Y-90 in lung by the fast methods against Monte Carlo, on a thorax CT: where published comparisons find their largest errors.

Usage: lung.py CT [--voxgray PATH] [--nuclide Y-90] [--histories N] [--spacing MM] [--out FOLDER]
CT is a DICOM folder or an image file. Needs numpy and SimpleITK (the image is not part of this repository).

Two sources, uniform per mL in lung of -950 to -500 HU: the larger lung, and a ball of 12 mm radius deep in it. Writes what `voxgray compare-methods`
writes for each, and a table of the mean dose of the source region by method in % of Monte Carlo.
"""
import argparse
import csv
import pathlib
import subprocess
import sys

import numpy as np
import SimpleITK as sitk

SOURCES = {"lung": ("a whole lung", "#1b6ca8"), "ball": ("a ball of 12 mm radius in it", "#d1662b")}
METHODS = "mc,mird,ldm,vsv,vsv+density=none,vsv+density=source,msv,msv+by=source,semi-mc"


def read(path):
    if not path.is_dir():
        return sitk.ReadImage(str(path), sitk.sitkFloat32)
    reader = sitk.ImageSeriesReader()
    series = reader.GetGDCMSeriesIDs(str(path))
    names = max((reader.GetGDCMSeriesFileNames(str(path), s) for s in series), key=len)
    reader.SetFileNames(names)
    return sitk.Cast(reader.Execute(), sitk.sitkFloat32)


def picture(path, title, found, names):
    """Bars of a mean dose against Monte Carlo by method, with one standard error; `names` gives the label and colour of each case."""
    methods = list(next(iter(found.values())))
    thick = 22 // len(found)
    width, left, row = 760, 190, 30
    most = max(100.0, max(v for of in found.values() for v, _ in of.values()))
    scale = (width - left - 70) / (100 + most)
    middle = left + 100 * scale
    height = 70 + row * len(methods)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="13">',
           f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<title>{title}, by method, in % of Monte Carlo</title>',
           f'<text x="20" y="20" font-size="14">{title}: difference from Monte Carlo in %</text>',
           f'<line x1="{middle}" y1="30" x2="{middle}" y2="{height - 34}" stroke="black"/>']
    for n, method in enumerate(methods):
        y = 36 + n * row
        out.append(f'<text x="{left - 8}" y="{y + 16}" text-anchor="end">{method}</text>')
        for k, name in enumerate(found):
            value, error = found[name][method]
            x = middle + value * scale
            top = y + thick * k
            out.append(f'<rect x="{min(x, middle):.1f}" y="{top}" width="{abs(x - middle):.1f}" height="{thick - 1}" fill="{names[name][1]}"/>')
            out.append(f'<line x1="{x - error * scale:.1f}" y1="{top + thick / 2}" x2="{x + error * scale:.1f}" y2="{top + thick / 2}" stroke="black" stroke-width="2"/>')
            out.append(f'<text x="{max(x, middle) + 6:.1f}" y="{top + thick - 1}" font-size="{min(10, thick + 1)}">{value:+.1f}</text>')
    across = (width - left) // len(found)
    for k, name in enumerate(found):
        label, colour = names[name]
        out.append(f'<rect x="{left + across * k}" y="{height - 24}" width="12" height="12" fill="{colour}"/>')
        out.append(f'<text x="{left + 18 + across * k}" y="{height - 13}">{label}</text>')
    path.write_text("\n".join(out + ["</svg>"]) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ct", type=pathlib.Path)
    parser.add_argument("--voxgray", default="target/release/voxgray")
    parser.add_argument("--nuclide", default="Y-90")
    parser.add_argument("--histories", default="5e6")
    parser.add_argument("--spacing", type=float, default=4.0)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("lung"))
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    ct = read(a.ct)
    size = [int(n * s / a.spacing) for n, s in zip(ct.GetSize(), ct.GetSpacing())]
    smooth = sitk.SmoothingRecursiveGaussian(ct, a.spacing / 2.355)
    coarse = sitk.Resample(smooth, size, sitk.Transform(), sitk.sitkLinear, ct.GetOrigin(), [a.spacing] * 3, ct.GetDirection(), -1000.0)
    hu = sitk.GetArrayFromImage(coarse)
    lung = sitk.GetImageFromArray(((hu > -950) & (hu < -500)).astype("u1"))
    lung.CopyInformation(coarse)
    lung = sitk.BinaryErode(lung, [1, 1, 1])
    parts = sitk.GetArrayFromImage(sitk.RelabelComponent(sitk.ConnectedComponent(lung), 500))
    # Trachea, bowel gas and what surrounds the patient touch the border or are small.
    border = set(np.unique(np.concatenate([parts[:, 0].ravel(), parts[:, -1].ravel(), parts[:, :, 0].ravel(), parts[:, :, -1].ravel()])))
    larger = next(n for n in range(1, parts.max() + 1) if n not in border)
    whole = parts == larger
    # What electrons of a source at the CT's end give is not on the grid.
    ends = int(np.ceil(20.0 / a.spacing))
    whole[:ends] = whole[-ends:] = False
    image = sitk.GetImageFromArray(whole.astype("u1"))
    image.SetSpacing([a.spacing] * 3)
    depth = sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(image, insideIsPositive=True, squaredDistance=False, useImageSpacing=True))
    centre = np.unravel_index(depth.argmax(), depth.shape)
    grid = np.indices(depth.shape)
    ball = sum(((grid[n] - centre[n]) * a.spacing) ** 2 for n in range(3)) <= 12.0**2
    found = {}
    for name, source in [("lung", whole), ("ball", ball & whole)]:
        folder = a.out / name
        folder.mkdir(exist_ok=True)
        for kind, values in [("activity", source.astype("f4") * 1e5), ("voi", np.where(source, 1, np.where(whole, 2, 0)).astype("u1"))]:
            out = sitk.GetImageFromArray(values)
            out.CopyInformation(coarse)
            sitk.WriteImage(out, str(folder / f"{kind}.nii.gz"))
        (folder / "names.csv").write_text("label,name\n1,source\n2,rest of the lung\n")
        command = [a.voxgray, "compare-methods", "--methods", METHODS, "-o", folder / "compared", "--overwrite", "-q", "--", "--ct", a.ct, "--activity",
                   folder / "activity.nii.gz", "--activity-unit", "Bq/mL", "--nuclide", a.nuclide, "--voi", folder / "voi.nii.gz", "--voi-names",
                   folder / "names.csv", "--histories", a.histories, "--engine", "cpu", "--couch", "remove", "--accept", "small-voi"]
        subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL)
        print(f"{a.nuclide} in {name}: {source.sum()} voxels of {a.spacing:g} mm")
        for row in csv.DictReader(open(folder / "compared" / "vois.csv")):
            if row["metric"] == "mean":
                if row["voi"] == "source":
                    value = 100 * float(row["relative_difference"]), 100 * float(row["standard_error"] or "nan")
                    found.setdefault(name, {})[row["candidate"]] = value
                print(f"  {row['candidate']:22s} {row['voi']:18s} {100 * float(row['relative_difference']):+7.2f} +- {100 * float(row['standard_error'] or 'nan'):.2f} %")
    picture(a.out / "lung.svg", f"{a.nuclide}: mean dose of the source region", found, SOURCES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
