# SPDX-License-Identifier: Apache-2.0
"""Facts about programs, processes and this machine."""

from __future__ import annotations

import os

__all__ = ["find_executable", "host_memory_kb", "host_name", "process_birth", "signal_name"]


def find_executable(name: str, search_path: str) -> tuple[str, str]:
    """Find a program as a shell does.

    Args:
        name: A name to look up on ``search_path``, or a path.
        search_path: Folders, joined as in ``PATH``.

    Returns:
        The program's path and an empty text. On failure, whatever was found, and what is wrong with it.
    """
    candidates = [name]
    if os.sep not in name:
        candidates = [os.path.join(folder or os.curdir, name) for folder in search_path.split(os.pathsep)]
    found = ""
    for path in candidates:
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path, ""
        if not found and os.path.exists(path):
            found = path
    if found:
        kind = "is a folder" if os.path.isdir(found) else "is not executable"
        return found, f"cannot run {name!r}: {found} {kind}"
    where = f"on the PATH {search_path}" if os.sep not in name else "there is no such file"
    return "", f"cannot run {name!r}: command not found, {where}"


def host_name() -> str:
    """The name of this machine, as ``platform.node`` gives it, whose module takes 1 ms to import."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket

    return socket.gethostname()


def process_birth(pid: int) -> float:
    """When a process began; together with its PID this identifies it. 0.0 when there is no such process.

    One that has ended counts as gone, also where nobody waits for it: the first process of a container often does not.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            facts = stream.read().rpartition(b")")[2].split()
            return 0.0 if facts[0] in (b"Z", b"X") else float(facts[19])
    except (OSError, IndexError, ValueError):
        pass
    if os.path.isdir("/proc/self"):
        return 0.0
    import psutil

    try:
        process = psutil.Process(pid)
        return 0.0 if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return 0.0


def host_memory_kb() -> int:
    """The memory of this machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf, and other systems not these names
        import psutil

        return int(psutil.virtual_memory().total // 1024)


def signal_name(number: int) -> str:
    """A signal as messages name it: ``signal 9 (SIGKILL)``."""
    import signal

    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
