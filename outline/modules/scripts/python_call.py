# SPDX-License-Identifier: Apache-2.0
"""Calls a function, or runs a script, with frames and keyword arguments. Needs only Python 3.6.

python python_call.py '{"function": "package.module:name", "script": "", "frames": [1], "kwargs": {}, "paths": []}'

Instead of frames and kwargs there may be "calls", a list of [frame, item, kwargs], and "results", the path of a
file that gets a line of JSON, [frame, result], for each call that returned a dict.
"""

# mypy: ignore-errors

import importlib
import json
import runpy
import sys


def find_function(spec):
    """The function named by ``package.module:name`` or ``path/file.py:name``."""
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
    """Call the function, or run the script, once for all frames or once for each item."""
    # Without the folder of this file, because its neighbours would shadow real modules.
    sys.path[:1] = work["paths"]
    if "calls" in work:
        do_items(work)
    elif work["script"]:
        run_script(work["script"], dict(work["kwargs"], frames=work["frames"]))
    else:
        find_function(work["function"])(work["frames"], **work["kwargs"])


def run_script(path, names):
    """Run a script that finds these names as variables."""
    sys.argv = [path]
    runpy.run_path(path, init_globals=names, run_name="__main__")


def do_items(work):
    """Process one item after the other. Stops at the first failure."""
    function = None if work["script"] else find_function(work["function"])
    for done, (frame, item, kwargs) in enumerate(work["calls"], 1):
        if function is None:
            run_script(work["script"], dict(kwargs, item=item, frames=[frame]))
        else:
            note(work, frame, item, function(item, **kwargs))
        if len(work["calls"]) > 1:
            sys.stdout.write(f"openjd_progress: {100 * done // len(work['calls'])}\n")
            sys.stdout.flush()


def note(work, frame, item, result):
    """Write the function's result for an item to the results file."""
    if result is None:
        return
    if not isinstance(result, dict):
        kind = type(result).__name__
        sys.exit(f"TypeError: {work['function']} returned a {kind} for the item {item!r}, and no dict or None")
    with open(work["results"], "a", encoding="utf-8") as stream:
        stream.write(json.dumps([frame, result]) + "\n")


def read_call(word):
    """The call as data, from JSON text or from ``@`` and the path of a file with it."""
    if not word.startswith("@"):
        return json.loads(word)
    with open(word[1:], encoding="utf-8") as stream:
        return json.load(stream)


if __name__ == "__main__":
    do(read_call(sys.argv[1]))
