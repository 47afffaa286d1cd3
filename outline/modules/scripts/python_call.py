# SPDX-License-Identifier: Apache-2.0
"""Calls a function, or runs a script, with frames and keyword arguments; needs Python 3.6 and nothing else.

python python_call.py '{"function": "package.module:name", "script": "", "frames": [1], "kwargs": {}, "paths": []}'
"""

# mypy: ignore-errors

import importlib
import json
import runpy
import sys


def find_function(spec):
    """Return the function that ``package.module:name`` or ``path/file.py:name`` stands for."""
    place, _, name = spec.rpartition(":")
    if place.endswith(".py"):
        found = runpy.run_path(place, run_name=place)
        if name not in found:
            sys.exit(f"AttributeError: {place} has no function {name}")
        return found[name]
    found = importlib.import_module(place)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def do(work):
    """Do the work: call the function, or run the script."""
    # Without the folder of this file, whose neighbours would be found in place of real modules.
    sys.path[:1] = work["paths"]
    if work["script"]:
        sys.argv = [work["script"]]
        names = dict(work["kwargs"], frames=work["frames"])
        runpy.run_path(work["script"], init_globals=names, run_name="__main__")
    else:
        find_function(work["function"])(work["frames"], **work["kwargs"])


def read_call(word):
    """Return what to do: the JSON itself, or ``@`` and the path of a file with it."""
    if not word.startswith("@"):
        return json.loads(word)
    with open(word[1:], encoding="utf-8") as stream:
        return json.load(stream)


if __name__ == "__main__":
    do(read_call(sys.argv[1]))
