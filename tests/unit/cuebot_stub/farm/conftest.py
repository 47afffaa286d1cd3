# SPDX-License-Identifier: Apache-2.0
"""Farms for the tests of the farm's model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.daemons import FakeDaemons, new_farm
from tests.fakes.farm import FakeClock, FakeFarm
from tests.specs import layer


@pytest.fixture
def farm() -> FakeFarm:
    """Return a farm in memory without hosts."""
    return FakeFarm()


@pytest.fixture
def strict() -> FakeFarm:
    """Return a strict farm in memory without hosts."""
    return FakeFarm(strict=True)


@pytest.fixture
def kept_farm(tmp_path: Path) -> Iterator[FakeFarm]:
    """Return a farm in a file, without hosts; it can be restarted."""
    made = FakeFarm(tmp_path / "farm.db")
    yield made
    made.close()


@pytest.fixture
def clock() -> FakeClock:
    """Return the clock of ``daemons``."""
    return FakeClock()


@pytest.fixture
def daemons(clock: FakeClock) -> FakeDaemons:
    """Return the daemons of a farm without hosts and jobs."""
    return FakeDaemons(new_farm(clock))


@pytest.fixture
def jobs(farm: FakeFarm) -> FakeFarm:
    """Return a farm with the jobs ``first`` and ``second``, of two layers with two frames each, and no host."""
    farm.launch(layer("model", "1-2"), layer("light", "1-2"), name="first")
    farm.launch(layer("comp", "1-2"), layer("grade", "1-2"), name="second")
    return farm
