# SPDX-License-Identifier: Apache-2.0
"""The tokens of a command: what stands in a command for the frame, and how it is filled in."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .constants import ITEM_TABLE
from .exception import OutlineException
from .frames import FrameRangeError, FrameSet, chunk_at
from .names import frame_name, padded

if TYPE_CHECKING:
    from .items import Item

__all__ = [
    "LAYER_TOKENS",
    "TOKENS",
    "FrameTokens",
    "expand_command",
    "expand_in_frame",
    "expand_word",
    "farm_line",
    "fill_chunk",
    "fill_hashes",
    "guard_tokens",
    "holds_token",
    "names_chunk",
    "names_ends",
    "split_command",
    "wants_hashes",
]

# PyOutline's own tokens, and the farm's. Both work everywhere a command is given.
_FRAME_TOKENS = (
    "%{FRAME}",
    "%{ZFRAME}",
    "%{RANGE}",
    "#IFRAME#",
    "#ZFRAME#",
    "#FRAME_START#",
    "#FRAME_END#",
    "#FRAME_CHUNK#",
    "#FRAMESPEC#",
    "#LAYER#",
    "#JOB#",
    "#FRAME#",
    "%{KEY}",
    "%{ITEM}",
)
LAYER_TOKENS = ("%{OUTPUT", "%{INPUT", "%{RESULT}", "%{SEED}")
"""How tokens begin that only the layer knows; ``layer.fill`` fills them in."""
TOKENS = (*_FRAME_TOKENS, "%{OUTPUT}", "%{INPUT}", "%{INPUTLIST}", "%{RESULT}", "%{SEED}")
"""Every token, without what may follow a colon in it."""
_CHUNK_TOKENS = ("#FRAME_START#", "#FRAME_END#", "#FRAMESPEC#", "#FRAME_CHUNK#", "%{RANGE}")

# A program that is told its frame fills in the # of file names by itself.
_TELLS_FRAME = ("#IFRAME#", "#ZFRAME#", "%{FRAME}", "%{ZFRAME}", "%{KEY}", "%{ITEM", "CUE_IFRAME", *_CHUNK_TOKENS)

# A run of # is a frame slot only inside a file name, because # also starts comments, colours and URL fragments:
# before it   the name starts (begin of the word, or one of / \ = : , ' " ( [ < > | and blank), or one of . _ -,
#             or, for two and more #, any letter or digit (render####.png, but not C#.txt);
# after it    an extension that starts with a letter, perhaps with more of the name in between (.exr, .left.exr,
#             _left.exr), and then the name ends: end of the word, a blank, or one of , ; : ' " ) ] [ | & < >
# Of several runs in one name only the last can match. A } does not end a name: ${path##.exr} is shell syntax.
_SLOT = r"""
    (?: (?: ^ | (?<=[._\-\s/\\=:,'"(\[<>|]) ) \#+ | (?<=\w) \#\#+ )
    (?= (?: [_-][\w-]* )? (?: \.[\w-]+ )* \.[A-Za-z]\w* (?: $ | [\s,;:'")\]\[|&<>] ) )
"""
# Texts, not compiled patterns: a frame whose command has no token does not wait for re to compile them.
_TOKEN = "|".join(re.escape(token) for token in _FRAME_TOKENS) + r"|%\{ITEM:[^{}]+\}"
_TOKEN_OR_SLOT = rf"(?x){_TOKEN}|(?P<slot>{_SLOT})"

_SINGLE_SLOT_DIGITS = 4

_FARM_SPELLINGS = {"%{FRAME}": "#IFRAME#", "%{ZFRAME}": "#ZFRAME#", "%{RANGE}": "#FRAMESPEC#"}


class FrameTokens(NamedTuple):
    """What the tokens of a command stand for in one frame; tokens of what is unknown stay as they are.

    Attributes:
        frame: The frame that the command runs for.
        chunk_frames: All frames of the chunk as compact text, such as ``1-10x2``; empty when unknown.
        frame_start: The first frame of the chunk, which names it on the farm.
        frame_end: The last frame of the chunk.
        chunk_size: The chunk size that the layer asks for; 0 when unknown.
        layer: The layer's name; empty when unknown.
        job: The job's name; empty when unknown.
        item: The item of the frame, in layers that have items.
    """

    frame: int | None = None
    chunk_frames: str = ""
    frame_start: int | None = None
    frame_end: int | None = None
    chunk_size: int = 0
    layer: str = ""
    job: str = ""
    item: Item | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], frame: int | None = None) -> FrameTokens:
        """Read what the environment of a frame says.

        The chunk is ``OL_LAYER_RANGE``, or the frames that start at ``CUE_IFRAME`` in ``CUE_RANGE``, or ``frame``.

        Args:
            environ: The environment of a frame, usually ``os.environ``.
            frame: The frame of the chunk that the command is for; ``CUE_IFRAME`` or ``OL_FRAME`` when None.

        Raises:
            OutlineException: A variable that should hold a number or a frame range does not.
        """
        head = _number(environ, "CUE_IFRAME")
        if head is None:
            head = _number(environ, "OL_FRAME")
        if frame is None:
            frame = head
        size = _number(environ, "CUE_CHUNK") or (0 if frame is None else 1)
        members = _chunk_members(environ, frame if head is None else head, size)
        return cls(
            frame=frame,
            chunk_frames="" if members is None else str(members),
            frame_start=None if members is None else members[0],
            frame_end=None if members is None else members[-1],
            chunk_size=size,
            layer=environ.get("CUE_LAYER", ""),
            job=environ.get("CUE_JOB", ""),
            item=None if frame is None else _item(environ, frame),
        )


def expand_command(cmd: str | Sequence[object], tokens: FrameTokens) -> list[str]:
    """The command as a list of words with its tokens replaced.

    Args:
        cmd: A list is never split again; a text is split once, by the rules of the shell, before tokens are replaced.
        tokens: What the tokens stand for.

    Raises:
        OutlineException: A text cannot be split, because a quote is not closed.
    """
    words = split_command(cmd)
    if not holds_token(words):
        return words
    values = _token_values(tokens)
    return [_with_tokens(word, values).replace(f"%{_GUARD}", "%").replace(f"#{_GUARD}", "#") for word in words]


_GUARD = "\0"  # no word of a command can hold it


def guard_tokens(text: str) -> str:
    """A text that is put into a command as it is: ``expand_command`` replaces nothing in it, and takes the guards out.

    A path holds what names of files and keys of items hold, and that may look like a token.
    """
    return text.replace("%{", f"%{_GUARD}{{").replace("#", f"#{_GUARD}") if _may_hold_token(text) else text


def expand_in_frame(cmd: str | Sequence[object], environ: Mapping[str, str], frame: int | None = None) -> list[str]:
    """The command of a frame as a list of words, its tokens replaced by what the environment says.

    Most commands have no token, and every frame comes here, so the environment is read only for one that has.

    Args:
        cmd: The command, as for ``expand_command``.
        environ: The environment of the frame.
        frame: The frame of the chunk that the command is for; None as for ``FrameTokens.from_environment``.

    Raises:
        OutlineException: A text cannot be split, or a variable does not hold what it should.
    """
    words = split_command(cmd)
    return expand_command(words, FrameTokens.from_environment(environ, frame)) if holds_token(words) else words


def expand_word(word: str, tokens: FrameTokens) -> str:
    """One word, or any text, with its tokens replaced, in one pass."""
    return _with_tokens(word, _token_values(tokens)) if _may_hold_token(word) else word


def holds_token(cmd: str | Sequence[object]) -> bool:
    """Say whether a command may hold a token."""
    return any(map(_may_hold_token, split_command(cmd)))


def wants_hashes(cmd: str | Sequence[object]) -> bool:
    """Say whether the ``#`` runs in the file names of a command are its only place for the frame."""
    words = split_command(cmd)
    return any("#" in word for word in words) and not any(token in word for word in words for token in _TELLS_FRAME)


def fill_hashes(cmd: str | Sequence[object], frame: int) -> list[str]:
    """The words of a command with the padded frame in the place of ``#`` runs in file names."""

    def padded(run: str) -> str:
        return f"{frame:0{_SINGLE_SLOT_DIGITS if len(run) == 1 else len(run)}d}"

    return [_with_slots(word, padded) for word in split_command(cmd)]


def farm_line(cmd: str | Sequence[object], *, quote: bool = False, hashes: bool = False) -> str:
    """A command as one line for the shell of a host, with only the tokens that a farm server replaces.

    Args:
        cmd: A text is the line. The words of a list are joined with blanks, so that the shell splits them again.
        quote: Quote each word of a list, so that it reaches the program as it is.
        hashes: The ``#`` runs in file names stand for the frame.

    Raises:
        OutlineException: A ``#`` run has a width that the farm has no token for, a word is None, or it has a token
            that only the layer knows.
    """
    words = [cmd] if isinstance(cmd, str) else split_command(cmd)
    unknown = next((token for token in LAYER_TOKENS for word in words if token in word), "")
    if unknown:
        raise OutlineException(f"{unknown.rstrip('}')}}} works under pycuerun only; launch without use_pycuerun=False")
    if hashes:
        words = [_with_slots(word, _farm_slot) for word in words]
    words = [_with_tokens(word, _FARM_SPELLINGS) for word in words]
    if quote and not isinstance(cmd, str):
        import shlex  # most commands are lists

        return shlex.join(words)
    return " ".join(words)


def _farm_slot(run: str) -> str:
    if len(run) not in (1, _SINGLE_SLOT_DIGITS):
        raise OutlineException(
            f"the farm fills in frames of {_SINGLE_SLOT_DIGITS} digits only, not the {run} of a file name;"
            " use #### or #ZFRAME#"
        )
    return "#ZFRAME#"


def names_chunk(cmd: str | Sequence[object]) -> bool:
    """Say whether a command holds a token of its chunk, so that it has to run once for all frames of the chunk."""
    return any(token in word for word in split_command(cmd) for token in _CHUNK_TOKENS if _may_hold_token(word))


def names_ends(cmd: str | Sequence[object]) -> bool:
    """Say whether a command names the first or last frame of its chunk, and so all that lie between them."""
    return any(token in word for word in split_command(cmd) for token in ("#FRAME_START#", "#FRAME_END#"))


def fill_chunk(cmd: str | Sequence[object], frames: FrameSet) -> list[str]:
    """The words of a command that runs for some frames of its chunk, which follow each other."""
    spec = str(frames)
    values = {"#FRAME_START#": str(frames[0]), "#FRAME_END#": str(frames[-1]), "#FRAMESPEC#": spec, "%{RANGE}": spec}
    return [_with_tokens(word, values) for word in split_command(cmd)]


def split_command(cmd: object) -> list[str]:
    """A command as a list of text words, tokens untouched.

    Args:
        cmd: A list, tuple or other iterable of words; a ``pathlib`` path, which is one word; or a text, which is
            split once by the rules of the shell.

    Raises:
        OutlineException: A text cannot be split, because a quote is not closed, or there is None for a word.
    """
    if isinstance(cmd, os.PathLike):
        return [_text(cmd)]
    if isinstance(cmd, Iterable) and not isinstance(cmd, (str, bytes)):
        words = list(cmd)
        if {*map(type, words)} == {str}:  # most are, and every frame comes here
            return words
        if any(word is None for word in words):
            raise OutlineException(f"the command {words!r} has None in the place of a word")
        return [_text(word) for word in words]

    import shlex  # most commands are lists

    text = _text(cmd)
    try:
        return shlex.split(text)
    except ValueError as error:
        reason = str(error).lower()
        raise OutlineException(f"cannot split the command {text!r}: {reason}; give it as a list of words") from error


def _text(word: object) -> str:
    if isinstance(word, (bytes, os.PathLike)):
        return os.fsdecode(word)
    return str(word)


def _may_hold_token(word: str) -> bool:
    return "#" in word or "%{" in word or _GUARD in word


def _with_tokens(word: str, values: Mapping[str, str]) -> str:
    return re.sub(_TOKEN, lambda match: values.get(match[0], match[0]), word)


def _with_slots(word: str, fill: Callable[[str], str]) -> str:
    """A word with its ``#`` runs filled in, and its tokens left alone."""

    def replace(match: re.Match[str]) -> str:
        run = match["slot"]
        if run is None or (len(run) == 1 and _is_in_url(word, match.start())):
            return match[0]
        return fill(run)

    return re.sub(_TOKEN_OR_SLOT, replace, word) if "#" in word else word


def _token_values(tokens: FrameTokens) -> dict[str, str]:
    start = tokens.frame if tokens.frame_start is None else tokens.frame_start
    end = start if tokens.frame_end is None else tokens.frame_end
    values = {}
    if tokens.frame is not None:
        values["%{FRAME}"] = values["#IFRAME#"] = str(tokens.frame)
        values["%{ZFRAME}"] = values["#ZFRAME#"] = padded(tokens.frame)
    if tokens.chunk_frames:
        values["%{RANGE}"] = values["#FRAMESPEC#"] = tokens.chunk_frames
    if start is not None and end is not None:
        values["#FRAME_START#"], values["#FRAME_END#"] = str(start), str(end)
    if tokens.chunk_size:
        values["#FRAME_CHUNK#"] = str(tokens.chunk_size)
    if tokens.layer:
        values["#LAYER#"] = tokens.layer
        if start is not None:
            values["#FRAME#"] = frame_name(start, tokens.layer)  # the farm names a chunk after its first frame
    if tokens.job:
        values["#JOB#"] = tokens.job
    if tokens.item is not None:
        from .items.item import item_tokens  # most layers have no items

        values |= item_tokens(tokens.item)
        is_file = isinstance(tokens.item.value, Mapping)
        if is_file and values.get("%{ITEM}", "").startswith("-"):  # a program would take it for an option
            values["%{ITEM}"] = f"./{values['%{ITEM}']}"
    return values


def _is_in_url(text: str, position: int) -> bool:
    """Say whether a URL starts before this position, in which a single ``#`` starts the fragment."""
    blank = max(text.rfind(" ", 0, position), text.rfind("\n", 0, position))
    return "://" in text[blank + 1 : position]


def _item(environ: Mapping[str, str], frame: int) -> Item | None:
    if ITEM_TABLE not in environ:
        return None
    from .items import ItemTable  # most layers have no items

    return ItemTable(environ[ITEM_TABLE]).item(frame)


def _number(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise OutlineException(f"the environment variable {name} is {text!r}, which is not a whole number") from error


def _chunk_members(environ: Mapping[str, str], head: int | None, size: int) -> FrameSet | None:
    try:
        if environ.get("OL_LAYER_RANGE"):
            return FrameSet(environ["OL_LAYER_RANGE"])
        if head is None:
            return None
        layer_frames = FrameSet(environ.get("CUE_RANGE") or str(head))
    except FrameRangeError as error:
        raise OutlineException(f"the range of the frame's layer in the environment cannot be read: {error}") from error
    try:
        return chunk_at(layer_frames, head, size)
    except FrameRangeError:
        return FrameSet([head])  # a frame of a layer with another range, such as one run by hand
