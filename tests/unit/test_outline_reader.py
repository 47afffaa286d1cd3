# SPDX-License-Identifier: Apache-2.0
"""What a file may load: layers and outlines of modules that have some, in bounded time, or nothing but one line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from outline import Layer, Outline, OutlineException, Shell, load_outline
from tests.support import log_of, outline_file, start

HEAD = "outline: 1\nname: job\n"
LAYER = "layers:\n- name: a\n  class: outline.modules.shell:Shell\n"
LISTENER = LAYER + "  listeners: [{event: BEFORE_EXECUTE, %s}]"


class Job(Outline):
    """An outline of a studio."""

    def __init__(self, name: str, client: str) -> None:
        super().__init__(name)
        self.client = client
        self.__first: Any = None

    def first(self) -> Any:
        return self.__first

    def add_layer(self, layer: Layer) -> None:
        self.__first = self.__first or layer
        super().add_layer(layer)


def refused(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(OutlineException) as caught:
        load_outline(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{HEAD}module_paths: [modules]\n{LAYER}", "the module path 'modules' is refused, it is not absolute"),
        (f"{HEAD}layers:\n- {{name: a, class: 'antigravity:X'}}", "antigravity is a module of Python itself"),
        (f"{HEAD}layers:\n- {{name: a, class: 'idlelib.idle:X'}}", "idlelib.idle is a module of Python itself"),
        (f"{HEAD}layers:\n- {{name: a, class: '.x:X'}}", "cannot import .x"),
        (
            f"{HEAD}layers:\n- {{name: a, class: 'no_such_module:X'}}",
            "cannot import no_such_module: No module named 'no_such_module'; the module must be on the Python path",
        ),
        (f"{HEAD}layers:\n- {{name: a, class: 'system'}}", "cannot import system: "),
        (f"{HEAD}layers:\n- {{name: a, class: 'subprocess:Popen'}}", "subprocess is a module of Python itself"),
        (f"{HEAD}layers:\n- {{name: a, class: 'outline.io:Path'}}", "outline.io:Path is not a Layer class"),
        (f"{HEAD}class: outline.modules.shell:Shell\n{LAYER}", "outline.modules.shell:Shell is not a Outline class"),
        (HEAD + LISTENER % "function: 'subprocess:run'", "the listener subprocess:run is refused, subprocess is not a"),
        (HEAD + LISTENER % "function: 'outline.modules.shell:os.removedirs'", "os.removedirs is not a function of its"),
        (HEAD + LISTENER % "function: 'outline.modules.shell:Shell'", "Shell is not a function of its module"),
        (HEAD + LISTENER % "layer: b, method: execute", "not a whole outline: KeyError: 'b'"),
        (f"{HEAD}{LAYER}  attributes: {{x: !!python/name:os.system ''}}", "refused, it does not hold plain data"),
        (f"{HEAD}{LAYER}  attributes: {{x: !!python/object:subprocess.Popen {{}}}}", "not an outline of PyOutline"),
        (f"{HEAD}{LAYER}  attributes: {{_ol_state: 1}}", "the attribute _ol_state is refused"),
        (f"{HEAD}{LAYER.replace('name: a', 'name: ../a')}", "layer name '../a' has the illegal character"),
        (f"{HEAD}{LAYER}  children: &a [{{name: b, class: 'outline.layer:Layer', children: *a}}]", "RecursionError"),
        (b"outline: 1\nname: \xff\n", "not text in UTF-8: invalid start byte at byte 17"),
        ("outline: 2", "written in format 2, this version reads format 1"),
        ("name: a", "not an outline; the first key must be 'outline'"),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_a_session_that_asks_for_more_is_refused_in_one_line(tmp_path: Path, text: str | bytes, reason: str) -> None:
    assert reason in refused(tmp_path / "outline.yaml", text)
    assert not {"antigravity", "idlelib.idle"} & set(sys.modules)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 200_000, "not JSON: maximum recursion depth"),
        (b'{"name": "\xff"}', "not text in UTF-8"),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_a_json_job_that_is_none_is_refused_in_one_line(tmp_path: Path, text: str | bytes, reason: str) -> None:
    assert reason in refused(tmp_path / "job.json", text)


def test_studio_module_may_have_the_name_of_one_of_pythons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "antigravity.py").write_text("from outline import Layer\nclass Own(Layer): pass\n")
    (tmp_path / "outline.yaml").write_text(f"{HEAD}layers:\n- {{name: a, class: 'antigravity:Own'}}")
    monkeypatch.syspath_prepend(str(tmp_path))

    layer = load_outline(str(tmp_path / "outline.yaml")).get_layer("a")
    sys.modules.pop("antigravity")

    assert type(layer).__name__ == "Own"


def test_studio_outline_comes_back_as_what_it_was(caplog: pytest.LogCaptureFixture) -> None:
    ol = Job("job", "acme")
    ol.add_layer(Shell("a", ["true"], range="1-2"))
    ol.stream = sys.stdout  # type: ignore[attr-defined]
    ol.setup()

    again: Any = load_outline(str(ol.get_path()))

    assert (type(again), again.client, again.first()) == (Job, "acme", again.get_layer("a"))
    assert not hasattr(again, "stream")
    assert [message.split(" is a ")[0] for message in caplog.messages] == [
        "outline job: frames do not have its attribute stream: stream"
    ]


def test_frames_have_the_outline_of_a_script(tmp_path: Path, session_root: Path) -> None:
    script = outline_file(
        tmp_path,
        """
        from outline import Layer, Outline

        class Job(Outline):
            def client(self):
                return self.__name + "!"
            def __init__(self, name):
                super().__init__(name, current=True)
                self.__name = "acme"

        class Tell(Layer):
            def _execute(self, frames):
                print("for", self.get_outline().client())

        Job("job")
        Tell("tell")
        """,
    )

    start(script, "1", "--backend", "local", cwd=tmp_path).communicate()

    assert "for acme!" in log_of(session_root, "0001-tell")
