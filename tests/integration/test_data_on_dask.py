# SPDX-License-Identifier: Apache-2.0
"""Frames that come from data on dask workers: the same bytes, records and states as on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from outline.work.folder import WorkFolder
from outline.work.results import Summary, layer_records, results_of
from tests.conftest import RunPycuerun
from tests.support import outline_file

pytest.importorskip("distributed")

pytestmark = pytest.mark.measured

JOB = """
from outline.items import lines
from outline.modules.shell import Shell
make = 'test "$0" != bad || exit 3; echo $0 %{SEED} > "$1"; echo "{\\\\"seed\\\\": %{SEED}}" > "$2"'
names = lines("names.txt")
Shell("make", ["sh", "-c", make, "%{KEY}", "%{OUTPUT}", "%{RESULT}"], items=names, outputs="%{KEY}.txt")
Shell("after", ["true"], range="1", require=["make:all"])
"""


def test_errors_are_ignored_and_seeds_are_the_same(tmp_path: Path, run_pycuerun: RunPycuerun) -> None:
    (tmp_path / "names.txt").write_text("one\nbad\nthree\n")
    words = (outline_file(tmp_path, JOB), "--ignore-errors", "--max-retries", "1", "--quiet")
    here = run_pycuerun(*words, "--backend", "local", "--work", tmp_path / "here", cwd=tmp_path)

    dask = run_pycuerun(*words, "--backend", "dask", "--workers", "1", "--work", tmp_path / "dask", cwd=tmp_path)

    assert (here.returncode, dask.returncode) == (0, 0), here.stderr + dask.stderr
    folders = [tmp_path / name for name in ("here", "dask")]
    texts = [{path.name: path.read_text() for path in folder.glob("*.txt")} for folder in folders]
    assert texts[0] == texts[1]
    assert sorted(texts[0]) == ["one.txt", "three.txt"]
    rows = [results_of(layer_records(WorkFolder(folder), "make")) for folder in folders]
    assert rows[0] == rows[1]
    assert Summary(WorkFolder(folders[1])).layers["make"]["failed"] == ["bad"]
