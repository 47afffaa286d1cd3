# SPDX-License-Identifier: Apache-2.0
"""The work folder: the only code that knows a file name in ``.outline``.

::

    .outline/items.jsonl            key and number of each item, append-only
    .outline/records/               what is known of each frame, see ``records``
    .outline/launches/<n>.json      one launch: who, where, when, and what its layers were made of
    .outline/edited/                outputs that somebody had changed, moved away before their frames ran again

All paths in these files are relative, so the folder can be moved, copied and mounted elsewhere.
"""

from __future__ import annotations

import errno
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..exception import WorkException, file_errors
from ..files import make_whole, write_atomic
from ..io.pattern import files_of
from ..logs import get_logger
from ..process import host_name, process_birth
from ..storage import fetch, is_url
from .records import FOLDED, RecordBook, launch_of, record_files

__all__ = ["Launch", "WorkFolder", "number_of"]

logger = get_logger("outline.work")

_HIDDEN = ".outline"


class WorkFolder:
    """One work folder, which need not exist before the first launch.

    Attributes:
        folder: Its absolute path; relative outputs of layers begin here.
        records: The folder of the records.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.path.abspath(folder)
        hidden = os.path.join(self.folder, _HIDDEN)
        self.records = os.path.join(hidden, "records")
        self.__launches = os.path.join(hidden, "launches")
        self.__items = os.path.join(hidden, "items.jsonl")
        self.__edited = os.path.join(hidden, "edited")

    def exists(self) -> bool:
        """Whether something was launched in the folder before."""
        return os.path.isdir(self.__launches)

    def check(self) -> None:
        """Check that something was launched in the folder before.

        Raises:
            WorkException: Nothing was.
        """
        if not self.exists():
            raise WorkException(f"{self.folder} is not a work folder; pycuerun --work makes one")

    # -- items -------------------------------------------------------------------------------------------------

    def numbers(self) -> dict[str, int]:
        """The frame numbers that keys of items have; damaged lines are left out, with a warning.

        Raises:
            WorkException: They cannot be read.
        """
        numbers, damaged = self.__read_numbers()
        if damaged:
            text = "%s:%d is damaged; the item of that line gets another number"
            logger.warning(text, self.__items, damaged[0])
        return numbers

    def __read_numbers(self) -> tuple[dict[str, int], list[int]]:
        """The numbers, and the lines that are damaged."""
        numbers: dict[str, int] = {}
        damaged: list[int] = []
        try:
            with open(self.__items, "rb") as stream:
                for place, line in enumerate(stream, 1):
                    try:
                        number, key = json.loads(line.decode("utf-8", "surrogateescape"))
                        numbers[str(key)] = int(number)
                    except (ValueError, TypeError):
                        damaged.append(place)
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno == errno.ENOTDIR:
                raise WorkException(f"{self.folder} is a file, and no folder to work in") from error
            raise WorkException(f"cannot read {self.__items}: {error.strerror}") from error
        return numbers, damaged

    def keep_numbers(self, numbers: Mapping[str, int]) -> None:
        """Append the numbers of keys that are new, or write all of them where lines are damaged.

        Raises:
            WorkException: The folder cannot be written.
        """
        known, damaged = self.__read_numbers()
        new = {key: number for key, number in numbers.items() if key not in known}
        with file_errors(WorkException, f"cannot write {self.__items}"):
            if damaged:
                write_atomic(self.__items, _number_lines({**known, **new}))
            elif new:
                with open(self.__items, "ab+") as stream:
                    is_cut_off = stream.tell() and (stream.seek(-1, os.SEEK_END), stream.read(1))[1] != b"\n"
                    stream.write((b"\n" if is_cut_off else b"") + _number_lines(new))

    # -- launches ----------------------------------------------------------------------------------------------

    def last_launch(self) -> int:
        """The number of the newest launch, 0 before the first."""
        try:
            names = os.listdir(self.__launches)
        except OSError:
            return 0
        return max((int(name.removesuffix(".json")) for name in names if _is_launch(name)), default=0)

    def has_launch(self, number: int) -> bool:
        """Whether there was a launch of a number."""
        return os.path.exists(self.__launch_path(number))

    def launch(self, number: int) -> dict[str, Any]:
        """What is known of a launch; empty when its file is gone or damaged."""
        try:
            with open(self.__launch_path(number), encoding="utf-8") as stream:
                data = json.load(stream)
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}

    def layers(self) -> dict[str, str | None] | None:
        """The layers of the newest launch that has noted them, each with the numbers of its items as a range."""
        layers = self.__newest("layers", dict)
        return layers if isinstance(layers, dict) else None

    def told(self) -> list[str]:
        """What launches have told their users and need not tell again."""
        told = self.__newest("told", list)
        return told if isinstance(told, list) else []

    def __newest(self, name: str, kind: type) -> object:
        """What the newest launch has noted that has noted something under a name; None when none has."""
        launches = map(self.launch, range(self.last_launch(), 0, -1))
        return next((facts[name] for facts in launches if isinstance(facts.get(name), kind)), None)

    def begin_launch(
        self, facts: Mapping[str, Any], *, take_over: bool = False, is_running: Callable[[str, Any], bool] | None = None
    ) -> Launch:
        """Make the next launch and so become the one that runs in the folder.

        Args:
            facts: What is to be known of it: command line, layers.
            take_over: Go on although the last launch seems to be running.
            is_running: Tells whether a job of a farm, given by its id and its server, still runs.

        Raises:
            WorkException: Somebody else runs in the folder, or it cannot be written.
        """
        number = self.last_launch()
        if number and not take_over:
            self.__refuse_living(number, is_running)
        owner = {
            "host": host_name(),
            "pid": os.getpid(),
            "born": process_birth(os.getpid()),
            "started": round(time.time(), 3),
        }
        with file_errors(WorkException, f"cannot write the work folder {self.folder}"):
            for folder in (self.records, self.__launches):
                os.makedirs(folder, exist_ok=True)
            if not make_whole(self.__launch_path(number + 1), json.dumps({**owner, **facts})):
                self.__refuse_living(number + 1, is_running)
                raise WorkException(f"{self.folder} is in use by a launch that began just now; try again")
        return Launch(self.__launch_path(number + 1), number + 1, {**owner, **facts}, self.launch(number))

    def refuse_in_use(self, is_running: Callable[[str, Any], bool] | None = None) -> None:
        """Refuse a folder in which somebody runs; ``is_running`` is that of ``begin_launch``.

        Raises:
            WorkException: Somebody does.
        """
        number = self.last_launch()
        if number:
            self.__refuse_living(number, is_running)

    def runner(self) -> str:
        """Who runs in the folder, since when; empty when nobody does, and for a job of a farm."""
        number = self.last_launch()
        return self.__living(self.launch(number)) if number else ""

    def copy_launches(self, source: WorkFolder, after: int) -> int:
        """Copy the launches of another folder behind those up to a number, and give the number of the last one.

        They do not tell which layers there are: that of one folder says nothing of the items of another.

        Raises:
            WorkException: This folder cannot be written.
        """
        last = source.last_launch()
        for number in range(1, last + 1):
            facts = {name: value for name, value in source.launch(number).items() if name != "layers"}
            if facts:
                Launch(self.__launch_path(after + number), after + number, facts, {}).note(over=True)
        return after + last

    def __refuse_living(self, number: int, is_running: Callable[[str, Any], bool] | None) -> None:
        data = self.launch(number)
        if data.get("over") or not data:
            return
        if data.get("job"):
            if is_running is None or is_running(str(data["job"]), data.get("server")):
                raise WorkException(
                    f"{self.folder} is in use by the job {data.get('job_name')} on the farm since {_since(data)}"
                    f" (launch {number}); wait for it, or use --take-over when you know that it is over"
                )
            return
        living = self.__living(data)
        if living:
            is_here = data.get("host") == host_name()
            raise WorkException(
                f"{self.folder} is in use by {living} (launch {number}); wait for it"
                + ("" if is_here else ", or use --take-over when you know that it is over")
            )

    @staticmethod
    def __living(data: Mapping[str, Any]) -> str:
        """Who runs a launch, since when; empty when it is over, or has become a job of a farm."""
        host, pid = data.get("host"), data.get("pid")
        if data.get("over") or data.get("job") or not data:
            return ""
        if host == host_name() and process_birth(int(pid or 0)) != data.get("born"):
            return ""
        who = f"{data['user']}, " if data.get("user") else ""
        return f"{who}process {pid} on {host} since {_since(data)}"

    def __launch_path(self, number: int) -> str:
        return os.path.join(self.__launches, f"{number}.json")

    # -- records -----------------------------------------------------------------------------------------------

    def read_records(self) -> RecordBook:
        """The newest record of each frame.

        Raises:
            WorkException: A file cannot be read.
        """
        return RecordBook.read(self.records)

    def fold_records(self, book: RecordBook, before: int) -> None:
        """Put the records of launches before a number into one file.

        Raises:
            WorkException: The folder cannot be written.
        """
        files = self.__foldable(before)
        if files or book.damaged or book.is_renewed:
            self.__fold(book, files)

    def __foldable(self, before: int) -> list[str]:
        return [name for name in record_files(self.records) if name != FOLDED and launch_of(name) < before]

    def __fold(self, book: RecordBook, files: list[str]) -> None:
        with file_errors(WorkException, f"cannot compact the records in {self.records}"):
            book.fold(self.records, files)

    def drop_records(self, book: RecordBook, frames: Iterable[tuple[str, str]], before: int) -> None:
        """Remove the records of some frames, and put all others of launches before a number into one file.

        Raises:
            WorkException: The folder cannot be written.
        """
        book.drop(frames)
        self.__fold(book, self.__foldable(before))

    def move_edited(self, path: str) -> None:
        """Move an output that somebody has changed out of the way; one in a bucket is copied.

        Raises:
            WorkException: It cannot be moved.
        """
        source = os.path.join(self.folder, path)
        target = os.path.join(self.__edited, f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}", path.lstrip("/"))
        with file_errors(WorkException, f"cannot move the edited {source} to {target}"):
            if is_url(path):
                fetch(path, os.path.dirname(target.replace("://", "/")))
                return
            os.makedirs(os.path.dirname(target), exist_ok=True)
            for one in files_of(source):
                os.rename(one, os.path.join(os.path.dirname(target), os.path.basename(one)))


class Launch:
    """One launch in a work folder, kept by the process that made it.

    Attributes:
        number: Its number.
        facts: What is written down of it.
        before: What is known of the launch before.
    """

    def __init__(self, path: str, number: int, facts: dict[str, Any], before: Mapping[str, Any]) -> None:
        self.number = number
        self.facts = facts
        self.before = before
        self.__path = path

    def forget(self) -> None:
        """Remove what the launch has written, since nothing ran."""
        try:
            os.unlink(self.__path)
        except OSError:
            pass  # it stays as a launch of nothing

    def note(self, **facts: Any) -> None:
        """Write down more of the launch.

        Raises:
            WorkException: The folder cannot be written.
        """
        self.facts.update(facts)
        with file_errors(WorkException, f"cannot write {self.__path}"):
            write_atomic(self.__path, json.dumps(self.facts))


def number_of(key: str, numbers: Mapping[str, int]) -> int:
    """The frame that a key stands for: the number of its item, else what it says; 0 for an item without a number."""
    number = numbers.get(key)
    return number if number is not None else int(key) if re.fullmatch(r"-?[0-9]{1,18}", key) else 0


def _since(data: Mapping[str, Any]) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(float(data.get("started") or 0)))


def _number_lines(numbers: Mapping[str, int]) -> bytes:
    lines = (json.dumps([number, key], ensure_ascii=False) + "\n" for key, number in numbers.items())
    return "".join(lines).encode("utf-8", "surrogateescape")


def _is_launch(name: str) -> bool:
    return name.endswith(".json") and name.removesuffix(".json").isdecimal()
