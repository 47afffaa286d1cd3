# SPDX-License-Identifier: Apache-2.0
"""The names of frames, logs and files of a session: what users see, spelled out once."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from outline.exception import OutlineException
from outline.names import frame_name, log_name, older_log, progress_path, split_frame_name
from outline.session_paths import SessionPaths
from tests.sources import LIBRARY, named, text, tree


@pytest.mark.parametrize(
    ("frame", "layer", "name"),
    [
        (12, "beauty", "0012-beauty"),
        (0, "x", "0000-x"),
        (-1, "x", "-001-x"),
        (-2, "a-b", "-002-a-b"),
        (12345, "9", "12345-9"),
    ],
)
def test_frame_names_are_the_farms_in_both_directions(frame: int, layer: str, name: str) -> None:
    assert (frame_name(frame, layer), split_frame_name(name)) == (name, (frame, layer))


@pytest.mark.parametrize("name", ["12-beauty", "012-beauty"])
def test_a_frame_may_be_named_without_the_padding(name: str) -> None:
    assert split_frame_name(name) == (12, "beauty")


@pytest.mark.parametrize("name", ["beauty", "12", "12-", "beauty-12", ""])
def test_other_frame_names_are_refused(name: str) -> None:
    with pytest.raises(OutlineException, match="12-beauty"):
        split_frame_name(name)


def test_logs_are_named_after_job_and_frame() -> None:
    log = log_name("show-shot-jo_test", "0012-beauty")

    assert log == "show-shot-jo_test.0012-beauty.rqlog"
    assert (older_log(log, 2), progress_path(log)) == (f"{log}.2", f"{log}.progress")


def test_the_files_of_a_session() -> None:
    paths = SessionPaths("/a b/it's")

    found = {
        paths.outline: "outline.yaml",
        paths.marker: "session",
        paths.journal: "journal",
        paths.logs: "logs",
        paths.log("job", "0012-beauty"): "logs/job.0012-beauty.rqlog",
        paths.layers: "layers",
        paths.layer("beauty"): "layers/beauty",
        paths.data("args", "beauty"): "layers/beauty/args",
        paths.data("args"): "args",
        paths.owner("a/b", "beauty"): "layers/beauty/.owners/a_b",
        paths.owner("a"): ".owners/a",
        paths.script("shot.outline"): "scripts/shot.outline",
        paths.runs: "runs",
        paths.run(3): "runs/3",
    }
    assert list(found) == [f"/a b/it's/{name}" for name in found.values()]


@pytest.mark.parametrize("name", ["", "outline.yaml", "not there"])
def test_a_session_is_found_by_any_file_in_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "outline.yaml").touch()

    assert SessionPaths.holding(tmp_path / name).folder == str(tmp_path)


def test_nothing_else_spells_a_file_of_a_session_or_a_log() -> None:
    homes = ("outline/session_paths.py", "outline/names.py")
    names = ("journal", "outline.yaml", "runs/", "scripts/", "layers/", ".owners")
    spelled = [
        f"{named(path)}:{node.lineno} {node.value!r}"
        for path in LIBRARY
        if named(path) not in homes and any(name in text(path) for name in (*names, ".rqlog"))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value in names or node.value.endswith(".rqlog")
    ]

    assert spelled == []
