# SPDX-License-Identifier: Apache-2.0
"""The page as a Flask application: the page, its data as JSON, and actions.

Any web page can make a browser on this machine send requests here. Therefore a request must name this machine as its
host, and a request that changes something or reads a log needs the token that the server prints when it starts.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, abort

from outline.scheduler import FrameState

from ..farm import steering
from ..farm.errors import CannotDo, NotFound
from ..farm.farm import Farm
from ..farm.job import Job
from ..logs import open_log
from ..services.finding import find_frame, find_job
from .data import farm_data, frames_data, job_data

__all__ = ["make_app"]

_LOG_BYTES = 256 * 1024
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_FIXED = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def make_app(farm: Farm, token: str) -> Flask:
    """The application.

    Args:
        farm: The farm to show.
        token: The token for requests that change something or read a log.
    """
    app = Flask("cuebot_stub.web", root_path=os.path.dirname(__file__))
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider

    @app.before_request
    def guard() -> None:
        if request.host.rpartition(":")[0] not in _LOOPBACK_NAMES:
            abort(403, "this page is only for the machine that it runs on")
        needs_token = request.method != "GET" or request.endpoint == "log"
        if needs_token and not hmac.compare_digest(request.headers.get("X-Token", "").encode(), token.encode()):
            abort(403, "the token is missing or wrong; open the address that the server printed at its start")

    @app.after_request
    def secure(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _FIXED
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(HTTPException)
    def problem(error: HTTPException) -> tuple[Response, int]:
        return jsonify(error=error.description), error.code or 500

    @app.errorhandler(CannotDo)
    def refused(error: CannotDo) -> tuple[Response, int]:
        return jsonify(error=str(error)), 404 if isinstance(error, NotFound) else 409

    _add_reading(app, farm)
    _add_changing(app, farm)
    return app


def _add_reading(app: Flask, farm: Farm) -> None:
    @app.get("/")
    def page() -> Response:
        return app.send_static_file("page.html")

    @app.get("/api/farm")
    def whole() -> Response:
        with farm.work():
            return jsonify(farm_data(farm))

    @app.get("/api/jobs/<id>")
    def job(id: str) -> Response:
        with farm.work():
            return jsonify(job_data(farm, find_job(farm.jobs, id)))

    @app.get("/api/jobs/<id>/frames")
    def frames(id: str) -> Response:
        number = request.args.get("page", 0, type=int)
        with farm.work():
            job, layer, state = find_job(farm.jobs, id), request.args.get("layer", ""), request.args.get("state", "")
            try:
                found = frames_data(job, layer, state, max(0, number))
            except (KeyError, ValueError) as error:
                abort(400, f"no such layer or state: {error}")
            return jsonify(found)

    @app.get("/api/frames/<id>/log")
    def log(id: str) -> Response:
        with farm.work():
            job, _, ref = find_frame(farm.jobs, id)
            path = job.log_path(ref)
        return jsonify(path=path, text=_end_of(path))


def _end_of(path: str) -> str:
    """The end of a log, or the reason why it cannot be read."""
    try:
        with os.fdopen(open_log(path), "rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _LOG_BYTES))
            text = stream.read(_LOG_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return "There is no log yet."
    except OSError as error:
        return f"The log cannot be read here: {error.strerror}."
    return text if size <= _LOG_BYTES else f"… {size - _LOG_BYTES} bytes before this\n{text}"


def _dead(job: Job) -> list[int]:
    return [ref for ref in range(len(job.state.frames)) if job.state.state(ref) is FrameState.DEAD]


_WHY = "from the page"
_JOB_ACTIONS: dict[str, Callable[[Farm, Job], None]] = {
    "pause": steering.pause,
    "resume": steering.resume,
    "kill": lambda farm, job: steering.kill_job(farm, job, f"the job was killed {_WHY}"),
    "retry": lambda farm, job: steering.retry_frames(farm, job, _dead(job)),
    "eat": lambda farm, job: steering.eat_frames(farm, job, _dead(job)),
}
_FRAME_ACTIONS: dict[str, Callable[[Farm, Job, Iterable[int]], None]] = {
    "retry": steering.retry_frames,
    "eat": steering.eat_frames,
    "kill": lambda farm, job, refs: steering.kill_frames(farm, job, refs, f"the frame was killed {_WHY}"),
}


def _add_changing(app: Flask, farm: Farm) -> None:
    @app.post("/api/jobs/<id>/<action>")
    def change_job(id: str, action: str) -> Response:
        act: Any = _JOB_ACTIONS.get(action) or abort(404, f"jobs have no action {action!r}")
        with farm.work():
            act(farm, find_job(farm.jobs, id))
        return jsonify(done=action)

    @app.post("/api/frames/<id>/<action>")
    def change_frame(id: str, action: str) -> Response:
        act: Any = _FRAME_ACTIONS.get(action) or abort(404, f"frames have no action {action!r}")
        with farm.work():
            job, _, ref = find_frame(farm.jobs, id)
            act(farm, job, [ref])
        return jsonify(done=action)
