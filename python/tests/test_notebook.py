"""The notebook runs, its dose is the program's, an interrupt of the kernel ends a call; what the page shows runs."""

import os
import signal
import threading
import time

import nbformat
import numpy as np
import voxgray
from nbclient import NotebookClient

KEEP = """
for name, values, where in (("dose", dose.values, grid), ("ct", patient.ct.values, grid), ("activity", patient.activity.values, grid)):
    voxgray.write_image(f"kept_{name}.nii.gz", values, where)
"""


def test_the_notebooks_dose_is_the_programs(here, tmp_path, program):
    notebook = nbformat.read(here / "dose.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(KEEP))
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    words = ["--ct", tmp_path / "kept_ct.nii.gz", "--activity", tmp_path / "kept_activity.nii.gz"]
    words += ["--nuclide", "Lu-177", "--histories", 100_000, "--engine", "cpu", "--threads", 1]
    program("dose", *words, "-o", tmp_path / "out")
    there = voxgray.open_run(tmp_path / "out").image().values
    here_ = voxgray.read_image(tmp_path / "kept_dose.nii.gz").values
    assert np.array_equal(there.view(np.uint32), here_.view(np.uint32)) and there.max() > 0


def test_an_interrupt_of_the_kernel_ends_a_call():
    long = "voxgray.dose(a, grid, ct=0 * a, nuclide='Lu-177', histories=10**11, engine='cpu', progress=told)"
    setup = """
import os, numpy as np, voxgray
print(os.getpid())
grid = voxgray.Grid.aligned((8, 8, 8), (4, 4, 4))
a = np.ones(grid.shape)
def told(done, of):
    if done:
        print("runs", flush=True)
"""
    cells = [nbformat.v4.new_code_cell(text) for text in (setup, long, "print('goes on')")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, timeout=120, allow_errors=True)

    def interrupt():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and "runs" not in str(cells[1].outputs):
            time.sleep(0.1)
        # As Jupyter does it.
        os.kill(int(cells[0].outputs[0].text), signal.SIGINT)

    with client.setup_kernel():
        client.execute_cell(cells[0], 0)
        threading.Thread(target=interrupt).start()
        client.execute_cell(cells[1], 1)
        client.execute_cell(cells[2], 2)
    assert "KeyboardInterrupt" in str(cells[1].outputs)
    assert "goes on" in str(cells[2].outputs)


def test_the_example_of_the_page_runs(here):
    text = (here / "python.md").read_text()
    names = {}
    exec(text.split("```python\n")[1].split("```")[0], names)
    assert names["dose"].unit == "Gy/s" and len(names["dose"].vois) == 9
