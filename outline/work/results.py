# SPDX-License-Identifier: Apache-2.0
"""What the frames of a work folder returned, as records for people and other programs."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from ..exception import WorkException, file_errors, known_names
from ..files import write_atomic
from ..frame_end import FrameEnd
from ..storage import is_url, write
from .decide import Record
from .folder import WorkFolder, number_of
from .orphans import gone_files, gone_frames

__all__ = [
    "Summary",
    "flat_rows",
    "layer_records",
    "records_by_layer",
    "results_of",
    "results_text",
    "same_words",
    "write_shards",
]


def layer_records(folder: WorkFolder, layer: str) -> list[Record]:
    """The records of a layer, in the order of its frames.

    Raises:
        WorkException: Nothing was launched there, or there is no such layer.
    """
    found = records_by_layer(folder)
    if layer not in found:
        layers = sorted(found)
        raise WorkException(f"{folder.folder} has no records of a layer {layer!r}{known_names(layer, layers)}")
    return found[layer]


def records_by_layer(folder: WorkFolder) -> dict[str, list[Record]]:
    """The records of all layers, those of each in the order of its frames; what is damaged is left out.

    Raises:
        WorkException: Nothing was launched there.
    """
    book = _book(folder)
    numbers = folder.numbers()
    keys: dict[str, list[str]] = defaultdict(list)
    for name, key in book:
        keys[name].append(key)

    def place(key: str) -> tuple[int, str]:
        return number_of(key, numbers), key

    return {
        name: [record for key in sorted(found, key=place) if (record := book.get((name, key))) is not None]
        for name, found in keys.items()
    }


def _book(folder: WorkFolder) -> Any:
    folder.check()
    return folder.read_records()


def results_of(records: Iterable[Record], *, failed: bool = False) -> list[dict[str, Any]]:
    """What frames returned, one dict each: ``key``, what they gave to ``emit``, and ``outputs``, the final paths.

    Args:
        records: The records of a layer.
        failed: Frames that failed instead, with ``error``.
    """
    found = []
    for record in records:
        if record.end is None or bool(record.end.status) is not failed:
            continue
        row: dict[str, Any] = {"key": record.key}
        if failed:
            if record.item:
                row["item"] = record.item
            found.append({**row, "exit": record.end.status, "error": record.end.reason})
            continue
        row |= record.result if isinstance(record.result, dict) else {}
        row["outputs"] = {state.name: state.path for state in record.outputs}
        found.append(row)
    return found


def results_text(rows: Sequence[dict[str, Any]], format: str) -> str:
    """Rows as ``jsonl``, as one list in ``json``, or with a line of column names as ``csv`` or as a ``table`` to read.

    In the last two, lists, dicts and truth values are JSON. In JSON NaN and infinity, which it does not know, are null.
    """
    if format == "json":
        return _json(list(rows), indent=2) + "\n"
    if format == "jsonl":
        return "".join(_json(row) + "\n" for row in rows)
    flat = [{name: _cell(value) for name, value in row.items()} for row in flat_rows(rows)]
    columns = list(dict.fromkeys(column for row in flat for column in row))
    if format == "table":
        return _table([columns, *([str(row.get(column, "")) for column in columns] for row in flat)])
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return stream.getvalue()


def _json(value: Any, indent: int | None = None) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_with_nulls(value), ensure_ascii=False, indent=indent)


def _with_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_nulls(one) for key, one in value.items()}
    if isinstance(value, list):
        return list(map(_with_nulls, value))
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: Any) -> Any:
    return _json(value) if isinstance(value, (list, dict, bool)) else value


def _table(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join("  ".join(map(str.ljust, cells, widths)).rstrip() + "\n" for cells in lines)


def flat_rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with a column ``output NAME`` for each output."""
    flat = []
    for row in rows:
        outputs = {f"output {name}": path for name, path in row.get("outputs", {}).items()}
        flat.append({**{name: value for name, value in row.items() if name != "outputs"}, **outputs})
    return flat


def write_shards(rows: Sequence[dict[str, Any]], name: str, shards: int, format: str) -> list[str]:
    """Write rows into files ``NAME-00000-of-00003`` and so on, in order and as equal as can be; gives their paths.

    Raises:
        WorkException: A file cannot be written.
    """
    paths = []
    for shard in range(shards):
        first, last = len(rows) * shard // shards, len(rows) * (shard + 1) // shards
        path = f"{name}-{shard:05d}-of-{shards:05d}"
        _write(path, results_text(rows[first:last], format))
        paths.append(path)
    return paths


def _write(path: str, text: str) -> None:
    if is_url(path):
        write(path, text.encode())
        return
    with file_errors(WorkException, f"cannot write {path}"):
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        write_atomic(path, text)


_HIDDEN = re.compile(r"\.part-\d+-")
_COMMAND = re.compile(r"(?P<command>.*) ended with (?P<how>[^\"']*)", re.DOTALL)
_SAID = re.compile(r"; (?P<words>\w+ said: .*)", re.DOTALL)
_STATUS = re.compile(r"command (?:failed with|was) (?P<how>exit status \d+|ended by \w+): (?P<command>.*)", re.DOTALL)


def same_words(key: str, end: FrameEnd) -> str:
    """Why a frame failed, in words that frames of other items have in common; how a command ended comes first."""
    text = _HIDDEN.sub("", end.reason) or f"exit status {end.status}"
    told = _SAID.search(text)
    if told:
        return told["words"]
    found = _COMMAND.fullmatch(text) or _STATUS.fullmatch(text)
    if found is None:
        return text
    command = re.sub(rf"(?<!\w){re.escape(key)}(?!\w)", "%{KEY}", found["command"])
    return f"{found['how']}: {command}"


_SHOWN_LAUNCHES = 5
_HISTORY = ("started", "user", "host", "argv", "git", "counts", "session", "job_name", "refused")


class Summary:
    """A work folder as its records tell it.

    Attributes:
        launch: The number of the newest launch.
        running: Who runs in the folder on a machine, since when; empty when nobody does.
        layers: Which frames are ``done``, ``failed``, ``running`` and ``interrupted``, by layer, which are ``begun`` in
            a job of a farm, which alone knows whether they still run, and which are ``gone``: no source gives their
            items any more, or the job does not have their layer. In the order of the job.
        errors: How many frames failed with the same words, by layer and words.
        counts: What frames counted, by layer and name.
        orphans: The files of frames that are gone, as they were recorded.
        damaged: Where records could not be read.
        launches: What is known of the newest launches, by number, the last one first.
    """

    def __init__(self, folder: WorkFolder) -> None:
        """Read a folder.

        Raises:
            WorkException: It is no work folder, or cannot be read.
        """
        book = _book(folder)
        self.folder = folder.folder
        self.launch = folder.last_launch()
        self.launched = folder.launch(self.launch)
        self.running = folder.runner()
        gone = gone_frames(folder, book)
        is_on_farm = "job" in self.launched and not self.launched.get("over")
        now = "running" if self.running else "begun" if is_on_farm else "interrupted"
        self.layers: dict[str, dict[str, list[str]]] = {}
        self.errors: dict[tuple[str, str], int] = Counter()
        self.counts: dict[tuple[str, str], float] = defaultdict(float)
        for name, key in list(book):
            record = book.get((name, key))
            if record is None:
                continue
            begun = now if record.launch == self.launch else "interrupted"
            state = "failed" if record.has_failed else "done" if record.has_succeeded else begun
            state = "gone" if (name, key) in gone else state
            self.layers.setdefault(name, {}).setdefault(state, []).append(key)
            if state == "gone":
                continue
            if record.end is not None and record.has_failed:
                self.errors[name, same_words(record.key, record.end)] += 1
            for counter, value in record.counts.items():
                self.counts[name, counter] += value
        places = {name: place for place, name in enumerate(folder.layers() or ())}
        self.layers = dict(sorted(self.layers.items(), key=lambda item: places.get(item[0], len(places))))
        self.orphans = gone_files(folder, book)
        self.damaged = list(book.damaged)
        numbers = range(self.launch, max(0, self.launch - _SHOWN_LAUNCHES), -1)
        self.launches = {number: facts for number in numbers if (facts := folder.launch(number))}

    def to_dict(self) -> dict[str, Any]:
        """Give it as data for JSON."""
        return {
            "work": self.folder,
            "launch": self.launch,
            "running": self.running,
            "layers": self.layers,
            "errors": [{"layer": name, "error": text, "frames": n} for (name, text), n in self.errors.items()],
            "counts": [{"layer": name, "name": one, "value": value} for (name, one), value in self.counts.items()],
            "damaged": self.damaged,
            "orphans": [file._asdict() for file in self.orphans],
            "launches": [
                {"launch": number, **{name: facts[name] for name in _HISTORY if name in facts}}
                for number, facts in self.launches.items()
            ],
        }
