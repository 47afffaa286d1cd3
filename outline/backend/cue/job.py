# SPDX-License-Identifier: Apache-2.0
"""What of an outline goes to the farm, settled once and then only read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ... import config, util
from ...cuebot_limits import MOST_RETRIES
from ...exception import ConfigException, LaunchException
from ...frames import FrameSet
from ...layer.args import where
from ...layer.ranges import launched_frames
from ...logs import get_logger
from ...modules.shell import plain_line
from .command import build_command

if TYPE_CHECKING:
    from ...cuerun import OutlineLauncher
    from ...layer import Layer
    from ...loader import Outline

__all__ = ["NEWEST", "OLDEST", "FarmJob", "FarmLayer", "SpecVersion", "asked_retries", "farm_job", "read_version"]

logger = get_logger("outline.backend.cue")


# Versions 1.x of the job spec.
OLDEST, NEWEST = 5, 15

# The first version 1.x that has something; what is not listed has been there from the start.
_SINCE = {
    "os": 6,
    "gpu": 7,
    "localbook": 8,
    "timeout": 10,
    "timeout_llu": 10,
    "priority": 11,
    "gpus": 12,
    "gpu_memory": 12,
    "maxcores": 13,
    "maxgpus": 13,
    "outputs": 14,
}
# What a version forgot, and the next one had again.
_LOST = {"onframe": 14}


class SpecVersion(NamedTuple):
    """The version 1.``minor``."""

    minor: int

    def __str__(self) -> str:
        return f"1.{self.minor}"

    def has(self, feature: str) -> bool:
        """Whether the version can hold something, such as ``gpus``."""
        return self.minor >= _SINCE.get(feature, 0) and self.minor != _LOST.get(feature)


class FarmLayer(NamedTuple):
    """A layer that the farm gets.

    Attributes:
        layer: The layer.
        frames: Its frames in render order, each once.
        command: What the farm's hosts run for each chunk, for ``/bin/sh``, with the farm's tokens in it.
    """

    layer: Layer
    frames: FrameSet
    command: str

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.get_name()

    @property
    def where(self) -> str:
        """The layer for a message."""
        return where(self.layer)


class FarmJob(NamedTuple):
    """A job that the farm gets.

    Attributes:
        launcher: Its flags.
        outline: The outline, which is set up.
        version: The version of the job spec.
        use_pycuerun: Whether the frames run in pycuerun, or are the layers' commands and nothing else.
        layers: The layers with frames in this job, in their order.
        warn: Tells of a layer, or of the job, what the farm will do otherwise than the outline says.
    """

    launcher: OutlineLauncher
    outline: Outline
    version: SpecVersion
    use_pycuerun: bool
    layers: tuple[FarmLayer, ...]
    warn: Callable[[FarmLayer | None, str], None]

    @property
    def show(self) -> str:
        """The show."""
        return str(self.launcher.get_flag("show") or self.outline.get_show())

    @property
    def shot(self) -> str:
        """The shot."""
        return str(self.launcher.get_flag("shot") or self.outline.get_shot())

    @property
    def user(self) -> str:
        """The user whose job it is."""
        return str(self.launcher.get_flag("user") or util.get_user())

    @property
    def os(self) -> str:
        """The operating system that its hosts must have; empty when any will do."""
        return str(self.launcher.get_flag("os") or os.environ.get("OL_OS") or "")

    @property
    def email(self) -> str:
        """The mail address of the user; empty when no mail is wanted."""
        return "" if self.launcher.get_flag("nomail") else f"{self.user}@{config.get('outline', 'domain')}"

    @property
    def env(self) -> dict[str, str]:
        """The job's variables; without pycuerun on the host nobody else sets those that are not ``pre``."""
        env = self.outline.get_env()
        return {name: value for name, (value, pre) in env.items() if pre or not self.use_pycuerun}

    def carries(self, feature: str, subject: str, wanted: bool = True) -> bool:
        """Whether the spec version can hold something; when not and it is wanted, a warning says so."""
        if self.version.has(feature):
            return True
        if wanted:
            self.warn(None, f"spec version {self.version} cannot carry {feature} of {subject}")
        return False


def asked_retries(launcher: OutlineLauncher) -> int | None:
    """How often frames are tried again, when somebody has asked for it.

    None leaves it to the farm: without a number, with that of the configuration, which tools of PyOutline always hand
    on, and with what is no number, which the job spec refuses.

    Raises:
        LaunchException: A farm does not do it so often.
    """
    given = launcher.get_flag("maxretries")
    if given == config.get("outline", "maxretries") or not re.match(r"\d+\Z", str(given)):
        return None
    count = int(given)
    if count > MOST_RETRIES:
        raise LaunchException(f"maxretries is {count}, and the farm takes at most {MOST_RETRIES}")
    return count


def read_version(text: str) -> SpecVersion:
    """The version that the configuration names.

    Raises:
        ConfigException: There is no such version.
    """
    match = re.match(r"1\.(\d{1,3})\Z", text.strip())
    if not match or not OLDEST <= int(match[1]) <= NEWEST:
        raise ConfigException(f"[outline] spec_version = {text!r}: give a version from 1.{OLDEST} to 1.{NEWEST}")
    return SpecVersion(int(match[1]))


def log_warning(layer: FarmLayer | None, message: str) -> None:
    """Write a warning to the log."""
    logger.warning("%s%s", f"{layer.where}: " if layer else "", message)


def farm_job(
    launcher: OutlineLauncher, use_pycuerun: bool, warn: Callable[[FarmLayer | None, str], None] = log_warning
) -> FarmJob:
    """What of a launcher's outline goes to the farm.

    Layers without a frame in the job are left out, as are children, which run in the frames of their parent.

    Raises:
        LaunchException: No layer is left, or one has no command.
        ConfigException: There is no such spec version.
    """
    ol = launcher.get_outline()
    layers = tuple(found for layer in ol.get_layers() if (found := _farm_layer(launcher, layer, use_pycuerun)))
    if not layers:
        raise LaunchException(f"no layer has a frame in the job's range {ol.get_frame_range()}, so nothing is launched")
    version = read_version(config.get("outline", "spec_version"))
    return FarmJob(launcher, ol, version, use_pycuerun, layers, warn)


def _farm_layer(launcher: OutlineLauncher, layer: Layer, use_pycuerun: bool) -> FarmLayer | None:
    text = launched_frames(layer)
    if not layer.get_arg("register", True) or layer.get_parent() is not None or not text:
        return None
    command = " ".join(build_command(launcher, layer)) if use_pycuerun else plain_line(layer)
    return FarmLayer(layer, FrameSet(text).unique(), command)
