# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The jobs as luigi tasks; with two workers luigi forks a process for each task."""

import os
import subprocess

import luigi

FRAMES = range(1, int(os.environ["BENCH_FRAMES"]) + 1)
LAYERS = int(os.environ.get("BENCH_LAYERS", "1"))


class _Frame(luigi.Task):
    """A frame whose stamp file is its record."""

    frame = luigi.IntParameter()

    def output(self):
        return luigi.LocalTarget(f"stamps/{self.frame}")

    def stamp(self):
        """Write the stamp."""
        with self.output().open("w"):
            pass


class Independent(_Frame):
    """A frame that runs `true`."""

    def run(self):
        subprocess.run(["true"], check=True)
        self.stamp()


class Lines(_Frame):
    """A frame that writes one line from Python."""

    def run(self):
        with open(f"lines/{self.frame}", "w", encoding="utf-8") as stream:
            stream.write(f"frame {self.frame}\n")
        self.stamp()


class Rerun(_Frame):
    """A frame that fails until the file `repaired` is there."""

    def run(self):
        subprocess.run(["sh", "frame.sh", str(self.frame)], check=True)
        self.stamp()


class Chain(_Frame):
    """Frame by frame on the layer before."""

    layer = luigi.IntParameter()

    def requires(self):
        return [Chain(layer=self.layer - 1, frame=self.frame)] if self.layer > 1 else []

    def output(self):
        return luigi.LocalTarget(f"stamps/{self.layer}.{self.frame}")

    def run(self):
        subprocess.run(["sleep", "0.02"], check=True)
        self.stamp()


class All(luigi.WrapperTask):
    """All frames of one work."""

    job = luigi.Parameter()

    def requires(self):
        if self.job == "chain":
            return [Chain(layer=LAYERS, frame=frame) for frame in FRAMES]
        kind = {"independent": Independent, "lines": Lines, "rerun": Rerun}[self.job]
        return [kind(frame=frame) for frame in FRAMES]
