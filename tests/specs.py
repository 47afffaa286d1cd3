# SPDX-License-Identifier: Apache-2.0
"""Job specs for tests: the smallest ones that hold what a test is about."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from cuebot_stub.spec import DependSpec, JobSpec, LayerSpec, SpecRules, read_spec

__all__ = [
    "RULES", "SMALL", "STRICT", "depend", "document", "job", "layer", "one_layer", "only_depend", "only_job",
    "only_layer", "spec",
]  # fmt: skip

RULES = SpecRules(
    facilities=frozenset({"local", "cloud"}),
    shows=frozenset({"testing", "other"}),
    services=frozenset({"default", "shell", "arnold"}),
    limits=frozenset({"nuke", "arnold_license"}),
)
SMALL = "<memory>256m</memory>"
STRICT = RULES._replace(strict=True)


def document(body: str, version: str | None = "1.15", head: str = '<?xml version="1.0"?>\n') -> str:
    """Return a document of a version around a body; version None leaves the DOCTYPE out."""
    public = "SPI Cue  Specification Language"
    doctype = f'<!DOCTYPE spec PUBLIC "{public}" "http://localhost:8080/spcue/dtd/cjsl-{version}.dtd">\n'
    return head + (doctype if version else "") + body


def spec(
    *jobs: str,
    depends: str = "",
    before: str = "",
    show: str = "testing",
    shot: str = "test_shot",
    user: str = "tester",
    after: str = "<uid>1001</uid>",
    version: str | None = "1.15",
) -> str:
    """Return a spec; without jobs it has one job of one layer. ``before`` and ``after`` stand around the user."""
    head = f"{before}<show>{show}</show><shot>{shot}</shot><user>{escape(user)}</user>{after}"
    return document(f"<spec>{head}{''.join(jobs) or job()}<depends>{depends}</depends></spec>", version)


def job(*layers: str, name: str = "test", before: str = "") -> str:
    """Return a job; without layers it has one. ``before`` is what stands before its layers."""
    return f"<job name={quoteattr(name)}>{before}<layers>{''.join(layers) or layer()}</layers></job>"


def layer(
    name: str = "beauty",
    frames: str = "1-10",
    *,
    chunk: object = 1,
    kind: str = "Render",
    cmd: str = "render #IFRAME#",
    after: str = "",
) -> str:
    """Return a layer; ``after`` is what stands after its chunk."""
    parts = f"<cmd>{escape(cmd)}</cmd><range>{frames}</range><chunk>{chunk}</chunk>{after}"
    return f"<layer name={quoteattr(name)} type={quoteattr(kind)}>{parts}</layer>"


def one_layer(name: str = "test", frames: str = "1-20", after: str = SMALL, *, before: str = "", **around: str) -> str:
    """Return a spec of a job with one layer ``beauty``.

    Args:
        name: The job's name.
        frames: The range.
        after: What stands in the layer after its chunk.
        before: What stands in the job before its layers.
        around: Its ``show``, ``user`` or ``facility``.
    """
    facility = f"<facility>{around.pop('facility')}</facility>" if "facility" in around else ""
    return spec(job(layer(frames=frames, after=after), name=name, before=before), before=facility, **around)


def depend(kind: str, *, anyframe: str = "", **parts: str) -> str:
    """Return a depend of the job ``test`` on itself, unless ``depjob`` or ``onjob`` say otherwise."""
    order = ("depjob", "deplayer", "depframe", "onjob", "onlayer", "onframe")
    named = {"depjob": "test", "onjob": "test", **parts}
    inside = "".join(f"<{name}>{named[name]}</{name}>" for name in order if name in named)
    return f"<depend type={quoteattr(kind)}{f' anyframe={quoteattr(anyframe)}' if anyframe else ''}>{inside}</depend>"


def only_job(text: str, rules: SpecRules = RULES) -> JobSpec:
    """Return the one job of a spec."""
    (found,) = read_spec(text, rules).jobs
    return found


def only_layer(after: str = "", rules: SpecRules = RULES, **parts: str) -> LayerSpec:
    """Return the layer of a spec with one that has these parts."""
    (found,) = only_job(spec(job(layer(after=after, **parts))), rules).layers
    return found


def only_depend(*jobs: str, depends: str, rules: SpecRules = RULES) -> DependSpec:
    """Return the one depend of a spec."""
    (found,) = read_spec(spec(*jobs, depends=depends), rules).depends
    return found
