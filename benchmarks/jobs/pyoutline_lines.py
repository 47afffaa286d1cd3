# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The layer of the lines row for PyOutline, which cannot load a class that an outline script defines."""

import outline


class Line(outline.Layer):
    """Writes one line a frame."""

    def _execute(self, frames):
        for frame in frames:
            with open(f"lines/{frame}", "w", encoding="utf-8") as stream:
                stream.write(f"frame {frame}\n")
