# SPDX-License-Identifier: Apache-2.0
"""``outline report``: a job on one page, for whoever looks back at it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...exception import OutlineException
from ...files import write_atomic
from .gather import gather
from .page import page

if TYPE_CHECKING:
    from ..places import JobPlace

__all__ = ["write_report"]


def write_report(place: JobPlace, path: str) -> str:
    """Write the page about a job, and give the path of its file.

    Raises:
        OutlineException: The job cannot be read, or the page cannot be written.
    """
    text = page(gather(place))
    try:
        write_atomic(path, text.encode("utf-8", "backslashreplace"))  # names of files may be no text
    except OSError as error:
        raise OutlineException(f"cannot write {path}: {error.strerror}") from error
    return os.path.abspath(path)
