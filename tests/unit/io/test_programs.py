# SPDX-License-Identifier: Apache-2.0
"""Which program runs, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from outline.exception import ShellCommandFailureException
from outline.io.programs import ProgramChoice, choose_program, find_program

HOST = ("[Blender]", {"executable": "/opt/host", "executable.3.4": "/opt/3.4"})
LAUNCH = ("the configuration at launch:", {"executable": "/opt/launch", "executable.4.2": "/opt/4.2"})


@pytest.mark.parametrize(
    ("given", "version", "candidates"),
    [
        pytest.param("mine", "3.4", ("mine",), id="the layer says it"),
        pytest.param(None, "", ("/opt/host",), id="the host's configuration"),
        pytest.param(None, "3.4", ("/opt/3.4",), id="the host's configuration for a version"),
        pytest.param(None, "4.2", ("/opt/4.2",), id="the configuration at launch"),
        pytest.param(None, "5.0", ("blender-5.0", "blender5.0"), id="a name with a version"),
        pytest.param({"3.4": "old", "4.2": "new"}, "4.2", ("new",), id="a dict of versions"),
        pytest.param({3.4: "old"}, "3.4", ("old",), id="a dict whose versions are numbers"),
        pytest.param({"3.4": "old"}, "4.2", (), id="a dict without the version"),
        pytest.param({"3.4": "old"}, "", (), id="a dict and no version"),
    ],
)
def test_who_says_more_exactly_where_the_program_is_wins(
    given: object, version: str, candidates: tuple[str, ...]
) -> None:
    assert choose_program(["blender"], given, version, [HOST, LAUNCH]).candidates == candidates


def test_the_usual_names_come_last() -> None:
    assert choose_program(["blender", "blender3"], None, "", [("[Blender]", {})]).candidates == ("blender", "blender3")


def test_words_may_follow_the_program() -> None:
    choice = choose_program(["blender"], ["rez", "env", "blender"], "", [])

    assert (choice.candidates, choice.arguments) == (("rez",), ("env", "blender"))


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Make a folder with a program, a file that is none, and a folder."""
    folder = tmp_path / "bin dir"
    folder.mkdir()
    (folder / "real").write_text("#!/bin/sh\n")
    (folder / "real").chmod(0o755)
    (folder / "text").write_text("")
    (folder / "folder").mkdir()
    return folder


def test_a_name_is_looked_for_on_the_path_of_the_frame(programs: Path) -> None:
    choice = ProgramChoice(("none", "real"), "its usual name", ("-x",))

    assert find_program("App", choice, {"PATH": str(programs)}) == [str(programs / "real"), "-x"]


def test_a_path_is_taken_as_it_is(programs: Path) -> None:
    assert find_program("App", ProgramChoice((str(programs / "real"),), ""), {"PATH": ""}) == [str(programs / "real")]


def test_a_program_that_is_not_there_is_told_with_all_that_was_looked_for(programs: Path) -> None:
    wanted = (
        "nothing",
        str(programs / "none"),
        str(programs / "text"),
        str(programs / "folder"),
    )

    with pytest.raises(ShellCommandFailureException) as caught:
        find_program("App", ProgramChoice(wanted, "executable= of the layer"), {"PATH": f"{programs}:/bin"})

    said = str(caught.value)
    assert caught.value.exit_status == 127
    assert said.startswith("App was not found on host ")
    assert "there is no 'nothing'" in said
    assert f"there is no file {programs}/none" in said
    assert f"{programs}/text is not executable" in said
    assert f"{programs}/folder is a folder" in said
    assert "(executable= of the layer)" in said
    assert "[App] executable=" in said
    assert said.endswith(f"the PATH is {programs}:/bin")


def test_a_version_that_nobody_knows_is_told_with_those_that_are_known() -> None:
    choice = choose_program(["blender"], {"3.4": "a", "4.2": "b"}, "5.0", [])

    with pytest.raises(ShellCommandFailureException, match=r"has no version '5\.0'; it has 3\.4, 4\.2"):
        find_program("Blender", choice, {"PATH": "/bin"})
