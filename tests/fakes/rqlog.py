# SPDX-License-Identifier: Apache-2.0
"""Logs of frames as RQD 1.37 writes them, of processes that have run only in a test."""

from __future__ import annotations

import time
from pathlib import Path

from cuebot_stub.farm.orders import RUN_VARIABLE
from outline.backend.log_tail import RULE

__all__ = ["footer", "header", "write_log"]

_BEGAN = 1_700_000_000


def header(run: str, began: int = _BEGAN) -> str:
    """Return the header of a run; ``run`` is the id of its proc."""
    return (
        f"{RULE}\nRenderQ JobSpec      {time.ctime(began)} \n\n"
        "proxy                rqd.rqnetwork.RunningFrame/an-id -t:tcp -h node1 -p 10021\n"
        "command              render 1\n"
        "env                  CUE3=1\n"
        f"env                  {RUN_VARIABLE}={run}\n"
        f"env                  TERM=unknown\n{RULE}\n"
    )


def footer(status: int = 0, signal: int = 0, *, began: int = _BEGAN, seconds: int = 5, max_rss: int = 1234) -> str:
    """Return the footer of a run that is over."""
    return (
        f"\n{RULE}\nRenderQ Job Complete\n\n"
        f"exitStatus          {status}\nexitSignal          {signal}\n"
        f"startTime           {time.ctime(began)}\nendTime             {time.ctime(began + seconds)}\n"
        f"maxrss              {max_rss}\nmaxUsedGpuMemory    0\nutime               0.1\nstime               0.0\n"
        f"renderhost          node1\nmaxrss (KB)         {max_rss}\n"
        f"\tsh                  {max_rss}\n\tstart_time          0:00:00\n\tcmdline             sh render\n{RULE}\n"
    )


def write_log(path: str, text: str) -> None:
    """Write a log, with its folder."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
