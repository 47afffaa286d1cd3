# SPDX-License-Identifier: Apache-2.0
"""The package of the local backend loads each of its names when it is first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from outline import Outline
from outline.backend import local
from outline.cuerun import OutlineLauncher


@pytest.mark.parametrize("name", local.__all__)
def test_every_name_of_the_package_is_there(name: str):
    assert getattr(local, name).__name__ == name


def test_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="'outline.backend.local' has no attribute 'lunch'"):
        _ = local.lunch


def test_runner_is_forked_before_the_launcher_loads_what_only_it_needs(unmeasured: dict[str, str]):
    code = "import outline.backend.local.runner, sys; print([n for n in sys.modules if n.startswith('outline.sched')])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=unmeasured)

    assert done.stdout == "[]\n"


def test_forks_of_frames_pay_for_no_hooks_of_logging_threading_and_random(unmeasured: dict[str, str]):
    code = (
        "import sys, outline.backend.local.serving, outline.modules.shell, outline.serialize.data;"
        "print({'logging', 'random', 'threading'}.intersection(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=unmeasured)

    assert done.stdout == "set()\n"


@pytest.mark.parametrize("name", ["serialize", "Dispatcher"])
def test_what_a_studio_puts_in_the_place_of_a_name_is_what_launch_uses(name: str, monkeypatch: pytest.MonkeyPatch):
    class Dispatched:
        """Stands for the job, and for what dispatches it."""

        def __init__(self, given: object) -> None:
            self.given = given

        def set_flags(self, flags: dict[str, object]) -> None:
            """Take none."""

        def dispatch(self) -> Dispatched:
            return self

    monkeypatch.setattr(local, name, Dispatched)
    launcher = OutlineLauncher(Outline("job"), backend="local")
    monkeypatch.setattr(launcher, "setup", lambda: None)

    (job,) = local.launch(launcher)

    assert job.given is (launcher if name == "serialize" else launcher.get_outline())  # type: ignore[attr-defined]
