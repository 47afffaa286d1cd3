# SPDX-License-Identifier: Apache-2.0
"""The command of a frame, as the shell of a farm host gets it.

The server replaces its tokens (``#IFRAME#``) in the text of the command before any shell sees it, also within quotes.
"""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

from ... import config, versions
from ...config.places import package_home
from ...tokens import split_command

if TYPE_CHECKING:
    from ...cuerun import OutlineLauncher
    from ...layer import Layer

__all__ = ["FRAME_TOKEN", "build_command", "literal", "pycuerun_words"]

FRAME_TOKEN = "#IFRAME#"


def literal(word: object) -> str:
    """A word quoted for the shell, and so that the server finds none of its tokens in it."""
    # A quote that ends and begins again after each # says the same to a shell, and keeps two # of a token apart.
    return shlex.quote(str(word)).replace("#", "#''")


def build_command(launcher: OutlineLauncher, layer: Layer) -> list[str]:
    """The words of the command that runs a chunk of a layer; joined by blanks they are for ``/bin/sh``.

    It is ``pycuerun SESSION/outline.yaml -e #IFRAME#-LAYER``, with in front of it what the layer's arguments
    ``strace`` and ``wrapper`` and the option ``wrapper_dir`` ask for, if they do.

    Raises:
        OutlineException: The argument ``wrapper`` cannot be split.
    """
    words = [*_strace(layer), *map(literal, [*_wrapper(layer), *_pycuerun()])]
    words += [literal(launcher.get_outline().get_path()), "-e", f"{FRAME_TOKEN}-{layer.get_name()}"]
    return words + [literal(word) for word in _options(launcher)]


def _strace(layer: Layer) -> list[str]:
    if not layer.get_arg("strace"):
        return []
    # Of the whole layer, so the frames must not share a file; "file" stands for every call with a path, on any machine.
    log = f"{literal(os.path.join(layer.get_path(), 'strace'))}.{FRAME_TOKEN}.log"
    return ["strace", "-ttt", "-T", "-f", "-e", "trace=file", "-o", log]


def _wrapper(layer: Layer) -> list[str]:
    """The wrapper that somebody has asked for, with its argument, the user's folder."""
    wrapper = layer.get_arg("wrapper")
    if wrapper:
        words = split_command(wrapper)
    elif folder := _folder_given("wrapper_dir"):
        setshot = layer.get_arg("setshot", True)
        name = "opencue_wrap_frame" if setshot or setshot is None else "opencue_wrap_frame_no_ss"
        words = [os.path.join(folder, name)]
    else:
        return []
    return [*words, config.get("outline", "user_dir")]


def _pycuerun() -> list[str]:
    """How hosts call this very installation of pycuerun, unless the configuration names another one."""
    if folder := _folder_given("bin_dir"):
        return [os.path.join(folder, "pycuerun")]
    return pycuerun_words(sys.executable or "python3", package_home())


def _folder_given(option: str) -> str:
    """A folder that somebody has configured; empty when nobody has."""
    return "" if config.origin("outline", option) == "default" else config.get("outline", option)


def pycuerun_words(python: str, home: str) -> list[str]:
    """How to call pycuerun: from the source tree, as it is installed, or as a module.

    Args:
        python: The interpreter.
        home: The folder that holds the package.
    """
    in_tree = os.path.join(home, "bin", "pycuerun")
    if os.path.isfile(in_tree):
        return [python, in_tree]  # a frame's PATH has perhaps no python3, or another one
    installed = os.path.join(os.path.dirname(python), "pycuerun")
    return [installed] if os.path.isfile(installed) else [python, "-m", "outline"]


def _options(launcher: OutlineLauncher) -> list[str]:
    """The options of pycuerun that somebody has set for this launch."""
    words: list[str] = []
    version, repos = versions.get_version("outline"), versions.get_repos().strip()
    if version != "latest":
        words += ["--version", version]
    if repos:
        words += ["--repos", repos]
    if launcher.get_flag("dev"):
        words.append("--dev")
    if launcher.get_flag("devuser"):
        words += ["--dev-user", str(launcher.get_flag("devuser"))]
    return words
