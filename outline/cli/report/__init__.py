# SPDX-License-Identifier: Apache-2.0
"""``outline report``: a job on one page, for whoever looks back at it."""

from __future__ import annotations

import os

from ...exception import OutlineException, file_errors
from ...files import write_atomic
from .gather import gather
from .page import page

__all__ = ["write_report"]


def write_report(job: str, path: str, server: str | None = None, *, pictures: int) -> str:
    """Write the page about a job, and give the path of its file.

    Args:
        job: A work folder, or a job as ``outline status`` takes it.
        path: The file.
        server: The farm server, when the command line names one.
        pictures: How many pictures there may be.

    Raises:
        OutlineException: The job cannot be read, or the page cannot be written.
    """
    text = page(gather(job, server, pictures=pictures))
    with file_errors(OutlineException, f"cannot write {path}"):
        write_atomic(path, text.encode("utf-8", "backslashreplace"))  # names of files may be no text
    return os.path.abspath(path)
