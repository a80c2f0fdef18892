"""Files, studies, errors and Ctrl-C."""

import json
import logging
import os
import pathlib
import signal
import threading
import time

import jsonschema
import numpy as np
import pytest
import voxgray

GRID = voxgray.Grid.aligned((8, 10, 12), (5.0, 5.0, 5.0))


@pytest.fixture
def images(tmp_path):
    z, y, x = np.indices(GRID.shape)
    warm = (z - 4) ** 2 + (y - 5) ** 2 + (x - 6) ** 2 < 8
    voxgray.write_image(tmp_path / "ct.nii.gz", np.where(x < 2, -700.0, 40.0), GRID)
    voxgray.write_image(tmp_path / "voi.nii.gz", warm, GRID)
    for hours in (4, 24, 96):
        activity = (1e3 + 1e6 * warm) * 0.5 ** (hours / 60)
        voxgray.write_image(tmp_path / f"spect_{hours}.nii.gz", activity, GRID)
    return tmp_path


def files(images, **options):
    images = {"ct": images / "ct.nii.gz", "activity": images / "spect_4.nii.gz"}
    return images | dict(nuclide="Lu-177", engine="cpu", threads=2, histories=2000) | options


def interrupted_after(seconds, call):
    """Ctrl-C after a while; how long the call then took to end."""
    sent = []
    # A job in the background of a shell without job control is started deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def send():
        time.sleep(seconds)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=send).start()
    with pytest.raises(KeyboardInterrupt):
        call()
    return time.monotonic() - sent[0]


def test_ctrl_c_ends_a_dose_of_arrays_and_only_that():
    def forever():
        voxgray.dose(
            np.full(GRID.shape, 1e3), GRID, ct=np.full(GRID.shape, 40.0), nuclide="Lu-177", histories=10**11, engine="cpu"
        )

    assert interrupted_after(0.5, forever) < 30
    assert voxgray.command("nuclide", "Lu-177").exit_code == 0


def test_ctrl_c_ends_a_command_and_the_next_has_the_same_bits(images, program):
    many = files(images, histories=400_000, out=images / "out")
    # What was finished of it stays in its own folder, on a fast machine.
    endless = many | {"histories": 10**10, "out": images / "interrupted"}
    took = interrupted_after(1.0, lambda: voxgray.command("dose", **endless))
    assert took < 30
    voxgray.command("dose", **many)
    words = ["--ct", images / "ct.nii.gz", "--activity", images / "spect_4.nii.gz", "--nuclide", "Lu-177"]
    program("dose", *words, "--engine", "cpu", "--histories", 400_000, "-o", images / "program")
    here, there = (voxgray.open_run(images / name).image() for name in ("out", "program"))
    assert np.array_equal(here.values, there.values)


def test_summaries_are_as_their_schema_says(images):
    """Every way to a dose; and a summary that is not one is told."""
    schema = json.loads(pathlib.Path("summary.schema.json").read_text())
    check = jsonschema.Draft202012Validator(schema)
    series = "version = 1\nrelative_uncertainty = 0.05\n" + "".join(
        f'[[time_point]]\ntime = "{hours}h"\nactivity = "spect_{hours}.nii.gz"\n' for hours in (4, 24, 96)
    )
    (images / "series.toml").write_text(series)
    of_series = dict(activity=images / "series.toml", voi=images / "voi.nii.gz")
    water = dict(density=images / "water.nii.gz", materials=images / "label.nii.gz", material_names="water")
    voxgray.write_image(images / "water.nii.gz", np.ones(GRID.shape), GRID)
    voxgray.write_image(images / "label.nii.gz", np.zeros(GRID.shape), GRID)
    beam = dict(source="electron:1MeV", beam="direction=0,0,1; field=10x10mm", engine="cpu", histories=2000)
    runs = {
        "rate": files(images),
        "decay": files(images, physical_decay=True, decay_from="image", voi=images / "voi.nii.gz", fine="1"),
        "few": files(images, histories=1, batches=1, voi=images / "voi.nii.gz"),
        "activity": files(images, **of_series),
        "dose_rate": files(images, route="dose-rate", **of_series),
        "both": files(images, route="both", **of_series),
        "kernels": {k: v for k, v in files(images, method="ldm").items() if k not in ("histories", "engine")},
        "beam": water | beam | dict(score="layers:z"),
    }
    for name, options in runs.items():
        assert voxgray.command("dose", out=images / name, **options).exit_code in (0, 3), name
        summary = json.loads((images / name / "summary.json").read_text())
        errors = [f"{e.json_path}: {e.message}" for e in check.iter_errors(summary)]
        assert not errors, (name, errors)
        assert summary["run"]["histories"] > 0 or name == "kernels"
    del summary["run"]["histories"]
    assert not check.is_valid(summary)


def test_errors_have_the_text_of_the_program(images, program):
    def said(*words, code):
        return program(*words, code=code).stderr.strip().removeprefix("error: ")

    with pytest.raises(voxgray.Error) as unknown:
        voxgray.nuclide("Lu-199")
    assert str(unknown.value) == said("nuclide", "Lu-199", code=2)
    assert unknown.value.kind == "usage" and unknown.value.suggestion

    lost = files(images, ct=images / "lost.nii.gz", out=images / "out")
    with pytest.raises(voxgray.Error) as absent:
        voxgray.dose_of_files(**lost)
    words = ["--ct", images / "lost.nii.gz", "--activity", images / "spect_4.nii.gz", "--nuclide", "Lu-177"]
    text = said("dose", *words, "-o", images / "out", "--engine", "cpu", code=4)
    assert str(absent.value) in text and absent.value.kind == "io"

    with pytest.raises(voxgray.Error) as few:
        voxgray.dose(np.ones(GRID.shape), GRID, ct=np.zeros(GRID.shape), nuclide="Lu-177", histories="few")
    parser = said("dose", "--histories=few", "--ct=a", "--activity=b", "--nuclide=c", "-o", "d", code=2)
    assert str(few.value).splitlines()[0] == parser.splitlines()[0]
    assert few.value.kind == "usage"

    with pytest.raises(voxgray.Error, match="Did you mean 'histories'"):
        voxgray.dose(np.ones(GRID.shape), GRID, ct=np.zeros(GRID.shape), nuclide="Lu-177", histores=3)
    with pytest.raises(voxgray.Error, match=r"(?s)curve.*rises|later"):
        voxgray.fit([3600, 7200, 10800], [1.0, 2.0, 4.0], nuclide="Lu-177", model="mono", relative_uncertainty=0.01)
    with pytest.raises(ValueError, match="shape"):
        voxgray.dose(np.ones((2, 2, 2)), GRID, ct=np.zeros(GRID.shape), nuclide="Lu-177")
    with pytest.raises(TypeError, match="histories"):
        voxgray.command("dose", histories=object())


def test_what_is_said_goes_to_the_log_and_not_to_the_terminal(images, caplog, capfd):
    with caplog.at_level(logging.INFO, "voxgray"):
        run = voxgray.dose_of_files(images / "out", **files(images, calibration_uncertainty="3%"))
    assert any("running 2000 histories" in r.message for r in caplog.records)
    assert capfd.readouterr() == ("", "")
    assert run.summary["run"]["histories"] == 2000 and run.vois == []


def test_files_are_read_as_the_program_reads_them(images):
    ct = voxgray.read_ct(images / "ct.nii.gz")
    assert ct.grid == GRID and ct.values[0, 0, 0] == -700.0
    bq = voxgray.read_activity(images / "spect_4.nii.gz").values
    kbq = voxgray.read_activity(images / "spect_4.nii.gz", unit="kBq/mL").values
    assert np.allclose(kbq, 1000 * bq, rtol=1e-6)
    mask = voxgray.read_vois(images / "voi.nii.gz", GRID)
    assert [m.sum() for m in mask.values()] == [voxgray.read_image(images / "voi.nii.gz").values.sum()]


def test_a_study_is_checked_and_run(images):
    points = "".join(
        f'[[cycle.time_point]]\ntime = "{h}h"\nactivity = "spect_{h}.nii.gz"\n' for h in (4, 24, 96)
    )
    study = images / "study.toml"
    study.write_text(
        'format = 1\nnuclide = "Lu-177"\n[series]\nrelative_uncertainty = 0.05\n'
        '[dose]\nhistories = 2000\nengine = "cpu"\nthreads = 2\n'
        '[[cycle]]\nadministered = "7.4 GBq"\nct = "ct.nii.gz"\nvoi = [{ file = "voi.nii.gz" }]\n' + points
    )
    assert "4.000 h" in voxgray.check_study(study)
    heard = []
    stages = voxgray.run_study(study, progress=lambda done, of: heard.append(of))
    assert list(stages)[0] == "dose" and stages["report"].read_text().startswith("<!DOCTYPE html>")
    voi = voxgray.open_run(stages["dose"]).vois[0]
    assert voi["mean_dose"] > 0
