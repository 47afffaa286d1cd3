# SPDX-License-Identifier: Apache-2.0
"""Misspelt options, sections and variables of the configuration are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from outline.config import read_config_from_disk


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("OUTLINE_LOCAL_CORSE", "OUTLINE_LOCAL_CORSE: nothing reads [local] corse; did you mean cores?"),
        ("OUTLINE_OUTLINE_SESSIONDIR", "nothing reads [outline] sessiondir; did you mean session_dir?"),
        ("OUTLINE_OUTLINE_STUDIO_SERVER", ""),
    ],
)
def test_a_misspelt_option_is_told_and_a_studios_own_is_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variable: str, told: str
):
    monkeypatch.setenv(variable, "3")

    read_config_from_disk()

    assert told in caplog.text
    assert bool(caplog.text) is bool(told)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("outlin", "nothing reads the section [outlin]; did you mean [outline]?"),
        ("Local", "nothing reads the section [Local]; did you mean [local]?"),
        ("pathmapping", "did you mean [path_mapping]?"),
        ("Shel", ""),
        ("StudioRender", ""),
        ("plugin:locl", ""),
    ],
)
def test_a_misspelt_section_is_told_and_a_studios_own_is_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path, section: str, told: str
):
    path = tmp_path / "studio.cfg"
    path.write_text(f"[{section}]\nchunk = 2\n")
    monkeypatch.setenv("OUTLINE_CONFIG_FILE", str(path))

    read_config_from_disk()

    assert told in caplog.text
    assert bool(caplog.text) is bool(told)
    assert not told or str(path) in caplog.text


def test_a_variable_with_a_misspelt_section_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    monkeypatch.setenv("OUTLINE_OUTLIN_BACKEND", "local")
    monkeypatch.setenv("OUTLINE_STUDIO_SERVER", "x")

    read_config_from_disk()

    assert caplog.messages == [
        "OUTLINE_OUTLIN_BACKEND: nothing reads this variable; did you mean OUTLINE_OUTLINE_BACKEND?"
    ]
