# SPDX-License-Identifier: Apache-2.0
"""A dependency, and the pairs of frames in a dependency between frames."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

__all__ = ["COMPOSITE", "Depend", "Edges", "Row"]

#: Frame by frame: clients see the parts, which are FRAME_ON_FRAME, and the whole, which stays active for ever.
COMPOSITE = ("FRAME_BY_FRAME", "PREVIOUS_FRAME")


@dataclass(slots=True)
class Depend:
    """One dependency: ``er`` waits for ``on``.

    Attributes:
        er_layer: The layer that waits; empty for the whole job.
        er_ref: The frame that waits; -1 for the whole layer.
        active: Whether it holds frames back. Not used for dependencies with pairs.
        odd: The pairs that differ from the state of the frame they wait for: satisfied before it has succeeded, or
            active although it has.
    """

    id: str
    type: str
    er_job: str
    er_layer: str
    er_ref: int
    on_job: str
    on_layer: str
    on_ref: int
    any_frame: bool = False
    active: bool = True
    odd: set[int] = field(default_factory=set)

    def to_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "odd": sorted(self.odd)}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Depend:
        """The dependency that ``to_data`` has written."""
        return cls(**{**data, "odd": set(data["odd"])})

    @property
    def is_internal(self) -> bool:
        """Whether both ends are in one job."""
        return self.er_job == self.on_job

    @property
    def signature(self) -> tuple[object, ...]:
        """The fields that must differ between two active dependencies; ``any_frame`` does not count."""
        return (self.type, self.er_job, self.er_layer, self.er_ref, self.on_job, self.on_layer, self.on_ref)


class Row(NamedTuple):
    """A dependency as clients see it: a whole one, or one of its pairs."""

    depend: Depend
    pair: int = -1


class Edges:
    """Pairs of frames, numbered from 0, with an index for each end.

    Attributes:
        on: By number, the frame that is waited for; ascending.
        er: By number, the frame that waits.
    """

    def __init__(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Take sorted pairs: the frame that is waited for, and the frame that waits."""
        self.on, self.er = array("l"), array("l")
        for on, er in pairs:
            self.on.append(on)
            self.er.append(er)
        self._by_er: dict[int, list[int]] | None = None

    def __len__(self) -> int:
        return len(self.on)

    def of_on(self, ref: int) -> range:
        """The numbers of the pairs whose first frame is waited for."""
        return range(bisect_left(self.on, ref), bisect_right(self.on, ref))

    def of_er(self, ref: int) -> list[int]:
        """The numbers of the pairs in which a frame waits."""
        if self._by_er is None:
            found: defaultdict[int, list[int]] = defaultdict(list)
            for number, er in enumerate(self.er):
                found[er].append(number)
            self._by_er = dict(found)
        return self._by_er.get(ref, [])

    def pairs(self) -> Iterable[tuple[int, int]]:
        """All pairs, in the order of their numbers."""
        return zip(self.on, self.er, strict=True)
