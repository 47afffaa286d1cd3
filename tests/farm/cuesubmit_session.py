# SPDX-License-Identifier: Apache-2.0
"""A session with CueSubmit 1.37: fills in its window by its own code and presses Submit, without anybody at the screen.

Run by the Python of the clients' environment, with a file of jobs and the file to write to, both JSON. Each job is
submitted from a new window. Its outcome has the texts of the dialogs and what was raised.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from cuesubmit import __main__ as cuesubmit
from qtpy import QtWidgets

RAISED: list[str] = []


def note(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Keep what a slot of Qt has raised, and print it as Python does."""
    RAISED.append(f"{kind.__name__}: {error}")
    sys.__excepthook__(kind, error, trace)


sys.excepthook = note


def pick(pulldown: Any, text: str) -> None:
    """Choose an entry of a pulldown."""
    next(action for action in pulldown.optionsMenu.actions() if action.text() == text).trigger()


def fill(field: Any, text: str) -> None:
    if hasattr(field, "optionsMenu"):
        pick(field, text)
    else:
        field.setText(text)


def fill_layer(form: Any, layer: dict[str, Any]) -> None:
    form.layerNameInput.setText(layer["name"])
    form.frameBox.frameSpecInput.setText(layer["range"])
    form.chunkInput.setText(str(layer["chunk"]))
    pick(form.dependSelector, layer["depend"])
    pick(form.jobTypeSelector, layer["type"])
    for name, text in layer["settings"].items():
        fill(getattr(form.settingsWidget, name), text)
    form.jobDataChanged()


def submit(job: dict[str, Any]) -> dict[str, Any]:
    window = cuesubmit.CueSubmitMainWindow("CueSubmit")
    form = window.submitWidget
    window.show()
    form.jobNameInput.setText(job["name"])
    pick(form.showSelector, "testing")
    form.shotInput.setText(job.get("shot", "sh010"))
    for number, layer in enumerate(job["layers"]):
        if number:
            form.jobTreeWidget.addLayerButton.click()
        fill_layer(form, layer)
    raised = len(RAISED)  # CueSubmit has raised a KeyError for each job type that its configuration does not have
    form.submitButtons.submitButton.click()
    QtWidgets.QApplication.processEvents()
    boxes = form.findChildren(QtWidgets.QMessageBox)
    outcome = {"dialogs": [box.text() for box in boxes if box.isVisible()], "raised": RAISED[raised:]}
    window.close()
    return outcome


def main() -> None:
    app = QtWidgets.QApplication(sys.argv[:1])
    with open(sys.argv[1]) as stream:
        jobs = json.load(stream)
    outcomes = [submit(job) for job in jobs]
    with open(sys.argv[2], "w") as stream:
        json.dump(outcomes, stream)
    app.quit()
    os._exit(0)  # gRPC's threads still run


if __name__ == "__main__":
    main()
