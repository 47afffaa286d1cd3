# SPDX-License-Identifier: Apache-2.0
"""What is common to all layers of a job: names, limits, frames, environment, arguments."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, overload

from .. import util
from ..exception import OutlineException
from ..frames import FrameSet

if TYPE_CHECKING:
    from ..session import Session

__all__ = ["OutlineSettings"]

logger = logging.getLogger("outline.loader")


class OutlineSettings:
    """The settings of an outline, and what outline.yaml keeps of them."""

    if TYPE_CHECKING:

        def get_session(self) -> Session: ...
        def _has_session(self) -> bool: ...

    def _init_settings(
        self,
        name: str,
        shot: str | None,
        show: str | None,
        user: str | None,
        facility: str | None,
        maxcores: int | None,
        maxgpus: int | None,
    ) -> None:
        self.__name = name
        self.__frame_range: str | None = None
        self.__shot, self.__show, self.__user = shot, show, user
        self.__facility, self.__maxcores, self.__maxgpus = facility, maxcores, maxgpus
        self.__args: dict[str, Any] = {}
        self.__env: dict[str, tuple[str, bool]] = {}

    def _restore_settings(self, data: dict[str, Any]) -> None:
        self.__name = data["name"]
        self.set_frame_range(data.get("range"))
        self.__show, self.__shot, self.__user = data.get("show"), data.get("shot"), data.get("user")
        self.__facility, self.__maxcores, self.__maxgpus = (
            data.get("facility"),
            data.get("maxcores"),
            data.get("maxgpus"),
        )
        self.__args = data.get("args", {})
        self.__env = {key: (entry["value"], bool(entry["pre"])) for key, entry in data.get("env", {}).items()}

    # -- names and places --------------------------------------------------------------------------------------

    def get_name(self) -> str:
        """Return the outline's part of the job's name."""
        return self.__name

    def set_name(self, name: str) -> None:
        """Set the outline's part of the job's name, without show, shot and user; no effect once it is set up."""
        self.__name = name

    def get_full_name(self) -> str:
        """Return ``show-shot-user_name``."""
        if self._has_session():
            return self.get_session().get_name().split("/")[0]
        return f"{self.get_show()}-{self.get_shot()}-{self.get_user()}_{self.__name}"

    def get_shot(self) -> str:
        """Return the shot; the environment's when none was set."""
        return util.get_shot() if self.__shot is None else self.__shot

    def set_shot(self, shot: str) -> None:
        """Set the shot."""
        self.__shot = shot

    def get_show(self) -> str:
        """Return the show; the environment's when none was set."""
        return util.get_show() if self.__show is None else self.__show

    def set_show(self, show: str) -> None:
        """Set the show."""
        self.__show = show

    def get_user(self) -> str:
        """Return the user; the one of this process when none was set."""
        return util.get_user() if self.__user is None else self.__user

    def set_user(self, user: str) -> None:
        """Set the user."""
        self.__user = user

    def get_facility(self) -> str | None:
        """Return the facility that the job shall run in."""
        return self.__facility

    def set_facility(self, facility: str) -> None:
        """Set the facility that the job shall run in."""
        self.__facility = facility

    def get_maxcores(self) -> int | None:
        """Return the most cores that the job may have at a time."""
        return self.__maxcores

    def set_maxcores(self, maxcores: int) -> None:
        """Set the most cores that the job may have at a time."""
        self.__maxcores = maxcores

    def get_maxgpus(self) -> int | None:
        """Return the most GPUs that the job may have at a time."""
        return self.__maxgpus

    def set_maxgpus(self, maxgpus: int) -> None:
        """Set the most GPUs that the job may have at a time."""
        self.__maxgpus = maxgpus

    # -- frames, environment, arguments, data ------------------------------------------------------------------

    def set_frame_range(self, frame_range: Any) -> None:
        """Set the frames of the job: text, numbers or a FrameSet; None or an empty text for none.

        Raises:
            FrameRangeError: The text cannot be read.
        """
        empty = frame_range is None or (isinstance(frame_range, str) and not frame_range.strip())
        self.__frame_range = None if empty else str(FrameSet(frame_range))

    def get_frame_range(self) -> str | None:
        """Return the frames of the job as text in render order, or None."""
        return self.__frame_range

    def set_env(self, key: str, value: str, pre: bool = False) -> None:
        """Set an environment variable of every frame.

        Args:
            key: Its name.
            value: Its value.
            pre: Set it before the shot environment of a farm, so from the start of the frame's process; otherwise
                right before ``_execute``.

        Raises:
            OutlineException: Key or value is not text.
        """
        if not isinstance(key, str) or not isinstance(value, str):
            raise OutlineException(f"an environment variable needs texts as key and value, not {key!r} and {value!r}")
        if key in self.__env:
            logger.warning("outline %s: %s changes from %s to %s", self.__name, key, self.__env[key][0], value)
        self.__env[key] = (value, pre)

    @overload
    def get_env(self) -> dict[str, tuple[str, bool]]: ...
    @overload
    def get_env(self, key: str) -> str: ...
    def get_env(self, key: str | None = None) -> Any:
        """Return one variable's value, or a dict of all as ``name: (value, pre)``."""
        return self.__env[key][0] if key else dict(self.__env)

    def get_args(self) -> dict[str, Any]:
        """Return a copy of the outline's own arguments."""
        return dict(self.__args)

    def set_arg(self, key: str, value: Any) -> None:
        """Set an argument of the outline."""
        if key in self.__args:
            logger.warning("outline %s: argument %s changes from %r to %r", self.__name, key, self.__args[key], value)
        self.__args[key] = value

    def get_arg(self, key: str, default: Any = None) -> Any:
        """Return an argument of the outline, or ``default``."""
        return self.__args.get(key, default)
