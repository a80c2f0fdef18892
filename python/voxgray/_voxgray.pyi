"""The extension module; `voxgray` gives its results names."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "VERSION",
    "Curve",
    "Error",
    "choose_nuclide_data",
    "command",
    "dose",
    "dvh",
    "fit",
    "kernel",
    "nuclide",
    "read_activity",
    "read_ct",
    "read_image",
    "read_vois",
    "synthetic_patient",
    "write_image",
]

_Grid = tuple[Sequence[int], Sequence[float], Sequence[Sequence[float]]]
_Float = NDArray[np.float32]
_Masks = list[tuple[str, _Float]]
_Path = str | PathLike[str]

VERSION: str

class Error(Exception):
    kind: str
    problem: str
    why: str
    suggestion: str

@final
class Curve:
    def at(self, times_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

def command(
    name: str,
    values: Sequence[str],
    said: Callable[[str], object] | None,
    progress: Callable[[int, int], object] | None,
    options: Mapping[str, Any],
) -> dict[str, Any]: ...
def dose(
    activity: _Float,
    grid: _Grid,
    ct: _Float | None,
    density: _Float | None,
    materials: _Float | None,
    vois: _Masks,
    progress: Callable[[int, int], object] | None,
    options: Mapping[str, Any],
) -> dict[str, Any]: ...
def dvh(
    values: _Float,
    grid: _Grid,
    vois: _Masks,
    standard_error: _Float | None,
    density: _Float | None,
    mean_standard_errors: Sequence[float],
    options: Mapping[str, Any],
) -> dict[str, Any]: ...
def fit(
    times_s: Sequence[float],
    values: Sequence[float],
    uncertainties: Sequence[float] | None,
    options: Mapping[str, Any],
) -> dict[str, Any]: ...
def kernel(
    progress: Callable[[int, int], object] | None, options: Mapping[str, Any]
) -> dict[str, Any]: ...
def nuclide(name: str, horizon_s: float | None, retained: float) -> str: ...
def choose_nuclide_data(name: str, file: str | None) -> None: ...
def read_image(path: _Path, frame: int | None) -> tuple[_Float, _Grid, list[str]]: ...
def read_ct(path: _Path, series: str | None) -> tuple[_Float, _Grid, list[str]]: ...
def read_activity(
    path: _Path, series: str | None, unit: str | None
) -> tuple[_Float, _Grid, list[str]]: ...
def read_vois(
    path: _Path, grid: _Grid, names: _Path | None, only: Sequence[str]
) -> tuple[_Masks, list[str]]: ...
def write_image(path: _Path, values: _Float, grid: _Grid) -> None: ...
def synthetic_patient(
    ct_spacing_mm: Sequence[float],
    spect_spacing_mm: Sequence[float],
    total_activity_bq: float,
    seed: int,
) -> dict[str, Any]: ...
