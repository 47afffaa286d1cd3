# SPDX-License-Identifier: Apache-2.0
"""Runs inside of Blender: makes small scenes of a cube that turns, since a .blend file is too large to be kept.

blender -b --factory-startup --python-exit-code 3 -P make_blend.py -- FOLDER
"""

import os
import sys

import bpy


def make(folder):
    """Save one scene for Cycles, one for Workbench, and one without a camera."""
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 64, 48, 100
    scene.cycles.samples, scene.cycles.use_denoising = 8, False
    scene.frame_start, scene.frame_end = 1, 10
    cube = bpy.data.objects["Cube"]
    cube.keyframe_insert("rotation_euler", frame=-10)
    cube.rotation_euler[2] += 4
    cube.keyframe_insert("rotation_euler", frame=10)
    for name, engine in (("cycles", "CYCLES"), ("workbench", "BLENDER_WORKBENCH")):
        scene.render.engine = engine
        bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, name + ".blend"))
    scene.camera = None
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, "nocamera.blend"))


if __name__ == "__main__":
    make(sys.argv[sys.argv.index("--") + 1])
