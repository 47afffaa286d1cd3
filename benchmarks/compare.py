# SPDX-License-Identifier: Apache-2.0
"""The command: installs the field, runs it in turns, prints the table."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.envs import NotInstalled
from benchmarks.field import Dask, Doit, Joblib, Luigi, Make, OpenJd, Parallel
from benchmarks.machine import machine_facts
from benchmarks.measure import RunFailed, Usage, run, run_sampled
from benchmarks.outlines import Bare, Outline, PyOutline
from benchmarks.rows import WORKS, Work, rows
from benchmarks.table import Results, as_data, markdown
from benchmarks.tools import Case, NotComparable, Tool

REPOSITORY = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks; 0 whatever the numbers are, because a machine's mood is no fault."""
    options = _parser().parse_args(arguments)
    library: Path = options.library.resolve()
    works = [work for work in WORKS if not options.only or work.name in options.only]
    scratch = Path(tempfile.mkdtemp(prefix="outline-bench-", dir=options.work))
    try:
        results = Results(machine_facts(scratch.resolve(), library))
        tools = _prepared(_tools(library, options.tool), results)
        for work in works:
            _say(f"{work.name} ...")
            _measure(work, tools, scratch, options.runs or (1 if options.quick else 5), options.quick, results)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _report(results, options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__)
    names = [work.name for work in WORKS]
    parser.add_argument("--quick", action="store_true", help="small jobs, one run; the targets are not judged")
    parser.add_argument("--only", action="append", choices=names, metavar="WORK", help=f"one of {', '.join(names)}")
    parser.add_argument("--tool", action="append", metavar="TOOL", help="only this tool; may be repeated")
    parser.add_argument("--runs", type=int, default=0, help="runs of each command, of which the median counts [5]")
    parser.add_argument("--out", type=Path, help="write the Markdown here too")
    parser.add_argument("--json", type=Path, help="write every single run here")
    parser.add_argument("--library", type=Path, default=REPOSITORY, help="the checkout to measure [this one]")
    parser.add_argument("--work", type=Path, help="make the jobs below this folder [the system's temporary folder]")
    return parser


def _tools(library: Path, names: Sequence[str] | None) -> list[Tool]:
    field: list[Tool] = [Outline(library), Bare(), Make(), Parallel(), Doit(), Luigi(), Dask(), Joblib()]
    field += [OpenJd(), PyOutline()]
    return [tool for tool in field if not names or tool.name in names]


def _prepared(tools: Sequence[Tool], results: Results) -> list[Tool]:
    """Return the tools that could be installed; the reasons for the others go into the results."""
    ready = []
    for tool in tools:
        try:
            tool.prepare()
        except NotInstalled as reason:
            results.left_out[tool.name] = str(reason)
            _say(f"without {tool.name}: {reason}")
            continue
        results.versions[tool.name] = tool.version
        ready.append(tool)
    return ready


def _measure(work: Work, tools: Sequence[Tool], scratch: Path, runs: int, quick: bool, results: Results) -> None:
    """Run one work with every tool, in turns, so that a slow minute of the machine meets all of them."""
    usages: dict[str, list[Usage]] = results.usages.setdefault(work.name, {})
    reasons = results.reasons.setdefault(work.name, {})
    cases = _cases(work, tools, scratch / work.name, quick, reasons)
    for turn in range(runs):
        names = list(cases)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            if name in reasons:
                continue
            try:
                usage = _run_case(cases[name], sampled=work.sampled)
            except RunFailed as failure:
                reasons[name] = str(failure)
                usages.pop(name, None)
                _say(f"{work.name}, {name}: {failure}")
                continue
            usages.setdefault(name, []).append(usage)
    results.usages[work.name] = {name: usages[name] for name in cases if name in usages}
    results.notes[work.name] = {name: case.note for name, case in cases.items() if case.note}
    shutil.rmtree(scratch / work.name, ignore_errors=True)


def _cases(work: Work, tools: Sequence[Tool], folder: Path, quick: bool, reasons: dict[str, str]) -> dict[str, Case]:
    cases = {}
    for tool in tools:
        if work.only and tool.name not in work.only:
            continue
        try:
            cases[tool.name] = work.case(tool, folder / tool.name, quick)
        except NotComparable as reason:
            if str(reason) != "not asked":
                reasons[tool.name] = str(reason)
    return cases


def _run_case(case: Case, *, sampled: bool) -> Usage:
    """Run one command once; one that is scaled is run at its two sizes.

    Raises:
        RunFailed: it ended badly, or it did not do all the work.
    """
    usage = _run_command(case, sampled=sampled)
    if case.scale is None:
        return usage
    small = _run_command(case.scale.small, sampled=sampled)
    return usage._replace(seconds=case.scale.full_seconds(small.seconds, usage.seconds))


def _run_command(case: Case, *, sampled: bool) -> Usage:
    case.reset()
    log = case.folder.with_name(case.folder.name + ".log")
    measured = run_sampled if sampled else run
    usage = measured(case.argv, cwd=case.folder, env=case.env, log=log)
    missing = case.missing()
    if missing:
        raise RunFailed(missing)
    return usage


def _report(results: Results, options: argparse.Namespace) -> None:
    table = rows(options.quick)
    judged = not options.quick
    title = "Benchmarks (quick: small jobs, no verdicts)" if options.quick else "Benchmarks"
    text = markdown(results, table, title=title, judged=judged)
    print(text, end="")
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    if options.json:
        data = as_data(results, table, judged=judged)
        options.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
