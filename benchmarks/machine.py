# SPDX-License-Identifier: Apache-2.0
"""The facts about the machine that a reader of the table needs."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from pathlib import Path


def machine_facts(work: Path, library: Path) -> dict[str, str]:
    """Return what the numbers were measured on, in the order to show it."""
    return {
        "date": datetime.datetime.now(tz=datetime.timezone.utc).strftime("%Y-%m-%d"),
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": _processor(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "file system": _file_system(work),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "library": _commit(library),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(path: Path) -> str:
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _device, point, name = line.split()[:3]
        if path.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, name
    return kind


def _commit(library: Path) -> str:
    """Return the commit of a checkout, with a mark when its sources differ from it."""
    try:
        head = _git(library, "rev-parse", "--short", "HEAD")
        changed = _git(library, "status", "--porcelain", "--", "outline", "bin", "setup.cfg")
    except (OSError, subprocess.CalledProcessError):
        return "not a checkout"
    return f"{head} with changes" if changed else head


def _git(library: Path, *arguments: str) -> str:
    argv = ["git", "-C", str(library), *arguments]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
