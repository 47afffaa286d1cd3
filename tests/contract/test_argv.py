# SPDX-License-Identifier: Apache-2.0
"""The whole command of every module by contract: frames with steps and gaps, paths with blanks and quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from outline.exception import LayerException
from outline.modules.aftereffects import AfterEffects
from outline.modules.arnold import Arnold
from outline.modules.cinema4d import Cinema4D
from outline.modules.gaffer import Gaffer
from outline.modules.houdini import SCRIPT, HoudiniRop, Husk, Mantra
from outline.modules.katana import Katana
from outline.modules.max3ds import Max3ds, Max3dsScript
from outline.modules.maya import Maya
from outline.modules.nuke import Nuke
from outline.modules.redshift import Redshift
from outline.modules.render import RenderLayer
from outline.modules.renderman import RenderMan
from outline.modules.vray import VRay

if TYPE_CHECKING:
    from tests.contract.conftest import Stage

FRAMES = "1,3-9x2,20"
PICTURES = ["a.0001.exr", "a.0003.exr", "a.0005.exr", "a.0007.exr", "a.0009.exr", "a.0020.exr"]

MAYA = ["-rd", "SHOTS", "-im", "a", "-fnc", "name.#.ext", "-pad", "4"]


def test_maya_runs_once_per_row_of_frames(stage: Stage) -> None:
    stage.program("Render", "maya")

    stage.render(
        Maya,
        FRAMES,
        scene=stage.scene("a b.ma"),
        outputs=stage.path("a.####.exr"),
        renderer="arnold",
        project=stage.path("proj"),
        camera="cam main",
        layer="rs_key",
        format="exr",
        width=1920,
        height=1080,
        percent=50,
        render_type=0,
    )

    more = [
        "-of",
        "exr",
        "-cam",
        "cam main",
        "-rl",
        "rs_key",
        "-x",
        "1920",
        "-y",
        "1080",
        "-percentRes",
        "50",
        "-rt",
        "0",
    ]
    assert stage.calls() == [
        [
            "Render",
            "-r",
            "arnold",
            "-s",
            "1",
            "-e",
            "9",
            "-b",
            "2",
            "-proj",
            "SHOTS/proj",
            *MAYA,
            *more,
            "SHOTS/a b.ma",
        ],
        [
            "Render",
            "-r",
            "arnold",
            "-s",
            "20",
            "-e",
            "20",
            "-b",
            "1",
            "-proj",
            "SHOTS/proj",
            *MAYA,
            *more,
            "SHOTS/a b.ma",
        ],
    ]
    assert stage.pictures() == PICTURES


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("a_###.exr", ["-im", "a", "-fnc", "name_#.ext", "-pad", "3"]),
        ("a#####.exr", ["-im", "a", "-fnc", "name#.ext", "-pad", "5"]),
        ("a-####.exr", ["-im", "a-", "-fnc", "name#.ext", "-pad", "4"]),
        ("v1.2_a.####.exr", ["-im", "v1.2_a", "-fnc", "name.#.ext", "-pad", "4"]),
    ],
)
def test_maya_is_told_how_pictures_are_named(stage: Stage, output: str, words: list[str]) -> None:
    stage.program("Render", "maya")

    stage.render(Maya, "7", scene=stage.scene("a.ma"), outputs=stage.path(output))

    assert stage.calls() == [["Render", "-s", "7", "-e", "7", "-b", "1", "-rd", "SHOTS", *words, "SHOTS/a.ma"]]


def test_maya_may_leave_the_names_to_the_scene(stage: Stage) -> None:
    stage.program("Render", "maya")
    scene = stage.scene("a.ma", stage.path("a.####.exr"))

    stage.render(Maya, "7", scene=scene, outputs=stage.path("a.####.exr"), image_name=False)

    assert stage.calls() == [["Render", "-s", "7", "-e", "7", "-b", "1", "SHOTS/a.ma"]]


@pytest.mark.parametrize("output", ["####.exr", "a..####.exr"])
def test_a_name_that_maya_cannot_write_is_refused_at_launch(stage: Stage, output: str) -> None:
    with pytest.raises(LayerException, match="Maya cannot be told to write"):
        stage.layer(Maya, "1-2", scene=stage.scene("a.ma"), outputs=stage.path(output))


def test_nuke_gets_a_list_in_one_word(stage: Stage) -> None:
    stage.program("nuke", "nuke")

    stage.render(
        Nuke,
        FRAMES,
        scene=stage.scene("a b.nk", stage.path("a.####.exr")),
        outputs=stage.path("a.####.exr"),
        write_nodes=["Write1", "Write2"],
        interactive_licence=True,
        keep_going=True,
        gpu=True,
        verbosity=2,
    )

    words = ["-x", "-i", "--cont", "--gpu", "-V", "2", "-m", "4", "-F", "1-9x2 20", "-X", "Write1,Write2"]
    assert stage.calls() == [["nuke", *words, "SHOTS/a b.nk"]]
    assert stage.pictures() == PICTURES


def test_nuke_needs_only_a_script(stage: Stage) -> None:
    stage.program("nuke", "nuke")
    scene = stage.scene("a.nk", stage.path("a.####.exr"))

    stage.render(Nuke, "1,3,7", scene=scene, outputs=stage.path("a.####.exr"))

    assert stage.calls() == [["nuke", "-x", "-m", "4", "-F", "1 3 7", "SHOTS/a.nk"]]


def test_hython_renders_all_rows_in_one_process(stage: Stage) -> None:
    stage.program("hython", "hython")
    scene = stage.scene("a b.hip", f"rop /out/a {stage.path('a.$F4.exr')}")

    stage.render(HoudiniRop, FRAMES, scene=scene, rop="/out/a", outputs=stage.path("a.$F4.exr"))

    ((program, script, order),) = stage.calls()
    assert (program, script) == ("hython", SCRIPT)
    assert '"rop": "/out/a", "runs": [[1, 9, 2], [20, 20, 1]], "output": null, "ignore_inputs": true}' in order
    assert stage.pictures() == PICTURES


def test_hython_can_be_told_where_to_write(stage: Stage) -> None:
    stage.program("hython", "hython")
    scene = stage.scene("a.hip", "rop /out/a /nowhere/a.$F4.exr")

    stage.render(
        HoudiniRop, "5", scene=scene, rop="/out/a", outputs=stage.path("a.$F4.exr"), set_output=True, with_inputs=True
    )

    assert '.part-a.$F4.exr", "ignore_inputs": false}' in stage.calls()[0][2]
    assert stage.pictures() == ["a.0005.exr"]


def test_husk_is_told_how_many_frames_and_not_the_last_one(stage: Stage) -> None:
    stage.program("husk", "husk")

    stage.render(
        Husk,
        FRAMES,
        scene=stage.scene("a b.usd"),
        outputs=stage.path("a.####.exr"),
        renderer="BRAY_HdKarma",
        settings="/Render/main",
        camera="/cam",
    )

    more = ["-V", "a", "-R", "BRAY_HdKarma", "-s", "/Render/main", "-c", "/cam", "-o", "SHOTS/.part-a.$F4.exr"]
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


def test_mantra_renders_a_file_per_frame(stage: Stage) -> None:
    stage.program("mantra", "mantra")

    stage.render(Mantra, "1,3,20", scene=per_frame(stage, "i"), outputs=stage.path("a.####.exr"), extra_args=[])

    assert stage.calls() == [
        ["mantra", "-j", "4", "-V", "a", "-f", f"SHOTS/i {frame}.txt", f"SHOTS/.part-a.{frame}.exr"]
        for frame in ("0001", "0003", "0020")
    ]
    assert stage.pictures() == ["a.0001.exr", "a.0003.exr", "a.0020.exr"]


def test_kick_renders_a_file_per_frame(stage: Stage) -> None:
    stage.program("kick", "kick")

    stage.render(
        Arnold,
        "1,3,20",
        scene=per_frame(stage, "s"),
        outputs=stage.path("a.####.exr"),
        plugin_paths=["/opt/a b", "/opt/c"],
        samples=5,
    )

    quiet = ["-dw", "-dp", "-nstdin", "-v", "4", "-t", "4", "-l", "/opt/a b", "-l", "/opt/c", "-as", "5"]
    assert stage.calls() == [
        ["kick", "-i", f"SHOTS/s {frame}.txt", "-o", f"SHOTS/.part-a.{frame}.exr", *quiet]
        for frame in ("0001", "0003", "0020")
    ]
    assert stage.pictures() == ["a.0001.exr", "a.0003.exr", "a.0020.exr"]


def test_prman_renders_a_file_per_frame(stage: Stage) -> None:
    stage.program("prman", "prman")

    stage.render(
        RenderMan,
        "1,3,20",
        scene=per_frame(stage, "r"),
        outputs=stage.path("a.####.exr"),
        cwd=stage.path(""),
        variant="xpucpu",
    )

    assert stage.calls() == [
        ["prman", "-Progress", "-cwd", "SHOTS", "-variant", "xpucpu", "-t:4", f"SHOTS/r {frame}.txt"]
        for frame in ("0001", "0003", "0020")
    ]
    assert stage.pictures() == ["a.0001.exr", "a.0003.exr", "a.0020.exr"]


def test_redshift_renders_a_file_per_frame(stage: Stage) -> None:
    stage.program("redshiftCmdLine", "redshift")

    stage.render(Redshift, "1,3,20", scene=per_frame(stage, "r"), outputs=stage.path("a.####.exr"), gpu_ids=[0, 2])

    assert stage.calls() == [
        ["redshiftCmdLine", f"SHOTS/r {frame}.txt", "-gpu", "0", "-gpu", "2"] for frame in ("0001", "0003", "0020")
    ]
    assert stage.pictures() == ["a.0001.exr", "a.0003.exr", "a.0020.exr"]


VRAY = ["-display=0", "-autoClose=1", "-verboseLevel=3", "-showProgress=2", "-progressUseCR=0", "-progressUseColor=0"]


def test_vray_gets_a_list_with_semicolons(stage: Stage) -> None:
    stage.program("vray", "vray")

    stage.render(
        VRay,
        FRAMES,
        scene=stage.scene("a b.vrscene"),
        outputs=stage.path("a.####.exr"),
        camera="c",
        width=64,
        height=32,
        rt_engine=7,
    )

    more = ["-numThreads=4", "-camera=c", "-imgWidth=64", "-imgHeight=32", "-rtEngine=7"]
    assert stage.calls() == [
        ["vray", "-sceneFile=SHOTS/a b.vrscene", "-imgFile=SHOTS/.part-a..exr", "-frames=1-9,2;20", *VRAY, *more]
    ]
    assert stage.pictures() == PICTURES


def test_vray_with_a_scene_per_frame_leaves_the_names_alone(stage: Stage) -> None:
    stage.program("vray", "vray")

    stage.render(VRay, "1,3,20", scene=per_frame(stage, "v"), outputs=stage.path("a.####.exr"))

    assert stage.calls() == [
        [
            "vray",
            f"-sceneFile=SHOTS/v {frame:04d}.txt",
            f"-imgFile=SHOTS/.part-a.{frame:04d}.exr",
            f"-frames={frame}",
            *VRAY,
            "-numThreads=4",
            "-noFrameNumbers=1",
        ]
        for frame in (1, 3, 20)
    ]
    assert stage.pictures() == ["a.0001.exr", "a.0003.exr", "a.0020.exr"]


def test_katana_gets_a_list_without_steps(stage: Stage) -> None:
    stage.program("katana", "katana")
    scene = stage.scene("a b.katana", stage.path("a.####.exr"))

    stage.render(
        Katana,
        "1-3,5-9x2",
        scene=scene,
        outputs=stage.path("a.####.exr"),
        render_node="Main",
        variables={"shot": "a b"},
    )

    words = ["--batch", "--katana-file=SHOTS/a b.katana", "--render-node=Main", "-t", "1-3,5,7,9", "--var=shot=a b"]
    assert stage.calls() == [["katana", *words]]
    assert len(stage.pictures()) == 6


def test_aerender_runs_once_per_row_of_frames(stage: Stage) -> None:
    stage.program("aerender", "aerender")

    stage.render(
        AfterEffects,
        FRAMES,
        scene=stage.scene("a b.aep"),
        outputs=stage.path("a.[####].exr"),
        comp="Main 1",
        render_template="Best Settings",
        output_template="EXR",
        ignore_missing_footage=True,
    )

    words = ["-RStemplate", "Best Settings", "-OMtemplate", "EXR", "-output", "SHOTS/.part-a.[####].exr"]
    words += ["-v", "ERRORS_AND_PROGRESS", "-sound", "OFF", "-continueOnMissingFootage"]
    assert stage.calls() == [
        ["aerender", "-project", "SHOTS/a b.aep", "-comp", "Main 1", "-s", "1", "-e", "9", "-i", "2", *words],
        ["aerender", "-project", "SHOTS/a b.aep", "-comp", "Main 1", "-s", "20", "-e", "20", "-i", "1", *words],
    ]
    assert stage.pictures() == PICTURES


def test_3dsmaxcmd_runs_once_per_row_of_frames(stage: Stage) -> None:
    stage.program("3dsmaxcmd", "3dsmaxcmd")

    stage.render(
        Max3ds, FRAMES, scene=stage.scene("a b.max"), outputs=stage.path("a.####.exr"), camera="Cam 1", view="V"
    )

    more = ["-v:5", "-showRFW:0", "-cam:Cam 1", "-batchRender:V", "SHOTS/a b.max"]
    assert stage.calls() == [
        ["3dsmaxcmd", "-o:SHOTS/.part-a..exr", "-start:1", "-end:9", "-nthFrame:2", *more],
        ["3dsmaxcmd", "-o:SHOTS/.part-a..exr", "-start:20", "-end:20", "-nthFrame:1", *more],
    ]
    assert stage.pictures() == PICTURES


def test_3dsmaxbatch_finds_its_frames_in_the_environment(stage: Stage) -> None:
    stage.program("3dsmaxbatch", "3dsmaxbatch")
    scene = stage.scene("a b.max", stage.path("a.####.exr"))

    stage.render(
        Max3dsScript, "1,3-9x2,20", scene=scene, script=stage.scene("s s.ms"), outputs=stage.path("a.####.exr")
    )

    assert stage.calls() == [["3dsmaxbatch", "-v", "5", "SHOTS/s s.ms", "-sceneFile", "SHOTS/a b.max"]]
    assert stage.pictures() == PICTURES


def test_cinema_4d_runs_once_per_row_of_frames(stage: Stage) -> None:
    stage.program("Commandline", "cinema4d")

    stage.render(Cinema4D, FRAMES, scene=stage.scene("a b.c4d"), outputs=stage.path("a.####.exr"))

    words = ["-nogui", "-render", "SHOTS/a b.c4d", "-frame"]
    assert stage.calls() == [
        ["Commandline", *words, "1", "9", "2", "-oimage", "SHOTS/.part-a", "-threads", "4"],
        ["Commandline", *words, "20", "20", "1", "-oimage", "SHOTS/.part-a", "-threads", "4"],
    ]
    assert stage.pictures() == PICTURES


def test_gaffer_gets_its_context_last(stage: Stage) -> None:
    stage.program("gaffer", "gaffer")
    scene = stage.scene("a b.gfr", stage.path("a.####.exr"))

    stage.render(
        Gaffer,
        FRAMES,
        scene=scene,
        outputs=stage.path("a.####.exr"),
        nodes=["Render", "Other"],
        context={"shot": "it's", "take": 3},
    )

    words = ["execute", "-script", "SHOTS/a b.gfr", "-nodes", "Render", "Other", "-frames", "1-9x2,20"]
    assert stage.calls() == [["gaffer", *words, "-context", "-shot", '"it\'s"', "-take", "3"]]
    assert stage.pictures() == PICTURES


# -- what can be refused before anything is rendered ---------------------------------------------------------------


@pytest.mark.parametrize("make", [Mantra, Arnold, RenderMan, Redshift])
def test_programs_that_take_a_file_per_frame_need_one(stage: Stage, make: type[RenderLayer]) -> None:
    with pytest.raises(LayerException, match="has no place for the frame"):
        stage.layer(make, "1-2", scene=stage.scene("a.ass"), outputs=stage.path("a.####.exr"))


@pytest.mark.parametrize(
    ("make", "args", "reason"),
    [
        (AfterEffects, {}, "needs one of the arguments 'comp' and 'queue_index'"),
        (AfterEffects, {"comp": "a", "queue_index": 1}, "needs one of the arguments"),
        (Katana, {}, "needs the argument 'render_node'"),
        (Katana, {"render_node": "a", "variables": ["x"]}, "variables must be a dict"),
        (Gaffer, {"context": ["x"]}, "context must be a dict"),
        (HoudiniRop, {}, "needs the argument 'rop'"),
        (Max3dsScript, {}, "needs the argument 'script'"),
        (Maya, {"render_type": 7}, "render_type must be 0, 1 or 2"),
    ],
)
def test_missing_and_wrong_arguments_are_told_at_launch(
    stage: Stage, make: type[RenderLayer], args: dict[str, Any], reason: str
) -> None:
    with pytest.raises(LayerException, match=reason):
        stage.layer(make, "1-2", scene=stage.scene("a"), outputs=stage.path("a.####.exr"), **args)


def test_extra_args_come_where_the_program_reads_them(stage: Stage) -> None:
    stage.program("nuke", "nuke")
    scene = stage.scene("a.nk", stage.path("a.####.exr"))

    stage.render(Nuke, "1", scene=scene, outputs=stage.path("a.####.exr"), extra_args=["-V", "1"])

    assert stage.calls() == [["nuke", "-x", "-m", "4", "-F", "1", "-V", "1", "SHOTS/a.nk"]]
