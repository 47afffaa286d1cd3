# SPDX-License-Identifier: Apache-2.0
"""``outline check`` finds files that commands name and nobody declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline import Outline, Shell
from outline.cli.check.outline import undeclared_files


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"inputs": {"code": "vol.py"}, "outputs": "a.vol"}, []),
        ({"inputs": "./vol.py", "outputs": "a.vol"}, []),
        ({"outputs": "a.vol"}, ["vol.py"]),
        ({"items": ["a"]}, ["vol.py"]),
        ({}, []),
        ({"outputs": "a.vol", "command": "./run.sh vol.py nosuch.py"}, ["./run.sh", "vol.py"]),
    ],
    ids=["declared", "in another spelling", "not declared", "items", "runs each time", "own program"],
)
def test_files_that_a_command_names_and_nobody_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: dict[str, Any], expected: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("vol.py", "run.sh"):
        Path(name).touch()
    Outline("job", current=True)

    assert undeclared_files(Shell("vol", **{"command": ["python", "vol.py", "%{OUTPUT}"], **args})) == expected
