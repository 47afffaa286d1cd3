# SPDX-License-Identifier: Apache-2.0
"""Writes tasks.jsonl: 20 by 10 tiles of a map, each by one of two functions of the module ``fractals``."""

import json

COLUMNS, ROWS = 20, 10

with open("tasks.jsonl", "w") as stream:
    for row in range(ROWS):
        for column in range(COLUMNS):
            name = "mandelbrot" if column < COLUMNS // 2 else "julia"
            task = {
                "task": f"{column:02d}-{row:02d}",
                "module": "fractals",
                "function": name,
                "arguments": {"left": column % 10 / 10, "top": row / ROWS, "size": 0.1},
            }
            stream.write(json.dumps(task) + "\n")
