# SPDX-License-Identifier: Apache-2.0
"""Sessions that PyOutline 1.37 wrote are read, run and launched again; crafted ones are refused and run nothing."""

from __future__ import annotations

import shutil
from collections import OrderedDict
from datetime import date, datetime
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from outline import LayerPreProcess, SerializeException, load_outline
from outline.event import LayerEvent
from outline.frames import FrameSet
from outline.io import FileSpec
from outline.layer.state import own_attributes
from outline.loader import Outline

LEGACY = Path(__file__).resolve().parent.parent / "data" / "legacy"


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the sessions to a folder of this test, and put the studio's module on the Python path."""
    monkeypatch.syspath_prepend(str(LEGACY / "python"))
    return Path(shutil.copytree(LEGACY, tmp_path / "old sessions"))


def _load(session: Path, name: str) -> Outline:
    return load_outline(str(session / name / "outline.yaml"))


def test_settings_of_the_outline_come_back(session: Path) -> None:
    ol = _load(session, "commands")

    assert ol.get_name() == "commands"
    assert ol.get_frame_range() == "1-10"
    assert ol.get_full_name() == "demo-sh01-artist_commands"
    assert ol.get_env() == {"EARLY": ("1", True), "LATE": ("2", False)}
    assert ol.get_args() == {"scene": "a.mb"}


def test_file_without_a_session_keeps_the_path_that_it_holds(session: Path) -> None:
    (session / "commands" / "session").unlink()

    ol = _load(session, "commands")

    assert ol.get_path() not in (None, str(session / "commands" / "outline.yaml"))
    assert f"_Outline__path: {ol.get_path()}\n" in (session / "commands" / "outline.yaml").read_text()


def test_layers_come_back_with_type_service_limits_and_environment(session: Path) -> None:
    ol = _load(session, "commands")

    once = ol.get_layer("once")

    assert [layer.get_name() for layer in ol.get_layers()] == ["first", "sequence", "once"]
    assert (str(once.get_type()), once.get_service(), once.get_limits()) == ("Util", "io", ["nuke"])
    assert ol.get_layer("first").get_envs() == {"WHO": "layer"}
    assert ol.get_layer("first").get_arg("tags") == ["a", "b"]
    assert ol.get_layer("sequence").get_frame_range() == "1-3"


def test_inputs_and_outputs_come_back_with_their_attributes(session: Path) -> None:
    first = _load(session, "commands").get_layer("first")

    assert isinstance(first.get_input("plate"), FileSpec)
    assert first.get_input("plate").get_attribute("checked") is False
    assert first.get_output("image").get_attribute("checkExt") == ["jpg"]
    assert first.get_output("note").get_path() == "out/note.txt"


def test_every_kind_of_dependency_comes_back(session: Path) -> None:
    ol = _load(session, "depends")

    found = {
        layer.get_name(): [(str(d.get_depend_on_layer()), d.get_type(), d.is_any_frame()) for d in layer.get_depends()]
        for layer in ol.get_layers()
    }

    assert found == {
        "render": [],
        "each": [("render", "FRAME_BY_FRAME", False)],
        "every": [("render", "LAYER_ON_LAYER", False)],
        "sim": [("render", "LAYER_ON_SIM_FRAME", False)],
        "before": [("render", "PREVIOUS_FRAME", False)],
        # PyOutline wrote frame by frame; the author asked for any frame.
        "some": [("render", "LAYER_ON_LAYER", True)],
        "render_postprocess": [("render", "LAYER_ON_LAYER", False)],
        "mail": [],
        # depend_all(..., any_frame=True): what was asked for is nowhere in the file.
        "some_other": [("render", "FRAME_BY_FRAME", False)],
    }
    assert ol.get_layer("render_postprocess").get_depends()[0].is_propagated()


def test_attributes_of_a_studio_module_come_back(session: Path) -> None:
    ol = _load(session, "studio")
    ginsu = ol.get_layer("ginsu")

    attributes = vars(ginsu)

    assert attributes["_Ginsu__sizes"] == (100, 100)
    assert attributes["_Ginsu__options"] == {"fit": [1, 2.5, None, True], "name": "cut"}
    assert attributes["_Ginsu__input"].get_path() == "/shots/blah.#.exr"
    assert attributes["log"].name == "ginsu"
    assert attributes["helper"] is ol.get_layer("helper")


def test_children_and_preprocess_come_back(session: Path) -> None:
    ol = _load(session, "studio")
    ginsu = ol.get_layer("ginsu")
    (child,) = ginsu.get_children()
    preprocess = ol.get_layer("ginsu_preprocess")

    assert (child.get_name(), child.get_parent()) == ("ginsu.inner", ginsu)
    assert isinstance(preprocess, LayerPreProcess)
    assert preprocess.get_creator() is ginsu
    assert ginsu.get_preprocess_layers() == [preprocess]


def test_required_types_count_again(session: Path) -> None:
    ginsu = _load(session, "studio").get_layer("ginsu")

    with pytest.raises(Exception, match="'fit' must be str"):
        ginsu.set_arg("fit", 3)


def test_frame_of_commands_runs(session: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ol = _load(session, "commands")

    ol.get_layer("first").execute(4)
    ol.get_layer("sequence").execute(1)

    assert capfd.readouterr().out.split("\n")[:5] == ["4", "5", "6", "one", "two"]


def test_frame_of_a_studio_module_runs_with_child_listener_and_outputs_of_the_preprocess(
    session: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ol = _load(session, "studio")

    ol.get_layer("ginsu_preprocess").execute(1)
    ol.get_layer("ginsu").execute(5)

    facts = "(100, 100) {'fit': [1, 2.5, None, True], 'name': 'cut'} /shots/blah.#.exr ['BEFORE_EXECUTE']"
    assert capfd.readouterr().out.splitlines() == [f"ginsu [5, 6] {facts}"] * 2
    assert ol.get_layer("ginsu").get_output("found").get_path() == "/shots/found.exr"


@pytest.mark.parametrize("name", ["commands", "depends"])
def test_loaded_outline_can_be_set_up_again(session: Path, session_root: Path, name: str) -> None:
    ol = _load(session, name)
    before = {layer.get_name(): len(layer.get_depends()) for layer in ol.get_layers()}

    ol.setup()
    again = load_outline(str(ol.get_path()))

    assert str(ol.get_path()).startswith(str(session_root))
    assert {layer.get_name(): len(layer.get_depends()) for layer in again.get_layers()} == before


def test_data_of_an_old_session_is_read(session: Path) -> None:
    folder = session / "commands" / "layers" / "first"
    folder.mkdir(parents=True)
    (folder / "sizes").write_text("!!python/tuple [1, 2]\n")

    assert _load(session, "commands").get_layer("first").get_data("sizes") == (1, 2)


def test_function_of_the_layers_own_module_listens_again(session: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = session / "outline.yaml"
    text = _old(listeners="{BEFORE_EXECUTE: [!!python/name:legacy_module.hear '']}", args=", fit: a")
    path.write_text(text.replace("outline.modules.shell.Shell", "legacy_module.Knife"))

    load_outline(str(path)).get_layer("a").get_event_handler().emit(LayerEvent("BEFORE_EXECUTE", None))

    assert capfd.readouterr().out == "hear BEFORE_EXECUTE\n"


def test_studio_class_called_layer_keeps_its_private_attributes(session: Path) -> None:
    path = session / "outline.yaml"
    path.write_text(_old(extra="1\n  _Layer__license: [vray]\n  _Layer__frame: 7"))

    attributes = own_attributes(load_outline(str(path)).get_layer("a"))

    assert attributes == {"extra": 1, "_Layer__license": ["vray"]}


APPLY = "!!python/object/apply:"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"{APPLY}collections.OrderedDict [[[b, 1], [a, !!python/tuple [2]]]]", OrderedDict(b=1, a=(2,))),
        (f"{APPLY}collections.OrderedDict []", OrderedDict()),
        (f"{APPLY}pathlib.PosixPath [/, a, b c]", Path("/a/b c")),
        (f"{APPLY}pathlib._local.PosixPath []", Path(".")),
        (f"{APPLY}pathlib.PurePosixPath [a]", PurePosixPath("a")),
        (f"{APPLY}pathlib.WindowsPath ['c:/', x]", PureWindowsPath("c:/x")),
        ("!!set {1: null, !!python/tuple [2]: null}", {1, (2,)}),
        ("!!set {}", set()),
        (f"!!set {{? {APPLY}builtins.frozenset [[1, x]] : null}}", {frozenset([1, "x"])}),
        (f"{APPLY}builtins.frozenset [[]]", frozenset()),
        ("!!python/tuple [1, !!python/tuple [2, 3]]", (1, (2, 3))),
        ("[2020-01-02, 2020-01-02 03:04:00]", [date(2020, 1, 2), datetime(2020, 1, 2, 3, 4)]),
        ("!!binary Ynn/", b"by\xff"),
        (f"{APPLY}collections.OrderedDict [[[a, *layer]]]", None),
    ],
)
def test_plain_data_comes_back_as_what_it_is(session: Path, text: str, value: Any) -> None:
    path = session / "outline.yaml"
    path.write_text(_old(extra=text, args=f", own: {text}"))

    layer = load_outline(str(path)).get_layer("a")

    expected = OrderedDict(a=layer) if value is None else value
    assert (layer.get_arg("own"), vars(layer)["extra"]) == (expected, expected)
    assert type(vars(layer)["extra"]) is type(expected)


# -- crafted files ---------------------------------------------------------------------------------------------

LAYER = """
- &layer !!python/object:outline.modules.shell.Shell
  _Layer__name: a
  _Layer__args: {{command: [echo], chunk: 1, range: null, register: true{args}}}
  _Layer__type: {type}
  _Layer__evh: !!python/object:outline.event.EventHandler
    _EventHandler__listeners: {listeners}
  extra: {extra}
"""


def _old(extra: str = "1", args: str = "", type: str = "Render", listeners: str = "{}") -> str:
    layer = LAYER.format(extra=extra, args=args, type=type, listeners=listeners)
    return f"&id !!python/object:outline.loader.Outline\n_Outline__name: x\n_Outline__layers:{layer}"


SYSTEM = '!!python/object/apply:os.system ["touch {proof}"]'
TAG = "names more than layers: could not determine a constructor for the tag"
# By the reason of the refusal, so that none is refused for a mistake in it.
EVIL = {
    TAG: {
        "apply as an attribute": _old(extra=SYSTEM),
        "apply as an argument": _old(args=f", x: {SYSTEM}"),
        "apply as a type": _old(type=SYSTEM),
        "apply as a listener": _old(listeners=f"{{BEFORE_EXECUTE: [{SYSTEM}]}}"),
        "apply as a key": _old(extra=f"{{? {SYSTEM} : 1}}"),
        "subprocess": _old(extra='!!python/object/apply:subprocess.check_call [[touch, "{proof}"]]'),
        "eval": _old(extra="!!python/object/apply:builtins.eval [\"open('{proof}', 'w')\"]"),
        "new": _old(extra='!!python/object/new:os.system ["touch {proof}"]'),
        "new with state": _old(extra="!!python/object/new:type {args: [z, !!python/tuple [], {extend: 1}]}"),
        "module": _old(extra="!!python/module:os ''"),
        "getattr on a module": _old(extra="!!python/object/apply:builtins.getattr [!!python/module:os '', system]"),
        "apply in the format of today": f"outline: 1\nname: x\nargs: {{x: {SYSTEM}}}\nlayers: []\n",
        "FileSpec with a tag inside": _old(extra="!FileSpec '!!python/object/apply:os.system [touch {proof}]'"),
    },
    "names os.system where data belongs": {
        "name": _old(extra="!!python/name:os.system ''"),
        "name as a required type": _old(
            extra="1\n  _Layer__req_args: !!set {? !!python/tuple [x, !!python/name:os.system ''] : null}"
        ),
    },
    "names outline.modules.shell.Shell where data belongs": {
        "name as an argument": _old(args=", x: !!python/name:outline.modules.shell.Shell ''"),
    },
    "is refused, os is not a module of a layer of this job": {
        "name as a listener": _old(listeners="{BEFORE_EXECUTE: [!!python/name:os.system '']}"),
    },
    "is refused, outline.modules.shell.os is not a module of a layer": {
        "name as a listener in a layer's module": _old(
            listeners="{BEFORE_EXECUTE: [!!python/name:outline.modules.shell.os.removedirs '']}",
        ),
    },
    "outline.modules.shell:Layer is not a function of its module": {
        "name that the layer's module has imported": _old(
            listeners="{BEFORE_EXECUTE: [!!python/name:outline.modules.shell.Layer '']}",
        ),
    },
    "is a module of Python itself, which has no layers": {
        "object that is no layer": _old(extra="!!python/object:subprocess.Popen {args: [touch, '{proof}']}"),
        "function as an object": _old(extra="!!python/object:os.system {command: x}"),
    },
    "the method 'system' found where data belongs": {
        "getattr as an attribute": _old(extra="!!python/object/apply:builtins.getattr [*layer, system]"),
    },
    "a str found where a layer belongs": {
        "getattr on a text": _old(
            listeners="{BEFORE_EXECUTE: [!!python/object/apply:builtins.getattr ['', __class__]]}",
        ),
        "layers that are texts": "!!python/object:outline.loader.Outline {_Outline__layers: [a]}",
    },
    "a _Method cannot listen to an event": {
        "getattr of what is no method": _old(
            listeners="{BEFORE_EXECUTE: [!!python/object/apply:builtins.getattr [*layer, extra]]}",
        ),
    },
    "Mine is not a Layer class, so it is refused; PyOutline cannot keep classes of outline scripts": {
        "layer of an outline script": _old().replace("outline.modules.shell.Shell", "outline.loader.Mine"),
    },
    "(shell|LayerEvent) is not a Layer class, so it is refused$": {
        "layer that is another class": _old().replace("outline.modules.shell.Shell", "outline.event.LayerEvent"),
        "layer that is a function": _old().replace("outline.modules.shell.Shell", "outline.modules.shell.shell"),
    },
    "cannot import no_such_module: .* must be on the Python path": {
        "layer of a module that is not there": _old().replace("outline.modules.shell.Shell", "no_such_module.Shell"),
    },
    "a outline.io.Path found where a layer belongs": {
        "layer that is a path": _old().replace("outline.modules.shell.Shell", "outline.io.Path"),
    },
    "not an outline of PyOutline": {
        "not an outline": "!!python/object:outline.modules.shell.Shell {_Layer__name: a}",
    },
    "not a whole outline: KeyError: '_Outline__layers'": {
        "half an outline": "!!python/object:outline.loader.Outline {_Outline__name: a}",
    },
    "names more than layers: while parsing": {
        "not YAML": "!!python/object:outline.loader.Outline [",
    },
}


CRAFTED = [pytest.param(text, reason, id=name) for reason, texts in EVIL.items() for name, text in texts.items()]


@pytest.mark.parametrize(("text", "reason"), CRAFTED)
def test_fault_12_crafted_file_is_refused_and_runs_nothing(tmp_path: Path, text: str, reason: str) -> None:
    proof = tmp_path / "proof"
    path = tmp_path / "outline.yaml"
    path.write_text(text.replace("{proof}", str(proof)))

    with pytest.raises(SerializeException, match=rf"outline\.yaml: .*{reason}"):
        load_outline(str(path))

    assert not proof.exists()


def test_nested_pointers_do_not_grow(tmp_path: Path) -> None:
    steps = "".join(f", [&a{number} [{', '.join([f'*a{number - 1}'] * 9)}]]" for number in range(1, 40))
    path = tmp_path / "outline.yaml"
    path.write_text(_old(extra=f"[&a0 [x]{steps}]"))

    ol = load_outline(str(path))

    assert len(vars(ol.get_layer("a"))["extra"]) == 40


def test_value_that_holds_itself_is_read(tmp_path: Path) -> None:
    path = tmp_path / "outline.yaml"
    path.write_text(_old(extra="&a {me: [*a]}"))

    extra = vars(load_outline(str(path)).get_layer("a"))["extra"]

    assert extra["me"][0] is extra


def test_plain_objects_of_the_standard_library_are_read(tmp_path: Path) -> None:
    frames = "!!python/object:FileSequence.FrameSet.FrameSet {frameList: [1, 3, 5]}"
    path = tmp_path / "outline.yaml"
    path.write_text(_old(extra=f"[!!python/object/apply:pathlib.PosixPath [/, a], {frames}, *id]"))

    ol = load_outline(str(path))

    assert vars(ol.get_layer("a"))["extra"] == [Path("/a"), FrameSet("1-5x2"), ol]
