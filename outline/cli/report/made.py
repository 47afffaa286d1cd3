# SPDX-License-Identifier: Apache-2.0
"""What the frames of a job have made, as paths: the records of a work folder say it, else the outline and the states.

Nothing here needs code of the user: a session is read as data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ...backend.status import JobStatus
from ...exception import OutlineException
from ...frames import FrameSet, chunk_frames
from ...io.output import Output, read_outputs
from ...items.item import item_tokens
from ...items.table import ItemTable
from ...scheduler import FrameState
from ...session_paths import SessionPaths
from ...storage import join
from ...work.decide import Record
from ...work.folder import WorkFolder

__all__ = ["Made", "made_in_session", "made_in_work", "outline_of"]


class Made(NamedTuple):
    """A file that a frame has made.

    Attributes:
        layer: Its layer.
        output: The name of the output.
        name: The frame number, or the key of its item.
        path: Where it is.
    """

    layer: str
    output: str
    name: str
    path: str


def made_in_work(folder: WorkFolder, records: Mapping[str, Iterable[Record]]) -> Iterator[Made]:
    """The outputs of frames that have succeeded, as their records tell."""
    for layer, found in records.items():
        for record in found:
            if record.has_succeeded:
                for state in record.outputs:
                    yield Made(layer, state.name, record.key, join(folder.folder, state.path))


# Any: the data of an outline.yaml.
def outline_of(session: str) -> dict[str, Any]:
    """The data of a session's outline; empty when it cannot be read."""
    from ...serialize.data import load_file

    try:
        data = load_file(SessionPaths(session).outline)
    except (OSError, ValueError, OutlineException):
        return {}
    return data if isinstance(data, dict) else {}


def made_in_session(job: JobStatus, data: Mapping[str, Any]) -> Iterator[Made]:
    """The outputs that layers declare, of frames that have succeeded.

    Args:
        job: Says which frames have.
        data: The data of the session's outline.
    """
    paths = SessionPaths(job.session or "")
    by_name = {str(layer.get("name")): layer for layer in data.get("layers", ()) if isinstance(layer, dict)}
    for layer in job.layers:
        outputs = _outputs(by_name.get(layer.name, {}), paths)
        done = set(layer.states.get(FrameState.SUCCEEDED, ()))
        chunks = chunk_frames(FrameSet(layer.range), max(1, layer.chunk)) if outputs and done else ()
        for frame in sorted(number for chunk in chunks if chunk[0] in done for number in chunk):
            for output in outputs:
                yield Made(layer.name, output.name, str(frame), output.frame_path(frame))


def _outputs(layer: Mapping[str, Any], paths: SessionPaths) -> list[Output]:
    """The outputs of a layer, out of its data; none when a studio's class means something else by them."""
    args, items = layer.get("args") or {}, layer.get("items") or {}

    def tokens(frame: int) -> dict[str, str]:
        return item_tokens(ItemTable(paths.items(items["table"])).item(frame))

    try:
        return read_outputs(args.get("outputs"), items=tokens if items else None)
    except (OutlineException, TypeError):
        return []
