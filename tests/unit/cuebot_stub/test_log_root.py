# SPDX-License-Identifier: Apache-2.0
"""The folder of the frames' logs, when none is named, stands among others' temporary files and is this user's alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

pytest.importorskip("grpc", reason="the extra 'stub' is not installed")
pytest.importorskip("opencue_proto", reason="the extra 'stub' is not installed")

from cuebot_stub.server import FarmServer
from cuebot_stub.up.errors import FarmError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / f"cuebot-stub-logs-{os.getuid()}"


def test_folder_is_closed_to_others(folder: Path):
    server = FarmServer()
    server.stop()

    assert Path(server.farm.settings.log_root) == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_folder_that_was_open_is_closed(folder: Path):
    folder.mkdir(mode=0o777)

    FarmServer().stop()

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_link_in_its_place_is_refused(folder: Path, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FarmError, match="is a link or belongs to somebody else; give another folder with --log-root"):
        FarmServer()
