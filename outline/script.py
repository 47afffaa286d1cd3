# SPDX-License-Identifier: Apache-2.0
"""Runs outline scripts as modules, so that their functions and classes see the script's names."""

from __future__ import annotations

import linecache
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .exception import OutlineException, ScriptException, ScriptExit

if TYPE_CHECKING:
    import ast

__all__ = [
    "PACKAGE",
    "ScriptFile",
    "StopScript",
    "caught_launches",
    "ended_early",
    "find_script",
    "launch_noted",
    "line_where_stopped",
    "load_saved_script",
    "noted_jobs",
    "own_args",
    "run_main_block",
    "run_script",
    "script_args",
    "stop_if_only_read",
    "was_stopped",
]

PACKAGE = "outline_scripts"
_ASKS_FOR_MAIN = ("__name__ == '__main__'", "'__main__' == __name__")  # as ast.unparse writes them


class StopScript(BaseException):
    """Ends a read-only run of a script, for its classes or for inspection, at the point where it would launch a job."""


class ScriptFile:
    """An outline script that this process ran.

    Attributes:
        module_name: The name of its module.
        path: Where it is.
        source: Its text.
        stopped_at: The line at which a read-only run would have launched a job; 0 when it ran to its end.
        ending: The ``sys.exit(0)`` that ended it, or None.
    """

    def __init__(self, module_name: str, path: str, source: str) -> None:
        self.module_name, self.path, self.source = module_name, path, source
        self.stopped_at = 0
        self.ending: ScriptExit | None = None


# An OutlineLauncher, which is on a higher floor, and the call that launches.
ShowLaunch = Callable[[Any, Callable[[], Any]], Any]

_scripts: dict[str, ScriptFile] = {}
_reading_saved = False
_caught_launches: list[Any] | None = None
_noted_jobs: list[Any] | None = None
_show_launch: ShowLaunch | None = None


def run_script(path: str) -> ModuleType:
    """Run an outline script in a new module in ``sys.modules``. It can import modules from its own folder.

    Args:
        path: The script.

    Returns:
        The module. Its name begins with ``outline_scripts.``.

    Raises:
        ScriptException: The script raised. Shows the line number and the text of that line.
        ScriptExit: It called ``sys.exit`` with a status other than 0.
        OutlineException: The file is missing or unreadable.
    """
    source = _read(path)
    folder = os.path.dirname(os.path.abspath(path))
    if folder not in sys.path:
        sys.path.append(folder)  # last, so that no module beside a script hides another one
    stem = re.sub(r"\W+", "_", os.path.splitext(os.path.basename(path))[0]) or "script"
    name = f"{PACKAGE}.{stem}"
    number = 1
    while name in _scripts and _scripts[name].path != os.path.abspath(path):
        number += 1
        name = f"{PACKAGE}.{stem}_{number}"
    return _run(name, path, source)


def run_main_block(module: ModuleType, path: str) -> None:
    """Run a script's code under ``if __name__ == "__main__":``, with the script as ``sys.argv``.

    For a script with no other code, meant to be run by Python itself.

    Raises:
        ScriptException: It raised.
    """
    import ast  # few scripts come here

    blocks = [
        node
        for node in ast.parse(_scripts[module.__name__].source).body
        if isinstance(node, ast.If) and ast.unparse(node.test) in _ASKS_FOR_MAIN
    ]
    body = [statement for block in blocks for statement in block.body]
    if not body:
        return
    with _argv([path, *script_args(path)]):
        _execute(ast.Module(body=body, type_ignores=[]), module, path)


def script_args(path: str) -> list[str]:
    """The command line arguments of a script: the rest of ``sys.argv`` when the script is its first entry."""
    return sys.argv[1:] if sys.argv[:1] and os.path.abspath(sys.argv[0]) == os.path.abspath(path) else []


def own_args(path: str | None, words: Sequence[str]) -> AbstractContextManager[None]:
    """A context in which the script of a command sees only its own words, so that argparse and click work in it.

    A script that reads ``sys.argv`` by name sees the words of the command when it has none, as in PyOutline.
    Differs: docs/differences.md#script-words.

    Args:
        path: The script; it need not exist.
        words: What follows ``--`` on the command line.
    """
    if path is None or not (words or (os.path.isfile(path) and "sys.argv" not in _read(path))):
        return nullcontext()
    return _argv([path, *words])


@contextmanager
def _argv(words: list[str]) -> Iterator[None]:
    before, sys.argv = sys.argv, words
    try:
        yield
    finally:
        sys.argv = before


def load_saved_script(name: str, path: str, args: Sequence[str] = ()) -> ModuleType:
    """The module of a script in a session. Runs the script if this process has not run it yet.

    The caller makes sure that its layers join no outline. The script ends where it would launch a job.
    """
    global _reading_saved
    if name in sys.modules:
        return sys.modules[name]
    before, _reading_saved = _reading_saved, True
    try:
        with _argv([path, *args]):
            return _run(name, path, _read(path))
    finally:
        _reading_saved = before


def line_where_stopped(name: str) -> int:
    """The line at which a read-only run would have launched a job. 0 when the script ran to its end."""
    return _scripts[name].stopped_at if name in _scripts else 0


def ended_early(module: ModuleType) -> ScriptExit | None:
    """The ``sys.exit(0)`` that ended a script, or None for one that ran to its end."""
    return _scripts[module.__name__].ending


@contextmanager
def caught_launches() -> Iterator[list[Any]]:
    """Run scripts without launching anything: a script ends where it would launch.

    Yields:
        A list that fills with the launchers that were about to launch. Any: OutlineLauncher is on a higher floor.
    """
    global _caught_launches
    before, _caught_launches = _caught_launches, []
    try:
        yield _caught_launches
    finally:
        _caught_launches = before


@contextmanager
def noted_jobs(show: ShowLaunch | None = None) -> Iterator[list[Any]]:
    """Collect the jobs that scripts launch by themselves.

    Args:
        show: Called for each launch with the launcher and the function that launches. Returns the jobs.

    Yields:
        A list that fills with the jobs. Any: the type of a job depends on the backend.
    """
    global _noted_jobs, _show_launch
    before = _noted_jobs, _show_launch
    _noted_jobs, _show_launch = [], show
    try:
        yield _noted_jobs
    finally:
        _noted_jobs, _show_launch = before


def launch_noted(launcher: Any, launch: Callable[[], Any]) -> Any:
    """Launch, and record the jobs for the caller that runs the script. The launcher passes its backend's call."""
    jobs = launch() if _show_launch is None else _show_launch(launcher, launch)
    if _noted_jobs is not None and isinstance(jobs, list):
        _noted_jobs.extend(jobs)
    return jobs


def was_stopped() -> bool:
    """Whether a read-only run of a script ended where it would launch a job."""
    return bool(_caught_launches)


def stop_if_only_read(launcher: Any) -> None:
    """End a script that is about to launch, if this is a read-only run. The launcher calls this first.

    Raises:
        StopScript: This is a read-only run.
    """
    if _reading_saved:
        raise StopScript
    if _caught_launches is not None:
        _caught_launches.append(launcher)
        raise StopScript


def find_script(module_name: str) -> ScriptFile | None:
    """The script behind a module name. Includes the program itself (``__main__``) when it is a file."""
    if module_name != "__main__":
        return _scripts.get(module_name)
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    if not path or not os.path.isfile(path):
        return None
    stem = re.sub(r"\W+", "_", os.path.splitext(os.path.basename(path))[0])
    return ScriptFile(f"{PACKAGE}.main_{stem}", os.path.abspath(path), _read(path))


def _read(path: str) -> str:
    import tokenize  # finds the encoding line of a Python file

    try:
        with tokenize.open(path) as stream:
            return stream.read()
    except OSError as error:
        raise OutlineException(f"cannot read the outline file {path}: {error.strerror}") from error
    except (SyntaxError, UnicodeDecodeError) as error:
        raise OutlineException(f"cannot read the outline file {path}: {error}") from error


def _run(name: str, path: str, source: str) -> ModuleType:
    module = ModuleType(name)
    module.__file__ = os.path.abspath(path)
    _scripts[name] = ScriptFile(name, os.path.abspath(path), source)
    previous = sys.modules.get(name)
    sys.modules[name] = module
    linecache.cache[path] = (len(source), None, source.splitlines(True), path)
    try:
        _execute(source, module, path)
    except ScriptException:
        sys.modules.pop(name, None)
        if previous is not None:
            sys.modules[name] = previous
        raise
    return module


def _execute(code: str | ast.Module, module: ModuleType, path: str) -> None:
    """Run code in a script's module. Errors name the script's line."""
    versions_was_there = "versions" in sys.modules
    try:
        if not versions_was_there:
            sys.modules["versions"] = _LazyVersions("versions")  # scripts say `import versions`
        exec(compile(code, path, "exec"), module.__dict__)
    except StopScript as stop:
        _scripts[module.__name__].stopped_at = _line_in(path, stop)
    except SystemExit as error:
        line = _line_in(path, error)
        ending = ScriptExit(path, line, linecache.getline(path, line).strip(), error.code or 0)
        if ending.code != 0:
            raise ending from error
        _scripts[module.__name__].ending = ending
    except Exception as error:
        raise _translate(error, path) from error
    finally:
        if not versions_was_there:
            sys.modules.pop("versions", None)


class _LazyVersions(ModuleType):
    """Makes ``outline.versions`` available under the name that old scripts import."""

    def __getattr__(self, name: str) -> object:
        from . import versions

        return getattr(versions, name)


def _line_in(path: str, error: BaseException) -> int:
    """The last line of the script in an error's traceback, 0 for none."""
    import traceback  # slow to import

    entries = traceback.extract_tb(error.__traceback__)
    return next((entry.lineno or 0 for entry in reversed(entries) if entry.filename == path), 0)


def _translate(error: Exception, path: str) -> ScriptException:
    line = 0
    if isinstance(error, SyntaxError) and error.filename == path:
        line = error.lineno or 0
        reason = f"SyntaxError: {error.msg}"
    else:
        line = _line_in(path, error)
        own = isinstance(error, OutlineException)
        here = f" ({os.path.basename(path)}:{line})"  # the origin of the layer, which comes first in the message
        reason = str(error).replace(here, "", 1) if own else f"{type(error).__name__}: {error}"
    return ScriptException(path, line, linecache.getline(path, line).strip() if line else "", reason)
