# SPDX-License-Identifier: Apache-2.0
"""Runs inside Blender: renders frames that its command line cannot name, each to its own path.

blender ... -P blender_render.py -- '{"-5": "/shots/a.-005.png"}'
"""

# mypy: ignore-errors

import json
import sys

import bpy


def render(scene, named):
    """Render each frame of ``named`` (frame number as text: path) in its order."""
    scene.render.use_file_extension = False
    for frame, path in named.items():
        scene.frame_set(int(frame))
        scene.render.filepath = path
        bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    render(bpy.context.scene, json.loads(sys.argv[-1]))
