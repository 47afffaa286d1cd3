# SPDX-License-Identifier: Apache-2.0
"""The limits of a server are told before anything is sent."""

from __future__ import annotations

import itertools
import logging
from typing import Any

import pytest

from outline.backend.cue.checks import all_problems
from outline.constants import OUTLINE_MODE_SETUP
from outline.exception import LaunchException
from outline.layer import Layer
from tests.launches import launcher_of, outline_of, shell, spec_text

POST = {"type": "Post", "range": "1"}


@pytest.mark.parametrize(
    ("layers", "args", "words"),
    [
        ({}, {"name": "ab"}, r"the job's name 'ab' .* takes 3 or more letters.*use --base-name"),
        ({}, {"shot": "s1"}, r"the job's shot .* takes 3 or more letters.*use --shot"),
        ({}, {"shot": "sh 10"}, r"the job's shot 'sh 10' does not fit the farm"),
        ({}, {"shot": "sh/10"}, r"the job's shot 'sh/10' does not fit the farm"),
        ({}, {"shot": "é10"}, r"the job's shot 'é10' does not fit the farm"),
        ({}, {"shot": "s" * 65}, "the shot has 65 characters, and the farm takes at most 64; use --shot"),
        ({}, {"user": "bob smith"}, "the farm takes no user name with blanks or '/', such as 'bob smith'"),
        ({}, {"user": "u" * 33}, "the user has 33 characters, and the farm takes at most 32"),
        ({}, {"os": "o" * 13}, "the operating system has 13 characters, and the farm takes at most 12"),
        (
            {"beauty": {}, "clean": POST},
            {"name": "n" * 211},
            "the job's name with a Post layer has 232 characters, and the farm takes at most 231",
        ),
        ({}, {"priority": 2**31}, "the priority is 2147483648, and the farm takes at most 2147483647"),
        ({"ab": {}}, {}, r"layer 'ab' \(launches\.py:\d+\): the farm takes only layer names of 3"),
        ({"x" * 250: {}}, {}, "its name, as a part of frame names, has 257 characters, and the farm takes at most 256"),
        ({"Beauty": {}, "beauty": {}}, {}, r"'beauty' .*: it and layer 'Beauty'.* are both 'beauty' on the farm"),
        ({"left-eye": {}, "left_eye": {}}, {}, "are both 'left_eye' on the farm, which lowers capitals"),
        ({"sim": {"range": "-5-10"}}, {}, r"layer 'sim'.* has the frame -5, and the farm cannot run frames below"),
        (
            {"beauty": {"range": ",".join(str(n * n) for n in range(1000))}},
            {},
            r"its range has \d+ char.*, and the farm takes at most 4000",
        ),
        (
            {"beauty": {"command": ["x", "y" * 4000]}},
            {},
            "its command has 4002 characters, and the farm takes at most 4000",
        ),
        (
            {"beauty": {"env": {"K" * 2049: "1"}}},
            {},
            "the name of its variable has 2049 characters, and the farm takes at most 2048",
        ),
        ({"beauty": {"env": {"A": "x" * 2049}}}, {}, r"layer 'beauty' .*: its variable A has 2049 characters"),
        (
            {"beauty": {"service": "abcdefgh," * 15}},
            {},
            "its service has 134 characters, and the farm takes at most 128",
        ),
        ({"beauty": {"tags": ["a" * 30] * 130}}, {}, "its tags has 4287 characters, and the farm takes at most 4000"),
        ({"beauty": {"gpus": 2**31}}, {}, "gpus is 2147483648, and the farm takes at most 2147483647"),
        ({"beauty": {"timeout": 1e12}}, {}, "timeout is 1000000000000, and the farm takes at most 2147483647"),
        (
            {"one": {"range": "1-60000"}, "two": {"range": "1-40001"}},
            {},
            "has 100001 frames, and the farm takes at most 100000",
        ),
        (
            {"one": {"range": "1-100000"}, "two": POST},
            {},
            "the job has 100001 frames, and the farm takes at most 100000",
        ),
    ],
    ids=itertools.count(),
)
def test_what_no_farm_takes_is_refused(layers: dict[str, Any], args: dict[str, Any], words: str) -> None:
    flags = {name: args.pop(name) for name in ("os", "priority", "user") if name in args}
    ol = outline_of(*(shell(name, **layer) for name, layer in layers.items()), **{"frame_range": None, **args})

    with pytest.raises(LaunchException, match=words):
        spec_text(ol=ol, simple=True, **flags)


def test_long_output_and_variable_of_the_job_are_refused() -> None:
    layer = shell()
    layer.add_output("main", "/" + "x" * 2048)
    ol = outline_of()
    ol.set_env("BIG", "x" * 2049, pre=True)

    with pytest.raises(LaunchException, match="its output main has 2049 characters, and the farm takes at most 2048"):
        spec_text(layer)
    with pytest.raises(LaunchException, match="the job's variable BIG has 2049 characters.*keep long values in a file"):
        spec_text(ol=ol)


def test_longest_of_all_is_taken() -> None:
    ol = outline_of(
        shell("x" * 249, env={"A": "x" * 2048}, service="s" * 128),
        shell("clean", **POST),
        name="n" * 210,
        frame_range=None,
    )

    assert spec_text(ol=ol, os="o" * 12)


def test_long_command_does_not_matter_to_pycuerun() -> None:
    assert spec_text(shell(command=["x", "y" * 4000]))


def test_too_many_layers_are_refused() -> None:
    with pytest.raises(
        LaunchException, match="the job has 2001 layers, and the farm takes at most 2000; use several jobs"
    ):
        spec_text(*(Layer(f"layer{number}", command=["true"]) for number in range(2001)), simple=True)


def test_chunks_are_what_the_server_counts() -> None:
    ol = outline_of(shell(range="1-1000000", chunk=10), frame_range=None)

    assert "<range>1-1000000</range>" in spec_text(ol=ol)


@pytest.mark.parametrize(
    ("layer", "args", "words"),
    [
        ({"memory": "100m"}, {}, "memory is raised to 256m by the farm"),
        ({"memory": "60g"}, {}, "memory is above 50g, which a farm may cut"),
        ({"gpu_memory": "101g"}, {}, "gpu_memory is above 100g, and the farm takes that of the service"),
        ({"cores": 500}, {}, "cores 500 are cut to 24 by the farm"),
        ({"threads": 2, "threadable": False}, {}, "cores 2 become 1 on a farm, since the layer is not threadable"),
        ({"autoeat": True}, {}, "autoeat is of the whole job on a farm; launch with --autoeat"),
        ({"retry_delay": 2}, {}, "retry_delay has no effect on a Cuebot"),
        ({"ignore_errors": True}, {}, "ignore_errors of all layers has no effect on a Cuebot"),
        ({"timeout_retry": 2}, {}, "timeout_retry has no effect on a farm"),
        ({"chunk": "10m"}, {}, "chunk='10m' is 1 on a farm, which cannot measure; give a number"),
        ({}, {"maxcores": 1}, "maxcores=1 never starts a frame of one core on a farm; use 2"),
        ({"gpus": 2}, {"maxgpus": 2}, "maxgpus=2 of the job never starts a frame of 2 GPUs on a farm; give more"),
    ],
    ids=itertools.count(),
)
def test_what_the_farm_changes_is_told(
    layer: dict[str, Any], args: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    spec_text(ol=outline_of(shell(**layer), **args))

    assert words in caplog.text


@pytest.mark.parametrize(("simple", "told"), [(False, {"EARLY"}), (True, {"EARLY", "OURS"})])
def test_blanks_that_the_farm_takes_off_are_told(
    simple: bool, told: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    ol = outline_of(shell(env={"OURS": "x\n"}))
    ol.set_env("EARLY", " a b ", pre=True)

    spec_text(ol=ol, simple=simple)

    assert {name for name in ("EARLY", "OURS") if f"variable {name}: the farm takes blanks" in caplog.text} == told


def test_all_problems_are_found_without_a_session() -> None:
    ol = outline_of(
        shell("ab", tags="x", memory="much"),
        shell("comp", cores=30, env={"A": "x" * 3000}),
        shot="s1",
        name="n" * 240,
        maxcores=1,
    )

    found = list(all_problems(launcher_of(ol=ol)))

    assert [(level, layer.name if layer else "") for level, layer, _ in found] == [
        ("error", ""),
        ("error", ""),
        ("error", "ab"),
        ("error", "comp"),
        ("error", "ab"),
        ("error", "ab"),
        ("warning", ""),
        ("warning", "comp"),
    ]
    assert ol.get_mode() < OUTLINE_MODE_SETUP


def test_a_job_of_ordinary_things_passes_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "outline.backend.cue")
    layers: list[Any] = [shell("beauty", memory="4g", cores=2), shell("comp", require=["beauty"])]

    spec_text(*layers)

    assert caplog.text == ""
