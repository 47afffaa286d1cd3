# SPDX-License-Identifier: Apache-2.0
"""Runs inside of Blender: makes a scene of a monkey's head that turns while balls fly around it.

blender -b --factory-startup --python-exit-code 3 -P orbit.py -- SCENE.blend
"""

import math
import os
import sys

import bpy

_BALLS = 6
_TURN = 12  # frames


def material(name, colour, roughness=0.4):
    """Return a material of one colour."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    shader = made.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1)
    shader.inputs["Roughness"].default_value = roughness
    made.diffuse_color = (*colour, 1)  # what Workbench shows
    return made


def turn(thing, degrees):
    """Let an object turn around the vertical axis within the frames of one turn."""
    thing.rotation_euler.z = 0
    thing.keyframe_insert("rotation_euler", frame=1)
    thing.rotation_euler.z = math.radians(degrees)
    thing.keyframe_insert("rotation_euler", frame=1 + _TURN)


def fill(scene):
    """Put everything into an empty scene."""
    bpy.ops.mesh.primitive_plane_add(size=40)
    bpy.context.object.data.materials.append(material("floor", (0.35, 0.4, 0.5), 0.8))
    bpy.ops.mesh.primitive_monkey_add(size=2.2, location=(0, 0, 1.3))
    bpy.ops.object.shade_smooth()
    head = bpy.context.object
    head.data.materials.append(material("head", (0.85, 0.3, 0.1)))
    turn(head, 120)
    bpy.ops.object.empty_add()
    ring = bpy.context.object
    turn(ring, -360 / _BALLS * 2)
    for number in range(_BALLS):
        angle = 2 * math.pi * number / _BALLS
        place = (2.3 * math.cos(angle), 2.3 * math.sin(angle), 0.4 + 0.3 * (number % 3))
        bpy.ops.mesh.primitive_uv_sphere_add(radius=0.35, location=place)
        bpy.ops.object.shade_smooth()
        bpy.context.object.data.materials.append(
            material(f"ball {number}", (number / _BALLS, 0.6, 0.9 - 0.6 * number / _BALLS))
        )
        bpy.context.object.parent = ring
    bpy.ops.object.light_add(type="SUN", rotation=(math.radians(50), 0, math.radians(30)))
    bpy.context.object.data.energy = 4
    bpy.ops.object.camera_add(location=(0, -8.5, 3.4), rotation=(math.radians(74), 0, 0))
    scene.camera = bpy.context.object
    scene.camera.data.lens = 48


def main(path):
    """Make the scene and save it."""
    scene = bpy.context.scene
    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.object.delete()
    fill(scene)
    scene.world.node_tree.nodes["Background"].inputs[0].default_value = (0.3, 0.45, 0.7, 1)
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.max_bounces = 16, False, 3
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 160, 90, 100
    scene.frame_start, scene.frame_end = 1, _TURN
    os.makedirs(os.path.dirname(path), exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=path)


if __name__ == "__main__":
    main(sys.argv[sys.argv.index("--") + 1])
