# SPDX-License-Identifier: Apache-2.0
"""An outline becomes data and comes back; what cannot be saved is named before anything is launched."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections import OrderedDict
from enum import Enum, IntEnum
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest
import yaml

from outline import Frame, Layer, Outline, SerializeException, Shell, ShellSequence, load_outline
from outline.constants import LayerType
from outline.frames import FrameSet
from outline.io import FileSpec, Image
from outline.io import Path as IoPath
from tests.support import environ_with, outline_file


class Keeps(Layer):
    """Has attributes, private and not."""

    def __init__(self, name: str, **args: Any) -> None:
        super().__init__(name, **args)
        self.__input = args.get("value")  # type: ignore[assignment]  # mypy does not mangle names
        self.plain = args.get("value")

    def private(self) -> Any:
        return self.__input


class Size(int):
    """A kind of number."""


class Quality(IntEnum):
    """Numbers with names."""

    LOW = 1


class Mode(str, Enum):
    """Texts with names."""

    FAST = "fast"


class Deeper(Keeps):
    """Has a private attribute of the same name as its base class, and names that the library uses as well."""

    def __init__(self, name: str, **args: Any) -> None:
        super().__init__(name, **args)
        self.__input = "deeper"  # type: ignore[assignment]
        self._args = 1
        self._env = 2
        self.__name = 3  # type: ignore[assignment]

    def both(self) -> tuple[Any, Any, Any]:
        return self.private(), self.__input, self.__name


class Studio:
    """Classes with the names of the library's own, each with private attributes of common names."""

    class Layer(Layer):
        def __init__(self, name: str, **args: Any) -> None:
            super().__init__(name, **args)
            self.__name, self.__args, self.__state, self.__env, self.__outline = "mine", [1], {"a": 2}, "e", "o"

        def private(self) -> list[Any]:
            return [self.__name, self.__args, self.__state, self.__env, self.__outline]

    class Frame(Frame):
        def __init__(self, name: str, **args: Any) -> None:
            super().__init__(name, **args)
            self.__name = "mine"

        def private(self) -> list[Any]:
            return [self.__name]

    class Outline(Outline):
        def __init__(self, name: str) -> None:
            super().__init__(name)
            self.__name, self.__layers, self.__path, self.__mode, self.__session = "mine", [1], "p", "m", "s"

        def private(self) -> list[Any]:
            return [self.__name, self.__layers, self.__path, self.__mode, self.__session]


def _again(ol: Outline) -> Outline:
    ol.setup()
    return load_outline(str(ol.get_path()))


VALUES: list[Any] = [
    None,
    True,
    3,
    2.5,
    "text",
    "multi\nline: 'x'",
    b"bytes",
    (1, (2, "x")),
    [1, {"a": [None]}],
    {"a": (1,), 2: "b"},
    {1, 2},
    frozenset({1, 2}),
    {frozenset({1}): frozenset({(1, "x")})},
    OrderedDict([("b", 1), ("a", {"x": OrderedDict()})]),
    LayerType.UTIL.value,
    FrameSet("1-10x3,5"),
    Path("/a/b c"),
    PurePosixPath("a/b"),
    PureWindowsPath("c:/a"),
    [(1, 2), (1, 2)],
    float("-inf"),
    "!!python/object/apply:os.system",
    "caf\udce9 \\udce9 \n'\"é",
    {"caf\udce9": Path("/a/caf\udce9")},
]


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_attributes_and_arguments_survive(value: Any) -> None:
    ol = Outline("job", "1", current=True)
    Keeps("a", value=value)

    layer = _again(ol).get_layer("a")

    assert isinstance(layer, Keeps)
    assert (layer.private(), layer.plain, layer.get_arg("value")) == (value, value, value)
    assert type(layer.plain) is type(value)


def test_private_attributes_of_base_and_subclass_are_apart() -> None:
    ol = Outline("job", "1", current=True)
    Deeper("a", value="base")

    layer = _again(ol).get_layer("a")

    assert isinstance(layer, Deeper)
    assert layer.both() == ("base", "deeper", 3)
    assert layer.get_args()["value"] == "base"


@pytest.mark.parametrize("cls", [Studio.Layer, Studio.Frame])
def test_class_that_has_the_name_of_the_librarys_keeps_its_private_attributes(cls: Any) -> None:
    ol = Studio.Outline("job")
    layer = cls("a", memory="2g", env={"A": "1"})
    ol.add_layer(layer)

    found: Any = _again(ol).get_layer("a")

    assert (type(found), found.private()) == (cls, layer.private())
    assert (found.get_name(), found.get_arg("memory"), found.get_envs()) == ("a", "2g", {"A": "1"})
    assert (ol.get_name(), ol.private()) == ("job", ["mine", [1], "p", "m", "s"])


@pytest.mark.parametrize("cls", [IoPath, FileSpec, Image])
def test_paths_survive_with_their_attributes(cls: type[IoPath]) -> None:
    ol = Outline("job", "1", current=True)
    Keeps("a", value=[cls("/shots/a.#.exr", checked=False, own="x")]).add_output("out", cls("/b.#.exr", mkdir=True))

    layer = _again(ol).get_layer("a")

    (path,) = layer.get_arg("value")
    assert (type(path), path.get_path(), path.get_attribute("own")) == (cls, "/shots/a.#.exr", "x")
    assert type(layer.get_output("out")) is cls
    assert layer.get_output("out").get_attribute("mkdir") is True


def test_layers_outline_session_and_loggers_survive_as_what_they_are() -> None:
    ol = Outline("job", "1", current=True)
    other = Shell("other", ["true"])
    layer = Keeps("a", value={"other": [other], "me": ol})
    layer.log = logging.getLogger("studio.module")  # type: ignore[attr-defined]
    layer.table = OrderedDict(b=1, a=(other,))  # type: ignore[attr-defined]

    again = _again(ol)

    found = again.get_layer("a")
    assert found.get_arg("value") == {"other": [again.get_layer("other")], "me": again}
    assert vars(found)["log"] is logging.getLogger("studio.module")
    assert vars(found)["table"] == {"b": 1, "a": (again.get_layer("other"),)}


def test_value_that_holds_itself_survives() -> None:
    ol = Outline("job", "1", current=True)
    ring: list[Any] = [1]
    ring.append(ring)
    Keeps("a", value=ring)

    found = _again(ol).get_layer("a").get_arg("value")

    assert found[1] is found


def test_settings_of_outline_and_layers_survive() -> None:
    ol = Outline(
        "job", "1-10x3", show="demo", shot="sh1", user="me", facility="here", maxcores=3, maxgpus=1, current=True
    )
    ol.set_arg("scene", ["a"])
    ol.set_env("EARLY", "1", pre=True)
    first = Shell("a", ["x", 1], chunk=2, env={"B": "2"}, limits=["nuke"], service="io", type="Util", tags=["t"])
    first.require_arg("command", (list, str))
    ShellSequence("b", [["x"], "y"])
    out_of_range = Shell("c", ["x"], range="50-60")

    again = _again(ol)

    assert again.get_full_name() == "demo-sh1-me_job"
    assert (again.get_frame_range(), again.get_facility(), again.get_maxcores()) == ("1-10x3", "here", 3)
    assert (again.get_args(), again.get_env()) == ({"scene": ["a"]}, {"EARLY": ("1", True)})
    found = again.get_layer("a")
    assert (str(found.get_type()), found.get_service(), found.get_limits()) == ("Util", "io", ["nuke"])
    assert (found.get_args(), found.get_envs()) == (first.get_args(), {"B": "2"})
    assert found._ol_state.required["command"] == (list, str)
    assert again.get_layer(out_of_range.get_name()).get_frame_range() is None


def test_file_is_plain_yaml() -> None:
    ol = Outline("job", "1", current=True)
    Keeps("a", value=3)
    ol.setup()

    with open(str(ol.get_path())) as stream:
        data = yaml.safe_load(stream)

    assert (data["outline"], data["name"], data["range"]) == (1, "job", "1")
    assert data["layers"][0]["class"].endswith("test_serialize:Keeps")
    assert data["layers"][0]["attributes"] == {"_Keeps__input": 3, "plain": 3}


# -- what cannot be saved -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (threading.Lock(), r"a _thread\.lock"),
        (object(), "a object"),
        (lambda: 1, "a function"),
        ([1, {"x": object()}], "a object"),
        (subprocess.Popen, "a type"),
        (type("Mine", (list,), {})([1]), r"a test_serialize\.Mine"),
        (Size(1), r"a test_serialize\.Size \(int\(\) makes it plain\)"),
        ([Quality.LOW], r"'thing'\[0\] is a test_serialize\.Quality \(its \.value may be plain\)"),
        ({"x": Mode.FAST}, r"'thing'\['x'\] is a test_serialize\.Mode \(its \.value may be plain\)"),
    ],
    ids=["lock", "object", "function", "nested", "class", "subclass of list", "subclass of int", "IntEnum", "str Enum"],
)
def test_t12_attribute_that_cannot_be_saved_is_named(value: Any, kind: str, session_root: Path) -> None:
    ol = Outline("job", "1", current=True)
    Keeps("a", value=None).thing = value  # type: ignore[attr-defined]

    with pytest.raises(SerializeException, match=r"layer 'a' \(test_serialize\.py:\d+\): attribute 'thing'") as caught:
        ol.setup()

    assert caught.match(kind)
    assert caught.match("make it in _before_execute")
    assert list(session_root.glob("*/*")) == []


def test_private_attribute_is_named_as_its_class_spells_it() -> None:
    ol = Outline("job", "1", current=True)
    Keeps("a", value=None)._Keeps__input = object()  # type: ignore[attr-defined]

    with pytest.raises(SerializeException, match="attribute '__input' is a object"):
        ol.setup()


def test_argument_that_cannot_be_saved_is_named() -> None:
    ol = Outline("job", "1", current=True)
    Shell("parent", ["true"]).add_child(Shell("a", ["true", object()], register=False))

    with pytest.raises(SerializeException, match=r"layer 'parent\.a' .*argument 'command'\[1\] is a object"):
        ol.setup()


def test_layer_that_is_not_part_of_the_outline_is_named() -> None:
    ol = Outline("job", "1", current=True)
    Keeps("a", value=Layer("stranger", register=False))

    with pytest.raises(SerializeException, match=r"layer 'stranger' .*not part of the outline"):
        ol.setup()


@pytest.mark.parametrize("listener", [lambda event: None, print], ids=["lambda", "builtin"])
def test_fault_03_listener_that_cannot_be_saved_is_named(listener: Any) -> None:
    ol = Outline("job", "1", current=True)
    Shell("a", ["true"]).add_event_listener("AFTER_EXECUTE", listener)

    with pytest.raises(SerializeException, match=r"layer 'a' .*its event listener .* cannot be saved"):
        ol.setup()


def test_listener_of_the_desktop_need_not_be_saved() -> None:
    ol = Outline("job", "1", current=True)
    Shell("a", ["true"]).add_event_listener("SETUP", lambda event: None)

    assert _again(ol).get_layer("a").get_event_handler().get_all_listeners() == []


# -- where classes come from ----------------------------------------------------------------------------------


def test_class_of_a_python_program_runs_in_another_process(tmp_path: Path) -> None:
    program = outline_file(
        tmp_path,
        """
        import sys
        from outline import Layer, Outline, cuerun

        class Mine(Layer):
            def _execute(self, frames):
                print("frames", list(frames), self.own)

        def main():
            ol = Outline("job")
            layer = Mine("mine")
            layer.own = {"a": (1,)}
            ol.add_layer(layer)
            (job,) = cuerun.launch(ol, range="1-2", test=True, backend="local")
            print(job.path)

        if __name__ == "__main__":
            main()
        """,
        name="program.py",
    )

    done = subprocess.run([sys.executable, program], env=environ_with(), capture_output=True, text=True, cwd=tmp_path)
    program.unlink()
    again = _run_frame(f"{done.stdout.strip()}/outline.yaml", "2-mine")

    assert (done.returncode, again.returncode) == (0, 0), done.stderr + again.stderr
    assert again.stdout == "frames [2] {'a': (1,)}\n"


def _run_frame(session: str, frame: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "outline", session, "-e", frame]
    return subprocess.run(words, env=environ_with(), capture_output=True, text=True, cwd="/")


def test_module_beside_the_program_is_found_where_frames_run(tmp_path: Path) -> None:
    (tmp_path / "studio_module.py").write_text(
        "from outline import Layer\nclass Mine(Layer):\n    def _execute(self, frames):\n        print('ran')\n"
    )
    program = outline_file(
        tmp_path,
        """
        from outline import Outline
        from studio_module import Mine
        ol = Outline("job", "1")
        ol.add_layer(Mine("mine"))
        ol.setup()
        print(ol.get_path())
        """,
        name="program.py",
    )

    done = subprocess.run([sys.executable, program], env=environ_with(), capture_output=True, text=True, cwd="/")
    again = _run_frame(done.stdout.strip(), "1-mine")

    assert again.stdout == "ran\n", done.stderr + again.stderr


def test_class_that_was_typed_in_is_refused() -> None:
    code = (
        "from outline import Layer, Outline\nclass Mine(Layer): pass\n"
        "ol = Outline('job', '1', current=True)\nMine('a')\nol.setup()\n"
    )

    done = subprocess.run([sys.executable, "-c", code], env=environ_with(), capture_output=True, text=True)

    assert "its class Mine was typed in interactively" in done.stderr
