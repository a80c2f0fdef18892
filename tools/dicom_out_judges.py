"""Judges what `voxgray dicom` wrote: other readers against the NIfTI maps of the run.

    python tools/dicom_out_judges.py DOSE_FOLDER DICOM_FOLDER [--reference-grid]

Values and places of every RT Dose and Parametric Map by pydicom, SimpleITK (GDCM) and highdicom; measurement reports and Segmentations by highdicom; Spatial Registrations by pydicom and ITK; all attributes of types 1 and 2 of each module by
the tables in highdicom; dciodvfy, where it is installed, on what it can read (it aborts on RT Doses of 32 bits). Exit code 1 where one objects.
"""

import argparse
import gzip
import json
import pathlib
import shutil
import subprocess
import sys

import highdicom
import numpy as np
import pydicom
import SimpleITK as sitk

STANDARD = pathlib.Path(highdicom.__file__).parent / "_standard"
MODULES = json.loads((STANDARD / "module_attribute_map.json").read_text())
IODS = json.loads((STANDARD / "iod_module_map.json").read_text())
IOD_OF = {
    "1.2.840.10008.5.1.4.1.1.481.2": "rt-dose",
    "1.2.840.10008.5.1.4.1.1.481.5": "rt-plan",
    "1.2.840.10008.5.1.4.1.1.481.3": "rt-structure-set",
    "1.2.840.10008.5.1.4.1.1.30": "parametric-map",
    "1.2.840.10008.5.1.4.1.1.66.4": "segmentation",
    "1.2.840.10008.5.1.4.1.1.88.34": "comprehensive-3d-sr",
    "1.2.840.10008.5.1.4.1.1.66.1": "spatial-registration",
}
# Conditional modules whose condition is met by what is written.
MET = {
    "rt-dose": {"general-image", "image-plane", "image-pixel", "multi-frame"},
    "parametric-map": {"floating-point-image-pixel"},
    "segmentation": {"frame-of-reference", "common-instance-reference"},
}
# Required unless an alternative of theirs is there, or in modules that repeat them for other content.
ALTERNATIVES = {
    "SegmentsOverlap": "",
    "MaskSubtractionSequence": "",
}
# Allowed of the largest value where maps were interpolated.
MOVED = 5e-6
problems = []


def complain(path, text):
    problems.append(f"{path.name}: {text}")
    print("PROBLEM", problems[-1])


def types_1_and_2(path, data):
    """Every attribute of types 1 and 2 of each module, where the sequence that holds it has items."""
    iod = IOD_OF[data.SOPClassUID]
    count = 0
    for module in IODS[iod]:
        if module["usage"] != "M" and module["key"] not in MET.get(iod, ()):
            continue
        # Which of its attributes an item has depends on its kind; highdicom and dciodvfy judge the tree.
        if module["key"] == "sr-document-content":
            continue
        groups = module["key"].endswith("functional-groups")
        for attribute in MODULES[module["key"]]:
            kind, keyword, parents = attribute["type"], attribute["keyword"], attribute["path"]
            if kind not in ("1", "2") or keyword in ALTERNATIVES:
                continue
            # Which functional groups must be there is said elsewhere; those that are must be complete.
            if groups and len(parents) == 1:
                continue
            items = [data]
            for parent in parents:
                items = [i for item in items for i in item.get(parent, None) or ()]
            for item in items:
                count += 1
                if keyword not in item:
                    complain(path, f"{module['key']}: {'/'.join(parents + [keyword])} (type {kind}) is missing")
                elif kind == "1" and item[keyword].is_empty:
                    complain(path, f"{module['key']}: {'/'.join(parents + [keyword])} (type 1) is empty")
    return count


def affine(position, orientation, spacing, normal_step):
    """Index (column, row, frame) to mm."""
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = row * spacing[1], column * spacing[0]
    matrix[:3, 2], matrix[:3, 3] = np.cross(row, column) * normal_step, position
    if abs(row @ column) > 1e-9 or abs(row @ row - 1) > 1e-9:
        raise ValueError("the cosines are not orthonormal")
    return matrix


def of_itk(image):
    matrix = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    matrix[:3, :3] = direction * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return matrix


def nifti(path):
    """The map with its NaNs, which ITK's reader of NIfTI sets to 0."""
    image = sitk.ReadImage(str(path))
    raw = gzip.decompress(path.read_bytes())
    size = image.GetSize()
    values = np.frombuffer(raw, "<f4", np.prod(size), 352).reshape(size[::-1])
    whole = sitk.GetImageFromArray(values)
    whole.CopyInformation(image)
    return whole


def same(path, who, matrix, values, truth, tolerance, moved):
    """`values` (frame, row, column) with its affine against the map's."""
    own = of_itk(truth)
    data = sitk.GetArrayFromImage(truth)
    frames, rows, columns = values.shape
    index = np.stack(np.meshgrid(range(columns), range(rows), range(frames), indexing="ij"), -1).reshape(-1, 3)
    mm = index @ matrix[:3, :3].T + matrix[:3, 3]
    back = (mm - own[:3, 3]) @ np.linalg.inv(own[:3, :3]).T
    got = values[index[:, 2], index[:, 1], index[:, 0]]
    if moved:
        # Trilinear, as the program says; the outermost half voxel holds the edge's value.
        size = np.array(data.shape[::-1])
        inside = np.all((back > -0.5 + 1e-4) & (back < size - 0.5 - 1e-4), axis=1)
        clear = np.all((back < -0.5 - 1e-4) | (back > size - 0.5 + 1e-4), axis=1)
        at = np.clip(back, 0, size - 1)
        low = np.minimum(at.astype(int), np.maximum(size - 2, 0))
        part = at - low
        expected = np.zeros(len(at))
        for corner in np.ndindex(2, 2, 2):
            c = np.array(corner)
            weight = np.prod(np.where(c == 1, part, 1 - part), axis=1)
            k = np.minimum(low + c, size - 1)
            term = data[k[:, 2], k[:, 1], k[:, 0]].astype(float)
            expected += np.where(weight == 0, 0, weight * np.where(weight == 0, 0, term))
        beyond = got[clear]
        if len(beyond) and not np.all((beyond == 0) | np.isnan(beyond)):
            complain(path, f"{who}: values beyond the run's grid")
        got, expected = got[inside], expected[inside]
    else:
        nearest = np.rint(back).astype(int)
        off = np.abs((back - nearest) @ own[:3, :3].T).max()
        if off > 1e-3 or values.size != data.size:
            complain(path, f"{who}: voxels lie {off:.4f} mm beside those of the map")
            return
        expected = data[nearest[:, 2], nearest[:, 1], nearest[:, 0]].astype(float)
    unknown = np.isnan(expected)
    if not moved and not np.array_equal(unknown, np.isnan(got)):
        complain(path, f"{who}: NaN stands elsewhere")
    known = ~unknown & ~np.isnan(got)
    worst = np.abs(got[known] - expected[known]).max(initial=0)
    if not worst <= tolerance:
        complain(path, f"{who}: values differ by {worst:.3e}, more than {tolerance:.3e}")
    else:
        print(f"  {who}: {len(got)} values within {worst:.2e} (allowed {tolerance:.2e})")


def dose(path, data, truth, moved):
    stored = data.pixel_array
    stored = stored if stored.ndim == 3 else stored[None]
    scaling = float(data.DoseGridScaling)
    offsets = [float(o) for o in data.GridFrameOffsetVector]
    step = offsets[1] - offsets[0] if len(offsets) > 1 else float(data.SliceThickness)
    if data.DoseUnits != "GY" or offsets[0] != 0 or not np.allclose(np.diff(offsets), step, atol=1e-9):
        complain(path, "units or offsets")
    matrix = affine(data.ImagePositionPatient, data.ImageOrientationPatient, data.PixelSpacing, step)
    # Half a step; where it was interpolated, single precision of the positions that NIfTI keeps, 1e-5 mm, too.
    largest = float(np.nanmax(sitk.GetArrayFromImage(truth)))
    tolerance = 0.5 * scaling * (1 + 1e-6) + (MOVED * largest if moved else 0)
    same(path, "pydicom", matrix, stored * scaling, truth, tolerance, moved)
    image = sitk.ReadImage(str(path))
    # GDCM knows no DoseGridScaling: its values are the stored ones.
    values = sitk.GetArrayFromImage(image) * scaling
    same(path, "SimpleITK", of_itk(image), values, truth, tolerance, moved)


def parametric_map(path, data, truth, moved, factor):
    values = sitk.GetArrayFromImage(truth) * factor
    scaled = sitk.GetImageFromArray(values.astype(np.float32))
    scaled.CopyInformation(truth)
    tolerance = (MOVED if moved else 0) * float(np.nanmax(values))
    image = highdicom.imread(str(path))
    volume = image.get_volume(apply_real_world_transform=True)
    # highdicom's axes are frame, row, column.
    matrix = volume.affine[:, [2, 1, 0, 3]]
    same(path, "highdicom", matrix, volume.array.astype(float), scaled, tolerance, moved)
    shared = data.SharedFunctionalGroupsSequence[0]
    unit = shared.RealWorldValueMappingSequence[0].MeasurementUnitsCodeSequence[0]
    print(f"  unit {unit.CodeValue} ({unit.CodingSchemeDesignator})")
    pixels = np.frombuffer(data.FloatPixelData, "<f4").reshape(-1, data.Rows, data.Columns)
    first = data.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient
    measures = shared.PixelMeasuresSequence[0]
    orientation = shared.PlaneOrientationSequence[0].ImageOrientationPatient
    step = float(measures.SpacingBetweenSlices)
    matrix = affine(first, orientation, measures.PixelSpacing, step)
    same(path, "pydicom", matrix, pixels.astype(float), scaled, tolerance, moved)


def report(path, summary):
    """The measurement report against summary.json, by highdicom."""
    document = highdicom.sr.srread(str(path))
    groups = document.content.get_image_measurement_groups()
    vois = {v["name"]: v for v in summary["vois"]}
    keys = {"MEAN_DOSE": "mean_dose", "MEAN_DOSE_SE": "standard_error", "118565006": "volume_cm3", "118538004": "mass_g"}
    for group in groups:
        found = {m.name.value: float(m.value) for m in group.get_measurements()}
        voi = vois.pop(group.tracking_identifier)
        for code, key in keys.items():
            if code in found and not np.isclose(found[code], voi[key], rtol=1e-14, atol=0):
                complain(path, f"{voi['name']}: {code} is {found[code]}, not {voi[key]}")
        print(f"  highdicom: {voi['name']}: {len(found)} measurements")
    if vois or not groups:
        complain(path, f"no group of {list(vois)}")


def on_labels(matrix, shape, labels):
    """Indices in the label map of the voxels of another volume (frame, row, column) on the same grid."""
    own = of_itk(labels)
    frames, rows, columns = shape
    index = np.stack(np.meshgrid(range(columns), range(rows), range(frames), indexing="ij"), -1).reshape(-1, 3)
    back = (index @ matrix[:3, :3].T + matrix[:3, 3] - own[:3, 3]) @ np.linalg.inv(own[:3, :3]).T
    return index, back


def segmentation(path, labels, names):
    """Voxels of each segment against those of the label map, by highdicom."""
    seg = highdicom.seg.segread(str(path))
    data = sitk.GetArrayFromImage(labels)
    for number in seg.segment_numbers:
        name = seg.get_segment_description(number).segment_label
        volume = seg.get_volume(segment_numbers=[number], rescale_fractional=True)
        values = volume.array[..., 0]
        index, back = on_labels(volume.affine[:, [2, 1, 0, 3]], values.shape, labels)
        nearest = np.rint(back).astype(int)
        inside = np.all((nearest >= 0) & (nearest < np.array(data.shape[::-1])), axis=1)
        there = values[index[:, 2], index[:, 1], index[:, 0]] > 0
        k = nearest[there & inside]
        hits = int((data[k[:, 2], k[:, 1], k[:, 0]] == names[name]).sum())
        wanted = int((data == names[name]).sum())
        if np.abs(back - nearest).max() > 1e-3 or not hits == wanted == int(there.sum()):
            complain(path, f"{name}: {int(there.sum())} voxels, {hits} of the map's {wanted}")
        else:
            print(f"  highdicom: {name}: {wanted} voxels, all of them")


def structures(path, data, labels, names):
    """Areas of contours times the slices' distance (shoelace, holes cut out) against the label map's voxels."""
    voxel_ml = np.prod(labels.GetSpacing()) / 1000
    values = sitk.GetArrayFromImage(labels)
    step = labels.GetSpacing()[2]
    rois = {r.ROINumber: r.ROIName for r in data.StructureSetROISequence}
    for roi in data.ROIContourSequence:
        name, area = rois[roi.ReferencedROINumber], 0.0
        for contour in roi.ContourSequence:
            p = np.array(contour.ContourData, float).reshape(-1, 3)
            # Outlines run left around what is inside, holes the other way; the normal is that of the first.
            turn = np.cross(p - p[0], np.roll(p, -1, axis=0) - p[0]).sum(axis=0) / 2
            if area == 0:
                normal = turn / np.linalg.norm(turn)
            area += turn @ normal
        own, truth = area * step / 1000, (values == names[name]).sum() * voxel_ml
        if not np.isclose(own, truth, rtol=1e-6):
            complain(path, f"{name}: {own:.6f} mL, not {truth:.6f}")
        else:
            print(f"  shoelace: {name}: {own:.6f} mL")


def registration(path, data, transform):
    """The matrix of a Spatial Registration against the ITK transform of the same images, which maps fixed to moving points."""
    fixed, moving = data.RegistrationSequence
    if fixed.FrameOfReferenceUID != data.FrameOfReferenceUID or moving.FrameOfReferenceUID == fixed.FrameOfReferenceUID:
        complain(path, "frames of reference")
    (matrix,) = moving.MatrixRegistrationSequence[0].MatrixSequence
    m = np.array(matrix.FrameOfReferenceTransformationMatrix, float).reshape(4, 4)
    if matrix.FrameOfReferenceTransformationMatrixType == "RIGID" and not np.allclose(m[:3, :3] @ m[:3, :3].T, np.eye(3), atol=1e-9):
        complain(path, "a RIGID matrix is not")
    itk = sitk.ReadTransform(str(transform))
    worst = 0
    for corner in np.ndindex(2, 2, 2):
        point = 200.0 * np.array(corner) - 100
        back = m @ np.append(itk.TransformPoint(point.tolist()), 1)
        worst = max(worst, np.abs(back[:3] - point).max())
    if not worst < 1e-6:
        complain(path, f"moving points come {worst:.2e} mm beside the fixed ones")
    else:
        print(f"  pydicom, SimpleITK: the transform and the matrix undo each other within {worst:.1e} mm")


def dciodvfy(path, data):
    if shutil.which("dciodvfy") is None:
        print("  dciodvfy is not installed")
        return
    if data.SOPClassUID == "1.2.840.10008.5.1.4.1.1.481.2" and data.BitsAllocated == 32:
        print("  dciodvfy reads no RT Dose of 32 bits")
        return
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True)
    errors = [line for line in done.stderr.splitlines() if line.startswith(("Error", "Abort"))]
    for error in errors:
        complain(path, f"dciodvfy: {error}")
    if not errors:
        print("  dciodvfy: no error")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("dose", type=pathlib.Path)
    arguments.add_argument("dicom", type=pathlib.Path)
    arguments.add_argument("--bed", type=pathlib.Path, help="folder of voxgray bed")
    arguments.add_argument("--reference-grid", action="store_true", help="maps were interpolated")
    arguments.add_argument("--transform", type=pathlib.Path, help="ITK transform (.tfm) of the images that a REG was made of")
    arguments.add_argument("--labels", type=pathlib.Path, help="label map (NIfTI) that a SEG or RTSTRUCT was made of, its names beside it (.csv)")
    a = arguments.parse_args()
    labels, names = None, {}
    if a.labels:
        labels = sitk.ReadImage(str(a.labels))
        table = pathlib.Path(str(a.labels).removesuffix(".nii.gz") + ".csv").read_text().splitlines()[1:]
        names = {row.split(",")[1]: int(row.split(",")[0]) for row in table}
    for path in sorted(a.dicom.glob("*.dcm")):
        data = pydicom.dcmread(path)
        print(path.name)
        print(f"  {types_1_and_2(path, data)} attributes of types 1 and 2")
        kind, _, stem = path.stem.partition("_")
        map_path = (a.bed if stem == "bed" and a.bed else a.dose) / f"{stem}.nii.gz"
        if kind in ("RTDOSE", "PM") and map_path.is_file():
            truth = nifti(map_path)
            if stem == "bed":
                # Outside of its VOIs nothing is known, and an RT Dose has no word for that but 0.
                known = sitk.GetImageFromArray(np.nan_to_num(sitk.GetArrayFromImage(truth)))
                known.CopyInformation(truth)
                truth = known
            if kind == "RTDOSE":
                dose(path, data, truth, a.reference_grid)
            else:
                ml = np.prod(truth.GetSpacing()) / 1000
                per_ml = stem == "time_integrated_activity"
                parametric_map(path, data, truth, a.reference_grid, 1 / ml if per_ml else 1)
        if data.Modality == "SR":
            report(path, json.loads((a.dose / "summary.json").read_text()))
        if data.Modality == "SEG" and labels:
            segmentation(path, labels, names)
        if data.Modality == "RTSTRUCT" and labels:
            structures(path, data, labels, names)
        if data.Modality == "REG" and a.transform:
            registration(path, data, a.transform)
        dciodvfy(path, data)
    print(f"{len(problems)} problem(s)")
    sys.exit(bool(problems))


main()
