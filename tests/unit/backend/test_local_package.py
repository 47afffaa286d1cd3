# SPDX-License-Identifier: Apache-2.0
"""The package of the local backend loads each of its names when it is first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from outline.backend import local


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
