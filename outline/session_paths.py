# SPDX-License-Identifier: Apache-2.0
"""The names of all files and folders in a session. No other module spells them.

::

    {session_dir}/{show}-{shot}-{user}_{name}/{uuid}/
        outline.yaml        the job as safe data
        session             the session's name, written last: its presence means "complete"
        scripts/            the outline scripts whose classes the frames need
        layers/<layer>/     files and data of a layer
        items/              the items of layers, one table for each source
        logs/               one log per frame and attempt
        journal             what happened on the local backend
        runs/               who has run the job on the local backend, one small file per run
        .owners/            which frame stored a file or data; also in the folder of a layer
"""

from __future__ import annotations

import os

from .names import log_name

__all__ = ["SessionPaths"]


class SessionPaths:
    """The paths in one session folder, whether they exist or not.

    Attributes:
        folder: The session folder.
        outline: The job as data.
        marker: The file that marks the session as complete.
        journal: What happened on the local backend.
        new_journal: The same, before its first line is whole.
        logs: The folder of the frame logs.
        layers: The folder that contains a folder for each layer.
        scripts: The folder of the outline scripts.
        runs: The folder that records who ran the job.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.fspath(folder)
        self.outline = os.path.join(self.folder, "outline.yaml")
        self.marker = os.path.join(self.folder, "session")
        self.journal = os.path.join(self.folder, "journal")
        self.new_journal = f"{self.journal}.new"
        self.logs = os.path.join(self.folder, "logs")
        self.layers = os.path.join(self.folder, "layers")
        self.scripts = os.path.join(self.folder, "scripts")
        self.runs = os.path.join(self.folder, "runs")

    @classmethod
    def holding(cls, path: str | os.PathLike[str]) -> SessionPaths:
        """The paths of the session in this folder, or around this file, such as its outline.yaml."""
        path = os.path.abspath(path)
        return cls(path if os.path.isdir(path) else os.path.dirname(path))

    def log(self, job: str, frame: str) -> str:
        """The log of a frame's last attempt.

        Args:
            job: The job's name.
            frame: The frame's name.
        """
        return os.path.join(self.logs, log_name(job, frame))

    def layer(self, layer: object = None) -> str:
        """The folder of a layer or layer name. None gives the session folder."""
        return os.path.join(self.layers, str(layer)) if layer else self.folder

    def data(self, name: str, layer: object = None) -> str:
        """Where the session stores a file or data of a name."""
        return os.path.join(self.layer(layer), name)

    def owner(self, name: str, layer: object = None) -> str:
        """The file that records which frame stored a file or data."""
        return os.path.join(self.layer(layer), ".owners", name.replace("/", "_"))

    def items(self, table: object) -> str:
        """The file of a table of items, given by its number or its file name."""
        return os.path.join(self.folder, "items", f"{table}".removesuffix(".jsonl") + ".jsonl")

    @staticmethod
    def item_index(table: str) -> str:
        """The index file of a table of items, with the position of each item."""
        return f"{table}.index"

    def script(self, name: str) -> str:
        """Where the session keeps an outline script."""
        return os.path.join(self.scripts, name)

    def existing_files(self) -> list[str]:
        """All files that a job needs to go on after a power cut, and their folders."""
        files = [self.outline, self.marker]
        for folder in (self.scripts, self.runs):
            try:
                files += [os.path.join(folder, name) for name in os.listdir(folder)]
            except OSError:  # not every job has scripts
                continue
        return [*files, self.scripts, self.runs, self.folder, os.path.dirname(os.path.abspath(self.folder))]

    def run(self, number: int) -> str:
        """The file of the job's first, second, ... run."""
        return os.path.join(self.runs, str(number))
