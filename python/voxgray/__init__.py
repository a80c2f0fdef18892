"""Absorbed dose in targeted radionuclide therapy by Monte Carlo, from numpy arrays or files, with an error bar on every number.

Arrays are indexed [z, y, x]; positions and steps are (x, y, z) in mm, LPS, as DICOM has them. Doses are in Gy or Gy/s, activities in Bq,
times in s. Options have the names, values and defaults of the program's (`voxgray dose --help`), with `_` for `-`. What the program would
refuse raises :class:`Error` with its text.

>>> import voxgray
>>> lu = voxgray.nuclide("Lu-177")
>>> round(lu.half_life_s / 86400, 2), round(lu.energy_per_decay_kev["beta_minus"], 1)
(6.64, 133.5)

A sphere of 12 mm with 1 MBq/mL in water, and its dose rate:

>>> import numpy as np
>>> grid = voxgray.Grid.aligned(shape=(16, 16, 16), spacing_mm=(3, 3, 3))
>>> z, y, x = (np.indices(grid.shape) - 7.5) * 3
>>> sphere = x**2 + y**2 + z**2 < 12**2
>>> dose = voxgray.dose(
...     1e6 * sphere, grid, density=np.ones(grid.shape), materials=np.zeros(grid.shape),
...     material_names="water", nuclide="Lu-177", vois={"sphere": sphere}, histories=20_000, engine="cpu",
... )
>>> dose.values.shape, dose.unit, bool(1.8e-5 < dose.vois[0].mean < 2.4e-5)
((16, 16, 16), 'Gy/s', True)
"""

from ._api import (
    Candidate,
    Dose,
    Dvh,
    Finished,
    Fit,
    Grid,
    Histogram,
    Image,
    Kernel,
    Line,
    Nuclide,
    Parameter,
    Patient,
    Run,
    Value,
    VoiDose,
    check_study,
    choose_nuclide_data,
    command,
    dose,
    dose_of_files,
    dvh,
    fit,
    init_study,
    kernel,
    nuclide,
    open_run,
    read_activity,
    read_ct,
    read_image,
    read_vois,
    run_study,
    synthetic_patient,
    write_image,
)
from ._voxgray import VERSION as __version__
from ._voxgray import Curve, Error

__all__ = [
    "Candidate",
    "Curve",
    "Dose",
    "Dvh",
    "Error",
    "Finished",
    "Fit",
    "Grid",
    "Histogram",
    "Image",
    "Kernel",
    "Line",
    "Nuclide",
    "Parameter",
    "Patient",
    "Run",
    "Value",
    "VoiDose",
    "__version__",
    "check_study",
    "choose_nuclide_data",
    "command",
    "dose",
    "dose_of_files",
    "dvh",
    "fit",
    "init_study",
    "kernel",
    "nuclide",
    "open_run",
    "read_activity",
    "read_ct",
    "read_image",
    "read_vois",
    "run_study",
    "synthetic_patient",
    "write_image",
]
