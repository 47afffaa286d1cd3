# SPDX-License-Identifier: Apache-2.0
"""What to look for in the output of an application."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PROGRESS_RULES", "OutputRules"]


class OutputRules(NamedTuple):
    """Regular expressions to search for in each line of an application's output.

    The reader cleans each line first: it removes colours and other terminal codes and replaces bytes that are not
    UTF-8. Expressions are case-sensitive unless they begin with ``(?i)``, which covers ASCII only. Nearly every
    expression requires some plain text, and then lines without that text cost next to nothing.

    A percentage refers to the current frame when the rules recognize single frames (``frame``, ``frame_index``,
    ``frame_done``). Otherwise it refers to the whole command.

    Attributes:
        percent: Group 1 is the percentage. With two groups, they are the amount done and the total. The last match in a
            line counts.
        tenths: Group 1 is the number of tenths done. The last match in a line counts.
        frame: Group 1 is the number of the frame that begins.
        frame_index: Group 1 is the position of the frame that begins among the command's frames, counted from 1.
        frame_done: Group 1 is the number of the frame that is done, or the name of its output file.
        note: Group 1 is a short text for people about the current step.
        memory: Group ``number`` is an amount of memory that the application has or had, group ``unit`` one of K, M
            and G; without one it is bytes.
        warning: The line is a warning.
        error: The line is an error. The reader only records it. The layer decides whether the frame fails.
        fatal: The line is an error that fails the frame, whatever the application's exit status.
        harmless: The line is neither error nor warning, even if other rules match it.
        most_errors: The number of errors after which the library ends the application, because some go on for ever, for
            example on a full disk. 0 means no limit.
    """

    percent: tuple[str, ...] = ()
    tenths: tuple[str, ...] = ()
    frame: tuple[str, ...] = ()
    frame_index: tuple[str, ...] = ()
    frame_done: tuple[str, ...] = ()
    note: tuple[str, ...] = ()
    memory: tuple[str, ...] = ()
    warning: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    fatal: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()
    most_errors: int = 0

    @property
    def tell_frames_apart(self) -> bool:
        """Whether these rules tell one frame of a command from the next."""
        return bool(self.frame or self.frame_index or self.frame_done)


_NUMBER = r"(\d+(?:\.\d+)?)"

PROGRESS_RULES: dict[str, OutputRules] = {
    "alf": OutputRules(percent=(rf"ALF_PROGRESS\s+{_NUMBER}\s*%",)),
    "tractor": OutputRules(percent=(rf"TR_PROGRESS\s+{_NUMBER}\s*%",)),
    "openjd": OutputRules(
        percent=(rf"^openjd_progress:\s*{_NUMBER}",),
        note=(r"^openjd_status:\s*(.+)",),
        error=(r"^openjd_fail:\s*.+",),
    ),
    "percent": OutputRules(percent=(rf"(?<![\d.]){_NUMBER}\s?%",)),
}
"""What the argument ``progress`` of a layer of commands can be."""
