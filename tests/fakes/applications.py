# SPDX-License-Identifier: Apache-2.0
"""Programs that stand for applications that cannot be had here.

Each reads its command line strictly, as the application's documentation describes it: an unknown option ends it with
status 64. It records its words, prints a log that the test has chosen, writes the files that the real program would
have written, and ends as the test wants. Scenes are text files; where the real scene says where pictures go, the
first line of the text is that path, with ``####`` for the frame.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["APPLICATIONS", "install", "play"]

_USAGE = 64


def install(folder: Path, name: str, application: str, scenario: dict[str, object]) -> None:
    """Put a program into a folder.

    Args:
        folder: Where; its ``calls`` and ``scenario`` files belong to the program.
        name: What the program is called.
        application: A key of ``APPLICATIONS``.
        scenario: ``says`` (what it prints, each character a byte), ``exit`` (its status, or minus a signal that ends
            it), ``writes`` (False: no files; "late": only the files of the last frame are missing).
    """
    root = Path(__file__).resolve().parents[2]
    (folder / f"{name}.scenario").write_text(json.dumps(scenario))
    program = folder / name
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(root)!r})\n"
        f"from tests.fakes.applications import play\nplay({application!r}, {name!r}, {str(folder)!r})\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def play(application: str, name: str, folder: str) -> None:
    """Be the program."""
    words = sys.argv[1:]
    scenario = json.loads(Path(folder, f"{name}.scenario").read_text())
    with open(os.path.join(folder, "calls"), "a", encoding="utf-8") as calls:
        calls.write(json.dumps([name, *words]) + "\n")
    files = APPLICATIONS[application](words)
    writes = scenario.get("writes", True)
    for path in files if writes is True else files[:-1] if writes == "late" else []:
        Path(path).write_text("a picture\n")
    sys.stdout.buffer.write(str(scenario.get("says", "")).encode("latin-1"))
    sys.stdout.flush()
    status = scenario.get("exit", 0)
    if status < 0:
        os.kill(os.getpid(), -status)
    sys.exit(status)


# -- reading command lines ---------------------------------------------------------------------------------------


def _refuse(why: str) -> None:
    sys.stderr.write(f"usage error: {why}\n")
    sys.exit(_USAGE)


def _options(words: Sequence[str], arity: dict[str, int]) -> tuple[dict[str, list[str]], list[str]]:
    """Return options with their values, and the words that belong to none."""
    found: dict[str, list[str]] = {}
    rest = []
    place = 0
    while place < len(words):
        word = words[place]
        if word in arity:
            found.setdefault(word, []).extend(words[place + 1 : place + 1 + arity[word]])
            place += arity[word]
        elif re.match(r"--?[A-Za-z]", word):
            _refuse(f"unknown option {word}")
        else:
            rest.append(word)
        place += 1
    return found, rest


def _one(names: str) -> dict[str, int]:
    """Return options with one value each."""
    return {f"-{name}": 1 for name in names.split(" ")}


def _only(rest: list[str], count: int = 1) -> list[str]:
    if len(rest) != count:
        _refuse(f"{count} words expected, not {rest}")
    return rest


def _span(start: str, end: str, step: str) -> list[int]:
    return list(range(int(start), int(end) + 1, int(step)))


def _listed(text: str, between: str, step: str) -> list[int]:
    """Return the frames of a list such as ``1 3-9x2``."""
    frames: list[int] = []
    for part in text.split(between):
        match = re.fullmatch(
            rf"(-?\d+)(?:-(-?\d+)(?:{re.escape(step)}(\d+))?)?" if step else r"(\d+)(?:-(\d+))?()", part
        )
        if match is None:
            _refuse(f"no frames: {part!r}")
        else:
            frames += _span(match[1], match[2] or match[1], match[3] or "1")
    return frames


def _in_scene(scene: str, frames: Sequence[int]) -> list[str]:
    """Return the files that a scene says it writes."""
    if not os.path.exists(scene):
        return []
    pattern = Path(scene).read_text().splitlines()[0]
    return [_fill(r"#+", pattern, frame) for frame in frames]


def _fill(place: str, pattern: str, frame: int) -> str:
    """Return a pattern with the frame in its place, as long as the place is, or as its number says."""

    def number(found: re.Match[str]) -> str:
        digits = re.search(r"\d+", found[0])
        return f"{frame:0{digits[0] if digits else found[0].count('#') or 1}d}"

    return re.sub(place, number, pattern)


def _dollar(pattern: str, frames: Sequence[int]) -> list[str]:
    return [_fill(r"\$F\d*", pattern, frame) for frame in frames]


# -- one function per application: words in, files out -------------------------------------------------------------


def _maya(words: list[str]) -> list[str]:
    renderer = words[words.index("-r") + 1] if "-r" in words else ""
    names = "r s e b proj rd of cam rl"
    names += " imageFile t" if renderer == "renderman" else " im fnc pad x y percentRes"
    names += {"arnold": " rt ai:threads ai:alf ai:aerr", "redshift": " gpu", "vray": " threads", "sw": " n"}.get(
        renderer, ""
    )
    found, rest = _options(words, {**_one(names), **({"-res": 2} if renderer == "renderman" else {})})
    _only(rest)
    if words[-1] != rest[0]:
        _refuse("the scene must be the last word")
    frames = _span(found["-s"][0], found["-e"][0], found["-b"][0])
    if "-imageFile" in found:
        return [os.path.join(found["-rd"][0], _fill(r"<f\d*>", found["-imageFile"][0], frame)) for frame in frames]
    if "-im" not in found:
        return _in_scene(rest[0], frames)
    names = {"name.#.ext": "{0}.{1}.exr", "name#.ext": "{0}{1}.exr", "name_#.ext": "{0}_{1}.exr", "name.ext": "{0}.exr"}
    digits = int(found.get("-pad", ["1"])[0])
    name = names[found["-fnc"][0]]
    return [os.path.join(found["-rd"][0], name.format(found["-im"][0], f"{frame:0{digits}d}")) for frame in frames]


def _nuke(words: list[str]) -> list[str]:
    if "--gpu" in words and words[words.index("--gpu") + 1].isdigit():
        words.pop(words.index("--gpu") + 1)
    flags = dict.fromkeys(("-x", "-i", "--nukex", "--cont", "--gpu", "-p", "-f", "--sro"), 0)
    found, rest = _options(words, {**flags, "-V": 1, "-m": 1, "-c": 1, "-F": 1, "-X": 1, "--view": 1})
    return _in_scene(_only(rest)[0], _listed(found["-F"][0], " ", "x"))


def _husk(words: list[str]) -> list[str]:
    found, rest = _options(words, {**_one("f n i V j R s c S o"), "--engine": 1, "-r": 2})
    _only(rest)
    first, count, step = (int(found[flag][0]) for flag in ("-f", "-n", "-i"))
    return _dollar(found["-o"][0], range(first, first + count * step, step))


def _mantra(words: list[str]) -> list[str]:
    found, rest = _options(words, {"-j": 1, "-V": 1, "-f": 1})
    return _only(rest) if os.path.exists(found["-f"][0]) else []


def _katana(words: list[str]) -> list[str]:
    if words[0] != "--batch" or not words[1].startswith("--katana-file="):
        _refuse("--batch and --katana-file= are needed")
    known = "--(katana-file|render-node|var|threads2d)="
    _, rest = _options([word for word in words[1:] if not re.match(known, word)], {"-t": 1})
    _only(rest, 0)
    return _in_scene(words[1].partition("=")[2], _listed(words[words.index("-t") + 1], ",", ""))


def _kick(words: list[str]) -> list[str]:
    flags = {**_one("i o v t l as c device"), **dict.fromkeys(("-dw", "-dp", "-nostdin"), 0), "-set": 2, "-r": 2}
    found, rest = _options(words, flags)
    _only(rest, 0)
    return found["-o"]


def _vray(words: list[str]) -> list[str]:
    known = "sceneFile imgFile frames display autoClose verboseLevel showProgress progressUseCR progressUseColor"
    known += " numThreads camera imgWidth imgHeight rtEngine noFrameNumbers"
    pairs = dict(word.removeprefix("-").split("=", 1) for word in words)
    if set(pairs) - set(known.split()):
        _refuse(f"unknown {set(pairs) - set(known.split())}")
    frames = _listed(pairs["frames"], ";", ",")
    stem, extension = os.path.splitext(pairs["imgFile"])
    numbers = [""] if pairs.get("noFrameNumbers") == "1" else [f"{frame:04d}" for frame in frames]
    return [path for number in numbers for path in (f"{stem}.Alpha{number}{extension}", f"{stem}{number}{extension}")]


def _prman(words: list[str]) -> list[str]:
    found, rest = _options(
        [word for word in words if not word.startswith("-t:")],
        {"-Progress": 0, **_one("cwd variant recover checkpoint")},
    )
    assert found is not None
    return _in_scene(_only(rest)[0], [0])


def _redshift(words: list[str]) -> list[str]:
    found, rest = _options(words[1:], _one("gpu oip ores"))
    _only(rest, 0)
    folder = found.get("-oip", [""])[0]
    return [os.path.join(folder, os.path.basename(path)) if folder else path for path in _in_scene(words[0], [0])]


def _aerender(words: list[str]) -> list[str]:
    one = _one("project comp rqindex s e i RStemplate OMtemplate output v close")
    found, rest = _options(words, {**one, "-mfr": 2, "-mem_usage": 2, "-continueOnMissingFootage": 0})
    _only(rest, 0)
    frames = _span(found["-s"][0], found["-e"][0], "1")  # -i repeats pictures, it skips none
    return [_fill(r"\[#+\]", found["-output"][0], frame) for frame in frames]


def _3dsmaxcmd(words: list[str]) -> list[str]:
    pairs = dict(word[1:].split(":", 1) for word in words[:-1])
    if set(pairs) - {*["o", "start", "end", "nthFrame", "v", "showRFW", "cam", "batchRender", "width", "height"]}:
        _refuse(f"unknown switch in {pairs}")
    stem, extension = os.path.splitext(pairs["o"])
    return [f"{stem}{frame:04d}{extension}" for frame in _span(pairs["start"], pairs["end"], pairs["nthFrame"])]


def _3dsmaxbatch(words: list[str]) -> list[str]:
    found, rest = _options(words, {"-v": 1, "-sceneFile": 1})
    _only(rest)
    return _in_scene(found["-sceneFile"][0], _listed(os.environ["OL_LAYER_RANGE"], ",", "x"))


def _cinema4d(words: list[str]) -> list[str]:
    found, rest = _options(
        words,
        {**_one("render oimage omultipass take threads redshift-gpu"), "-nogui": 0, "-frame": 3, "-oresolution": 2},
    )
    _only(rest, 0)
    return [f"{found['-oimage'][0]}{frame:04d}.exr" for frame in _span(*found["-frame"])]


def _gaffer(words: list[str]) -> list[str]:
    if words[0] != "execute":
        _refuse("only execute is known")
    values: dict[str, list[str]] = {}
    flag = ""
    for word in words[1:]:
        if flag != "-context" and word in (
            "-script",
            "-nodes",
            "-frames",
            "-threads",
            "-ignoreScriptLoadErrors",
            "-context",
        ):
            flag = word
            values[flag] = []
        else:
            values[flag].append(word)
    return _in_scene(values["-script"][0], _listed(values["-frames"][0], ",", "x"))


def _hython(words: list[str]) -> list[str]:
    """Be a Python that has a module ``hou``; the script writes the files itself."""
    import runpy

    sys.path.insert(0, str(Path(__file__).resolve().parent / "houdini"))
    sys.argv = words
    try:
        runpy.run_path(words[0], run_name="__main__")
    except SystemExit as stop:
        if stop.code:
            raise
    return []


APPLICATIONS: dict[str, Callable[[list[str]], list[str]]] = {
    "maya": _maya,
    "nuke": _nuke,
    "hython": _hython,
    "husk": _husk,
    "mantra": _mantra,
    "katana": _katana,
    "kick": _kick,
    "vray": _vray,
    "prman": _prman,
    "redshift": _redshift,
    "aerender": _aerender,
    "3dsmaxcmd": _3dsmaxcmd,
    "3dsmaxbatch": _3dsmaxbatch,
    "cinema4d": _cinema4d,
    "gaffer": _gaffer,
}
"""What each program makes of its words: the files that it writes."""
