# SPDX-License-Identifier: Apache-2.0
"""What to look for in the output of an application."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PROGRESS_RULES", "OutputRules"]


class OutputRules(NamedTuple):
    """Regular expressions that are searched in each line of an application's output.

    A line is cleaned before: colours and other terminal codes are gone, bytes that are no UTF-8 are replaced. Letters
    count as they are written unless the expression begins with ``(?i)``, which then holds for ASCII. An expression that
    must contain some plain text, as nearly all do, costs next to nothing in the lines that do not have it.

    Percentages are those of the frame at work where the rules tell one frame from the next (``frame``,
    ``frame_index``, ``frame_done``); otherwise they are those of all that the command does.

    Attributes:
        percent: Group 1 is the percentage; with two groups they are what is done and the total. The last one in a
            line counts.
        tenths: Group 1 is how many tenths are done. The last one in a line counts.
        frame: Group 1 is the number of the frame that begins.
        frame_index: Group 1 is the place, from 1 on, among the command's frames, of the frame that begins.
        frame_done: Group 1 is the number of the frame that is done, or the name of the file that was written for it.
        note: Group 1 is a word to people about what is being done.
        memory: Group ``number`` is an amount of memory that the application has or had, group ``unit`` one of K, M
            and G; without one it is bytes.
        warning: The line is a warning.
        error: The line is an error. It is only noted; whether the frame fails is up to the layer.
        fatal: The line is an error that fails the frame, whatever the application's exit status.
        harmless: The line is neither error nor warning, whatever it looks like.
        most_errors: An application that has told of so many errors is ended, since it would go on for ever, as some do
            on a full disk; 0: however many there are.
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
        """Say whether one frame of a command can be told from the next."""
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
