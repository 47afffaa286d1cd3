# SPDX-License-Identifier: Apache-2.0
"""The stretches of frames that make up a frame set. Each answers questions without listing its frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, filterfalse

__all__ = ["Inverse", "Interleaved", "Listed", "Part", "cut", "find_runs", "first_positions", "pack", "position_in"]

_FEW_RUNS = 8  # up to here runs stay runs, however short, because arithmetic on them beats listing
_LONG_RUN = 8  # frames that make a run worth keeping among many others
_SETTLED = 4  # frames of a run after which RunFinder surely follows that run


class Inverse:
    """The frames of a range that a step leaves out, as in ``1-10y3``. Immutable."""

    __slots__ = ("full", "skipped")

    def __init__(self, full: range, step: int) -> None:
        """Describe the frames of ``full`` that ``full[::abs(step)]`` misses.

        Args:
            full: A range with step 1 or -1.
            step: At least 2, either sign.
        """
        self.full = full
        self.skipped = full[:: abs(step)]

    def __len__(self) -> int:
        return len(self.full) - len(self.skipped)

    def __iter__(self) -> Iterator[int]:
        return filterfalse(self.skipped.__contains__, self.full)

    def __contains__(self, frame: int) -> bool:
        return frame in self.full and frame not in self.skipped

    def __getitem__(self, position: int) -> int:
        period = abs(self.skipped.step)
        group, place = divmod(position, period - 1)
        return self.full[group * period + place + 1]

    def position(self, frame: int) -> int:
        """Where a frame stands in the order, or -1."""
        if frame not in self:
            return -1
        offset = self.full.index(frame)
        return offset - offset // abs(self.skipped.step) - 1

    @property
    def text(self) -> str:
        """The range as the farm server reads it."""
        return f"{self.full[0]}-{self.full[-1]}y{self.skipped.step}"


class Listed:
    """Frames in an order that no formula describes. Immutable, apart from its caches."""

    __slots__ = ("_frames", "_positions")

    def __init__(self, frames: Sequence[int]) -> None:
        self._frames = frames
        self._positions: dict[int, int] | None = None

    @property
    def frames(self) -> Sequence[int]:
        """All frames."""
        return self._frames

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[int]:
        return iter(self.frames)

    def __contains__(self, frame: int) -> bool:
        return self.position(frame) >= 0

    def __getitem__(self, position: int) -> int:
        return self.frames[position]

    def position(self, frame: int) -> int:
        """The first position of a frame, or -1."""
        if self._positions is None:
            self._positions = first_positions(self.frames)
        return self._positions.get(frame, -1)


class Interleaved(Listed):
    """All frames of a range, coarse to fine, as in ``1-10:5``.

    Its length and members are those of the range. It lists its frames only when somebody asks for their order.
    """

    __slots__ = ("full", "step")

    def __init__(self, full: range, step: int) -> None:
        """Describe ``full``, a range with step 1 or -1, with a first step of the same sign."""
        super().__init__(())
        self.full = full
        self.step = step

    @property
    def frames(self) -> Sequence[int]:
        """All frames. The first call lists them."""
        if not self._frames:
            self._frames = tuple(dict.fromkeys(chain.from_iterable(self._passes())))
        return self._frames

    def _passes(self) -> Iterator[range]:
        # Each pass starts at the first frame, as the server does since it was corrected; pycue's own
        # FileSequence still starts each one frame later.
        step = abs(self.step)
        while step:
            yield self.full[::step]
            step //= 2

    def __len__(self) -> int:
        return len(self.full)

    def __contains__(self, frame: int) -> bool:
        return frame in self.full

    @property
    def text(self) -> str:
        """The range as the farm server reads it."""
        return f"{self.full[0]}-{self.full[-1]}:{self.step}"


Part = range | Inverse | Listed


class RunFinder:
    """Joins frames into runs of equal distance. Use one for a single pass and call ``finish`` at its end.

    The runs depend only on the frames and their order, not on the pieces in which they arrive. So two sets are equal
    exactly when their runs are. Two frames make a run only when they are neighbours that count up, because ``1,9``
    reads better than ``1-9x8``. The farm server writes it that way too.
    """

    __slots__ = ("_count", "_found", "_last", "_start", "_step")

    def __init__(self) -> None:
        self._found: list[range] = []
        self._start = self._last = self._step = self._count = 0

    def add(self, frame: int) -> None:
        """Add the next frame."""
        gap = frame - self._last
        if self._count > 1 and gap == self._step:
            self._count += 1
        elif self._count == 1 and gap:
            self._step, self._count = gap, 2
        elif self._count == 2 and self._step != 1 and gap:
            self._found.append(range(self._start, self._start + 1))
            self._start, self._step = self._last, gap
        else:
            self._close()
            self._start, self._count = frame, 1
        self._last = frame

    def add_part(self, part: Iterable[int]) -> None:
        """Take all frames of a part; a range at the price of a few frames."""
        for frame in part[:_SETTLED] if isinstance(part, range) else part:
            self.add(frame)
        if isinstance(part, range) and len(part) > _SETTLED:
            self._count += len(part) - _SETTLED
            self._last = part[-1]

    def finish(self) -> list[range]:
        """All runs. Resets the finder."""
        self._close()
        found, self._found, self._count = self._found, [], 0
        return found

    def _close(self) -> None:
        if self._count == 2 and self._step != 1:
            self._found.append(range(self._start, self._start + 1))
            self._found.append(range(self._last, self._last + 1))
        elif self._count == 1:
            self._found.append(range(self._start, self._start + 1))
        elif self._count:
            toward = 1 if self._step > 0 else -1
            self._found.append(range(self._start, self._last + toward, self._step))


def find_runs(parts: Iterable[Iterable[int]]) -> list[range]:
    """The frames of all parts, in order, as the runs that ``RunFinder`` defines."""
    finder = RunFinder()
    for part in parts:
        finder.add_part(part)
    return finder.finish()


def pack(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Join parts into as few as useful, with the same frames in the same order."""
    packed: list[Part] = []
    finder = RunFinder()
    for part in parts:
        if isinstance(part, (Inverse, Interleaved)):
            packed += _fold_short_runs(finder.finish())
            packed.append(part)
        else:
            finder.add_part(part)
    packed += _fold_short_runs(finder.finish())
    return tuple(packed)


def _fold_short_runs(runs: list[range]) -> Iterator[Part]:
    if len(runs) <= _FEW_RUNS:
        yield from runs
        return
    short: list[int] = []
    for run in runs:
        if len(run) < _LONG_RUN:
            short.extend(run)
            continue
        if short:
            yield Listed(short)
            short = []
        yield run
    if short:
        yield Listed(short)


def cut(part: Part, positions: range) -> Part:
    """The frames at some positions of a part.

    Args:
        part: Where to cut.
        positions: Positions inside the part, counting up.
    """
    if isinstance(part, range):
        return part[positions.start : positions.stop : positions.step]
    if isinstance(part, Inverse):
        return Listed([part[position] for position in positions])
    return Listed(part.frames[positions.start : positions.stop : positions.step])


def position_in(part: Part, frame: int) -> int:
    """The first position of a frame in a part, or -1."""
    if isinstance(part, range):
        return part.index(frame) if frame in part else -1
    # Check membership first: an interleaved range knows its members without listing, but not their positions.
    return part.position(frame) if frame in part else -1


def first_positions(frames: Iterable[int]) -> dict[int, int]:
    """The first position of each frame."""
    positions: dict[int, int] = {}
    for position, frame in enumerate(frames):
        positions.setdefault(frame, position)
    return positions
