"""The program that was built beside the package: their results are compared bit by bit."""

import os
import subprocess
from pathlib import Path

import pytest

PROGRAM = os.environ["VOXGRAY_PROGRAM"]


@pytest.fixture
def program():
    def run(*words, code=0):
        done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done

    return run


@pytest.fixture(autouse=True)
def no_kernels_kept(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def here():
    return Path(__file__).parent.parent
