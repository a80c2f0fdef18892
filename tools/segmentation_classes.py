#!/usr/bin/env python3
"""Writes data/segmentation/totalsegmentator.csv (labels and names of TotalSegmentator's maps) and data/segmentation/groups.csv (VOIs of dosimetry
that join them). Needs the wheel of PyPI totalsegmentator 2.18.0, unpacked, as its only argument."""

import importlib.util
import pathlib
import sys

OUT = pathlib.Path("data/segmentation")
TASKS = ["total", "total_v1", "total_mr"]

spec = importlib.util.spec_from_file_location("m", pathlib.Path(sys.argv[1]) / "totalsegmentator/map_to_binary.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
maps = module.class_map


def write(name, header, rows):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text("\n".join([*header, "# generator: tools/segmentation_classes.py", *rows]) + "\n")


write(
    "totalsegmentator.csv",
    [
        "# quantity: names of the labels of TotalSegmentator's label maps",
        "# units: none",
        "# source: PyPI totalsegmentator 2.18.0, map_to_binary.py; Wasserthal et al., Radiol Artif Intell 5 (2023) e230024, doi:10.1148/ryai.230024",
        "# licence: Apache-2.0",
    ],
    ["task,label,name", *(f"{task},{label},{name}" for task in TASKS for label, name in maps[task].items())],
)

names = list(maps["total"].values())
lumbar = [f"vertebrae_L{n}" for n in range(1, 6)]
thoracic = [f"vertebrae_T{n}" for n in range(1, 13)]
cervical = [f"vertebrae_C{n}" for n in range(1, 8)]
ribs = [n for n in names if n.startswith("rib_")]
girdle = [f"{bone}_{side}" for bone in ("humerus", "scapula", "clavicula", "femur", "hip") for side in ("left", "right")]
groups = {
    "lung_left": [n for n in names if n.startswith("lung_") and n.endswith("left")],
    "lung_right": [n for n in names if n.startswith("lung_") and n.endswith("right")],
    "lungs": [n for n in names if n.startswith("lung_")],
    "kidneys": ["kidney_right", "kidney_left"],
    "adrenal_glands": ["adrenal_gland_right", "adrenal_gland_left"],
    "intestine": ["duodenum", "small_bowel", "colon"],
    "lumbar_vertebrae": lumbar,
    "lumbar_vertebrae_2_to_4": lumbar[1:4],
    "thoracic_vertebrae": thoracic,
    "cervical_vertebrae": cervical,
    "vertebrae": ["vertebrae_S1", *lumbar, *thoracic, *cervical],
    "ribs": ribs,
    "pelvic_bones": ["hip_left", "hip_right", "sacrum"],
    "skeleton": ["sacrum", "vertebrae_S1", *lumbar, *thoracic, *cervical, *girdle, "skull", *ribs, "sternum"],
}
assert all(m in names for members in groups.values() for m in members)
write(
    "groups.csv",
    [
        "# quantity: regions of dosimetry as joins of TotalSegmentator's classes",
        "# units: none",
        "# source: our own choice of organs whose dose is reported as a whole; names of the classes as in totalsegmentator.csv (task total)",
        "# licence: MIT OR Apache-2.0",
    ],
    ["group,member", *(f"{group},{member}" for group, members in groups.items() for member in members)],
)
