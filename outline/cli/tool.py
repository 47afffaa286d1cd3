# SPDX-License-Identifier: Apache-2.0
"""``outline``: check a script, look at a job, here or on the farm, run parts of it again.

Each subcommand imports what it needs when it is called, so that each starts fast.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from ..names import split_frame_name
from .completion import SHELLS, complete_frame, complete_session
from .ending import EXIT_DEAD, EXIT_USAGE, usage_error
from .work_tool import JSON, WORK_COMMANDS

if TYPE_CHECKING:
    from ..config.parser import ConfigValue

__all__ = ["main", "outline_group"]

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_SESSION = (
    "SESSION names a job: its name, a part of the name that no other job has, or the start of its id, as outline list"
    " shows them. Of several jobs with one name it is the newest. It can also be the word last, a session folder or"
    " the outline.yaml in it, or the name or id of a job on the farm."
)
_SESSION_AND_FRAME = f"{_SESSION} FRAME is one frame, such as 12-beauty."
_SERVER = click.option("-s", "--server", metavar="HOST", help="The farm server, when SESSION is a job on the farm.")

_SESSION_ARGUMENT = click.argument("session", shell_complete=complete_session)

_FRAME = click.argument("frame", required=False, shell_complete=complete_frame)
_LAYER = click.option("--layer", metavar="LAYER", help="Only frames of this layer.")
_FRAMES = click.option("--frames", metavar="RANGE", help="Only these frames.")
_QUIET = click.option("--quiet", is_flag=True, help="Print nothing but errors.")


def _frames_of_job(command: Callable[..., int]) -> Callable[..., int]:
    """The arguments of a command that acts on frames of a job; FRAME stands for its layer and its number."""

    @functools.wraps(command)
    def call(*, frame: str | None, **options: Any) -> int:
        if frame is not None:
            if options["layer"] is not None or options["frames"] is not None:
                raise click.UsageError(f"{frame} names a layer and a frame; leave out --layer and --frames")
            number, options["layer"] = split_frame_name(frame)
            options["frames"] = str(number)
        return command(**options)

    return _SESSION_ARGUMENT(_FRAME(_LAYER(_FRAMES(_QUIET(_SERVER(call))))))


_NEGATIVE = re.compile(r"-\d")


def main(argv: list[str]) -> int:
    """Run ``outline`` with the arguments and return its exit code."""
    try:
        if argv[:1] == ["run"]:  # its options are pycuerun's, and those of plug-ins, which nobody else waits for
            from .ad_hoc import main as run_command

            return run_command(argv[1:])
        argv, words = _split_script_args(argv)
        code = outline_group.main(args=_negatives_last(argv), prog_name="outline", standalone_mode=False, obj=words)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "outline"
        return usage_error("outline", error.format_message(), command)
    except click.Abort:
        raise KeyboardInterrupt from None
    return code if isinstance(code, int) else 0


def _split_script_args(argv: list[str]) -> tuple[list[str], list[str]]:
    """Divide the words of a command that reads a script from those that follow ``--``, which are the script's."""
    at = argv.index("--") if "--" in argv and {"check", "export"}.intersection(argv[:2]) else len(argv)
    return argv[:at], argv[at + 1 :]


def _negatives_last(argv: list[str]) -> list[str]:
    """Move frames and ranges that begin with a minus behind ``--``, so that they are not taken for options."""
    is_negative = [
        bool(_NEGATIVE.match(word)) and (place == 0 or not argv[place - 1].startswith("--"))
        for place, word in enumerate(argv)
    ]
    if "--" in argv or not any(is_negative):
        return argv
    frames = [word for word, negative in zip(argv, is_negative, strict=True) if negative]
    return [word for word, negative in zip(argv, is_negative, strict=True) if not negative] + ["--", *frames]


@click.group(
    invoke_without_command=True,
    context_settings=_CONTEXT,
    epilog="Exit codes: 0 done, 1 a frame is dead or a check found errors, 2 failed, 130 interrupted.",
)
@click.option("-D", "--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(__version__, "-v", "--version", message="outline %(version)s", help="Print the version.")
@click.pass_context
def outline_group(context: click.Context, debug: bool) -> int:
    """Look at outlines and at jobs, here or on the farm. Jobs are launched with pycuerun."""
    if context.invoked_subcommand is None:
        print(context.get_help())
        return EXIT_USAGE
    return 0


for _command in WORK_COMMANDS:
    outline_group.add_command(_command)


@outline_group.command("run", add_help_option=False)
def run_command_stub() -> None:
    """Run one command for a range of frames, without an outline file."""


@outline_group.command(epilog="Exit code: 1 when there are errors, 0 when there are none; warnings do not count.")
@click.argument("script", type=click.Path())
@click.argument("frames", required=False, metavar="[RANGE]")
@JSON
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", hidden=True)
@click.pass_obj
def check(words: list[str], script: str, frames: str | None, as_json: bool, format_: str) -> int:
    """Report all that is wrong with an outline.

    Each problem comes with the line of the script. Nothing is launched and nothing is written. What follows -- is
    for the script.
    """
    from ..script import own_args
    from .check.outline import check_outline
    from .check.report import report_json, report_text

    with own_args(script, words):
        report = check_outline(script, frames)
    print(report_json(report) if as_json or format_ == "json" else report_text(report))
    return EXIT_DEAD if report.errors else 0


@outline_group.command()
@click.argument("section", required=False, metavar="[SECTION]")
@JSON
def config(section: str | None, as_json: bool) -> int:
    """Print the configuration and where its values come from."""
    rows = _config_rows(section)
    print(json.dumps([row._asdict() for row in rows]) if as_json else _config_text(rows))
    return 0


def _config_rows(section: str | None) -> list[ConfigValue]:
    from .. import config
    from ..exception import ConfigException, known_names

    rows = config.origins()
    sections = list(dict.fromkeys(row.section for row in rows))
    if section is not None and section not in sections:
        raise ConfigException(f"no section {section!r} in the configuration{known_names(section, sections)}")
    return [row for row in rows if section in (None, row.section)]


def _config_text(rows: Sequence[ConfigValue]) -> str:
    """Give the configuration as text that a configuration file could hold, with the origin of each value."""
    blocks = []
    for section in dict.fromkeys(row.section for row in rows):
        mine = [
            (f"{row.option} = {_indented(row.value)}".rstrip(), row.origin) for row in rows if row.section == section
        ]
        width = min(60, max(len(text) for text, _ in mine))
        blocks.append("\n".join([f"[{section}]", *(f"{text:<{width}}  # {origin}" for text, origin in mine)]))
    return "\n\n".join(blocks)


def _indented(value: str) -> str:
    return value.replace("\n", "\n    ")


@outline_group.command("list")
@click.argument("part", required=False)
@JSON
def list_(part: str | None, as_json: bool) -> int:
    """List the jobs that were launched from here, the newest first.

    With PART, only jobs with this in their name.
    """
    from .sessions import list_text, listed_jobs

    jobs = listed_jobs(part)
    print(json.dumps([job.to_dict() for job in jobs]) if as_json else list_text(jobs))
    return 0


@outline_group.command()
@click.argument("part", required=False)
@click.option(
    "--older-than", metavar="AGE", required=True, help="Remove jobs that ended longer ago than this, such as 7d or 12h."
)
@click.option("--yes", is_flag=True, help="Remove without asking.")
@click.option("--lost", is_flag=True, help="Also sessions of jobs that the farm does not know any more.")
@_SERVER
def clean(**options: Any) -> int:
    """Remove the sessions of jobs that are over since long.

    Lists them and asks first. A job that runs is left alone, and one on a farm unless the farm server says that it is
    over. With PART, only jobs with this in their name.
    """
    from .sessions import clean_sessions

    return clean_sessions(**options)


@outline_group.command(epilog=_SESSION)
@click.argument("session", default="last", shell_complete=complete_session)
@JSON
@click.option("--watch", is_flag=True, help="Print it again every second until the job is over.")
@_SERVER
def status(session: str, as_json: bool, watch: bool, server: str | None) -> int:
    """Show how a job is, while it runs and afterwards.

    Without SESSION, the job that was launched last.
    """
    from ..work.folder import WorkFolder
    from .places import job_place
    from .status import print_status, watch_status

    if WorkFolder(session).exists():
        from .work import status_json, status_text

        print(status_json(session) if as_json else status_text(session))
        return 0

    show = watch_status if watch else print_status
    return show(job_place(session, server).status, as_json)


@outline_group.command(epilog=_SESSION)
@click.argument("session", default="last", shell_complete=complete_session)
@click.option("-o", "--output", metavar="FILE", default="report.html", show_default=True, help="The file to write.")
@click.option(
    "--pictures", type=click.IntRange(0), metavar="N", default=40, show_default=True, help="How many pictures."
)
@_SERVER
def report(session: str, output: str, pictures: int, server: str | None) -> int:
    """Write a page about a job: states, times, memory, failures, pictures, results.

    The page is one file that needs no network. Without SESSION, the job that was launched last. SESSION may be the work
    folder that the job was launched with.
    """
    from .report import write_report

    print(write_report(session, output, server, pictures=pictures))
    return 0


@outline_group.command(epilog=_SESSION)
@_SESSION_ARGUMENT
@click.argument("frame", shell_complete=complete_frame)
@click.option("--attempt", type=click.IntRange(1), metavar="N", help="The attempt.  [default: the last]")
@click.option("-f", "--follow", is_flag=True, help="Follow the log until the frame is over.")
@_SERVER
def log(session: str, frame: str, attempt: int | None, follow: bool, server: str | None) -> int:
    """Print the log of a frame, such as 12-beauty."""
    from .places import job_place

    place = job_place(session, server)
    return place.follow_log(frame) if follow and attempt is None else place.print_log(frame, attempt)


@outline_group.command(epilog=_SESSION_AND_FRAME)
@_frames_of_job
@click.option(
    "--state",
    "states",
    type=click.Choice(["dead", "eaten", "succeeded"]),
    multiple=True,
    default=["dead"],
    show_default=True,
    help="Only frames in this state; may be given several times.",
)
@click.option("--no-run", is_flag=True, help="Only mark them; pycuerun --resume runs them.")
@click.option("--cores", metavar="N", help="Cores to use.  [default: all]")
@click.option("--memory", metavar="SIZE", help="Memory to use, such as 16g.  [default: all]")
@click.option("--fail-fast", is_flag=True, help="Stop when a frame is dead.")
def retry(session: str, **options: Any) -> int:
    """Run frames of a job again, and then all that waits for them.

    Without options these are the dead frames.
    """
    from .places import job_place

    return job_place(session, options.pop("server")).retry(**options)


@outline_group.command(epilog=_SESSION_AND_FRAME)
@_frames_of_job
def kill(session: str, server: str | None, layer: str | None, frames: str | None, quiet: bool) -> int:
    """End a job on the farm, or only some of its running frames."""
    from .places import place_on_farm

    place = place_on_farm(session, server)
    return (
        place.kill(quiet=quiet)
        if layer is None and frames is None
        else place.act("kill", layer=layer, frames=frames, quiet=quiet)
    )


@outline_group.command(epilog=_SESSION_AND_FRAME)
@_frames_of_job
def eat(session: str, server: str | None, **options: Any) -> int:
    """Give frames of a job on the farm up for good.

    Without options these are the dead frames.
    """
    from .places import place_on_farm

    return place_on_farm(session, server).act("eat", **options)


@outline_group.command(epilog=_SESSION_AND_FRAME)
@_frames_of_job
def done(session: str, server: str | None, **options: Any) -> int:
    """Release what waits for frames of a job on the farm, as if they were done.

    Without options these are the dead frames. The frames themselves stay as they are.
    """
    from .places import place_on_farm

    return place_on_farm(session, server).act("done", **options)


@outline_group.command()
@click.argument("script", type=click.Path())
@click.argument("frames", required=False, metavar="[RANGE]")
@click.option(
    "--format", "format_", type=click.Choice(["openjd"]), default="openjd", show_default=True, help="Of what."
)
@click.option("-o", "--output", metavar="DIR", required=True, help="The folder to make.")
@click.option(
    "-m", "--max-retries", type=click.IntRange(0), metavar="N", help="How many times to retry a failed frame."
)
@click.option("--work", metavar="DIR", help="Run only what is missing in this folder, which all hosts see.")
@click.pass_obj
def export(
    words: list[str],
    script: str,
    frames: str | None,
    format_: str,
    output: str,
    max_retries: int | None,
    work: str | None,
) -> int:
    """Write an outline as a job bundle of Open Job Description.

    AWS Deadline Cloud and openjd run it; its hosts need pycuerun. Warnings name what the format cannot express. What
    follows -- is for the script.
    """
    from ..script import own_args
    from .openjd import export_outline

    with own_args(script, words):
        return export_outline(script, frames, output, max_retries, work)


@outline_group.command("import")
@click.argument("template", type=click.Path())
@click.option("-o", "--output", metavar="FILE", required=True, help="The outline script to write.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def import_(template: str, output: str, force: bool) -> int:
    """Write a template of Open Job Description as an outline script.

    Steps become layers. Warnings name what an outline cannot express.
    """
    from .openjd import import_template

    return import_template(template, output, force=force)


@outline_group.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> int:
    """Print what makes your shell complete the commands.

    These are outline, pycuerun and cuebot-stub.

    For bash, put this into ~/.bashrc: eval "$(outline completion bash)"
    """
    from .completion import completion_script

    print(completion_script(shell))
    return 0
