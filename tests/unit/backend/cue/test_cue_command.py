# SPDX-License-Identifier: Apache-2.0
"""The command of a frame, as the shell of a farm host gets it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outline import config, versions
from outline.backend.cue import build_command
from outline.backend.cue.command import literal, pycuerun_words
from outline.exception import LaunchException
from outline.modules.shell import plain_line
from tests.launches import launcher_of, outline_of, shell, spec_of

REPOSITORY = Path(__file__).resolve().parents[4]

# What a server puts in place of its tokens, in its order.
TOKENS = {
    "#ZFRAME#": "0012",
    "#IFRAME#": "12",
    "#FRAME_START#": "12",
    "#FRAME_END#": "16",
    "#FRAME_CHUNK#": "5",
    "#LAYER#": "beauty",
    "#JOB#": "testing-sh010-tester_job_name",
    "#FRAMESPEC#": "12-16",
    "#FRAME#": "0012-beauty",
}
_SHOW_ARGV = "import json, sys; print(json.dumps(sys.argv[1:]))"

# Whatever an argument of a program can hold.
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def on_the_farm(command: str) -> str:
    """Return a command as the server sends it to a host."""
    for token, value in TOKENS.items():
        command = command.replace(token, value)
    return command


def argv_of(words: str) -> list[str]:
    """Return the arguments that a program gets from ``/bin/sh`` for the words of a command line."""
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(_SHOW_ARGV)} {words}"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True, env={"PYTHONUTF8": "1"})
    found: list[str] = json.loads(done.stdout)
    return found


def _ready(*layers: Any, **flags: Any) -> Any:
    launcher = launcher_of(*layers, **flags)
    launcher.setup()
    return launcher


def _words(launcher: Any, name: str = "beauty") -> list[str]:
    return shlex.split(" ".join(build_command(launcher, launcher.get_outline().get_layer(name))))


# -- pycuerun on the host ----------------------------------------------------------------------------------------


def test_frame_runs_pycuerun_with_the_session() -> None:
    launcher = _ready(shell())

    command = build_command(launcher, launcher.get_outline().get_layer("beauty"))

    assert command[-2:] == ["-e", "#IFRAME#-beauty"]
    assert shlex.split(" ".join(command[:-2]))[-1] == launcher.get_outline().get_path()
    assert on_the_farm(" ".join(command)).endswith("-e 12-beauty")


def test_pycuerun_is_that_of_this_installation(tmp_path: Path, session_root: Path) -> None:
    launcher = _ready(shell(command=["touch", str(tmp_path / "was here")]), range="12")
    command = " ".join(build_command(launcher, launcher.get_outline().get_layer("beauty")))

    done = subprocess.run(["/bin/sh", "-c", on_the_farm(command)], env={}, cwd="/", capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "was here").exists()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["home/bin/pycuerun", "venv/bin/pycuerun"], ["venv/bin/python", "home/bin/pycuerun"]),
        (["venv/bin/pycuerun"], ["venv/bin/pycuerun"]),
        ([], ["venv/bin/python", "-m", "outline"]),
    ],
    ids=["source tree", "installed", "no script"],
)
def test_pycuerun_is_where_the_library_is(files: list[str], words: list[str], tmp_path: Path) -> None:
    (tmp_path / "home" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    [(tmp_path / name).touch() for name in files]

    found = pycuerun_words(str(tmp_path / "venv/bin/python"), str(tmp_path / "home"))

    assert [word.removeprefix(f"{tmp_path}/") for word in found] == words


def test_configured_folder_of_pycuerun_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLINE_OUTLINE_BIN_DIR", "/studio tools/bin")
    config.reload()

    assert _words(_ready(shell()))[0] == "/studio tools/bin/pycuerun"


def test_no_wrapper_is_used_when_nobody_asks_for_one() -> None:
    words = _words(_ready(shell(setshot=False)))

    assert words[0] == sys.executable
    assert words[1] == str(REPOSITORY / "bin" / "pycuerun")
    assert len(words) == 5


@pytest.mark.parametrize(
    ("args", "name"),
    [
        ({}, "opencue_wrap_frame"),
        ({"setshot": True}, "opencue_wrap_frame"),
        ({"setshot": False}, "opencue_wrap_frame_no_ss"),
    ],
    ids=["not set", "with shot", "without shot"],
)
def test_configured_wrappers_are_used(args: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLINE_OUTLINE_WRAPPER_DIR", "/studio tools")
    config.reload()

    words = _words(_ready(shell(**args)))

    assert words[:2] == [f"/studio tools/{name}", config.get("outline", "user_dir")]


@pytest.mark.parametrize("wrapper", ["/w/wrap -v", ["/w/wrap", "-v"]], ids=["text", "list"])
def test_wrapper_of_a_layer_comes_first(wrapper: Any) -> None:
    words = _words(_ready(shell(wrapper=wrapper)))

    assert words[:3] == ["/w/wrap", "-v", config.get("outline", "user_dir")]


def test_traced_frames_have_a_log_each() -> None:
    launcher = _ready(shell(strace=True))

    words = _words(launcher)

    assert words[0] == "strace"
    assert (
        words[words.index("-o") + 1] == f"{launcher.get_outline().get_layer('beauty').get_path()}/strace.#IFRAME#.log"
    )


def test_development_areas_are_named_when_asked_for() -> None:
    assert _words(_ready(shell(), dev=True, devuser="an n"))[-3:] == ["--dev", "--dev-user", "an n"]


def test_version_and_repository_are_named_when_chosen(tmp_path: Path) -> None:
    (tmp_path / "re po").mkdir()
    (tmp_path / "re po" / "outline" / "1.2").mkdir(parents=True)
    (tmp_path / "re po" / "outline" / "1.2" / "manifest.py").write_text("")
    versions.set_repos(str(tmp_path / "re po"))
    versions.require("outline", "1.2")
    try:
        words = _words(_ready(shell()))
    finally:
        versions.unrequire("outline")
        versions.main.Settings.repos_path = ""

    assert words[-4:] == ["--version", "1.2", "--repos", str(tmp_path / "re po")]


def test_session_may_be_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "it's $HOME `x` \\ #IFRAME#;touch y"
    monkeypatch.setenv("OUTLINE_OUTLINE_SESSION_DIR", str(root))
    config.reload()
    launcher = _ready(shell())
    command = on_the_farm(" ".join(build_command(launcher, launcher.get_outline().get_layer("beauty"))))

    words = argv_of(command.partition(" ")[2])

    assert words[-3:] == [launcher.get_outline().get_path(), "-e", "12-beauty"]
    assert os.path.isfile(words[-3])


@given(WORDS)
@example("#IFRAME#")
@example("##IFRAME##ZFRAME#'")
@example("a;touch x")
@example("-n")
@example("'\"$(x)`y`\\\n\r\t *?[a]~")
def test_any_word_arrives_as_it_is(word: str) -> None:
    assert shlex.split(on_the_farm(literal(word))) == [word]


# -- commands without pycuerun -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (["echo #IFRAME#"], "echo 12"),
        (["echo", "frame", "&&", "sleep", "1"], "echo frame && sleep 1"),
        (["ls", "'a b'", "$HOME", 3], "ls 'a b' $HOME 3"),
        ("echo %{FRAME} && date", "echo 12 && date"),
        (["cp", "%{ZFRAME}", "%{RANGE}"], "cp 0012 12-16"),
        (["blender", "-o", "b_####.png", "-f", "#IFRAME#"], "blender -o b_####.png -f 12"),
        (["ginsu", "-in", "a.####.exr", "-out", "b.#.exr"], "ginsu -in a.0012.exr -out b.0012.exr"),
        ("ginsu -in it's.#.exr", "ginsu -in it's.0012.exr"),
        (["x", "#FF0000", "http://a/b#c.d"], "x #FF0000 http://a/b#c.d"),
    ],
    ids=str,
)
def test_command_is_a_line_for_the_shell_of_the_host(command: Any, line: str) -> None:
    assert on_the_farm(plain_line(shell(command=command))) == line


@given(st.lists(WORDS.filter(lambda word: "#" not in word and "%{" not in word), max_size=4))
@example(["a;touch x", "", " ", "'", '"', "$HOME", "`x`", "a\nb", "\\", "*", "&&", "é"])
def test_quoted_list_arrives_word_by_word(words: list[str]) -> None:
    layer = shell(command=["program", *words], quote=True)

    assert shlex.split(on_the_farm(plain_line(layer))) == ["program", *words]


@settings(max_examples=60)
@given(st.lists(WORDS, min_size=1, max_size=3))
@example(["a;touch x", "", "'", "#IFRAME#", "$(exit 1)", "\\", "\n"])
def test_shell_of_a_host_reads_any_words_as_they_are(words: list[str]) -> None:
    line = on_the_farm(f"printf '%s\\0' {' '.join(map(literal, words))}")

    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True)

    assert done.stdout.decode().split("\0") == [*words, ""]


def test_shell_of_a_host_gives_a_program_the_very_words() -> None:
    words = ["a;touch x", "", " ", "'", '"', "$HOME", "`x`", "a\nb", "\\", "*", "&&", "é", "#IFRAME#-#LAYER#"]

    arrived = argv_of(on_the_farm(plain_line(shell(command=words, quote=True))))

    assert arrived == [*words[:-1], "12-beauty"]


def test_padding_that_the_farm_lacks_is_refused() -> None:
    with pytest.raises(LaunchException, match=r"layer 'beauty'.*4 digits only, not the ###### of a file name"):
        plain_line(shell(command=["x", "a.######.exr"]))


def test_layer_without_a_command_needs_pycuerun() -> None:
    from outline.modules.shell import ShellSequence

    ol = outline_of(ShellSequence("steps", [["true"], ["true"]]))

    with pytest.raises(LaunchException, match="layer 'steps'.* has no argument 'command'; launch it with use_pycuerun"):
        spec_of(ol=ol, simple=True)


def test_plain_commands_are_in_the_simple_spec() -> None:
    spec = spec_of(shell(command=["echo", "a b"]), simple=True)

    assert spec.findtext("job/layers/layer/cmd") == "echo a b"


def test_spec_is_written_without_the_client_of_the_farm(unmeasured: dict[str, str]) -> None:
    code = (
        "import sys; sys.modules['opencue'] = sys.modules['grpc'] = None\n"
        "from tests.launches import spec_text\n"
        "assert '<cmd>' in spec_text()\n"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=unmeasured, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
