# SPDX-License-Identifier: Apache-2.0
"""The pictures of a report as SVG: the timeline of the attempts, histograms, bars of states.

Shapes are stretched to the width that there is; words stand beside them as HTML, which is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from ...backend.status import STATES, FrameAttempt
from ...scheduler import FrameState
from .html import Html, element, escape
from .lanes import WIDTH, Axis, Bar, Lane, axis_of, lay_out

__all__ = ["COLOURS", "histogram", "state_bar", "timeline"]

S = FrameState
COLOURS = 8  # of layers; then they begin again
_BINS = 24
_LANE, _BAR = 10, 8  # the height of a lane and of a bar in it, in units of the drawing
_THINNEST = 8  # units: about a pixel
_HIGHEST, _LOWEST, _ALL_LANES = 24, 3, 420  # pixels: of a lane, and of all of them together
_LABEL = 13  # pixels that a label needs
_NO_FAILURE = (S.SUCCEEDED, S.RUNNING)


def state_bar(counts: Mapping[FrameState, int]) -> Html:
    """How many frames are in each state, as parts of a bar."""
    total = max(1, sum(counts.values()))
    parts = [
        element("span", cls=state.value, style=f"width:{100 * counts[state] / total:.2f}%")
        for state in STATES
        if counts.get(state)
    ]
    words = ", ".join(f"{counts[state]} {state.value.lower()}" for state in STATES if counts.get(state))
    return element("div", *parts, cls="bar", role="img", title=words, aria_label=words)


def histogram(title: str, values: Sequence[float], shown: Callable[[float], str]) -> Html:
    """How values are spread.

    Args:
        title: What they are.
        values: At least one.
        shown: Writes a value.
    """
    low, high = min(values), max(values)
    counts = [0] * (_BINS if high > low else 1)
    size = float(high - low) / len(counts) or 1.0
    for value in values:
        counts[min(len(counts) - 1, int((value - low) / size))] += 1
    most, width = max(counts), 240 / len(counts)
    bars = []
    for place, count in enumerate(counts):
        if count:
            tall = max(2.0, 56 * count / most)
            words = f"{count}: {shown(low + place * size)} to {shown(low + (place + 1) * size)}"
            bars.append(
                f'<rect x="{place * width:.1f}" y="{58 - tall:.1f}" width="{width - 1:.1f}" height="{tall:.1f}">'
                f"<title>{escape(words if high > low else f'{count}: {shown(low)}')}</title></rect>"
            )
    middle = median(values)
    at = 240 * ((middle - low) / (high - low) if high > low else 0.5)
    bars.append(f'<path class="median" d="M{at:.1f} 0v58"/>')
    words = f"{title}: {shown(low)} to {shown(high)}, median {shown(middle)}"
    drawing = Html(
        f'<svg viewBox="0 0 240 58" preserveAspectRatio="none" role="img" aria-label="{escape(words)}">'
        f"{''.join(bars)}</svg>"
    )
    ends = [element("span", shown(low)), element("span", "median ", shown(middle)), element("span", shown(high))]
    scale = element("div", *(ends if high > low else ends[1:2]), cls="scale")
    return element("figure", element("figcaption", title), drawing, scale, cls="histogram")


def timeline(attempts: Sequence[FrameAttempt], layers: Sequence[str]) -> tuple[Html, dict[str, object]]:
    """All attempts as bars in lanes, and what the script of the page needs to name the one under the mouse.

    Args:
        attempts: In the order of their starts; at least one.
        layers: The names of the layers in their order.
    """
    axis = axis_of(attempts)
    lanes, bars = lay_out(attempts)
    number = {name: place for place, name in enumerate(layers)}
    paths: dict[str, list[str]] = {}
    places = []
    for bar in bars:
        one = bar.attempt
        left = axis.place(one.started)
        width = max(_THINNEST, axis.place(one.started + one.seconds) - left)
        left = min(left, WIDTH - width)
        kind = _kind_of(one, number)
        paths.setdefault(kind, []).append(f"M{left:.0f} {bar.lane * _LANE + 1}h{width:.0f}v{_BAR}h-{width:.0f}z")
        places.append((round(left), round(width)))
    order = sorted(paths, key=lambda kind: (kind == "bad", kind))  # failures are drawn over the others
    drawn = [f'<path class="{kind}" d="{"".join(paths[kind])}"/>' for kind in order]
    high = min(_HIGHEST, max(_LOWEST, _ALL_LANES / len(lanes))) * len(lanes)
    svg = Html(
        f'<svg viewBox="0 0 {WIDTH} {len(lanes) * _LANE}" preserveAspectRatio="none" style="height:{high:.0f}px"'
        f' role="img" aria-label="{escape(_in_words(attempts, lanes))}">{_gaps(axis, len(lanes))}{"".join(drawn)}</svg>'
    )
    plot = element("div", svg, element("output", cls="tip", hidden=""), cls="plot", id="plot")
    frame = element("div", _labels(lanes, high), plot, _ticks(axis), cls="timeline")
    return frame, _data_of(bars, places, number, lanes)


def _kind_of(one: FrameAttempt, number: Mapping[str, int]) -> str:
    if one.state not in _NO_FAILURE:
        return "bad"
    return f"c{number.get(one.layer, 0) % COLOURS}" + (" now" if one.state is S.RUNNING else "")


def _in_words(attempts: Sequence[FrameAttempt], lanes: Sequence[Lane]) -> str:
    hosts = len({lane.host for lane in lanes})
    return f"{len(attempts)} attempts at frames on {len(lanes)} slots of {hosts} hosts"


def _gaps(axis: Axis, lanes: int) -> str:
    pairs = zip(axis.spans, axis.spans[1:], strict=False)
    return "".join(
        f'<rect class="gap" x="{before.right:.0f}" y="0" width="{after.left - before.right:.0f}"'
        f' height="{lanes * _LANE}"><title>nothing ran</title></rect>'
        for before, after in pairs
    )


def _labels(lanes: Sequence[Lane], high: float) -> Html:
    """The hosts, and the slots of a host alone, where there is room for their names."""
    is_one = len({lane.host for lane in lanes}) == 1
    made, last, host = [], -float(_LABEL), ""
    for place, lane in enumerate(lanes):
        top = high * place / len(lanes)
        if (lane.host != host or is_one) and top - last >= _LABEL:
            text = f"slot {lane.slot}" if is_one else _short(lane.host)
            made.append(element("span", text, style=f"top:{top:.0f}px", title=f"{lane.host}, slot {lane.slot}"))
            last = top
        host = lane.host
    return element("div", *made, cls="lanes", style=f"height:{high:.0f}px")


def _short(host: str) -> str:
    """A host as it fits beside its lane: of a dask worker, the name of the machine and the port of the worker."""
    name, _, address = host.partition(" ")
    return f"{name} :{address.rpartition(':')[2]}" if address else host


def _ticks(axis: Axis) -> Html:
    made, last = [], -float(WIDTH)
    for tick in axis.ticks():
        if tick.place - last >= WIDTH / 12:
            made.append(element("span", tick.text, style=f"left:{100 * tick.place / WIDTH:.2f}%"))
            last = tick.place
    return element("div", *made, cls="ticks")


def _data_of(
    bars: Sequence[Bar], places: Sequence[tuple[int, int]], number: Mapping[str, int], lanes: Sequence[Lane]
) -> dict[str, object]:
    """The bars as lists: layer, padded frame, attempt, lane, left, width, seconds, memory in kB, state, reason."""
    reasons: dict[str, int] = {}
    rows = [
        [
            number.get(one.attempt.layer, -1),
            one.attempt.name.removesuffix(f"-{one.attempt.layer}"),
            one.attempt.attempt,
            one.lane,
            *place,
            round(one.attempt.seconds, 2),
            one.attempt.memory_kb,
            _STATES.index(one.attempt.state),
            reasons.setdefault(one.attempt.reason, len(reasons)),
        ]
        for one, place in zip(bars, places, strict=True)
    ]
    shown = [f"{lane.host}, slot {lane.slot}" for lane in lanes]
    return {"bars": rows, "lanes": shown, "reasons": list(reasons), "states": [state.value for state in _STATES]}


_STATES = tuple(FrameState)
