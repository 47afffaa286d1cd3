# SPDX-License-Identifier: Apache-2.0
"""Lines of logs and of public farm tools' rules: each fails a frame by itself, or none does, whatever the status is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from outline.exception import LayerException
from outline.modules.aftereffects import AfterEffects
from outline.modules.arnold import Arnold
from outline.modules.cinema4d import Cinema4D
from outline.modules.gaffer import Gaffer
from outline.modules.houdini import Husk, Mantra
from outline.modules.katana import Katana
from outline.modules.max3ds import Max3ds
from outline.modules.maya import Maya
from outline.modules.nuke import Nuke
from outline.modules.redshift import Redshift
from outline.modules.render import RenderLayer
from outline.modules.renderman import RenderMan
from outline.modules.vray import VRay

if TYPE_CHECKING:
    from tests.contract.conftest import Stage

FATAL: dict[type[RenderLayer], list[str]] = {
    AfterEffects: [
        "aerender ERROR: No comp was found",
        "Error: cannot open the project",
        "Unable to obtain a license",
        "unexpected failure during application startup",
        "After Effects: internal verification failure, sorry! {zero denominator}",
        "Another copy is using the same serial number",
        "layer dependencies are missing",
        "The output module of this comp is already in use",
        "aerender Error: After Effects can not render for aerender. Another instance is running.",
        'After Effects error: Composition "Main" not found.',
        "Invalid Serial Number",
    ],
    Arnold: [
        "00:00:01    97MB ERROR   | [mtoa] something",
        "00:00:01    97MB WARNING | rendering with watermarks because of failed authorization:",
        "00:00:00     9MB ERROR   |  [ass] can't open /shots/a.ass",
        "00:00:00     9MB ERROR   |  [rlm] error initializing license system",
        "00:00:03   240MB ERROR   |  signal caught: SIGABRT",
        "00:00:01    97MB ERROR   | [shader] cannot be compiled",
    ],
    Cinema4D: [
        "Document not found",
        "Project not found",
        "Error loading document",
        "Error rendering project",
        "Rendering failed: Not enough memory",
        "Asset missing: wood.png",
        "Invalid License from License Server",
        "Enter Registration Data",
        "Unable to write file",
        "The output resolution is too high for the selected render engine",
        "[rlm] abort_on_license_fail enabled",
        "Frame rendering aborted",
        "Files cannot be written - please check output paths!",
    ],
    Husk: [
        "USD ERROR: cannot open layer",
        "Error: cannot render",
        "Couldn't find renderer BRAY_HdKarma",
        "Error: Unknown option: --frames",
        "[Error] no such camera",
        "RuntimeError: Error encountered when initializing Houdini",
        "No licenses could be found to run this application.",
    ],
    Katana: [
        "00:00:01    97MB ERROR   | [rlm] no licence",
        "00:00:01 97MB ERROR | [rlm] no licence",
    ],
    Mantra: [
        "mantra: Bad Alembic Archive: /tmp/a.abc",
        "Please check for a valid license server host",
        "Error loading geometry /tmp/a.bgeo from stdin",
    ],
    Max3ds: [
        "ERROR : Scene not loaded",
        "An Error has happened",
        "Error occured while rendering job.",
    ],
    Maya: [
        "FLEXlm error: -15,570",
        "Maya: License was not obtained",
        "There was an error initializing Maya",
        "aborting render because the abort_on_license_fail option was enabled",
        "rendering with watermarks because of failed authorization: (-15)",
        'Error: Plug-in, "mtoa", was not found on MAYA_PLUG_IN_PATH.',
        "[mtoa] Failed batch render",
        "V-Ray error: no licence",
        "Could not obtain a license",
        "rman Fatal",
        "3DL ERROR L2033",
        "Frame rendering aborted",
        "Rendering was internally aborted",
        'Error: Cannot find procedure "rsPreference".',
        "CUDA_ERROR_UNKNOWN",
        "Failed to init the CUDA driver API",
        "Warning: Scene shot.ma does not have any renderable cameras",
        "Error: Cannot load scene",
        "Error: Cannot open project",
        "can't create file out/a.exr",
        "Usage: Render [options] filename",
        "Warning: line 1: rendering with watermarks because of failed authorization: (-15)",
        "Warning: does not have any renderable cameras",
    ],
    Nuke: [
        "ERROR: Read1: No such file",
        "Error: Write1: cannot write",
        "Error : no licence",
        "Eddy[ERROR] out of memory",
        "[18:41.54] ERROR: Read1: No such file or directory",
    ],
    Redshift: [
        "00:00:01    97MB ERROR   | no device",
        "GPU 0 has less than 128MB of free VRAM",
        "Error: [Redshift] License error: (RLM) All licenses in use (-22) //",
        "[Redshift] No devices found. Aborting rendering.",
        "Error an illegal memory access was encountered",
        "less than 128MB of free VRAM",
    ],
    RenderMan: [
        "R50004 RIB error at line 3",
        "S01001 Unable to find shader wood",
        "D03003 Unable to find out device exr",
        "ERROR the file is not there",
        "R20001 {SEVERE} License - no license could be had",
    ],
    VRay: [
        "[2021/Jul/8|06:41:39] error: Could not obtain a license (1003)",
        '[2021/Jul/8|06:41:39] error: No file "/shots/a.vrscene" exists',
        "[2021/Jul/8|06:41:39] error: Plugin has no such parameter",
    ],
}
HARMLESS: dict[type[RenderLayer], list[str]] = {
    AfterEffects: [
        "GL_VERSION Error: 1280",
        "Create Buffer Error: 1280",
        "NVAPI error",
        "Unable to access the network drive",
    ],
    Arnold: [
        "00:00:01    97MB WARNING | [texturesys] cannot find a.tx",
    ],
    Gaffer: [
        "WARNING : something",
    ],
    Husk: [
        "EGL Error (0x3001)",
    ],
    Maya: [
        "Error: line 1: some expression of a plug-in",
    ],
    Nuke: [
        "Warning: Write1: no metadata",
        "[18:41.54] Warning: Write1: no metadata",
    ],
    VRay: [
        "[2021/Jul/8] error: Error loading plugin library /opt/vray_BRDFSimbiont.so",
        "[2021/Jul/8|06:41:39] warning: Texture a.png is missing",
    ],
}


def each(lines: dict[type[RenderLayer], list[str]]) -> list[tuple[type[RenderLayer], str]]:
    return [(make, line) for make, known in lines.items() for line in known]


@pytest.mark.parametrize(("make", "line"), each(FATAL))
def test_line_fails_the_frame_though_the_picture_is_there(stage: Stage, make: type[RenderLayer], line: str) -> None:
    args = stage.cast(make, "5", says=f"a line\n{line}\ranother\n")

    with pytest.raises(LayerException) as caught:
        stage.render(make, "5", **args)

    assert str(caught.value).endswith(f"{make.application} said: {line}")


@pytest.mark.parametrize(("make", "line"), each(HARMLESS))
def test_line_that_looks_like_an_error_fails_no_frame(stage: Stage, make: type[RenderLayer], line: str) -> None:
    args = stage.cast(make, "5", says=f"{line}\n")

    stage.render(make, "5", **args)

    assert "a.0005.exr" in stage.pictures()
