# SPDX-License-Identifier: Apache-2.0
"""What can hardly be meant in the arguments of a layer is told at the launch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outline import Layer, Outline, Shell
from outline.exception import LayerException
from outline.layer.doubts import doubts
from outline.modules.povray import PovRay
from outline.tokens import TOKENS


def _told(layer: Layer) -> list[str]:
    return [message for _, message in doubts(layer)]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("%{FRAM}", [("%{FRAM}", "%{FRAME}")]),
        ("%{frame}", [("%{frame}", "%{FRAME}")]),
        ("%{IFRAME}", [("%{IFRAME}", "#IFRAME#")]),
        ("%{FRAME_END}", [("%{FRAME_END}", "#FRAME_END#")]),
        ("a.#FRAME_STRT#.exr", [("#FRAME_STRT#", "#FRAME_START#")]),
        ("#RANGE#", [("#RANGE#", "%{RANGE}")]),
        ("out.%{ZFRME}.exr", [("%{ZFRME}", "%{ZFRAME}")]),
        ("#FRAMESTART#", [("#FRAMESTART#", "#FRAME_START#")]),
        ("#LAYR#", [("#LAYR#", "#LAYER#")]),
        ("%{LAYER}", [("%{LAYER}", "#LAYER#")]),
        ("%{OUTPT:small}", [("%{OUTPT:small}", "%{OUTPUT:small}")]),
        ("%{ITEMS:shot}", [("%{ITEMS:shot}", "%{ITEM:shot}")]),
        (["-o", {"main": "x.%{ZFRAM}"}, ("#iframe#",), 5], [("%{ZFRAM}", "%{ZFRAME}"), ("#iframe#", "#IFRAME#")]),
        ("%{OUTPUT:small} %{INPUT:plate} %{ITEM:shot}", []),
        ("curl -w %{http_code}%{time_total} # a.####.exr #include# rpm --qf %{NAME}-%{VERSION}", []),
        (" ".join(TOKENS), []),
        ("%{FRAME}-#IFRAME# %{HOST} ${FRAM} #!FRAM# #FF00FF# # COMMENT #", []),
    ],
    ids=str,
)
def test_token_that_looks_like_one_of_ours_is_found(text: Any, pairs: list[tuple[str, str]]) -> None:
    layer = Shell(
        "a", ["true"], items={"k": {"shot": 1}}, inputs={"plate": "p"}, outputs={"small": "o.%{KEY}"}, note=text
    )

    assert _told(layer) == [
        f"its argument 'note' has {found!r}, which is not a token; did you mean {meant!r}?" for found, meant in pairs
    ]


def test_misspelt_tokens_of_layers_and_children_are_told_at_the_launch(caplog: pytest.LogCaptureFixture) -> None:
    ol = Outline("job", "1", current=True)
    parent = Shell("render", ["echo", "%{FRAM}"])
    parent.add_child(Shell("small", "echo #FRAM_END#", register=False))

    ol.setup()

    told = [message.partition(": ")[2] for message in caplog.messages if "is not a token" in message]
    assert told == [
        "its argument 'command' has '%{FRAM}', which is not a token; did you mean '%{FRAME}'?",
        "its argument 'command' has '#FRAM_END#', which is not a token; did you mean '#FRAME_END#'?",
    ]


def _render(scene: object, **args: Any) -> list[str]:
    return _told(PovRay("render", scene=scene, outputs="a.####.png", **args))


def test_scene_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "a.pov")

    assert _render(path) == [
        f"its scene {path!r} does not exist now, and nothing that runs before it declares it as output"
    ]
    Path(path).touch()
    assert _render(path) == []


@pytest.mark.parametrize(
    "scene", ["$SHOT/a.pov", "a.####.pov", "N:/shots/a.pov", r"\\server\shots\a.pov", "~artist/a.pov", "%{ITEM:scene}"]
)
def test_scene_that_only_the_host_of_a_frame_can_know_is_no_doubt(scene: str) -> None:
    assert _render(scene) == []


def test_scene_that_an_earlier_layer_may_make_is_no_doubt() -> None:
    Outline("job", "1", current=True)
    first = Layer("export")
    layer = PovRay("render", scene="/made/later.pov", outputs="a.####.png")
    layer.depend_on(first)

    assert list(doubts(layer)) == []


SHOTS = {"a": {"shot": "sh1", "first": 1}, "b": {"shot": "sh2", "first": 2}}


@pytest.fixture
def ol() -> Outline:
    return Outline("job", current=True)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("%{ITEM:shoot}", "names 'shoot' of the item 'a', which has shot, first"),
        ("%{INPUT:sene}", "names 'sene' of the inputs, which has scene, grade"),
        ("%{INPUTLIST:sene}", "names 'sene' of the inputs, which has scene, grade"),
        ("%{OUTPUT:mian}", "names 'mian' of the outputs, which has main"),
    ],
)
def test_a_name_that_there_is_not_is_told(ol: Outline, word: str, told: str) -> None:
    Shell("grade", ["touch", "%{OUTPUT}"], items=SHOTS, outputs="g/%{KEY}.txt")
    good = ["%{ITEM:shot}", "%{INPUT:scene}", "%{INPUT:grade}", "%{OUTPUT:main}", "%{OUTPUT}", "%{ITEM}"]
    args = {"inputs": {"scene": "a.pov"}, "require": ["grade"], "outputs": "o/%{KEY}.txt"}
    layer = Shell("read", ["echo", *good, word], items=SHOTS, **args)
    ol.check()

    assert _told(layer) == [f"its argument 'command' {told}"]


@pytest.mark.parametrize(
    ("word", "things"),
    [
        ("%{KEY}", "items"),
        ("%{ITEM}", "items"),
        ("%{ITEM:shot}", "items"),
        ("%{INPUT}", "inputs"),
        ("%{INPUTLIST:plate}", "inputs"),
        ("%{OUTPUT}", "outputs"),
    ],
)
def test_a_token_of_what_the_layer_has_none_of_is_told(ol: Outline, word: str, things: str) -> None:
    layer = Layer("read", note=[word])

    assert _told(layer) == [f"its argument 'note' has {word!r}, but the layer has no {things}"]


def test_an_output_that_a_layer_does_not_have_is_no_input(ol: Outline) -> None:
    grade = Shell("grade", ["touch", "%{OUTPUT}"], range="1", outputs={"beauty": "g.txt"})
    Shell("read", ["cat", "%{INPUT}"], range="1", inputs=grade.output("depth"))

    with pytest.raises(LayerException, match=r"input 'main' is the output 'depth' of 'grade', which has 'beauty'"):
        ol.check()
