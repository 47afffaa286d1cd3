# SPDX-License-Identifier: Apache-2.0
"""The whole command of every module by contract: frames with steps and gaps, paths with blanks and quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outline.exception import LayerException
from outline.modules.aftereffects import AfterEffects
from outline.modules.cinema4d import Cinema4D
from outline.modules.gaffer import Gaffer
from outline.modules.houdini import SCRIPT, HoudiniRop
from outline.modules.katana import Katana
from outline.modules.max3ds import Max3ds, Max3dsScript
from outline.modules.maya import Maya
from outline.modules.nuke import Nuke

if TYPE_CHECKING:
    from tests.contract.conftest import Stage

FRAMES = "1,3-9x2,20"
PICTURES = ["a.0001.exr", "a.0003.exr", "a.0005.exr", "a.0007.exr", "a.0009.exr", "a.0020.exr"]

MAYA = ["-rd", "SHOTS", "-im", "a", "-fnc", "name.#.ext", "-pad", "4"]


def test_maya_runs_once_per_row_of_frames(stage: Stage) -> None:
    stage.render(
        Maya,
        FRAMES,
        scene=stage.scene("a b.ma"),
        renderer="arnold",
        project=stage.path("proj"),
        camera="main",
        layer="rs_key",
        format="exr",
        width=1920,
        height=1080,
        percent=50,
        render_type=0,
    )

    size = ["-x", "1920", "-y", "1080", "-percentRes", "50"]
    more = ["-of", "exr", "-cam", "main", "-rl", "rs_key", *size, "-rt", "0"]
    more += ["-ai:threads", "4", "-ai:alf", "true", "-ai:aerr", "true"]
    assert stage.calls() == [
        ["Render", "-r", "arnold", *row.split(" "), "-proj", "SHOTS/proj", *MAYA, *more, "SHOTS/a b.ma"]
        for row in ("-s 1 -e 9 -b 2", "-s 20 -e 20 -b 1")
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
    stage.render(Maya, "7", scene=stage.scene("a.ma"), outputs=stage.path(output))

    assert stage.calls() == [["Render", "-s", "7", "-e", "7", "-b", "1", "-rd", "SHOTS", *words, "SHOTS/a.ma"]]


def test_renderman_in_maya_has_flags_of_its_own(stage: Stage) -> None:
    stage.render(
        Maya,
        "1-3",
        scene=stage.scene("a.ma"),
        renderer="renderman",
        width=64,
        height=32,
        camera="c",
    )

    words = ["-r", "renderman", "-s", "1", "-e", "3", "-b", "1", "-rd", "SHOTS", "-imageFile", "a.<f4>.exr"]
    words += ["-cam", "c", "-res", "64", "32", "-t", "4", "SHOTS/a.ma"]
    assert stage.calls() == [["Render", *words]]
    assert stage.pictures() == ["a.0001.exr", "a.0002.exr", "a.0003.exr"]


def test_redshift_in_maya_gets_its_gpus_in_one_word(stage: Stage) -> None:
    stage.render(Maya, "7", scene=stage.scene("a.ma"), renderer="redshift", gpu_ids=[0, 1])

    assert stage.calls() == [
        ["Render", "-r", "redshift", "-s", "7", "-e", "7", "-b", "1", *MAYA, "-gpu", "{0,1}", "SHOTS/a.ma"]
    ]


def test_maya_may_leave_the_names_to_the_scene(stage: Stage) -> None:
    scene = stage.scene("a.ma", stage.path("a.####.exr"))

    stage.render(Maya, "7", scene=scene, image_name=False)

    assert stage.calls() == [["Render", "-s", "7", "-e", "7", "-b", "1", "SHOTS/a.ma"]]


@pytest.mark.parametrize("output", ["####.exr", "a..####.exr"])
def test_a_name_that_maya_cannot_write_is_refused_at_launch(stage: Stage, output: str) -> None:
    with pytest.raises(LayerException, match="Maya has no naming for"):
        stage.layer(Maya, "1-2", scene=stage.scene("a.ma"), outputs=stage.path(output))


def test_nuke_gets_a_list_in_one_word(stage: Stage) -> None:
    stage.render(
        Nuke,
        FRAMES,
        scene=stage.scene("a b.nk", stage.path("a.####.exr")),
        write_nodes=["Write1", "Write2"],
        views=["left", "right"],
        proxy=False,
        nukex=True,
        interactive_licence=True,
        keep_going=True,
        gpu_index=1,
        memory="16g",
        verbosity=1,
    )

    words = ["-x", "-V", "1", "-i", "--nukex", "--cont", "--gpu", "1", "-f", "-m", "4", "-c", "8192M", "--sro"]
    words += ["-F", "1-9x2 20", "-X", "Write1,Write2", "--view", "left,right"]
    assert stage.calls() == [["nuke", *words, "SHOTS/a b.nk"]]
    assert stage.pictures() == PICTURES


def test_nuke_needs_only_a_script(stage: Stage) -> None:
    scene = stage.scene("a.nk", stage.path("a.####.exr"))

    stage.render(Nuke, "1,3,7", scene=scene, gpu=True)

    words = ["-x", "-V", "2", "--gpu", "-m", "4", "--sro", "-F", "1 3 7", "SHOTS/a.nk"]
    assert stage.calls() == [["nuke", *words]]


def test_hython_renders_all_rows_in_one_process(stage: Stage) -> None:
    scene = stage.scene("a b.hip", f"rop /out/a {stage.path('a.$F4.exr')}")

    stage.render(HoudiniRop, FRAMES, scene=scene, rop="/out/a", outputs=stage.path("a.$F4.exr"))

    ((program, script, order),) = stage.calls()
    assert (program, script) == ("hython", SCRIPT)
    assert '"rop": "/out/a", "runs": [[1, 9, 2], [20, 20, 1]], "output": null, "ignore_inputs": true}' in order
    assert stage.pictures() == PICTURES


def test_hython_can_be_told_where_to_write(stage: Stage) -> None:
    scene = stage.scene("a.hip", "rop /out/a /nowhere/a.$F4.exr")

    stage.render(
        HoudiniRop, "5", scene=scene, rop="/out/a", outputs=stage.path("a.$F4.exr"), set_output=True, with_inputs=True
    )

    assert '.part-a.$F4.exr", "ignore_inputs": false}' in stage.calls()[0][2]
    assert stage.pictures() == ["a.0005.exr"]


def test_katana_gets_a_list_without_steps(stage: Stage) -> None:
    scene = stage.scene("a b.katana", stage.path("a.####.exr"))

    stage.render(
        Katana,
        "1-3,5-9x2",
        scene=scene,
        render_node="Main",
        variables={"shot": "a b"},
    )

    words = ["--batch", "--katana-file=SHOTS/a b.katana", "--render-node=Main", "-t", "1-3,5,7,9"]
    words += ["--threads2d=3", "--var=shot=a b"]
    assert stage.calls() == [["katana", *words]]
    assert len(stage.pictures()) == 6


def test_aerender_runs_once_per_row_of_consecutive_frames(stage: Stage) -> None:
    stage.render(
        AfterEffects,
        "1-3,7,9",
        scene=stage.scene("a b.aep"),
        outputs=stage.path("a.[####].exr"),
        comp="Main 1",
        render_template="Best Settings",
        output_template="EXR",
        ignore_missing_footage=True,
        multi_frame=80,
        memory_usage=(40, 90),
    )

    words = ["-RStemplate", "Best Settings", "-OMtemplate", "EXR", "-output", "SHOTS/.part-a.[####].exr"]
    words += ["-v", "ERRORS_AND_PROGRESS", "-close", "DO_NOT_SAVE_CHANGES", "-mfr", "ON", "80"]
    words += ["-mem_usage", "40", "90", "-continueOnMissingFootage"]
    assert stage.calls() == [
        ["aerender", "-project", "SHOTS/a b.aep", "-comp", "Main 1", "-s", first, "-e", last, *words]
        for first, last in ("13", "77", "99")
    ]
    assert stage.pictures() == [f"a.{frame:04d}.exr" for frame in (1, 2, 3, 7, 9)]


def test_3dsmaxcmd_runs_once_per_row_of_frames(stage: Stage) -> None:
    stage.render(
        Max3ds,
        FRAMES,
        scene=stage.scene("a b.max"),
        camera="Cam 1",
        view="V",
        width=64,
        height=32,
    )

    more = ["-v:5", "-showRFW:0", "-cam:Cam 1", "-batchRender:V", "-width:64", "-height:32", "SHOTS/a b.max"]
    assert stage.calls() == [
        ["3dsmaxcmd", "-o:SHOTS/.part-a..exr", "-start:1", "-end:9", "-nthFrame:2", *more],
        ["3dsmaxcmd", "-o:SHOTS/.part-a..exr", "-start:20", "-end:20", "-nthFrame:1", *more],
    ]
    assert stage.pictures() == PICTURES


def test_3dsmaxbatch_finds_its_frames_in_the_environment(stage: Stage) -> None:
    scene = stage.scene("a b.max", stage.path("a.####.exr"))

    stage.render(Max3dsScript, "1,3-9x2,20", scene=scene, script=stage.scene("s s.ms"))

    assert stage.calls() == [["3dsmaxbatch", "-v", "5", "SHOTS/s s.ms", "-sceneFile", "SHOTS/a b.max"]]
    assert stage.pictures() == PICTURES


def test_cinema_4d_runs_once_per_row_of_frames(stage: Stage) -> None:
    stage.render(
        Cinema4D,
        FRAMES,
        scene=stage.scene("a b.c4d"),
        take="Main",
        width=64,
        height=32,
        multipass=stage.path("passes"),
        gpu_ids=[0, 1],
    )

    more = ["-oimage", "SHOTS/a", "-omultipass", "SHOTS/passes", "-take", "Main", "-oresolution", "64", "32"]
    more += ["-threads", "4", "-redshift-gpu", "0", "-redshift-gpu", "1"]
    assert stage.calls() == [
        ["Commandline", "-nogui", "-render", "SHOTS/a b.c4d", "-frame", *row, *more]
        for row in (("1", "9", "2"), ("20", "20", "1"))
    ]
    assert stage.pictures() == PICTURES


def test_gaffer_gets_its_context_last(stage: Stage) -> None:
    scene = stage.scene("a b.gfr", stage.path("a.####.exr"))

    stage.render(
        Gaffer,
        FRAMES,
        scene=scene,
        nodes=["Render", "Other"],
        context={"shot": "it's", "take": 3},
        ignore_load_errors=True,
    )

    words = ["execute", "-script", "SHOTS/a b.gfr", "-ignoreScriptLoadErrors", "-nodes", "Render", "Other"]
    words += ["-frames", "1-9x2,20", "-threads", "4"]
    assert stage.calls() == [["gaffer", *words, "-context", "-shot", '"it\'s"', "-take", "3"]]
    assert stage.pictures() == PICTURES


def test_extra_args_come_where_the_program_reads_them(stage: Stage) -> None:
    scene = stage.scene("a.nk", stage.path("a.####.exr"))

    stage.render(Nuke, "1", scene=scene, extra_args=["-V", "1"])

    assert stage.calls() == [["nuke", "-x", "-V", "2", "-m", "4", "--sro", "-F", "1", "-V", "1", "SHOTS/a.nk"]]
