# SPDX-License-Identifier: Apache-2.0
"""Makes a virtual environment of its own for each tool, once, in a folder that git ignores."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ENVS = Path(__file__).resolve().parent / ".envs"
LIBRARY_FILES = ("outline", "bin", "setup.cfg", "setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")
MARK = "requirements.txt"


class NotInstalled(Exception):
    """A tool could not be installed here; the text says why."""


def python_env(name: str, packages: Sequence[str]) -> Path:
    """Return the folder of a virtual environment that has the packages, made when it is not there.

    Raises:
        NotInstalled: pip could not install them.
    """
    return _env(name, list(packages), "\n".join(packages))


def library_env(library: Path) -> Path:
    """Return the folder of a virtual environment that has this library as it stands on disk now.

    The install is from a copy, so that it leaves no build folder in the checkout, and repeated when a source changed.

    Raises:
        NotInstalled: pip could not install it.
    """
    with tempfile.TemporaryDirectory(prefix="library-") as scratch:
        copy = Path(scratch) / "library"
        copy.mkdir()
        for name in LIBRARY_FILES:
            _copy(library / name, copy / name)
        return _env("outline", [str(copy)], _digest(copy))


def installed_version(env: Path, package: str) -> str:
    """Return the version of a package in an environment."""
    code = f"import importlib.metadata; print(importlib.metadata.version({package!r}))"
    argv = [str(env / "bin" / "python"), "-c", code]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def system_tool(name: str, hint: str) -> str:
    """Return the path of a program of this machine.

    Raises:
        NotInstalled: it is not on the PATH.
    """
    path = shutil.which(name)
    if path is None:
        raise NotInstalled(f"{name} is not on the PATH ({hint})")
    return path


def clean_environ() -> dict[str, str]:
    """Return the environment without what would change how a tool behaves."""
    prefixes = ("OUTLINE_", "OL_", "CUE_", "PYTHON", "MAKE", "MFLAGS", "PARALLEL", "DASK_", "LUIGI_", "JOBLIB_")
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(prefixes) and key not in ("FR", "VIRTUAL_ENV", "SHOW", "SHOT")
    }


def _env(name: str, packages: list[str], mark: str) -> Path:
    tag = f"{sys.version_info[0]}.{sys.version_info[1]}"
    folder = ENVS / f"{name}-{tag}"
    marker = folder / MARK
    if marker.is_file() and marker.read_text(encoding="utf-8") == mark:
        return folder
    if not (folder / "bin" / "python").exists():
        _call([sys.executable, "-m", "venv", "--clear", str(folder)])
    marker.unlink(missing_ok=True)
    _call([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--upgrade", *packages])
    marker.write_text(mark, encoding="utf-8")
    return folder


def _call(argv: list[str]) -> None:
    result = subprocess.run(argv, capture_output=True, text=True, env=clean_environ())
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if "ERROR" in line] or result.stderr.splitlines()[-1:]
        raise NotInstalled("; ".join(lines) or f"{argv[0]} ended with {result.returncode}")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    elif source.is_file():
        shutil.copy2(source, target)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
