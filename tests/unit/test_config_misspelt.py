# SPDX-License-Identifier: Apache-2.0
"""A misspelt option of the configuration is told."""

from __future__ import annotations

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
