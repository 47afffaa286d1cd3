# SPDX-License-Identifier: Apache-2.0
"""``outline export`` and ``outline import``: to and from Open Job Description."""

from __future__ import annotations

import os
import sys

from ..cuerun import OutlineLauncher
from ..exception import OutlineException, file_errors
from ..files import write_atomic
from ..openjd.bundle import export_bundle
from ..openjd.reading import script_of
from .reading import read_outline
from .text import facts, quoted

__all__ = ["export_outline", "import_template"]


def export_outline(script: str, frames: str | None, folder: str, max_retries: int | None, work: str | None) -> int:
    """Write the outline of a script as a job bundle and give the exit code.

    In a work folder whose frames are all done, nothing is written.

    Raises:
        OutlineException: It cannot be launched, or the folder cannot be written.
    """
    reading = read_outline(script)
    flags = {**reading.flags, "backend": "local"}
    if frames is not None:
        flags.update(range=frames, range_default=False)
    if max_retries is not None:
        flags["maxretries"] = max_retries
    if work is not None:
        flags["work"] = os.path.abspath(work)
    warnings = export_bundle(OutlineLauncher(reading.outline, **flags), folder)
    template = os.path.join(os.path.abspath(folder), "template.yaml")
    if not os.path.exists(template):
        print("nothing to do: all frames are done")
        return 0
    print("\n".join(facts([("template", template), ("check it", f"openjd check {quoted(template)}")])), flush=True)
    for warning in warnings:
        print(f"outline: {warning}", file=sys.stderr)
    return 0


def import_template(template: str, path: str, *, force: bool) -> int:
    """Write the outline script of a template and give the exit code.

    Raises:
        OutlineException: The template cannot be read, or the script cannot be written.
    """
    import yaml

    if os.path.lexists(path) and not force:
        raise OutlineException(f"{path} exists; name another file with -o, or give --force")
    try:
        with open(template, encoding="utf-8") as stream:
            data = yaml.safe_load(stream)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise OutlineException(f"cannot read {template}: {reason}") from error
    folder = os.path.relpath(os.path.dirname(os.path.abspath(template)), os.path.dirname(os.path.abspath(path)))
    try:
        made = script_of(data, source=os.path.basename(template), folder=folder)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise OutlineException(
            f"{template} is not a valid template; run openjd check to see what is wrong ({error!r})"
        ) from error
    except OutlineException as error:
        raise OutlineException(f"{template}: {error}") from error
    with file_errors(OutlineException, f"cannot write {path}"):
        write_atomic(path, made.text)
    shown = os.path.abspath(path)
    print("\n".join(facts([("outline", shown), ("run it", f"pycuerun {quoted(path)} --backend local")])), flush=True)
    for warning in made.warnings:
        print(f"outline: {warning}", file=sys.stderr)
    return 0
