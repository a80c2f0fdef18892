"""Compares the pixels that voxgray reads from every DICOM file of a folder with pydicom's: count, minimum, maximum and each value.

Run in the repository root; the decoders are numpy, pydicom, pylibjpeg, pylibjpeg-libjpeg, pylibjpeg-openjpeg and pyjpegls:
    VOXGRAY_DICOM_FOLDER=folder VOXGRAY_DICOM_LISTING=listing.csv cargo test --test dicom listing -- --ignored
    python tools/dicom_against_pydicom.py folder listing.csv
"""

import hashlib
import pathlib
import sys
import warnings

import numpy
import pydicom

# What voxgray refuses on purpose: its messages name these.
ON_PURPOSE = ("SamplesPerPixel", "BitsAllocated", "floating point")


def stored_pixels(path):
    """Frames, rows, columns and stored values of a file; the bits above those stored are cut off, as pydicom leaves them."""
    data_set = pydicom.dcmread(path, force=True)
    if not hasattr(data_set.file_meta, "TransferSyntaxUID"):
        implicit, little = data_set.original_encoding
        name = "ImplicitVRLittleEndian" if implicit else "ExplicitVRLittleEndian" if little else "ExplicitVRBigEndian"
        data_set.file_meta.TransferSyntaxUID = getattr(pydicom.uid, name)
    pixels = data_set.pixel_array
    if data_set.get("SamplesPerPixel", 1) != 1:
        raise ValueError("several samples per pixel")
    if pixels.ndim == 2:
        pixels = pixels[None]
    values = pixels.astype("<i8")
    stored, high = int(data_set.BitsStored), int(data_set.HighBit)
    values = (values >> (high + 1 - stored)) & ((1 << stored) - 1)
    if data_set.PixelRepresentation == 1:
        values -= (values >> (stored - 1)) << stored
    return values


def main():
    folder, listing = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    warnings.simplefilter("ignore")
    counts = {"equal": 0, "both refuse": 0, "refused on purpose": 0}
    bad = []
    for line in listing.read_text().splitlines():
        name, ours = line.split(",", 1)
        try:
            values = stored_pixels(folder / name)
        except Exception as error:  # Whatever pydicom says, it has no pixels.
            theirs, why = None, f"{type(error).__name__}: {error}"
        else:
            digest = hashlib.sha256(values.astype("<i8").tobytes()).hexdigest()
            theirs = ",".join(map(str, [*values.shape, values.min(), values.max(), digest]))
        if ours.startswith("error: "):
            if theirs is None:
                counts["both refuse"] += 1
            elif any(part in ours for part in ON_PURPOSE):
                counts["refused on purpose"] += 1
            else:
                bad.append(f"{name}: pydicom has {theirs}, here {ours}")
        elif theirs == ours:
            counts["equal"] += 1
        else:
            bad.append(f"{name}: here {ours}, pydicom has {theirs or why}")
    print(", ".join(f"{count} {what}" for what, count in counts.items()), f"and {len(bad)} different")
    print("\n".join(bad))
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
