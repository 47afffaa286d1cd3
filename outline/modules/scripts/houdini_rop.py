# SPDX-License-Identifier: Apache-2.0
"""Runs inside hython: renders rows of frames of one output node.

hython houdini_rop.py '{"scene": "shot.hip", "rop": "/out/mantra1", "runs": [[1, 9, 2]], "output": null,
"ignore_inputs": true}'

Ends with 0, 3 when the node reported errors, 4 when the scene has no such node, and 1 when anything else went wrong.
Works in every Python that Houdini 18 to 20.5 has.
"""

# mypy: ignore-errors

import json
import sys

NODE_FAILED = 3
NO_NODE = 4
# The parameters of mantra and of usdrender that let them print ALF_PROGRESS.
PROGRESS = ("vm_alfprogress", "alfprogress")


def main(hou, words):
    """Run the request in the one argument, a JSON object. Returns the exit code."""
    order = json.loads(words[0])
    try:
        hou.hipFile.load(order["scene"], suppress_save_prompt=True, ignore_load_warnings=True)
    except hou.Error as error:
        return _fail("cannot load {}: {}".format(order["scene"], error), 1)
    node = hou.node(order["rop"])
    if node is None:
        return _fail("{} has no node {}".format(order["scene"], order["rop"]), NO_NODE)
    for run in order["runs"]:
        try:
            _render(hou, node, run, order)
        except hou.Error as error:
            return _fail("{}, frames {}: {}".format(order["rop"], _named(run), error), NODE_FAILED)
        if node.errors():
            return _fail("{}, frames {}: {}".format(order["rop"], _named(run), "; ".join(node.errors())), NODE_FAILED)
    return 0


def _render(hou, node, run, order):
    sys.stdout.write("houdini_rop: {} renders frames {}\n".format(order["rop"], _named(run)))
    sys.stdout.flush()
    for name in PROGRESS:
        if node.parm(name) is not None:
            node.parm(name).set(1)
    if isinstance(node, hou.RopNode):
        more = {"output_file": order["output"]} if order["output"] else {}
        node.render(
            frame_range=tuple(run), ignore_inputs=order["ignore_inputs"], verbose=True, output_progress=True, **more
        )
    else:  # a Karma or file cache node, which has the parameters of an output node and a button
        node.parm("trange").set(1)
        for parm, value in zip(node.parmTuple("f"), run):  # noqa: B905  # old Pythons have no strict=
            parm.deleteAllKeyframes()  # the expressions $FSTART and $FEND would override the value
            parm.set(value)
        node.parm("execute").pressButton()


def _named(run):
    return "{}-{}x{}".format(*run)


def _fail(message, code):
    sys.stdout.write("houdini_rop: error: " + message + "\n")
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    import hou

    sys.exit(main(hou, sys.argv[1:]))
