# SPDX-License-Identifier: Apache-2.0
"""An ordered set of frame numbers that stays cheap until you list it."""

from __future__ import annotations

import operator
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, Union, overload

from . import algebra
from .parts import Listed, Part, cut, find_runs, first_positions, pack, position_in
from .text import LARGEST_FRAME, FrameRangeError, parse, write

__all__ = ["FrameSet", "FrameSpec"]

_FEW_PARTS = 8  # up to here checking each part is faster than a table of all frames
_LARGE_TABLE = 4_000_000  # frames for which such a table would take too much memory
_HASH_SAMPLES = 8

FrameSpec = Union[str, int, "FrameSet", Iterable[int | str], Any]  # Any: FrameSets of other libraries


class FrameSet(Sequence[int]):
    """Frame numbers in render order, repeats included, as a range describes them.

    Anyone may make one. It holds runs (start, step, count) and lists single frames only where there is no run, so
    ``FrameSet("1-1000000")`` costs as much as ``FrameSet("1")``. Only ``normalize`` changes it. Do not call that on a
    set that is a key of a dict. Equal sets have the same frames in the same order, whatever text they came from. The
    first look-up builds lists and tables of the members, which is safe from several threads.
    """

    __slots__ = ("_ends", "_parts", "_table", "_unique")

    def __init__(self, spec: FrameSpec) -> None:
        """Read a range, numbers, or another library's frame set.

        Args:
            spec: A range such as ``"1-10x2,20"``, one frame number, frame numbers or ranges in render order
                (of a ``set``: sorted), or any object with a ``getAll`` method, as FrameSets of pycue have.

        Raises:
            FrameRangeError: The text is not a range, or a member is not a whole number.
            TypeError: ``spec`` is none of these.
        """
        self._parts: tuple[Part, ...]
        self._ends: list[int]
        self._table: dict[int, int] | None
        self._unique: FrameSet | bool  # True: this one; False: not known yet
        self._hold(_read(spec))

    @classmethod
    def of_one(cls, frame: int) -> FrameSet:
        """The set of one frame, of a range that was read before: nothing is checked, since every frame makes one."""
        return cls._of((range(frame, frame + 1),), unique=True)

    @classmethod
    def _of(cls, parts: tuple[Part, ...], *, unique: bool = False) -> FrameSet:
        made = cls.__new__(cls)
        made._hold(parts)
        made._unique = unique
        return made

    def _hold(self, parts: tuple[Part, ...]) -> None:
        self._parts = parts
        self._ends = list(accumulate(map(len, parts)))
        self._table = None
        self._unique = False

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self._parts)

    def __reversed__(self) -> Iterator[int]:
        return chain.from_iterable(map(reversed, reversed(self._parts)))

    def __contains__(self, frame: object) -> bool:
        number = _whole_number(frame)
        if number is None:
            return False
        if self._is_tabled():
            return self._find(number) >= 0
        return any(number in part for part in self._parts)

    @overload
    def __getitem__(self, position: int) -> int: ...

    @overload
    def __getitem__(self, position: slice) -> FrameSet: ...

    def __getitem__(self, position: int | slice) -> int | FrameSet:
        if isinstance(position, slice):
            return self._slice(range(*position.indices(len(self))))
        place = operator.index(position)
        place += len(self) if place < 0 else 0
        if not 0 <= place < len(self):
            raise IndexError(f"position {position} of {len(self)} frames")
        number = bisect_right(self._ends, place)
        return self._parts[number][place - self._start_of(number)]

    def _slice(self, positions: range) -> FrameSet:
        upward = positions if positions.step > 0 else positions[::-1]
        pieces: list[Part] = []
        number = bisect_right(self._ends, upward[0]) if upward else len(self._parts)
        while upward and number < len(self._parts):
            start, end = self._start_of(number), self._ends[number]
            count = bisect_left(upward, end)
            if count:
                here = upward[:count]
                pieces.append(cut(self._parts[number], range(here.start - start, here.stop - start, here.step)))
                upward = upward[count:]
            number += 1
        if positions.step < 0:
            pieces = [_backward(piece) for piece in reversed(pieces)]
        return self._of(tuple(pieces), unique=self._unique is True)

    def _start_of(self, number: int) -> int:
        return self._ends[number - 1] if number else 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrameSet):
            return NotImplemented
        if len(self) != len(other):
            return False
        if self._parts == other._parts:
            return True
        if all(isinstance(part, range) for part in self._parts + other._parts):
            return find_runs(self._parts) == find_runs(other._parts)
        return all(map(operator.eq, self, other))

    def __hash__(self) -> int:
        last = len(self) - 1
        samples = (self[last * sample // (_HASH_SAMPLES - 1)] for sample in range(_HASH_SAMPLES))
        return hash((len(self), *samples)) if self else hash(0)

    def __str__(self) -> str:
        return write(self._parts)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})" if self else f"{type(self).__name__}([])"

    def __reduce__(self) -> tuple[type[FrameSet], tuple[object, ...]]:
        return type(self), (str(self) or (),)

    def __copy__(self) -> FrameSet:
        return type(self)(self)

    def __deepcopy__(self, memo: object) -> FrameSet:
        return type(self)(self)

    def size(self) -> int:
        """The number of frames."""
        return len(self)

    def get(self, position: int) -> int:
        """The frame at a position."""
        return self[position]

    def getAll(self) -> list[int]:
        """All frames as a new list."""
        return list(self)

    def index(self, frame: Any, start: int = 0, stop: int | None = None) -> int:
        """The first position of a frame, or -1 (a list would raise).

        Args:
            frame: A whole number. Anything else is in no set.
            start: Look from this position on.
            stop: Look up to the one before this position.
        """
        if start or stop is not None:
            begin, end, _ = slice(start, stop).indices(len(self))
            position = self[begin:end].index(frame)
            return position if position < 0 else begin + position
        number = _whole_number(frame)
        return -1 if number is None else self._find(number)

    def _is_tabled(self) -> bool:
        return len(self._parts) > _FEW_PARTS and len(self) <= _LARGE_TABLE

    def _find(self, frame: int) -> int:
        if self._is_tabled():
            if self._table is None:
                self._table = first_positions(self)
            return self._table.get(frame, -1)
        for number, part in enumerate(self._parts):
            position = position_in(part, frame)
            if position >= 0:
                return self._start_of(number) + position
        return -1

    def normalize(self) -> None:
        """Sort the frames and drop repeats, in place."""
        self._hold(algebra.ascending(self._parts))
        self._unique = True

    def unique(self) -> FrameSet:
        """The frames in order, each where it comes first. Gives this very set when no frame repeats."""
        if self._unique is False:
            parts = algebra.without_repeats(self._parts)
            self._unique = parts is self._parts or self._of(parts, unique=True)
        return self if isinstance(self._unique, bool) else self._unique

    def intersection(self, other: FrameSpec) -> FrameSet:
        """The frames that ``other`` has too, in the order of this set, each once.

        Args:
            other: Anything that ``FrameSet`` reads.
        """
        others = other if isinstance(other, FrameSet) else FrameSet(other)
        return self._of(algebra.common_frames(self.unique()._parts, others.unique()._parts), unique=True)

    @staticmethod
    def parseFrameRange(frameRange: str) -> list[int]:
        """All frames of a range as a list."""
        return FrameSet(frameRange).getAll()


def _whole_number(value: Any) -> int | None:
    try:
        return operator.index(value)
    except TypeError:
        return None


def _backward(part: Part) -> Part:
    return part[::-1] if isinstance(part, range) else Listed(list(reversed(part)))


def _read(spec: Any) -> tuple[Part, ...]:
    if isinstance(spec, FrameSet):
        return spec._parts
    if isinstance(spec, str):
        return pack(parse(spec))
    if isinstance(spec, range):
        _whole_numbers((*spec[:1], *spec[-1:]))
        return (spec,) if spec else ()
    listing = getattr(spec, "getAll", None)
    if callable(listing):
        return pack([Listed(_whole_numbers(listing()))])
    if isinstance(spec, (set, frozenset)):
        return pack([Listed(sorted(_whole_numbers(spec)))])
    if isinstance(spec, Iterable) and not isinstance(spec, (bytes, bytearray)):
        return pack(_members(spec))
    if hasattr(spec, "__index__"):
        return pack([Listed(_whole_numbers([spec]))])
    raise TypeError(f"give frames as text such as '1-10x2', as numbers or as a FrameSet, not as {spec!r}")


def _members(spec: Iterable[Any]) -> Iterator[Part]:
    members = list(spec)
    if not any(isinstance(member, str) for member in members):
        yield Listed(_whole_numbers(members))
        return
    for member in members:  # ranges among the members, as PyOutline lets layers give them
        if isinstance(member, str):
            yield from parse(member)
        else:
            yield Listed(_whole_numbers([member]))


def _whole_numbers(members: Iterable[Any]) -> list[int]:
    frames: list[int] = []
    for member in members:
        try:
            frames.append(operator.index(member))
        except TypeError:
            reason = f"frames are whole numbers, but position {len(frames)} holds {member!r}"
            raise FrameRangeError("", str(member), 0, reason) from None
    beyond = [frame for frame in (min(frames, default=0), max(frames, default=0)) if abs(frame) > LARGEST_FRAME]
    if beyond:
        raise FrameRangeError("", str(beyond[0]), 0, f"frame {beyond[0]} has more than 15 digits")
    return frames
