# SPDX-License-Identifier: Apache-2.0
"""The library's loggers are those of the standard library, which is imported when there is something to log."""

from __future__ import annotations

import copy
import logging
import pickle
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from unittest import mock

import pytest

from outline.logs import get_logger
from outline.serialize.data import dump, load


def test_message_goes_to_the_logger_of_that_name(caplog: pytest.LogCaptureFixture):
    get_logger("outline.test").warning("%s is left out", "frame 3")

    assert caplog.record_tuples == [("outline.test", logging.WARNING, "frame 3 is left out")]


def test_message_names_the_line_that_logs_it(caplog: pytest.LogCaptureFixture):
    get_logger("outline.test").warning("look here")

    assert caplog.records[0].filename == "test_logs.py"


def test_logger_passes_for_one_of_the_standard_library():
    assert isinstance(get_logger("outline.test"), logging.Logger)


def test_logger_is_saved_by_its_name():
    assert load(dump({"logger": get_logger("outline.test")}, "data"), "data") == {
        "logger": logging.getLogger("outline.test")
    }


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_logger_is_copied_by_its_name(copied: Callable[[logging.Logger], logging.Logger]):
    assert copied(get_logger("outline.test")).name == "outline.test"


def test_details_are_logged_where_somebody_reads_them(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG, "outline.test")

    get_logger("outline.test").debug("a detail")

    assert caplog.messages == ["a detail"]


def test_what_is_set_on_a_logger_counts():
    logger = get_logger("outline.test.quiet")

    logger.propagate = False

    assert not logging.getLogger("outline.test.quiet").propagate


def test_method_of_a_logger_is_replaced_for_a_while():
    logger = get_logger("outline.test.replaced")

    with mock.patch.object(logger, "warning") as warning:
        logging.getLogger("outline.test.replaced").warning("text")

    warning.assert_called_once_with("text")
    assert logger.warning == logging.getLogger("outline.test.replaced").warning


@pytest.mark.parametrize(
    ("method", "is_loaded", "written"), [("debug", False, ""), ("info", False, ""), ("warning", True, "text\n")]
)
def test_logging_is_imported_for_warnings_only(method: str, is_loaded: bool, written: str, unmeasured: dict[str, str]):
    code = f"""
import sys
from outline.logs import get_logger
get_logger("a").{method}("text", stack_info=False)
print("logging" in sys.modules)
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=unmeasured)

    assert (done.stdout, done.stderr) == (f"{is_loaded}\n", written)


def test_launcher_and_layers_load_without_logging(unmeasured: dict[str, str]):
    code = "import outline.cuerun, outline.layer, outline.cli.pycuerun, sys; print('logging' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=unmeasured)

    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    "module",
    [
        *("outline.backend.cue", "outline.cuerun", "outline.event", "outline.executor", "outline.io"),
        *("outline.layer", "outline.loader", "outline.modules.shell", "outline.session"),
    ],
)
def test_modules_of_pyoutline_have_their_loggers(module: str):
    assert import_module(module).logger.name == module
