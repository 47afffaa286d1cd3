# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a job spec, and where."""

from __future__ import annotations

__all__ = ["SpecError"]


class SpecError(ValueError):
    """A job spec cannot be launched.

    Attributes:
        element: The way to the element, such as ``spec/job/layers/layer[2]``; ``document`` before the first one.
        reason: What is wrong there.
        line: The line where the element starts, or where reading stopped; 0 when unknown.
    """

    def __init__(self, element: str, reason: str, line: int = 0) -> None:
        super().__init__(element, reason, line)  # all args, so that pickle can rebuild it
        self.element, self.reason, self.line = element, reason, line

    def __str__(self) -> str:
        where = f"{self.element} (line {self.line})" if self.line else self.element
        return f"{where}: {self.reason}"
