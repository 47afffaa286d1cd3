# SPDX-License-Identifier: Apache-2.0
"""Commands that a worker starts itself, and the same ones started by Python, have the same results."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import RunPycuerun
from tests.support import job_in, only_session, outline_file

PY = sys.executable

# A hook that runs with a frame makes it one that needs Python, though this one does nothing.
BOTH_WAYS = """
    import os
    from outline import LayerPreProcess, current_outline, io
    from outline.modules.shell import Shell, ShellSequence

    if os.environ["WAY"] == "python":
        class PythonShell(Shell):
            def _before_execute(self):
                pass
        class PythonSequence(ShellSequence):
            def _before_execute(self):
                pass
        Shell, ShellSequence = PythonShell, PythonSequence
    """


class Frame(NamedTuple):
    """What is left of a frame.

    Attributes:
        state: Its state at the end.
        status: Its exit status.
        variables: What the header of its log says that it got.
        body: What it wrote.
    """

    state: str
    status: int
    variables: dict[str, str]
    body: str


class Outcome(NamedTuple):
    """What is left of a job."""

    exit_code: int
    frames: dict[str, Frame]
    files: dict[str, str]


BothWays = Callable[..., tuple[Outcome, Outcome]]


@pytest.fixture
def both_ways(tmp_path: Path, run_pycuerun: RunPycuerun) -> BothWays:
    """Run an outline by the worker and by Python, each in a folder of its own; return what is left of both."""

    def run(text: str, *args: object) -> tuple[Outcome, Outcome]:
        return run_one("command", text, args), run_one("python", text, args)

    def run_one(way: str, text: str, args: tuple[object, ...]) -> Outcome:
        folder = tmp_path / way
        folder.mkdir()
        script = outline_file(folder, BOTH_WAYS + text)
        result = run_pycuerun(
            script,
            *args,
            *("--backend", "local", "--max-retries", "0"),
            cwd=folder,
            env={"WAY": way, "OUTLINE_OUTLINE_SESSION_DIR": str(folder / "sessions")},
        )
        return _outcome(folder, result.returncode)

    return run


def _outcome(folder: Path, exit_code: int) -> Outcome:
    session = only_session(folder / "sessions")
    record = job_in(folder / "sessions").record
    frames = {}
    for layer in record.job.plan.layers:
        for ref in record.job.frames.refs(layer.name):
            name = record.job.frames.name(ref)
            (log,) = session.glob(f"logs/*.{name}.rqlog")
            variables, body = _parts(_without_places(log.read_text(), session, folder))
            end = record.frames[ref].end
            assert end is not None
            frames[name] = Frame(record.job.state(ref).value, end.status, variables, body)
    made = [path for path in folder.rglob("*") if path.is_file() and session not in path.parents]
    files = {str(path.relative_to(folder)): _without_places(path.read_text(), session, folder) for path in made}
    return Outcome(exit_code, frames, files)


def _without_places(text: str, session: Path, folder: Path) -> str:
    """Return a text without what is different in every job."""
    text = text.replace(str(session), "SESSION").replace(session.name, "ID").replace(str(folder), "FOLDER")
    text = re.sub(r'\bWAY(=|": ")\w+', r"WAY\1", text)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{20,}", "ID", text)


def _parts(log: str) -> tuple[dict[str, str], str]:
    """Return the variables in a log's header, and what the frame wrote without the library's word about a failure."""
    _, head, body, *_ = re.split(r"^={59}\n", log, flags=re.MULTILINE)
    variables = dict(line.strip().split("=", 1) for line in head.splitlines() if line.startswith("  "))
    return variables, re.split(r"^outline: ", body, flags=re.MULTILINE)[0].rstrip("\n")


def test_the_two_ways_are_two(both_ways: BothWays) -> None:
    # A worker makes each command the leader of its own group; the commands of a Python frame are in the frame's.
    leads = "set -- $(cat /proc/$$/stat); test $$ = $5 && echo leads || echo follows"

    command, python = both_ways(f"Shell('cmd', command=['sh', '-c', {leads!r}])", "1")

    assert (command.frames["0001-cmd"].body, python.frames["0001-cmd"].body) == ("leads", "follows")


def test_commands_that_succeed(both_ways: BothWays) -> None:
    command, python = both_ways(
        """
    talk = "echo out; echo err >&2; printf 'no newline'"
    Shell("talk", command=["sh", "-c", talk])
    Shell("text", command="echo 'one word' two  words %{FRAME} #ZFRAME# #LAYER# #JOB# #FRAME#")
    Shell("hash", command="echo a.####.exr")
    ShellSequence("many", commands=["echo first", ["echo", "the  second"], "true"])
    """,
        "-1-2",
    )

    assert command == python
    assert command.exit_code == 0
    assert command.frames["0002-talk"].body == "out\nerr\nno newline"
    text = "one word two words -1 -001 text testing-default-tester_shot -001-text"
    assert command.frames["-001-text"].body == text
    assert command.frames["-001-hash"].body == "a.-001.exr"
    assert command.frames["0002-many"].body == "the  second"


@pytest.mark.parametrize(
    ("words", "status", "body"),
    [
        (["sh", "-c", "echo so far; echo so good >&2; exit 3"], 3, "so far\nso good"),
        (["no-such-program", "x"], 127, ""),
        (["./no/such/program"], 127, ""),
        (["./shot.outline"], 126, ""),
        (["/tmp"], 126, ""),
        (["sh", "-c", "echo before; kill -9 $$"], 137, "before"),
        (["sh", "-c", "kill -15 $$"], 143, ""),
        (["sh", "-c", "exit 255"], 255, ""),
        (["sh", "-c", "echo a; echo\0b"], 126, ""),
        (["echo", "x" * 200_000], 126, ""),
        ([""], 126, ""),
    ],
    ids=[
        "status",
        "missing",
        "missing-path",
        "not-executable",
        "folder",
        "kill",
        "term",
        "255",
        "nul",
        "long",
        "empty",
    ],
)
def test_commands_that_fail(both_ways: BothWays, words: list[str], status: int, body: str) -> None:
    command, python = both_ways(f"Shell('cmd', command={words!r})\n", "1")

    assert command == python
    assert command.exit_code == 1
    assert (command.frames["0001-cmd"].state, command.frames["0001-cmd"].status) == ("DEAD", status)
    assert command.frames["0001-cmd"].body == body


@pytest.mark.parametrize(
    ("head", "status"),
    [("", 126), ("#!/no/such/interpreter\n", 126), ("no first line\n", 126), ("\x7fELF but no more\n", 126)],
    ids=["empty", "interpreter", "no interpreter", "torn"],
)
def test_programs_that_the_system_cannot_start(both_ways: BothWays, head: str, status: int) -> None:
    command, python = both_ways(
        f"""
    with open("program", "w") as stream:
        stream.write({head!r})
    os.chmod("program", 0o755)
    Shell("cmd", command=["./program"])
    """,
        "1",
    )

    assert command == python
    assert (command.frames["0001-cmd"].state, command.frames["0001-cmd"].status) == ("DEAD", status)


def test_the_commands_of_a_chunk_run_in_order_up_to_one_that_fails(both_ways: BothWays) -> None:
    command, python = both_ways(
        """
    step = 'echo %{FRAME} of $OL_LAYER_RANGE in $CUE_FRAME; echo %{FRAME} >> ran; test %{FRAME} != 5'
    Shell("each", command=["sh", "-c", step], chunk=3)
    tokens = ["#FRAME_START#", "#FRAME_END#", "#FRAMESPEC#", "#FRAME_CHUNK#", "a.####.exr"]
    Shell("once", command=["echo", *tokens], chunk=3)
    """,
        "1-7",
        "--cores",
        "1",
    )

    assert command == python
    assert [command.frames[name].body for name in ("0001-each", "0004-each", "0007-each")] == [
        "1 of 1-3 in 0001-each\n2 of 1-3 in 0001-each\n3 of 1-3 in 0001-each",
        "4 of 4-6 in 0004-each\n5 of 4-6 in 0004-each",
        "7 of 7 in 0007-each",
    ]
    assert command.files["ran"].split() == ["1", "2", "3", "4", "5", "7"]
    assert command.frames["0004-once"].body == "4 6 4-6 3 a.####.exr"
    assert command.frames["0007-once"].body == "7 7 7 3 a.####.exr"


def test_folders_are_made_and_inputs_and_outputs_checked(both_ways: BothWays) -> None:
    command, python = both_ways(
        """
    def layer(name, script, **args):
        return Shell(name, command=["sh", "-c", script], **args)
    layer("makes", "echo x > made/here/a.%{ZFRAME}", chunk=2).add_output(
        "out", io.FileSpec("made/here/a.####", checked=True, mkdir=True))
    layer("half", "test %{FRAME} = 1 || echo x > half.%{ZFRAME}", chunk=2).add_output(
        "out", io.FileSpec("half.####", checked=True))
    layer("careless", "true", nocheck=True).add_output("out", io.Path("never", checked=True))
    layer("reads", "echo must not run", chunk=2, require="makes").add_input(
        "in", io.FileSpec("made/nowhere/a.####", checked=True))
    layer("empty", ": > empty.%{ZFRAME}").add_output("out", io.FileSpec("empty.####", checked=True))
    """,
        "1-2",
    )

    assert command == python
    assert {name: (frame.state, frame.status) for name, frame in command.frames.items()} == {
        "0001-makes": ("SUCCEEDED", 0),
        "0001-half": ("DEAD", 1),
        "0001-careless": ("SUCCEEDED", 0),
        "0002-careless": ("SUCCEEDED", 0),
        "0001-reads": ("DEAD", 1),
        "0001-empty": ("DEAD", 1),
        "0002-empty": ("DEAD", 1),
    }
    assert command.frames["0001-reads"].body == ""
    assert "made/here/a.0002" in command.files


def test_what_a_pre_process_hands_over(both_ways: BothWays) -> None:
    command, python = both_ways(
        """
    class Override(LayerPreProcess):
        def _execute(self, frames):
            self.get_creator().put_data("args_override", {"command": ["echo", "overridden %{FRAME}"]})
    class HandOver(LayerPreProcess):
        def _execute(self, frames):
            self.add_output("more", io.FileSpec("made/more.####", checked=True, mkdir=True))
    Override(Shell("override", command=["echo", "as written"]))
    work = ["sh", "-c", "test %{FRAME} = 2 || echo x > made/more.%{ZFRAME}"]
    HandOver(Shell("hand_over", command=work), nocheck=True)
    """,
        "1-2",
    )

    assert {name: (frame.state, frame.status) for name, frame in command.frames.items()} == {
        "0001-override_preprocess": ("SUCCEEDED", 0),
        "0001-hand_over_preprocess": ("SUCCEEDED", 0),
        "0001-override": ("SUCCEEDED", 0),
        "0002-override": ("SUCCEEDED", 0),
        "0001-hand_over": ("SUCCEEDED", 0),
        "0002-hand_over": ("DEAD", 1),
    }
    assert command == python
    assert command.frames["0002-override"].body.endswith("overridden 2")


def test_the_environment_of_commands(both_ways: BothWays) -> None:
    dump = "import json, os; json.dump(dict(os.environ), open('env.' + os.environ['CUE_IFRAME'], 'w'), sort_keys=True)"
    command, python = both_ways(
        f"""
    current_outline().set_env("FROM_JOB", "job")
    current_outline().set_env("FROM_PRE", "pre", pre=True)
    current_outline().set_env("BOTH", "job")
    tool = os.path.join(os.getcwd(), "tool")
    os.makedirs(tool, exist_ok=True)
    with open(tool + "/my-tool", "w") as stream:
        stream.write("#!/bin/sh\\necho found in the PATH of the layer\\n")
    os.chmod(tool + "/my-tool", 0o755)
    Shell("dump", command=[{PY!r}, "-c", {dump!r}], chunk=2, cores=0.5, memory="300m", threadable=True,
          env={{"FROM_LAYER": 5, "BOTH": "layer", "\u00fc": "\u00e4 \u00f6", "EMPTY": ""}})
    Shell("tool", command=["my-tool"], range="3", env={{"PATH": tool + ":" + os.environ["PATH"]}})
    Shell("token", command=["echo", "%{{FRAME}}", "#LAYER#"], range="3", env={{"CUE_LAYER": "other"}})
    """,
        "3-4",
        "--env",
        "K=a=b",
    )

    env = json.loads(command.files["env.3"])
    assert command == python
    assert command.exit_code == 0
    assert (env["FROM_JOB"], env["FROM_PRE"], env["FROM_LAYER"], env["BOTH"]) == ("job", "pre", "5", "layer")
    assert (env["\u00fc"], env["EMPTY"], env["K"]) == ("\u00e4 \u00f6", "", "a=b")
    assert (env["OL_LAYER_RANGE"], env["CUE_MEMORY"]) == ("3-4", str(300 * 1024))
    assert command.frames["0003-tool"].body == "found in the PATH of the layer"
