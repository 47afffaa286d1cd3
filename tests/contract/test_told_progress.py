# SPDX-License-Identifier: Apache-2.0
"""What applications by contract print tells how far they are, with the line ends that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outline.modules.aftereffects import AfterEffects
from outline.modules.arnold import Arnold
from outline.modules.cinema4d import Cinema4D
from outline.modules.houdini import HoudiniRop, Husk, Mantra
from outline.modules.katana import Katana
from outline.modules.max3ds import Max3ds
from outline.modules.maya import Maya
from outline.modules.nuke import Nuke
from outline.modules.redshift import Redshift
from outline.modules.render import RenderLayer
from outline.modules.renderman import RenderMan
from outline.modules.vray import VRay
from outline.progress import FrameProgress

if TYPE_CHECKING:
    from tests.contract.conftest import Stage

ARNOLD = (
    "00:00:00   773MB         | log started Tue Jul 21 15:26:25 2015\n"
    "00:00:01   800MB WARNING | [texturesys] cannot find a.tx\n"
    "00:00:01   801MB         |     0% done - 37 rays/pixel\n"
    "00:00:02   812MB         |    45% done - 23 rays/pixel\n"
    "00:00:09   820MB         | peak CPU memory used     812.50MB\n"
)


@pytest.mark.parametrize(
    ("make", "frames", "says", "told"),
    [
        pytest.param(Arnold, "5", ARNOLD, FrameProgress(1, 45.0, 5, 0, 832_000, "", 1), id="kick"),
        pytest.param(
            Maya,
            "1-2",
            "00:00:00   773MB         | [mtoa.session]     Initializing at frame 1.000000\n"
            + ARNOLD
            + "Finished Rendering C:/images/a.0001.exr.\n"
            + "00:00:00   773MB         | [mtoa.session]     Initializing at frame 2.000000\n"
            + "00:00:02   812MB         |    50% done - 23 rays/pixel\n",
            FrameProgress(1, 75.0, 2, 1, 832_000, "", 1),
            id="Maya with Arnold",
        ),
        pytest.param(
            Maya,
            "7",
            "[Redshift]      Block 12/48 (7,4) rendered by GPU 0 in 2ms\n",
            FrameProgress(1, 25.0, 7),
            id="Maya with Redshift",
        ),
        pytest.param(
            Katana,
            "7-8",
            "Frame 7 completed\nStarting frame 8\nBlock 12/48 (7,4) rendered by GPU 0 in 2ms\n",
            FrameProgress(1, 62.5, 8, 1),
            id="Katana with Redshift",
        ),
        pytest.param(
            Maya,
            "7",
            "INFO: R90000   40%\nWarning: x\n",
            FrameProgress(1, 40.0, 7, warnings=1),
            id="Maya with RenderMan",
        ),
        pytest.param(
            Nuke,
            "1-4",
            "Frame 1 (1 of 4)\nWriting /a/a.0001.exr took 0.21 seconds\n"
            "Frame 2 (2 of 4)\nWriting /a/a.0003.exr .1.2.3.4.5\n",
            FrameProgress(1, 62.5, None, 2),
            id="Nuke, tenths",
        ),
        pytest.param(
            Nuke,
            "10-13",
            ".1.2.3.4.5.6.7.8.9\nWriting /a v2.1/a.0010.exr took 0.21 seconds\n[18:41.54] Warning: x\n",
            FrameProgress(1, 25.0 + 22.5, None, 1, warnings=1),
            id="Nuke, a path with dots and numbers",
        ),
        pytest.param(
            RenderMan, "5", "R90000     0%\rR90000    42%\r", FrameProgress(1, 42.0, 5), id="prman, carriage returns"
        ),
        pytest.param(
            VRay,
            "1-4",
            "[2021/Jul/8|06:41:30] [900 MB] begin scene preprocessing for frame 1\n"
            '[2021/Jul/8|06:41:39] [2117 MB] Successfully written image file "/a/a.0001.exr"\n'
            "[2021/Jul/8|06:41:40] [1000 MB] begin scene preprocessing for frame 2\n"
            "\x1b[32mRendering image...:  40.0% (00h  0m  5.0s)\x1b[0m\r",
            FrameProgress(1, 35.0, 2, 1, 2117 * 1024),
            id="vray, colours",
        ),
        pytest.param(
            Redshift,
            "5",
            "[Redshift] Block 36/48 (7,4) rendered by GPU 0 in 2ms\n",
            FrameProgress(1, 75.0, 5),
            id="redshift",
        ),
        pytest.param(Husk, "5", "ALF_PROGRESS 37%\n", FrameProgress(1, 37.0, 5), id="husk"),
        pytest.param(
            Mantra,
            "5",
            "ALF_PROGRESS 10%\nmantra: WARNING: x\nPeak Memory Usage:   1.5 GB\n",
            FrameProgress(1, 10.0, 5, 0, 1536 * 1024, "", 1),
            id="mantra",
        ),
        pytest.param(HoudiniRop, "1-4", "", FrameProgress(1, 87.5, 4, 3), id="hython"),
        pytest.param(
            AfterEffects,
            "11-14",
            "PROGRESS:  Start: 0:00:00:10\n"
            "PROGRESS:  0:00:00:10 (1): 0 Seconds\n"
            "PROGRESS:  0:00:00:12 (3U): 1 Seconds\n",
            FrameProgress(1, 50.0, 13, 2),
            id="aerender",
        ),
        pytest.param(
            Max3ds,
            "1-2",
            "progr:  99.0%    rendered\nFrame 1 completed\nprogr:  50.0%    rendered\n",
            FrameProgress(1, 75.0, None, 1),
            id="3dsmaxcmd",
        ),
        pytest.param(
            Cinema4D,
            "1-4",
            "Rendering frame 1 at <date>\nProgress: 100%\nRendering frame 2 at <date>\nProgress: 40%\n",
            FrameProgress(1, 35.0, 2, 1),
            id="Commandline",
        ),
    ],
)
def test_progress_memory_and_warnings_are_told(
    stage: Stage, make: type[RenderLayer], frames: str, says: str, told: FrameProgress
) -> None:
    args = stage.cast(make, frames, says=says)

    stage.render(make, frames, **args)

    assert stage.progress() == told


def test_every_row_of_frames_adds_to_the_progress(stage: Stage) -> None:
    args = stage.cast(Husk, "1-3,10-14", says="ALF_PROGRESS 100%\n")

    stage.render(Husk, "1-3,10-14", **args)

    assert stage.progress() == FrameProgress(1, 100.0, None, 3)
