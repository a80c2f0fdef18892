"""Arrays in, arrays out: the program's bits."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas
import pytest
import voxgray

GRID = voxgray.Grid.aligned((12, 14, 16), (4.0, 3.0, 5.0), (-30.0, 20.0, 100.0))
HISTORIES = 4000


def scene():
    """A warm body with a lung and a lesion across its edge; the lesion lies in the body."""
    z, y, x = np.indices(GRID.shape)
    labels = np.where(x < 6, 1, 0)
    density = np.where(labels == 1, 0.26, 1.04)
    lesion = (z - 6) ** 2 + (y - 7) ** 2 + (x - 7) ** 2 < 9
    activity = 1e4 + 1e6 * lesion
    return density, labels, activity, {"body": np.ones(GRID.shape), "lesion": lesion}


def dose(**options):
    density, labels, activity, vois = scene()
    names = "icru44_muscle,icru44_lung"
    with_defaults = dict(nuclide="Lu-177", histories=HISTORIES, engine="cpu", threads=2) | options
    return voxgray.dose(
        activity,
        GRID,
        density=density,
        materials=labels,
        material_names=names,
        vois=vois,
        **with_defaults,
    )


def test_maps_and_vois_are_those_of_the_program(tmp_path, program):
    density, labels, activity, vois = scene()
    for name, values in (("density", density), ("labels", labels), ("activity", activity)):
        voxgray.write_image(tmp_path / f"{name}.nii.gz", values, GRID)
    words = ["--density", tmp_path / "density.nii.gz", "--materials", tmp_path / "labels.nii.gz"]
    words += ["--material-names", "icru44_muscle,icru44_lung", "--activity", tmp_path / "activity.nii.gz"]
    for name, mask in vois.items():
        voxgray.write_image(tmp_path / f"{name}.nii.gz", mask, GRID)
        words += ["--voi", tmp_path / f"{name}.nii.gz"]
    words += ["--nuclide", "Lu-177", "--histories", HISTORIES, "--engine", "cpu", "--threads", 1]
    program("dose", *words, "-o", tmp_path / "out")
    run, arrays = voxgray.open_run(tmp_path / "out"), dose()
    assert run.summary["dose"]["unit"] == arrays.unit == "Gy/s"
    assert run.summary["run"]["histories"] == arrays.histories
    image = run.image()
    assert image.grid == GRID
    assert np.array_equal(image.values, arrays.values)
    errors = run.image("dose_rate_standard_error").values
    assert np.array_equal(errors, arrays.standard_error, equal_nan=True)
    for there, here in zip(run.vois, arrays.vois, strict=True):
        assert (there["mean_dose"], there["standard_error"]) == (here.mean, here.standard_error)
        assert there["mass_g"] == pytest.approx(here.mass_g, rel=1e-12)
    # The lesion is denser in activity and its error is known.
    assert arrays.vois[1].mean > 5 * arrays.vois[0].mean > 0 < arrays.vois[1].standard_error


def test_two_threads_of_one_process_have_the_bits_of_one():
    alone = dose()
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda n: dose(threads=n), (1, 2)))
    for other in both:
        assert np.array_equal(other.values, alone.values)
        assert other.vois == alone.vois
    assert not np.array_equal(dose(seed=2).values, alone.values)


def test_any_order_of_elements_is_taken():
    density, labels, activity, _ = scene()
    options = dict(material_names="icru44_muscle,icru44_lung", nuclide="Lu-177", histories=200, engine="cpu")
    plain = voxgray.dose(activity, GRID, density=density, materials=labels, **options)
    turned = [np.asfortranarray(a) for a in (activity, density, labels)]
    other = voxgray.dose(turned[0], GRID, density=turned[1], materials=turned[2], **options)
    assert np.array_equal(plain.values, other.values)
    assert plain.values.flags.c_contiguous and plain.values.dtype == np.float32


def test_a_time_integrated_activity_gives_gray():
    found = dose(activity_unit="Bq*s/mL")
    assert found.unit == "Gy"
    assert np.array_equal(found.values, dose().values)


def test_progress_is_told_and_may_stop():
    heard = []
    dose(histories=400_000, progress=lambda *far: heard.append(far))
    done = [d for d, _ in heard]
    assert heard[-1] == (400_000, 400_000) and done == sorted(done)

    def enough(done, of):
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        dose(histories=10**10, progress=enough)


def test_histograms_are_those_of_the_program(tmp_path, program):
    found = dose()
    vois = {"lesion": scene()[3]["lesion"]}
    for name, values in (("map", found.values), ("se", found.standard_error), ("voi", vois["lesion"])):
        voxgray.write_image(tmp_path / f"{name}.nii.gz", values, GRID)
    words = ["dvh", tmp_path / "map.nii.gz", "--voi", tmp_path / "voi.nii.gz", "--unit", "Gy/s"]
    words += ["--standard-error", tmp_path / "se.nii.gz", "--d", "30%", "--geud", "4", "--json"]
    there = json.loads(program(*words).stdout)["results"]
    here = voxgray.dvh(
        found.values, GRID, vois, standard_error=found.standard_error, unit="Gy/s", d="30%", geud=4
    )
    assert len(there) == len(here.values) > 10
    for a, b in zip(there, here.values, strict=True):
        assert (a["quantity"], a["value"], a["bias"], a["standard_error"]) == (
            b.quantity,
            b.value,
            b.bias,
            b.standard_error,
        )
    # The run knows the mean by mass from its batches; one by volume, of lung and tissue, has an error of its own.
    by_mass = found.dvh(vois, weight="mass")["lesion", "mean"]
    assert (by_mass.value, by_mass.standard_error) == (pytest.approx(found.vois[1].mean), found.vois[1].standard_error)
    of_run = found.dvh(vois)
    assert of_run["lesion", "mean"].value == pytest.approx(found.values[vois["lesion"] > 0].mean())
    assert of_run["lesion", "mean"].standard_error > by_mass.standard_error
    histogram = of_run.histograms[0]
    assert histogram.share[0] == 1.0 and (np.diff(histogram.share) <= 0).all()
    assert (histogram.low_95 <= histogram.high_95).all()


def test_curves_kernels_and_nuclides_are_those_of_the_program(tmp_path, program):
    hours, values = [4.0, 24.0, 72.0, 168.0], [92.0, 81.0, 45.0, 14.5]
    rows = "\n".join(f"kidney,{h},{v}" for h, v in zip(hours, values, strict=True))
    (tmp_path / "curve.csv").write_text(f"name,time_h,activity_MBq\n{rows}\n")
    words = ["fit", tmp_path / "curve.csv", "--nuclide", "Lu-177", "--relative-uncertainty", "4%"]
    program(*words, "-o", tmp_path / "fit")
    there = json.loads((tmp_path / "fit/fit.json").read_text())["curves"][0]["integral"]
    seconds, bq = np.array(hours) * 3600, np.array(values) * 1e6
    here = voxgray.fit(seconds, bq, nuclide="Lu-177", relative_uncertainty="4%")
    assert (there["value"], there["standard_uncertainty"]) == (here.integral, here.standard_uncertainty)
    assert tuple(there["interval_95"]) == here.interval_95
    curve, _ = here.at(seconds)
    assert np.allclose(curve, bq, rtol=0.1) and abs(sum(c.weight for c in here.candidates) - 1) < 1e-9

    words = ["kernel", "--nuclide", "Y-90", "--voxel", "3mm", "--reach", 2, "--histories", 3000]
    printed = program(*words, "--kernel-cache", "none").stdout
    table = [line.split(",") for line in printed.splitlines() if not line.startswith("#")]
    made = voxgray.kernel(nuclide="Y-90", voxel="3mm", reach=2, histories=3000, kernel_cache="none")
    assert list(made.table) == table[0]
    assert np.array_equal(np.array(table[1:], float), np.array(list(made.table.values())).T)
    assert made.s_values[2, 2, 2] == pytest.approx(made.table["S_mGy_per_MBq_s"][0], rel=1e-6)

    there = json.loads(program("nuclide", "Ac-225", "--json").stdout)
    assert voxgray.nuclide("Ac-225").data == there


def test_tables_are_those_of_pandas():
    found = dose()
    frame = pandas.DataFrame(found.vois)
    assert list(frame.columns) == ["name", "mass_g", "mean", "standard_error"] and len(frame) == 2
    assert len(pandas.DataFrame(found.dvh(scene()[3]).values)) > 20
    lines = pandas.DataFrame(voxgray.nuclide("Lu-177").lines)
    assert lines.query("type == 'G'").energy_kev.max() > 300
