# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The jobs as a doit file; BENCH_WORK says which one."""

import os

WORK = os.environ["BENCH_WORK"]
FRAMES = range(1, int(os.environ["BENCH_FRAMES"]) + 1)
LAYERS = range(1, int(os.environ.get("BENCH_LAYERS", "1")) + 1)
DOIT_CONFIG = {"default_tasks": [WORK]}


def _once(task, values):
    """Remember in doit's database that the task was done (what doit's own run_once does)."""
    task.value_savers.append(lambda: {"run-once": True})
    return values.get("run-once", False)


def _write_line(frame):
    with open(f"lines/{frame}", "w", encoding="utf-8") as stream:
        stream.write(f"frame {frame}\n")


if WORK == "independent":

    def task_independent():
        """One task a frame; a list is run without a shell."""
        for frame in FRAMES:
            yield {"name": frame, "actions": [["true"]]}


if WORK == "lines":

    def task_lines():
        """One Python action a frame, in one of doit's two worker processes."""
        for frame in FRAMES:
            yield {"name": frame, "actions": [(_write_line, [frame])]}


if WORK == "chain":

    def task_chain():
        """Frame by frame on the layer before."""
        for layer in LAYERS:
            for frame in FRAMES:
                before = [f"chain:{layer - 1}.{frame}"] if layer > 1 else []
                yield {"name": f"{layer}.{frame}", "actions": [["sleep", "0.02"]], "task_dep": before}


if WORK == "rerun":

    def task_rerun():
        """What was done stays done."""
        for frame in FRAMES:
            yield {"name": frame, "actions": [["sh", "frame.sh", str(frame)]], "uptodate": [_once]}
