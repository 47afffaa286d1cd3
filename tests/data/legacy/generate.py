# SPDX-License-Identifier: Apache-2.0
"""Writes the sessions in this folder, with PyOutline 1.37.

Run it with the interpreter of an environment that holds PyOutline, see scripts/pyoutline_signatures.py::

    ref/bin/python tests/data/legacy/generate.py
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "python"))
os.environ["HOME"] = tempfile.mkdtemp()
os.environ.update(SHOW="demo", SHOT="sh01", USER="artist", LOGNAME="artist")

from legacy_module import Ginsu, Knife  # noqa: E402

from outline import LayerPostProcess, Outline, OutlinePostCommand  # noqa: E402
from outline.io import FileSpec, Path  # noqa: E402
from outline.modules.shell import Shell, ShellCommand, ShellScript, ShellSequence  # noqa: E402


def commands() -> Outline:
    ol = Outline("commands", frame_range="1-10", current=True)
    ol.set_env("EARLY", "1", True)
    ol.set_env("LATE", "2")
    ol.set_arg("scene", "a.mb")
    first = Shell("first", command=["echo", "%{FRAME}"], chunk=3, env={"WHO": "layer"}, tags=["a", "b"], memory="4g")
    first.add_input("plate", FileSpec("/shots/plate.#.exr", checked=False))
    first.add_output("image", FileSpec("out/image.#.exr", mkdir=False, checkExt=["jpg"]))
    first.add_output("note", Path("out/note.txt", checked=False))
    ShellSequence("sequence", commands=[["echo", "one"], ["echo", "two"], "echo three"], chunk=2)
    ShellCommand("once", command="echo once", type="Util", service="io", limits=["nuke"])
    return ol


def depends() -> Outline:
    ol = Outline("depends", frame_range="1-4", current=True)
    render = Shell("render", command=["true"])
    for name, kind in {"each": "", "every": ":all", "sim": ":sim", "before": ":prev", "some": ":any"}.items():
        Shell(name, command=["true"], require=[f"render{kind}"])
    LayerPostProcess(render)
    OutlinePostCommand("mail", command=["true"])
    some_other = Shell("some_other", command=["true"])
    some_other.depend_all(render, any_frame=True)
    return ol


def studio() -> Outline:
    ol = Outline("studio", frame_range="1-6", current=True)
    ginsu = Ginsu("ginsu", fit="100x100", chunk=4)
    ginsu.helper = Shell("helper", command=["true"], range="2")
    Knife(ginsu)
    ginsu.add_child(Ginsu("inner", fit="1x1", register=False))
    ShellScript("script", script=os.path.join(HERE, "generate.py"))
    return ol


def main() -> None:
    for make in (commands, depends, studio):
        ol = make()
        ol.setup()
        folder = os.path.join(HERE, make.__name__)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        written = ol.get_session().get_path()
        for name in ("outline.yaml", "session"):
            with open(os.path.join(written, name), encoding="utf-8") as stream:
                text = stream.read().replace(written, f"/sessions/{make.__name__}").replace(HERE, "/home/artist")
            with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
                stream.write(text)


main()
