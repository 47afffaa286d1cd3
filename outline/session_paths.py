# SPDX-License-Identifier: Apache-2.0
"""Every name in a session folder. Nothing else spells one.

::

    {session_dir}/{show}-{shot}-{user}_{name}/{uuid}/
        outline.yaml        the job as safe data
        session             the session's name, written last: its presence means "complete"
        scripts/            the outline scripts whose classes the frames need
        layers/<layer>/     files and data of a layer
        items/              the items of layers that have some, one table for each source
        logs/               one log per frame and attempt
        journal             what happened on the local backend
        runs/               who has run the job on the local backend, one small file per run
        .owners/            which frame has stored a file or data; also in the folder of a layer
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
        marker: The file that makes the session complete.
        journal: What happened on the local backend.
        logs: The folder of the frame logs.
        layers: The folder with a folder for each layer.
        scripts: The folder of the outline scripts.
        runs: The folder that says who has run the job.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.fspath(folder)
        self.outline = os.path.join(self.folder, "outline.yaml")
        self.marker = os.path.join(self.folder, "session")
        self.journal = os.path.join(self.folder, "journal")
        self.logs = os.path.join(self.folder, "logs")
        self.layers = os.path.join(self.folder, "layers")
        self.scripts = os.path.join(self.folder, "scripts")
        self.runs = os.path.join(self.folder, "runs")

    @classmethod
    def holding(cls, path: str | os.PathLike[str]) -> SessionPaths:
        """The paths of the session that is this folder, or that this file is in, such as its outline.yaml."""
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
        """The folder of a layer, given by itself or by its name; of the session for None."""
        return os.path.join(self.layers, str(layer)) if layer else self.folder

    def data(self, name: str, layer: object = None) -> str:
        """Where a file or data of a name is stored."""
        return os.path.join(self.layer(layer), name)

    def owner(self, name: str, layer: object = None) -> str:
        """The file that says which frame has stored a file or data."""
        return os.path.join(self.layer(layer), ".owners", name.replace("/", "_"))

    def items(self, table: object) -> str:
        """The file of a table of items, given by its number or by the name of its file."""
        return os.path.join(self.folder, "items", f"{table}".removesuffix(".jsonl") + ".jsonl")

    @staticmethod
    def item_index(table: str) -> str:
        """The file beside a table of items that says where each item stands."""
        return f"{table}.index"

    def script(self, name: str) -> str:
        """Where an outline script is kept."""
        return os.path.join(self.scripts, name)

    def existing_files(self) -> list[str]:
        """All that a job needs to go on after a power cut, and the folders that it is in."""
        try:
            scripts = [self.script(name) for name in os.listdir(self.scripts)]
        except OSError:
            scripts = []
        folders = [self.scripts, self.runs, self.folder, os.path.dirname(os.path.abspath(self.folder))]
        return [self.outline, self.marker, *scripts, *folders]

    def run(self, number: int) -> str:
        """The file of the job's first, second, ... run."""
        return os.path.join(self.runs, str(number))
