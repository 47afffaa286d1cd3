# SPDX-License-Identifier: Apache-2.0
"""What several unit tests begin with."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with a blank and a quote in its name."""
    made = tmp_path / "it's a shot"
    made.mkdir()
    return made
