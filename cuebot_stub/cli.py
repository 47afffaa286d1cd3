# SPDX-License-Identifier: Apache-2.0
"""``cuebot-stub``: runs an OpenCue server, or a whole farm on one machine.

Exit codes: 0 done, 1 ``status`` found a part that does not run, 2 failed, 130 interrupted. Each command imports what it
needs when it is called.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from outline import __version__
from outline.exception import OutlineException

if TYPE_CHECKING:
    from .up.places import FarmPlaces

__all__ = ["main", "stub_group"]

EXIT_NOT_RUNNING = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

# What the extra "stub" brings. Anything else that cannot be imported is a fault, and shows its traceback.
_EXTRA = frozenset(["flask", "google", "grpc", "grpc_health", "grpc_reflection", "opencue_proto", "werkzeug"])


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``cuebot-stub`` and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = stub_group.main(args=arguments, prog_name="cuebot-stub", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "cuebot-stub"
        return _fail(f"{error.format_message().rstrip('.')}; see {command} --help")
    except OutlineException as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        return _fail(f'{package} is not installed; pip install "outline-farm[stub]" brings what this needs')
    except (KeyboardInterrupt, click.Abort):
        click.echo("cuebot-stub: interrupted", err=True)
        return EXIT_INTERRUPTED


def _fail(text: str) -> int:
    _warn(text)
    return EXIT_USAGE


def _read_addresses(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """The addresses of RQDs, by host name."""
    from .up.addresses import read_rqd_entry

    try:
        return dict(map(read_rqd_entry, values))
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error


_port = click.IntRange(0, 65535)
_path = click.Path(path_type=Path)
_folder_option = click.option(
    "--dir", "folder", type=_path, metavar="DIR", help="The farm's folder.  [default: one in ~/.local/state]"
)


@click.group(
    invoke_without_command=True,
    context_settings=_CONTEXT,
    epilog="Exit codes: 0 done, 1 status found a part that does not run, 2 failed, 130 interrupted.",
)
@click.version_option(__version__, "-v", "--version", message="cuebot-stub %(version)s", help="Print the version.")
@click.pass_context
def stub_group(context: click.Context) -> int:
    """A small OpenCue server, and a whole farm on one machine."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        return EXIT_USAGE
    return 0


@stub_group.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=_port, default=8443, show_default=True, metavar="PORT", help="0 picks a free port.")
@click.option("--state", type=_path, metavar="FILE", help="Keep the state in this database.  [default: in memory]")
@click.option("--repair", is_flag=True, help="Remove damaged rows from the database.")
@click.option("--log-root", type=_path, metavar="DIR", help="The folder where hosts write the logs of frames.")
@click.option(
    "--rqd",
    multiple=True,
    callback=_read_addresses,
    metavar="NAME=HOST:PORT",
    help="The address of a host's RQD, if it is not NAME:8444. Can be given several times.",
)
@click.option("--strict", is_flag=True, help="Do exactly what Cuebot does, even where that is unhelpful.")
@click.option("--http", type=_port, metavar="PORT", help="Also serve a web page, on the loopback interface.")
@click.option(
    "--address-file",
    type=_path,
    metavar="FILE",
    help="When ready, write HOST:PORT to this file, then the page's address.",
)
def serve(**options: Any) -> int:
    """Run an OpenCue server until SIGTERM or Ctrl-C."""
    from .serving import serve_until
    from .signals import stop_event

    with stop_event() as stop:
        serve_until(stop, _say, _warn, **options)
    return 0


@stub_group.command()
@click.option("--hosts", type=click.IntRange(1, 64), default=2, show_default=True, metavar="N", help="Number of RQDs.")
@click.option(
    "--cores", type=click.IntRange(1, 1024), default=4, show_default=True, metavar="N", help="Cores of each RQD."
)
@click.option(
    "--port",
    type=_port,
    default=8443,
    show_default=True,
    metavar="PORT",
    help="Port of the server; 0 picks a free one.",
)
@click.option("--http", type=_port, metavar="PORT", help="Also serve a web page.")
@click.option("--strict", is_flag=True, help="Do exactly what Cuebot does, even where that is unhelpful.")
@click.option("--foreground", is_flag=True, help="Run until Ctrl-C, then take the farm down.")
@click.option(
    "--rqd-environment",
    type=_path,
    envvar="CUEBOT_STUB_RQD_ENVIRONMENT",
    metavar="DIR",
    help="Use this virtual environment, which has opencue-rqd.  [$CUEBOT_STUB_RQD_ENVIRONMENT; default: make one]",
)
@_folder_option
def up(folder: Path | None, rqd_environment: Path | None, foreground: bool, **options: Any) -> int:
    """Start a farm on this machine: a server and real RQDs.

    They listen on the loopback interface only, and run in the background until down.
    """
    from .signals import first_signal_interrupts
    from .up.report import farm_lines, watch
    from .up.rqd_environment import find_rqd_environment
    from .up.start import FarmOptions, start_farm

    places = _places(folder)
    _check_extra()
    with first_signal_interrupts():
        farm = start_farm(places, FarmOptions(**options), lambda: find_rqd_environment(rqd_environment, _say))
        try:
            _say("\n".join(farm_lines(places, farm.record)))
            if foreground:
                watch(farm, _warn)
        except BaseException:
            farm.stop()
            raise
    return 0


@stub_group.command()
@click.option("--export", is_flag=True, help='Print only a line for: eval "$(cuebot-stub status --export)".')
@_folder_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(folder: Path | None, export: bool, as_json: bool) -> int:
    """Show the server, the hosts and the jobs of the farm."""
    from .up.errors import NoFarm
    from .up.report import export_line, status_of

    places = _places(folder)
    try:
        if export:
            _say(export_line(places))
            return 0
        found = status_of(places)
    except NoFarm as error:
        _warn(str(error))
        return EXIT_NOT_RUNNING
    if as_json:
        _say(json.dumps(found.to_dict(), indent=2))
    else:
        for line in found.lines():
            _say(line)
    return 0 if found.is_whole else EXIT_NOT_RUNNING


@stub_group.command()
@_folder_option
def down(folder: Path | None) -> int:
    """End the farm and the frames that run on it.

    The next up continues its jobs.
    """
    from .signals import no_signals
    from .up.start import stop_farm

    places = _places(folder)
    with no_signals():
        for line in stop_farm(places):
            _say(line)
    _say(f"the farm in {places.folder} is down")
    return 0


def _check_extra() -> None:
    """Raise for a missing package here: the server would report it only in its log."""
    for package in sorted(_EXTRA):
        if importlib.util.find_spec(package) is None:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)


def _say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()


def _warn(text: str) -> None:
    click.echo(f"cuebot-stub: {text}", err=True)


def _places(folder: Path | None) -> FarmPlaces:
    from .up.places import FarmPlaces, default_farm_folder

    return FarmPlaces(folder or default_farm_folder())
