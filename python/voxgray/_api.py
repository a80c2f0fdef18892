"""Names for what the extension takes and gives. Nothing is computed here."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _voxgray
from ._voxgray import Curve

Float = NDArray[np.float32]
Path_ = str | PathLike[str]
#: Told how many histories are done, and how many there are at most.
Progress = Callable[[int, int], object]

_LOG = logging.getLogger("voxgray")


@dataclass(frozen=True)
class Grid:
    """Where voxels are. `axes_mm[a]` is the step (mm, LPS) from one voxel to the next along x, y, z."""

    shape: tuple[int, int, int]
    """Voxels along z, y, x: the shape of arrays."""
    origin_mm: tuple[float, float, float]
    """Centre of voxel [0, 0, 0], (x, y, z)."""
    axes_mm: tuple[tuple[float, float, float], ...]

    @classmethod
    def aligned(
        cls,
        shape: Sequence[int],
        spacing_mm: Sequence[float],
        origin_mm: Sequence[float] = (0.0, 0.0, 0.0),
    ) -> Grid:
        """A grid along the patient's axes; `shape` is (z, y, x), `spacing_mm` and `origin_mm` are (x, y, z).

        >>> Grid.aligned((10, 20, 30), (2, 2, 3)).spacing_mm
        (2.0, 2.0, 3.0)
        """
        x, y, z = (float(s) for s in spacing_mm)
        return cls._of((shape, origin_mm, ((x, 0.0, 0.0), (0.0, y, 0.0), (0.0, 0.0, z))))

    @classmethod
    def _of(cls, parts: Any) -> Grid:
        shape, origin, axes = parts
        a, b, c = (int(n) for n in shape)
        x, y, z = (float(n) for n in origin)
        steps = tuple((float(u), float(v), float(w)) for u, v, w in axes)
        return cls((a, b, c), (x, y, z), steps)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Edges of a voxel, (x, y, z)."""
        x, y, z = (float(np.linalg.norm(axis)) for axis in self.axes_mm)
        return x, y, z

    @property
    def _parts(self) -> Any:
        return self.shape, self.origin_mm, self.axes_mm


@dataclass(frozen=True)
class Image:
    """An array on its grid."""

    values: Float
    grid: Grid
    told: list[str] = field(default_factory=list)
    """What the reader has to say of the file."""


@dataclass(frozen=True)
class VoiDose:
    """Mean dose of a VOI with its standard error (of the transport; NaN where the batches do not tell it)."""

    name: str
    mass_g: float
    mean: float
    standard_error: float


@dataclass(frozen=True)
class Dose:
    """Dose of arrays. `pandas.DataFrame(dose.vois)` is the table."""

    values: Float
    standard_error: Float
    """Of each voxel; NaN where the batches do not tell it."""
    density: Float
    """g/cm3, as it was transported in."""
    unit: str
    """Gy/s, or Gy of a time-integrated activity."""
    vois: list[VoiDose]
    histories: int
    total: float
    """Activity (Bq) or decays (Bq s) in the image."""
    told: list[str]
    """Warnings of the program."""
    grid: Grid

    def dvh(self, vois: Mapping[str, ArrayLike], **options: Any) -> Dvh:
        """Histograms of this dose: :func:`dvh` with its standard errors and, for the VOIs that it was scored in, those of the means."""
        known = {v.name: v.standard_error for v in self.vois}
        errors = [known.get(name, float("nan")) for name in vois]
        options.setdefault("unit", self.unit)
        return dvh(
            self.values,
            self.grid,
            vois,
            standard_error=self.standard_error,
            density=self.density,
            mean_standard_errors=errors,
            **options,
        )


@dataclass(frozen=True)
class Value:
    """What was read from a histogram; bias and standard error are those that the map's noise gives it."""

    voi: str
    quantity: str
    unit: str
    value: float
    bias: float | None
    standard_error: float | None
    interval_95: tuple[float, float] | None


@dataclass(frozen=True)
class Histogram:
    """A cumulative histogram: the share of the VOI with at least each value, and its 95 % band by the noise."""

    voi: str
    value: NDArray[np.float64]
    share: NDArray[np.float64]
    low_95: NDArray[np.float64] | None
    high_95: NDArray[np.float64] | None


@dataclass(frozen=True)
class Dvh:
    """Histograms. `pandas.DataFrame(dvh.values)` is the table."""

    values: list[Value]
    histograms: list[Histogram]
    refused: list[tuple[str, str]]
    """VOIs that were refused, and why."""

    def __getitem__(self, key: tuple[str, str]) -> Value:
        """`dvh["kidneys", "D50%"]`"""
        voi, quantity = key
        for value in self.values:
            if (value.voi, value.quantity) == (voi, quantity):
                return value
        raise KeyError(key)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a fitted curve."""

    name: str
    value: float
    standard_uncertainty: float


@dataclass(frozen=True)
class Candidate:
    """A family of curves that was compared."""

    family: str
    weight: float
    criterion: float | None
    reason: str | None


@dataclass(frozen=True)
class Fit:
    """The time integral of a curve, from injection to infinity."""

    integral: float
    """Unit of the values times s."""
    standard_uncertainty: float
    interval_95: tuple[float, float]
    share_before_first: float
    share_after_last: float
    model: str
    warnings: list[str]
    effective_half_life_s: float | None
    chi2: float | None
    degrees_of_freedom: int | None
    parameters: list[Parameter]
    candidates: list[Candidate]
    curve: Curve

    def at(self, times_s: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values of the curve and their standard uncertainties (0 where the method has none) at times after injection."""
        return self.curve.at(np.atleast_1d(np.asarray(times_s, dtype=np.float64)))


@dataclass(frozen=True)
class Kernel:
    """A dose kernel. `pandas.DataFrame(kernel.table)` is the table."""

    about: str
    table: dict[str, NDArray[np.float64]]
    """Columns by their names, which have the units."""
    s_values: Float | None
    """Of voxels: S (mGy/(MBq s)) in all of them, the source in the middle."""
    grid: Grid | None


@dataclass(frozen=True)
class Line:
    """A line of an emission: photon, electron, alpha or recoil."""

    type: str
    energy_kev: float
    yield_per_decay: float


@dataclass(frozen=True)
class Nuclide:
    """What a nuclide emits. `pandas.DataFrame(nuclide.lines)` is the table of lines."""

    name: str
    half_life_s: float
    energy_per_decay_kev: dict[str, float]
    """Without progeny, by type."""
    energy_per_decay_with_progeny_kev: dict[str, float]
    lines: list[Line]
    beta_minus: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    """Spectrum: energies (keV) and density (per keV and decay)."""
    beta_plus: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    decays_per_parent_decay: dict[str, float]
    """Of each member of the chain within the horizon."""
    notice: str
    """That of the data, which goes with every copy."""
    data: dict[str, Any]
    """All that `voxgray nuclide NAME --json` prints."""


@dataclass(frozen=True)
class Patient:
    """The demo's patient: made by formulas, for learning."""

    ct: Image
    """HU."""
    activity: Image
    """Bq/mL, as a SPECT sees it."""
    organs: dict[str, NDArray[np.bool_]]
    """Masks on the CT's grid."""


@dataclass(frozen=True)
class Finished:
    """What a command of the program did."""

    exit_code: int
    """0; 3 where a curve or a VOI was refused and the result says so."""
    printed: str
    """What the program prints to standard output."""
    said: list[str]
    """What it says beside that."""


class Run:
    """The output folder of `voxgray dose`."""

    def __init__(self, folder: Path_) -> None:
        self.folder = Path(folder)
        text = (self.folder / "summary.json").read_text(encoding="utf-8")
        self.summary: dict[str, Any] = json.loads(text)
        """All of summary.json."""

    @property
    def vois(self) -> list[dict[str, Any]]:
        """Doses of the VOIs with their uncertainty: `pandas.DataFrame(run.vois)`."""
        return list(self.summary["vois"])

    def image(self, name: str | None = None) -> Image:
        """A map by its name, such as `dose_rate_standard_error`; without one the dose, or the dose rate."""
        return read_image(self.folder / f"{name or self.summary['dose']['quantity']}.nii.gz")

    def __repr__(self) -> str:
        return f"Run({fspath(self.folder)!r})"


def _float(values: ArrayLike) -> Float:
    return np.ascontiguousarray(values, dtype=np.float32)


def _masks(vois: Mapping[str, ArrayLike] | None) -> list[tuple[str, Float]]:
    return [(name, _float(mask)) for name, mask in (vois or {}).items()]


def dose(
    activity: ArrayLike,
    grid: Grid,
    *,
    ct: ArrayLike | None = None,
    density: ArrayLike | None = None,
    materials: ArrayLike | None = None,
    vois: Mapping[str, ArrayLike] | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Dose:
    """Dose (Gy) of a time-integrated activity, or dose rate (Gy/s) of an activity, in matter on the same grid.

    To the bits of `voxgray dose` of the same images and options; what that checks of files (headers, clocks, activity in air) is yours.

    Matter is `ct` (HU), or `density` (g/cm3) with `materials`, labels of the `material_names` ("water,icru44_lung"). VOIs are masks, or
    shares of voxels (those of a half and more count), and may overlap. Options: `nuclide` or `source`; `activity_unit` ("Bq/mL"),
    `negative_activity`; `histories`, `batches`, `engine`, `threads`, `seed`; `photons` and what else `voxgray dose --help` has under Source,
    Run and Transport. Ctrl-C raises KeyboardInterrupt.
    """
    array = None if ct is None else _float(ct)
    d = None if density is None else _float(density)
    m = None if materials is None else _float(materials)
    made = _voxgray.dose(
        _float(activity), grid._parts, array, d, m, _masks(vois), progress, options
    )
    made["vois"] = [VoiDose(**v) for v in made["vois"]]
    return Dose(**made, grid=grid)


def dvh(
    values: ArrayLike,
    grid: Grid,
    vois: Mapping[str, ArrayLike],
    *,
    standard_error: ArrayLike | None = None,
    density: ArrayLike | None = None,
    mean_standard_errors: Sequence[float] = (),
    **options: Any,
) -> Dvh:
    """Dose-volume histograms of VOIs (masks or shares of voxels) on the grid of a map, with what its noise does to them.

    Options are those of `voxgray dvh`: `d` ("2mL", "95%"), `v` ("20Gy"), `geud`, `eud`, `response`, each one or a list; `unit` of the map
    [Gy]; `weight` ("mass" needs `density`), `sampling`, `missing`, `administered`.

    >>> import numpy as np
    >>> grid = Grid.aligned((1, 1, 4), (10, 10, 10))
    >>> found = dvh([[[1, 2, 3, 4]]], grid, {"all": np.ones(grid.shape)}, v="2Gy")
    >>> found["all", "mean"].value, found["all", "volume"].value, found["all", "V2Gy"].value
    (2.5, 4.0, 62.5)
    """
    se = None if standard_error is None else _float(standard_error)
    d = None if density is None else _float(density)
    errors = [float(e) for e in mean_standard_errors]
    lists = {
        k: [v] if isinstance(v, str | int | float) else v
        for k, v in options.items()
        if k in ("d", "v", "geud", "eud", "response")
    }
    made = _voxgray.dvh(
        _float(values), grid._parts, _masks(vois), se, d, errors, {**options, **lists}
    )
    return Dvh(
        [Value(**v) for v in made["values"]],
        [Histogram(**h) for h in made["histograms"]],
        made["refused"],
    )


def fit(
    times_s: ArrayLike,
    values: ArrayLike,
    uncertainties: ArrayLike | None = None,
    **options: Any,
) -> Fit:
    """Integrates a time-activity curve (not corrected for decay) from injection to infinity.

    `uncertainties` are absolute, in the unit of the values. Options are those of `voxgray fit`: `nuclide` or `half_life`; `model` ("auto",
    "mono", "bi", "trapezoid", ...), `head`, `tail`; `relative_uncertainty`, `common_uncertainty`; `population_half_life`,
    `population_spread`.

    >>> import numpy as np
    >>> hours = np.array([4.0, 24.0, 48.0, 120.0])
    >>> found = fit(hours * 3600, 1e8 * 0.5 ** (hours / 60), nuclide="Lu-177", model="mono", relative_uncertainty="3%")
    >>> round(found.effective_half_life_s / 3600, 3), round(float(found.integral * np.log(2) / (1e8 * 60 * 3600)), 4)
    (60.0, 1.0)
    """
    u = None if uncertainties is None else np.asarray(uncertainties, dtype=np.float64).tolist()
    times = np.asarray(times_s, dtype=np.float64).tolist()
    made = _voxgray.fit(times, np.asarray(values, dtype=np.float64).tolist(), u, options)
    made["parameters"] = [Parameter(**p) for p in made["parameters"]]
    made["candidates"] = [Candidate(**c) for c in made["candidates"]]
    return Fit(**made)


def kernel(*, progress: Progress | None = None, **options: Any) -> Kernel:
    """A dose kernel by transport in a uniform medium: of voxels, of shells round a point, or of spheres.

    Options are those of `voxgray kernel`: `nuclide` or `source`; `voxel` ("3mm") with `reach`, or `radius` ("20cm"), or `sphere` (["1g", "10g"]);
    `medium`, `density`, `histories`, `seed`, `threads`.

    >>> made = kernel(nuclide="Y-90", voxel="3mm", reach=2, histories=2000, kernel_cache="none")
    >>> made.s_values.shape, bool(made.s_values[2, 2, 2] == made.s_values.max())
    ((5, 5, 5), True)
    """
    for name in ("reach", "sphere"):
        if isinstance(options.get(name), list | tuple):
            options[name] = ",".join(str(n) for n in options[name])
    made = _voxgray.kernel(progress, options)
    grid = made["grid"] and Grid._of(made["grid"])
    table = {name: made["rows"][:, n] for n, name in enumerate(made["columns"])}
    return Kernel(made["about"], table, made["s_values"], grid)


def nuclide(name: str, horizon_s: float | None = None, retained: float = 1.0) -> Nuclide:
    """What a nuclide emits, with its progeny within the horizon (ten half-lives).

    >>> ac = nuclide("Ac-225")
    >>> round(ac.half_life_s / 86400, 1), ac.energy_per_decay_with_progeny_kev["alpha"] > 27e3
    (9.9, True)
    """
    data = json.loads(_voxgray.nuclide(name, horizon_s, retained))

    def spectrum(key: str) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        of = data[key]
        return of and (np.array(of["energy_kev"]), np.array(of["density_per_kev"]))

    chain = data["chain"]
    return Nuclide(
        data["nuclide"],
        data["half_life_s"],
        data["energy_per_decay_kev"],
        chain["energy_per_decay_kev"],
        [Line(**line) for line in data["lines"]],
        spectrum("beta_minus"),
        spectrum("beta_plus"),
        {m["nuclide"]: m["decays_per_parent_decay"] for m in chain["members"]},
        data["notice"],
        data,
    )


def choose_nuclide_data(name: str = "ensdf", file: Path_ | None = None) -> None:
    """Takes nuclear decay data for this process, before the first nuclide is looked up.

    `name` is "ensdf", or "icrp107" where voxgray was built with it; `file` holds nuclides of one's own, or numbers in place of theirs
    (`voxgray help-file nuclides`).
    """
    _voxgray.choose_nuclide_data(name, None if file is None else str(file))


def _image(read: Any) -> Image:
    values, grid, told = read
    return Image(values, Grid._of(grid), told)


def read_image(path: Path_, frame: int | None = None) -> Image:
    """A NIfTI or MetaImage file as it is; `frame` (from 0) of one that holds several."""
    return _image(_voxgray.read_image(path, frame))


def read_ct(path: Path_, series: str | None = None) -> Image:
    """A CT in HU: DICOM folder (`series` is its SeriesInstanceUID, where it holds several), NIfTI or MetaImage."""
    return _image(_voxgray.read_ct(path, series))


def read_activity(path: Path_, series: str | None = None, unit: str | None = None) -> Image:
    """Activity (Bq) or decays (Bq s) in each voxel: DICOM PET or NM, NIfTI or MetaImage in `unit` ("Bq/mL")."""
    return _image(_voxgray.read_activity(path, series, unit))


def read_vois(
    path: Path_, grid: Grid, names: Path_ | None = None, only: Sequence[str] = ()
) -> dict[str, Float]:
    """VOIs on a grid, as the share of each voxel that lies inside: RTSTRUCT, SEG, NRRD, label maps with a table of `names`."""
    vois, told = _voxgray.read_vois(path, grid._parts, names, list(only))
    for line in told:
        _LOG.info("%s", line)
    return dict(vois)


def write_image(path: Path_, values: ArrayLike, grid: Grid) -> None:
    """Writes NIfTI-1 (.nii, .nii.gz), single precision."""
    _voxgray.write_image(path, _float(values), grid._parts)


def synthetic_patient(
    ct_spacing_mm: Sequence[float] = (2.0, 2.0, 3.0),
    spect_spacing_mm: Sequence[float] = (4.0, 4.0, 6.0),
    total_activity_bq: float = 2e9,
    seed: int = 1,
) -> Patient:
    """The patient of `voxgray demo`."""
    made = _voxgray.synthetic_patient(ct_spacing_mm, spect_spacing_mm, total_activity_bq, seed)
    labels = made["organs"]
    organs = {name: labels == label for label, name in made["names"].items()}
    ct, activity = (Image(values, Grid._of(grid)) for values, grid in (made["ct"], made["activity"]))
    return Patient(ct, activity, organs)


def command(
    name: str, *values: str | PathLike[str], progress: Progress | None = None, **options: Any
) -> Finished:
    """A command of the program in this process, by its name: `command("dvh", "out/", voi="organs.nii.gz")`, `command("plan limit", ...)`.

    `values` are those without a name. Options are the command's, with `_` for `-`: True for one without a value, a list for one that may be
    given several times, a dict for `name=value`. What the program says goes to the logger "voxgray". Commands run one at a time; Ctrl-C
    stops the one that runs, as the program's would, and raises KeyboardInterrupt.

    >>> print(command("nuclide", "Lu-177").printed.splitlines()[0])
    Lu-177   Z = 71, A = 177
    >>> command("dose", histores=3)
    Traceback (most recent call last):
    voxgray.Error: key dose.histores (voxgray dose has no such option) Did you mean 'histories'? voxgray dose --help lists them; write - as _.
    """

    def said(line: str) -> None:
        level = logging.WARNING if line.startswith("warning: ") else logging.INFO
        _LOG.log(level, "%s", line.removeprefix("warning: "))

    texts = [fspath(v) for v in values]
    return Finished(**_voxgray.command(name, texts, said, progress, options))


def dose_of_files(out: Path_, *, progress: Progress | None = None, **options: Any) -> Run:
    """`voxgray dose` of files, with all of its options, into the folder `out`."""
    command("dose", progress=progress, out=fspath(out), **options)
    return Run(out)


def open_run(folder: Path_) -> Run:
    """The output of a run that was made before."""
    return Run(folder)


def init_study(folder: Path_) -> list[Path]:
    """`voxgray init`: study files from a folder of images, with what could not be decided as lines to complete."""
    printed = command("init", folder).printed.splitlines()
    return [Path(line.split("\t", 1)[1]) for line in printed if line.startswith("file\t")]


def check_study(study: Path_) -> str:
    """`voxgray check`: every value that a study uses, with its origin, and what would be run."""
    return command("check", study).printed


def run_study(
    study: Path_, out: Path_ | None = None, *, progress: Progress | None = None, anew: bool = False
) -> dict[str, Path]:
    """`voxgray run`: the study's stages, each where what it depends on has changed. Gives the output of each stage by its name."""
    to = None if out is None else fspath(out)
    printed = command("run", study, progress=progress, out=to, anew=anew).printed
    return dict(_stages(printed))


def _stages(printed: str) -> Iterator[tuple[str, Path]]:
    for line in printed.splitlines():
        kind, *cells = line.split("\t")
        if kind == "stage":
            yield cells[0], Path(cells[2])
