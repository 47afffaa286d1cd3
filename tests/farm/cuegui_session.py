# SPDX-License-Identifier: Apache-2.0
"""A session with CueGUI 1.37: opens its windows and calls its menus, by its own code, without anybody at the screen.

Run by the Python of CueGUI's environment, with the file to write to: what was opened, what was called and what came
back, as JSON. Dialogs are filled in and accepted, and every question is answered with yes.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback
from contextlib import suppress
from typing import Any

import grpc
import opencue

BEGUN: list[str] = []
CALLS: list[tuple[str, str, str]] = []
ERRORS: list[str] = []
SHOWN: set[str] = set()


class Recorder(grpc.UnaryUnaryClientInterceptor):
    """Notes how each call to the server ended."""

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        BEGUN.append(details.method)
        outcome = continuation(details, request)
        code = outcome.code()
        CALLS.append((details.method.rpartition(".")[2], code.name, outcome.details() or ""))
        return outcome


_plain_channel = grpc.insecure_channel
grpc.insecure_channel = lambda *args, **options: grpc.intercept_channel(_plain_channel(*args, **options), Recorder())


class Errors(logging.Handler):
    """Notes what CueGUI logs as an error."""

    def emit(self, record: logging.LogRecord) -> None:
        ERRORS.append(self.format(record))


logging.getLogger().addHandler(Errors(logging.ERROR))
sys.excepthook = lambda kind, error, trace: ERRORS.append("".join(traceback.format_exception(kind, error, trace)))

import cuegui  # noqa: E402
import cuegui.ActionRunner  # noqa: E402
import cuegui.Layout  # noqa: E402
import cuegui.MainWindow  # noqa: E402
import cuegui.MenuActions  # noqa: E402
import cuegui.Style  # noqa: E402
import cuegui.ThreadPool  # noqa: E402
from qtpy import QtWidgets  # noqa: E402

# -- nobody at the screen --------------------------------------------------------------------------------------


def pump(seconds: float) -> None:
    """Let Qt and CueGUI's threads work for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        cuegui.app().processEvents()
        time.sleep(0.002)


def settle() -> None:
    """Wait until what a menu has begun is done: CueGUI does one thing after the other."""
    done: list[object] = []
    cuegui.ActionRunner.submit(lambda: None, lambda result, error: done.append(error), "settle")
    while not done:
        pump(0.005)
    pump(0.01)


def calm() -> None:
    """Wait until nothing asks the server, as trees do in threads of their own."""
    begun = -1
    while not begun == len(BEGUN) == len(CALLS):
        begun = len(BEGUN)
        pump(0.1)


def fill(dialog: QtWidgets.QWidget) -> None:
    for edit in dialog.findChildren(QtWidgets.QLineEdit):
        if edit.isEnabled() and not edit.isReadOnly() and not edit.text():
            edit.setText(f"text{len(CALLS)}")


CONFIRMING = (QtWidgets.QDialogButtonBox.Ok, QtWidgets.QDialogButtonBox.Save, QtWidgets.QDialogButtonBox.Yes)


def accept(dialog: QtWidgets.QDialog) -> int:
    SHOWN.add(type(dialog).__name__)
    if isinstance(dialog, QtWidgets.QMessageBox):
        return int(QtWidgets.QMessageBox.Yes)
    dialog.show()
    settle()
    fill(dialog)
    buttons = dialog.findChildren(QtWidgets.QDialogButtonBox)
    confirm = next((box.button(kind) for box in buttons for kind in CONFIRMING if box.button(kind)), None)
    (confirm.click if confirm else dialog.accept)()
    settle()
    with suppress(RuntimeError):  # Qt has removed it
        dialog.close()
    return 1


def complain(kind: str) -> Any:
    def show(*args: Any, **options: Any) -> Any:
        ERRORS.append(f"{kind}: {[arg for arg in args if isinstance(arg, str)]}")
        return QtWidgets.QMessageBox.Ok

    return show


def answer_all_questions() -> None:
    QtWidgets.QDialog.exec_ = QtWidgets.QDialog.exec = accept
    box, ask = QtWidgets.QMessageBox, QtWidgets.QInputDialog
    box.critical, box.warning = complain("critical"), complain("warning")
    box.information = lambda *args, **options: box.Ok
    box.question = lambda *args, **options: box.Yes
    ask.getText = lambda parent, title, label, *rest, **options: (_text(title, *rest[1:2]), True)
    ask.getInt = lambda parent, title, label, value=1, *rest, **options: (max(int(value), 1), True)
    ask.getDouble = lambda parent, title, label, value=1, *rest, **options: (max(float(value), 1.0), True)
    ask.getItem = lambda parent, title, label, items, current=0, *rest, **options: (items[current], True)


def _text(title: str, default: str = "") -> str:
    return default or "text" + str(len(CALLS))


# -- what is done ----------------------------------------------------------------------------------------------


def open_window() -> Any:
    app = cuegui.create_app(sys.argv[:1])
    app.setApplicationName("CueCommander")
    app.threadpool = cuegui.ThreadPool.ThreadPool(3, parent=app)
    app.action_runner = cuegui.ActionRunner.ActionRunner(parent=app)
    app.settings = cuegui.Layout.startup("CueCommander")
    cuegui.Style.init()
    window = cuegui.MainWindow.MainWindow("CueCommander", "1.37", None)
    window.show()
    pump(0.2)
    return window


def open_monitors(window: Any) -> dict[str, list[list[str]]]:
    """Open every plug-in and return, by the classes of their trees, what the rows show."""
    plugins = window._MainWindow__plugins
    for name in sorted(plugins._Plugins__plugins):
        try:
            plugins.launchPlugin(name, "")
        except Exception:
            ERRORS.append(f"plug-in {name}: {traceback.format_exc()}")
        settle()
    tree_of(window, "CueJobMonitorTree").addShow(opencue.api.findShow(FARM))
    (job,) = find("jobs")
    cuegui.app().view_object.emit(job)
    wanted = {"CueJobMonitorTree", "HostMonitorTree", "FrameMonitorTree", "LayerMonitorTree", "JobMonitorTree"}
    wanted |= {"MonitorAllocations", "LimitsTreeWidget", "ShowsWidget"}
    while not wanted <= _shown(window):
        pump(0.1)
    calm()
    rows: dict[str, list[list[str]]] = {}
    for tree in window.findChildren(
        QtWidgets.QTreeWidget
    ):  # some windows open with the main one, so they are there twice
        rows.setdefault(type(tree).__name__, []).extend(rows_of(tree))
    return rows


def _shown(window: Any) -> set[str]:
    trees = window.findChildren(QtWidgets.QTreeWidget)
    return {type(tree).__name__ for tree in trees if tree.topLevelItemCount()}


def tree_of(window: Any, name: str) -> Any:
    return next(tree for tree in window.findChildren(QtWidgets.QTreeWidget) if type(tree).__name__ == name)


def rows_of(tree: Any) -> list[list[str]]:
    rows: list[list[str]] = []
    items = QtWidgets.QTreeWidgetItemIterator(tree)
    while items.value():
        texts = [items.value().data(column, 0) for column in range(tree.columnCount())]
        rows.append([str(text) for text in texts if text is not None])
        items += 1
    return rows


FARM = "testing"


KINDS = (
    "jobs", "layers", "frames", "shows", "rootgroups", "groups", "subscriptions", "hosts", "procs", "dependencies",
    "filters", "matchers", "actions", "tasks", "limits",
)  # fmt: skip


def find(kind: str) -> list[Any]:
    """Return the objects that a menu is opened on, as they are now."""
    api, show = opencue.api, opencue.api.findShow(FARM)
    job = api.findJob("testing-test_shot-daemon_main")
    return {
        "jobs": lambda: [job],
        "layers": lambda: [job.getLayers()[0]],
        "frames": lambda: [job.getFrames(state=[opencue.api.job_pb2.DEAD])[0]],
        "shows": lambda: [show],
        "rootgroups": lambda: [opencue.wrappers.group.NestedGroup(show.getJobWhiteboard())],
        "groups": lambda: [group for group in show.getGroups() if group.data.level][-1:],
        "subscriptions": lambda: show.getSubscriptions()[:1],
        "hosts": lambda: [api.findHost("node2")],
        "procs": lambda: api.getProcs()[:1],
        "dependencies": lambda: api.findLayer(job.name(), "comp").getWhatThisDependsOn()[:1],
        "filters": lambda: show.getFilters()[1:2],
        "matchers": lambda: show.getFilters()[0].getMatchers()[:1],
        "actions": lambda: show.getFilters()[0].getActions()[:1],
        "tasks": lambda: show.getDepartments()[0].getTasks()[:1],
        "limits": lambda: api.getLimits()[:1],
    }[kind]()


# These look at logs and pictures, or start programs that are not there.
NOT_FOR_THE_SERVER = {"tail", "viewLastLog", "xdiff2", "xdiff3", "previewMain", "previewAovs", "viewProcesses"}
LAST = ("unbookKill", "kill", "eat", "eatDead", "eatandmarkdone", "unmonitor", "delete", "deleteGroup")
CALLERS = {"jobs": "JobMonitorTree", "layers": "LayerMonitorTree", "frames": "FrameMonitorTree"}


def menu_entries(actions: Any) -> list[str]:
    names = [name.removesuffix("_info") for name in dir(actions) if name.endswith("_info")]
    names = [name for name in names if name not in NOT_FOR_THE_SERVER]
    return sorted(names, key=lambda name: (LAST.index(name) if name in LAST else -1, name))


def call_menus(window: Any) -> dict[str, list[str]]:
    """Call every entry of every menu; return what went wrong with each, by ``menu.entry``."""
    done: dict[str, list[str]] = {}
    (job,) = find("jobs")
    for kind in KINDS:
        caller = tree_of(window, CALLERS[kind]) if kind in CALLERS else window
        actions = getattr(cuegui.MenuActions.MenuActions(caller, lambda: None, list, lambda: job), kind)()
        for entry in menu_entries(actions):
            calls, errors = len(CALLS), len(ERRORS)
            try:
                getattr(actions, entry)(find(kind))
                settle()
                use_dialogs()
            except Exception:
                ERRORS.append(traceback.format_exc())
            bad = [f"{name}: {code} {why}" for name, code, why in CALLS[calls:] if code != "OK"]
            done[f"{kind}.{entry}"] = bad + ERRORS[errors:]
    return done


# Dialogs that menus leave open, all of whose buttons are pressed; in others they lead to more questions.
PRESSED = ("FilterDialog", "ModifyGroupDialog", "NewGroupDialog", "ShowDialog", "TasksDialog", "LimitBindingsDialog")
CLOSING = {"Cancel", "Close", "Done", "OK", "&OK", "&Cancel", "&Close"}


def use_dialogs() -> None:
    """Use the dialogs that a menu has opened, and close them."""
    for dialog in cuegui.app().topLevelWidgets():
        if isinstance(dialog, QtWidgets.QDialog) and dialog.isVisible():
            SHOWN.add(type(dialog).__name__)
            with suppress(RuntimeError):  # Qt has removed it
                if type(dialog).__name__ in PRESSED:
                    press(dialog)
                dialog.hide()


def press(dialog: QtWidgets.QDialog) -> None:
    fill(dialog)
    for button in dialog.findChildren(QtWidgets.QPushButton):
        for tree in dialog.findChildren(QtWidgets.QTreeWidget):
            if tree.topLevelItemCount():
                tree.setCurrentItem(tree.topLevelItem(0))
                tree.itemClicked.emit(tree.topLevelItem(0), 0)
        calm()
        if button.isEnabled() and button.text() not in CLOSING:
            button.click()
            settle()
    if dialog.isVisible():
        dialog.accept()
        settle()


def main() -> None:
    answer_all_questions()
    window = open_window()
    rows = open_monitors(window)
    opened = [f"{name}: {code} {why}" for name, code, why in CALLS if code != "OK"] + ERRORS
    menus = call_menus(window)
    result = {"rows": rows, "opened": opened, "menus": menus, "dialogs": sorted(SHOWN), "calls": CALLS}
    with open(sys.argv[1], "w") as stream:
        json.dump(result, stream)
    os._exit(0)  # threads of CueGUI still ask the server


if __name__ == "__main__":
    main()
