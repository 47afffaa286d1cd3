# SPDX-License-Identifier: Apache-2.0
"""Frames that run a Python function or script, in this interpreter or another one.

Versions: run for real with 3.11. The script that calls the function needs only Python 3.6, not this library, so an old
interpreter or that of an application works too.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from ..config import config
from ..console import PROGRESS_RULES, OutputRules
from ..exception import LayerException
from ..files import write_atomic
from ..frames import FrameSet
from ..io.output import Targets
from ..layer.args import where
from ..tokens import FrameTokens, expand_command
from .render import RenderArgs, RenderCommand, RenderLayer, words_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Python", "PythonArgs"]

SCRIPT = os.path.join(os.path.dirname(__file__), "scripts", "python_call.py")

_OPENJD = PROGRESS_RULES["openjd"]

# Linux limits one argument to 128 kB, so a call with many frames or much data goes through a file.
_MOST_BYTES = 100_000


class PythonArgs(RenderArgs, total=False):
    """The arguments of ``Python``."""

    function: str  #: ``package.module:name``, or ``path/of/file.py:name``.
    script: str  #: The path of a file instead.
    kwargs: dict[str, Any]  #: Keyword arguments of plain data.
    python: str  #: The interpreter. Defaults to the one that runs the library.
    import_paths: str | list[str]  #: Folders to put before ``sys.path``. They include the folder of a file.


class Python(RenderLayer):
    """Calls a function, or runs a script, once for all frames of a chunk, in a separate process.

    ::

        Python("seeds", function="simulation.seeds:render", kwargs={"folder": "out"}, outputs="out/a.####.png")
        Python("plot", script="plot.py", python="/opt/plots/bin/python", kwargs={"style": "dark"})

    This calls ``render([1, 2, 3], folder="out")``. A script runs as ``__main__`` and finds ``frames`` and the keyword
    arguments as variables. Its output goes to the log. A line ``openjd_progress: 50`` reports progress.

    With ``items``, one process calls the function once for each item of the chunk::

        Python("gen", function="gen.py:render", items=["7"], kwargs={"path": "%{OUTPUT}"}, outputs="%{KEY}.png")

    This calls ``render("7", path="7.png")``: texts in ``kwargs`` may contain the tokens of commands. If the function
    returns a dict, that is the frame's result, as with ``emit``. A script also finds ``item``.
    """

    application = "Python"
    executable = "python3"
    declared_args = PythonArgs
    output_rules = OutputRules(
        percent=(*_OPENJD.percent, *PROGRESS_RULES["alf"].percent),
        note=_OPENJD.note,
        error=(r"^\w+(?:\.\w+)*(?:Error|Exception|Interrupt|Exit)(?:: .*)?$", *_OPENJD.error),
    )
    writes_beside = True  # the files of %{OUTPUT}; the function itself puts everything else in place
    needs_outputs = False
    makes_folders = True
    renders_frame_of_item = False  # the function gets the item
    frames_share_outputs = True  # a function may well make one file of all frames
    path_args = ("script", "import_paths")

    def __init__(self, name: str, **args: Unpack[PythonArgs]) -> None:
        """Make a layer that runs Python."""
        super().__init__(name, **args)
        if self.get_arg("python"):
            self.set_arg("executable", self.get_arg("python"))

    def check_required_args(self) -> None:
        """Also check that there is a function or a script, and that its arguments are plain data."""
        super().check_required_args()
        function, script = self.get_arg("function"), self.get_arg("script")
        if bool(function) == bool(script):
            raise LayerException(
                f"{where(self)} needs function= (such as 'package.module:name') or script=, one of them"
            )
        if function and not all(str(function).rpartition(":")[::2]):
            raise LayerException(f"{where(self)}: function is {function!r}; write it as 'package.module:name'")
        kwargs = self.get_arg("kwargs") or {}
        if not isinstance(kwargs, dict) or not all(isinstance(name, str) for name in kwargs):
            raise LayerException(f"{where(self)}: kwargs must be a dict of values by names, not {kwargs!r:.80}")
        try:
            json.dumps(kwargs)
        except (TypeError, ValueError) as error:
            raise LayerException(f"{where(self)}: kwargs must be plain data: {error}") from error

    def check_before_commands(self, frames: FrameSet) -> None:
        """Check that the file with the script or function exists."""
        path = self._file()
        if path and not os.path.exists(path):
            raise LayerException(f"layer {self.get_name()!r}: there is no file {path}")
        call = self._call(frames) if self.get_items() is None else self._calls(frames)
        if self._is_filed(call):
            self.make_scratch_folder()
            write_atomic(self._scratch("call.json"), call)

    def collect_outputs(self, command: RenderCommand) -> None:
        """Also store what the function returned for items."""
        super().collect_outputs(command)
        path = self._scratch("results.jsonl")
        if self.get_items() is not None and os.path.exists(path):
            with open(path, encoding="utf-8") as stream:
                for frame, result in map(json.loads, stream):
                    self.emit(frame, **result)

    def _scratch(self, name: str) -> str:
        return os.path.join(self.get_scratch_folder(), name)

    def _is_filed(self, call: str) -> bool:
        """Whether to pass the call in a file, because item values may look like command tokens."""
        return self.get_items() is not None or len(call.encode()) > _MOST_BYTES

    def get_program(self) -> list[str]:
        """The interpreter. Defaults to this one."""
        return super().get_program() if self._is_named() else [sys.executable]

    def check_program(self) -> None:
        """Check that a custom interpreter exists on this host."""
        if self._is_named():
            super().check_program()

    def _is_named(self) -> bool:
        named = self.get_arg("executable") or self.get_arg("version") or config.has_option("Python", "executable")
        return bool(named) or not sys.executable

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """The one call for all frames."""
        call = self._call(frames)
        words = [*self.get_program(), *self.get_extra_args(), "-u", SCRIPT]
        return [RenderCommand([*words, f"@{self._scratch('call.json')}" if self._is_filed(call) else call], frames)]

    def _call(self, frames: FrameSet) -> str:
        return json.dumps({**self._work(), "frames": list(frames), "kwargs": self.get_arg("kwargs") or {}})

    def _calls(self, frames: FrameSet) -> str:
        kwargs = self.get_arg("kwargs") or {}
        calls = [[frame, self.item(frame), self._filled(kwargs, frame)] for frame in frames]
        return json.dumps({**self._work(), "calls": calls, "results": self._scratch("results.jsonl")})

    def _work(self) -> dict[str, Any]:
        return {
            "function": str(self.get_arg("function") or ""),
            "script": str(self.get_arg("script") or ""),
            "paths": self._import_paths(),
        }

    def _filled(self, value: Any, frame: int) -> Any:  # Any: plain data
        """Plain data with the tokens in its texts replaced.

        A text that means several files becomes a list, and one that means none is empty.
        """
        if isinstance(value, dict):
            return {key: self._filled(one, frame) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._filled(one, frame) for one in value]
        if not isinstance(value, str) or "%{" not in value:
            return value

        from ..layer.datasets import item_of  # only data with tokens needs it
        from ..layer.fill import fill_in

        tokens = FrameTokens.from_environment(os.environ, frame)._replace(item=item_of(self, frame))
        words = expand_command(fill_in(self, [value], frame), tokens)
        return words[0] if len(words) == 1 else words or ""

    def setup(self) -> None:
        """Make the path in front of a function absolute. The outline calls this."""
        path, _, name = str(self.get_arg("function") or "").rpartition(":")
        if path.endswith(".py"):
            self.set_arg("function", f"{os.path.abspath(path)}:{name}")
        super().setup()

    def _file(self) -> str:
        path = str(self.get_arg("function") or "").rpartition(":")[0]
        return str(self.get_arg("script") or "") or (path if path.endswith(".py") else "")

    def _import_paths(self) -> list[str]:
        paths = [*words_of(self.get_arg("import_paths")), *words_of(self.get_arg("python_path"))]
        return [*paths, os.path.dirname(os.path.abspath(self._file()))] if self._file() else paths
