# SPDX-License-Identifier: Apache-2.0
"""The whole command of renderers by contract, and files per frame."""

from __future__ import annotations

from typing import Any

import pytest

from outline.modules.arnold import Arnold
from outline.modules.houdini import Husk, Mantra
from outline.modules.redshift import Redshift
from outline.modules.render import RenderLayer
from outline.modules.renderman import RenderMan
from outline.modules.vray import VRay
from tests.contract.conftest import CAST, Stage

FRAMES = "1,3-9x2,20"
PICTURES = ["a.0001.exr", "a.0003.exr", "a.0005.exr", "a.0007.exr", "a.0009.exr", "a.0020.exr"]


def test_husk_is_told_how_many_frames_and_not_the_last_one(stage: Stage) -> None:
    stage.render(
        Husk,
        FRAMES,
        scene=stage.scene("a b.usd"),
        renderer="BRAY_HdKarma",
        settings="/Render/main",
        camera="/cam",
        engine="xpu",
        width=64,
        height=32,
        percent=50,
    )

    more = ["-V", "a", "-j", "4", "-R", "BRAY_HdKarma", "--engine", "xpu", "-s", "/Render/main", "-c", "/cam"]
    more += ["-r", "64", "32", "-S", "50", "-o", "SHOTS/.part-a.$F4.exr"]
    assert stage.calls() == [
        ["husk", "-f", "1", "-n", "5", "-i", "2", *more, "SHOTS/a b.usd"],
        ["husk", "-f", "20", "-n", "1", "-i", "1", *more, "SHOTS/a b.usd"],
    ]
    assert stage.pictures() == PICTURES


def per_frame(stage: Stage, name: str) -> str:
    """Write a scene for each of three frames and return their pattern."""
    for frame in (1, 3, 20):
        stage.scene(f"{name} {frame:04d}.txt", stage.path(f"a.{frame:04d}.exr"))
    return stage.path(f"{name} ####.txt")


KICK = ["-dw", "-dp", "-nostdin", "-v", "4", "-t", "4", "-set", "options.abort_on_license_fail", "true"]
KICK += ["-l", "/opt/a b", "-l", "/opt/c", "-as", "5", "-c", "/cam", "-device", "gpu", "-r", "64", "32"]
PRMAN = ["-Progress", "-cwd", "SHOTS", "-variant", "xpucpu", "-t:4", "-recover", "1", "-checkpoint", "5m"]
SIZE = {"width": 64, "height": 32}


@pytest.mark.parametrize(
    ("make", "args", "words"),
    [
        (Mantra, {}, ["-j", "4", "-V", "a", "-f", "SCENE", "PICTURE"]),
        (
            Arnold,
            {"plugin_paths": ["/opt/a b", "/opt/c"], "samples": 5, "camera": "/cam", "device": "gpu", **SIZE},
            ["-i", "SCENE", "-o", "PICTURE", *KICK],
        ),
        (RenderMan, {"cwd": "SHOTS", "variant": "xpucpu", "checkpoint": "5m"}, [*PRMAN, "SCENE"]),
        (
            Redshift,
            {"gpu_ids": [0, 2], "set_output": True, **SIZE},
            ["SCENE", "-oip", "SHOTS", "-ores", "64x32", "-gpu", "0", "-gpu", "2"],
        ),
    ],
)
def test_a_file_per_frame_is_rendered_by_a_process_each(
    stage: Stage, make: type[RenderLayer], args: dict[str, Any], words: list[str]
) -> None:
    program = CAST[make][0]
    args = {key: stage.path("") if value == "SHOTS" else value for key, value in args.items()}

    stage.render(make, "1,3,20", scene=per_frame(stage, "s"), **args)

    paths = [{"SCENE": f"SHOTS/s {n}.txt", "PICTURE": f"SHOTS/.part-a.{n}.exr"} for n in ("0001", "0003", "0020")]
    assert stage.calls() == [[program, *(named.get(word, word) for word in words)] for named in paths]
    assert stage.pictures() == ["a.0001.exr", "a.0003.exr", "a.0020.exr"]


VRAY = ["-display=0", "-autoClose=1", "-verboseLevel=3", "-showProgress=2", "-progressUseCR=0", "-progressUseColor=0"]


def test_vray_gets_a_list_with_semicolons(stage: Stage) -> None:
    stage.render(
        VRay,
        FRAMES,
        scene=stage.scene("a b.vrscene"),
        camera="c",
        width=64,
        height=32,
        rt_engine=7,
    )

    more = ["-numThreads=4", "-camera=c", "-imgWidth=64", "-imgHeight=32", "-rtEngine=7"]
    assert stage.calls() == [
        ["vray", "-sceneFile=SHOTS/a b.vrscene", "-imgFile=SHOTS/a..exr", "-frames=1-9,2;20", *VRAY, *more]
    ]
    assert stage.pictures() == sorted([*PICTURES, *(f"a..Alpha{picture[2:]}" for picture in PICTURES)])


def test_vray_with_a_scene_per_frame_leaves_the_names_alone(stage: Stage) -> None:
    stage.render(VRay, "1,3,20", scene=per_frame(stage, "v"))

    assert stage.calls() == [
        [
            "vray",
            f"-sceneFile=SHOTS/v {frame:04d}.txt",
            f"-imgFile=SHOTS/a.{frame:04d}.exr",
            f"-frames={frame}",
            *VRAY,
            "-numThreads=4",
            "-noFrameNumbers=1",
        ]
        for frame in (1, 3, 20)
    ]
    assert stage.pictures() == sorted(
        f"a.{frame}{end}" for frame in ("0001", "0003", "0020") for end in (".exr", ".Alpha.exr")
    )
