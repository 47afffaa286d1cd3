# SPDX-License-Identifier: Apache-2.0
"""A report as one HTML page that needs nothing else, neither files nor network."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
import re
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from urllib.parse import quote

from ...backend.status import STATES, FrameAttempt, JobStatus, LayerStatus
from ...scheduler import FrameState
from ..text import counted_chunks, duration, memory, plural, quoted, server_option, shorten_middle, spaced
from .facts import Death, Picture, Pictures, Report, Results
from .html import Html, element, escape, json_script, table
from .plots import COLOURS, histogram, state_bar, timeline

__all__ = ["page"]

S = FrameState
_FAILED = (S.WAITING, S.DEAD, S.EATEN)
_OPEN_DEATHS = 3
_SLOWEST = 10
_MOST_ROWS = 100
_LONGEST = 160
_NUMBER = re.compile(r"\d+")


def page(report: Report) -> str:
    """The whole page."""
    job = report.job
    sections = [
        _overview(report),
        _layers(job, report.attempts),
        _timeline(job, report.attempts),
        _deaths(job, report.deaths),
        *(_pictures(one) for one in report.pictures),
        *(_results(place, one) for place, one in enumerate(report.results)),
        _failures(report.attempts),
        _slowest(report.attempts),
    ]
    if report.notes:
        sections.append(_section("Not shown", element("ul", *(element("li", note) for note in report.notes))))
    script = _asset("page.js")
    body = [_header(report), element("main", *filter(None, sections)), Html(f"<script>{script}</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="'
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(job.name)}</title><style>{_asset('page.css')}</style></head>"
        f"<body>{''.join(body)}</body></html>\n"
    )


def _asset(name: str) -> str:
    return importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _section(title: str, *content: object, name: str | None = None) -> Html:
    return element("section", element("h2", title), *content, id=name)


# -- above -----------------------------------------------------------------------------------------------------


def _header(report: Report) -> Html:
    job = report.job
    made = time.strftime("%Y-%m-%d %H:%M %Z", time.localtime(report.made))
    return element(
        "header",
        element("h1", job.name),
        element("b", job.state, cls=f"state {job.state}"),
        element("p", "as of ", made),
    )


def _overview(report: Report) -> Html:
    job, attempts = report.job, report.attempts
    counts = job.counts
    tiles = [_tile("done", f"{100 * job.done // max(1, job.total)} %", f"of {counted_chunks(job.frames, job.total)}")]
    if counts[S.DEAD]:
        tiles.append(_tile("dead", spaced(counts[S.DEAD]), "failed for good", cls="bad"))
    if counts[S.RUNNING]:
        tiles.append(_tile("running", spaced(counts[S.RUNNING]), ""))
    failed = sum(one.state is S.WAITING for one in attempts)
    if failed:
        frames = len({one.name for one in attempts if one.state is S.WAITING})
        tiles.append(
            _tile("failed, tried again", spaced(failed), f"{plural(failed, 'attempt')} at {plural(frames, 'frame')}")
        )
    if attempts:
        tiles += _time_tiles(attempts)
    pairs = [("session", job.session), ("work folder", report.work), ("logs", job.log_dir), ("held up", job.held_up)]
    pairs.append(("waiting for", job.waiting_for))
    facts = [(element("dt", word), element("dd", value)) for word, value in pairs if value]
    return element(
        "section",
        element("div", *tiles, cls="tiles"),
        state_bar(counts),
        _legend(counts),
        element("dl", *(part for pair in facts for part in pair)),
        id="overview",
    )


def _time_tiles(attempts: Sequence[FrameAttempt]) -> list[Html]:
    begin, end = attempts[0].started, max(one.started + one.seconds for one in attempts)
    spent = sum(one.seconds for one in attempts)
    lost = sum(one.seconds for one in attempts if one.state in _FAILED)
    most = max(one.memory_kb for one in attempts)
    tiles = [
        _tile("from start to end", duration(end - begin), time.strftime("%a %d %b %H:%M", time.localtime(begin))),
        _tile("time of frames", duration(spent), f"{duration(lost)} in attempts that failed" if lost else ""),
    ]
    return [*tiles, _tile("most memory", memory(most), "of one frame")] if most else tiles


def _tile(word: str, value: str, more: str, cls: str = "") -> Html:
    return element("div", element("span", word), element("b", value), element("small", more), cls=f"tile {cls}".strip())


def _legend(counts: Mapping[FrameState, int]) -> Html:
    return element(
        "p",
        *(
            element("span", element("i", cls=state.value), f"{spaced(counts[state])} {state.value.lower()}")
            for state in STATES
            if counts[state]
        ),
        cls="legend",
    )


# -- layers ----------------------------------------------------------------------------------------------------


def _layers(job: JobStatus, attempts: Sequence[FrameAttempt]) -> Html:
    by_layer: dict[str, list[FrameAttempt]] = defaultdict(list)
    for one in attempts:
        by_layer[one.layer].append(one)
    cards = [_layer(place, layer, by_layer[layer.name]) for place, layer in enumerate(job.layers)]
    return _section("Layers", element("div", *cards, cls="cards"), name="layers")


def _layer(place: int, layer: LayerStatus, attempts: Sequence[FrameAttempt]) -> Html:
    good = [one for one in attempts if one.state is S.SUCCEEDED]
    plots = []
    if good:
        plots.append(histogram("time", [one.seconds for one in good], _time))
    if any(one.memory_kb for one in good):
        plots.append(histogram("memory", [one.memory_kb for one in good if one.memory_kb], lambda kb: memory(int(kb))))
    head = element("h3", element("i", cls=f"c{place % COLOURS}"), layer.name)
    words = f"{spaced(layer.done)} of {counted_chunks(layer.frames, layer.total)} done"
    failed = sum(one.state in _FAILED for one in attempts)
    words += f", {plural(failed, 'attempt')} failed" if failed else ""
    return element("article", head, element("p", words), state_bar(layer.counts), element("div", *plots, cls="pair"))


def _timeline(job: JobStatus, attempts: Sequence[FrameAttempt]) -> Html | None:
    if not attempts:
        return None
    layers = [layer.name for layer in job.layers]
    frame, data = timeline(attempts, layers)
    marks = [element("span", element("i", cls=f"c{place % COLOURS}"), name) for place, name in enumerate(layers)]
    if any(one.state in _FAILED for one in attempts):
        marks.append(element("span", element("i", cls="bad"), "failed"))
    return _section(
        "Timeline", element("p", *marks, cls="legend"), frame, json_script("timeline-data", {"layers": layers, **data})
    )


# -- what went wrong -------------------------------------------------------------------------------------------


def _deaths(job: JobStatus, deaths: Sequence[Death]) -> Html | None:
    if not job.dead:
        return None
    session, server = quoted(job.session or job.name), server_option(job.server)
    parts = []
    for place, death in enumerate(deaths):
        one = death.frame
        facts = [element("b", one.name), " ", element("em", shorten_middle(one.reason, _LONGEST), title=one.reason)]
        tries = f"{plural(one.attempt, 'try', 'tries')}, ran {duration(one.seconds or 0.0)}"
        facts.append(element("small", tries + (f" on {one.host}" if one.host else "")))
        log = element("pre", "\n".join(death.lines) or "It printed nothing.")
        show = element("code", f"outline log {session} {one.name}{server}")
        where = element("p", element("code", one.log), cls="path") if one.log else ""
        parts.append(
            element("details", element("summary", *facts), log, where, show, open="" if place < _OPEN_DEATHS else None)
        )
    more = len(job.dead) - len(deaths)
    again = element("p", "All of them again: ", element("code", f"outline retry {session}{server}"))
    rest = element("p", f"and {more} more") if more else ""
    return _section(f"{plural(len(job.dead), 'frame')} dead", *parts, rest, again, name="dead")


def _failures(attempts: Sequence[FrameAttempt]) -> Html | None:
    """Why attempts failed, and which frames were tried again; a farm remembers the last attempt of a frame only."""
    failed = [one for one in attempts if one.state in _FAILED]
    last = {one.name: one for one in attempts}
    again = sorted((one for one in last.values() if one.attempt > 1), key=lambda one: -one.attempt)
    if not failed and not again:
        return None
    parts = [*(_reasons(failed) if failed else ())]
    if again:
        rows = [[one.name, one.attempt, one.state.value.lower()] for one in again[:_MOST_ROWS]]
        again_table = table(["frame", "attempts", "is now"], rows, numbers=[1])
        parts += [element("h3", "Tried again"), again_table, *_rest(again)]
    return _section("Failed attempts", *parts, name="failures")


def _reasons(failed: Sequence[FrameAttempt]) -> list[Html]:
    same: dict[tuple[str, str], list[FrameAttempt]] = defaultdict(list)
    for one in failed:
        same[one.layer, _NUMBER.sub("#", one.reason)].append(one)  # the number is often that of the frame
    reasons = sorted(same.values(), key=lambda found: -len(found))
    rows = [
        [
            found[0].layer,
            element("span", shorten_middle(found[0].reason, _LONGEST), title=found[0].reason),
            len(found),
            len({one.name for one in found}),
            duration(sum(one.seconds for one in found)),
        ]
        for found in reasons[:_MOST_ROWS]
    ]
    return [table(["layer", "why", "attempts", "frames", "time lost"], rows, numbers=[2, 3, 4]), *_rest(reasons)]


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if 0 < seconds < 1 else duration(seconds)


def _rest(rows: Sequence[object]) -> list[Html]:
    more = len(rows) - _MOST_ROWS
    return [element("p", f"and {more} more")] if more > 0 else []


def _slowest(attempts: Sequence[FrameAttempt]) -> Html | None:
    good = [one for one in attempts if one.state is S.SUCCEEDED]
    if len(good) < 2:
        return None
    seconds: dict[str, list[float]] = defaultdict(list)
    for one in good:
        seconds[one.layer].append(one.seconds)
    middle = {layer: median(found) for layer, found in seconds.items()}
    rows = [
        [
            one.name,
            _time(one.seconds),
            f"{one.seconds / middle[one.layer]:.1f} x" if middle[one.layer] else "",
            memory(one.memory_kb) if one.memory_kb else "",
            one.host,
        ]
        for one in sorted(good, key=lambda one: -one.seconds)[:_SLOWEST]
    ]
    head = ["frame", "time", "median of its layer", "memory", "host"]
    return _section("Slowest frames", table(head, rows, numbers=[1, 2, 3]), name="slowest")


# -- what was made ---------------------------------------------------------------------------------------------


def _pictures(group: Pictures) -> Html:
    title = group.layer if group.output == "main" else f"{group.layer}, {group.output}"
    shown = f"{len(group.shown)} of {group.total}" if len(group.shown) < group.total else f"{group.total}"
    return _section(f"Pictures: {title} ({shown})", element("div", *map(_picture, group.shown), cls="contact"))


def _picture(one: Picture) -> Html:
    if one.data:
        source = f"data:image/{_kind(one.data)};base64,{base64.b64encode(one.data).decode()}"
        inner = Html(f'<img src="{source}" alt="{escape(one.name)}">')
    else:
        inner = element("span", one.fault, cls="fault")
    link = element("a", inner, href=f"file://{quote(one.path, errors='surrogateescape')}", title=one.path)
    return element("figure", link, element("figcaption", one.name))


def _kind(data: bytes) -> str:
    return "png" if data[:4] == b"\x89PNG" else "webp" if data[8:12] == b"WEBP" else "jpeg"


def _results(place: int, found: Results) -> Html:
    columns = list(dict.fromkeys(column for row in found.rows for column in row))
    data = {"columns": columns, "rows": [[_cell(row.get(column)) for column in columns] for row in found.rows]}
    name = f"results-{place}"
    more = f"{len(found.rows)} of {found.total} frames" if found.total > len(found.rows) else ""
    script = element("noscript", "This part of the page needs JavaScript.")
    box = element("div", script, element("p", more), cls="results", data_from=name)
    return _section(f"Results: {found.layer}", box, json_script(name, data))


def _cell(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return json.dumps(value, ensure_ascii=False)
