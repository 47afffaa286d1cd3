# SPDX-License-Identifier: Apache-2.0
"""Loads the plug-ins that the configuration names."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ..config import config
from ..logs import get_logger

if TYPE_CHECKING:
    from ..layer import Layer

__all__ = ["LaunchTool", "PluginManager"]

logger = get_logger("outline.plugins")

ENTRY_POINT_GROUP = "outline.plugins"
_SECTION = "plugin:"


class LaunchTool(Protocol):
    """The launching tool, such as pycuerun, as ``init_cuerun_plugin`` sees it."""

    # Any: the parser takes what optparse's ``add_option`` takes, as ``add_plugin_option``.
    def get_parser(self) -> Any: ...

    def add_event_listener(self, event_type: str, callback: Callable[[Any], object]) -> None: ...


class PluginManager:
    """The plug-ins of this process.

    ``get_plugins`` or ``init_cuerun_plugins`` loads plug-ins on first use: the enabled ``[plugin:NAME]`` sections by
    ``priority``, then, if ``[outline] entry_points`` is on, those of installed packages. The manager warns about a
    plug-in that is missing or fails, skips it, and the job goes on.
    Differs: docs/differences.md#plug-ins
    """

    registered_plugins: ClassVar[list[ModuleType]] = []
    __is_loaded: ClassVar[bool] = False
    __warned: ClassVar[set[str]] = set()

    @classmethod
    def get_plugins(cls) -> list[ModuleType]:
        """The loaded plug-ins, in call order."""
        if not cls.__is_loaded:
            cls.load_all_plugins()
        return cls.registered_plugins

    @classmethod
    def load_all_plugins(cls) -> None:
        """Load the configured plug-ins that are not loaded yet.

        Raises:
            ConfigException: A priority is not a number, or an ``enable`` is neither on nor off.
        """
        cls.__is_loaded = True  # first, so that a plug-in which makes layers when it is loaded does not come back here
        named = [section for section in config.sections() if section.startswith(_SECTION)]
        enabled = [section for section in named if config.getboolean(section, "enable", fallback=True)]
        for section in sorted(enabled, key=lambda section: config.getint(section, "priority", fallback=0)):
            module_name = config.get(section, "module", fallback="")
            if module_name:
                cls.load_plugin(module_name)
            else:
                logger.warning("[%s] is enabled but names no module", section)
        if config.getboolean("outline", "entry_points"):
            from importlib.metadata import entry_points  # slow, see entry_points in the configuration

            for module_name in sorted(entry.module for entry in entry_points(group=ENTRY_POINT_GROUP)):
                cls.load_plugin(module_name)

    @classmethod
    def load_plugin(cls, module_name: str) -> None:
        """Import a plug-in, call its ``loaded`` and register it. Does nothing if it is already registered."""
        module = _import(module_name)
        if module is not None and module not in cls.registered_plugins and _call(module, "loaded"):
            cls.registered_plugins.append(module)

    @classmethod
    def init_plugin(cls, module_name: str, layer: Layer) -> None:
        """Call a plug-in's ``init`` with a layer, without registering the plug-in."""
        module = _import(module_name)
        if module is not None:
            _call(module, "init", layer)

    @classmethod
    def init_plugins(cls, layer: Layer) -> None:
        """Call the ``init`` of every plug-in with a new layer."""
        for plugin in cls.get_plugins():
            _call(plugin, "init", layer)

    @classmethod
    def loses(cls, listener: Callable[..., object]) -> bool:
        """Whether a listener is a plug-in's and has no name by which frames could find it, such as a lambda.

        Warns about it, once for each plug-in: it must not keep a studio from launching.
        """
        module, name = getattr(listener, "__module__", None), getattr(listener, "__qualname__", "")
        if "<" not in name or all(plugin.__name__ != module for plugin in cls.registered_plugins):
            return False
        if module not in cls.__warned:
            cls.__warned.add(str(module))
            logger.warning(
                "the plug-in %s: frames do not call its listener %s; make it a function at the top of a module",
                module,
                name,
            )
        return True

    @classmethod
    def init_cuerun_plugins(cls, cuerun: LaunchTool) -> None:
        """Let every plug-in add options to the launching tool, before that reads its command line."""
        for plugin in cls.get_plugins():
            _call(plugin, "init_cuerun_plugin", cuerun)

    @classmethod
    def reset(cls) -> None:
        """Forget all plug-ins. The next use loads them again from the configuration of that time. For tests."""
        cls.registered_plugins.clear()
        cls.__warned.clear()
        cls.__is_loaded = False


def _import(module_name: str) -> ModuleType | None:
    """Import a plug-in, or warn and return None."""
    logger.debug("importing the plug-in %s", module_name)
    try:
        return import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module_name == missing or module_name.startswith(f"{missing}."):
            logger.warning("the plug-in %s does not exist: %s", module_name, error)
        else:
            logger.warning("the plug-in %s cannot be imported", module_name, exc_info=True)
    except Exception:  # foreign code
        logger.warning("the plug-in %s cannot be imported", module_name, exc_info=True)
    return None


def _call(plugin: ModuleType, function_name: str, *args: Any) -> bool:
    """Call a function that a plug-in may have. Warns and returns False when it raises.

    Looks the function up first, so that an AttributeError inside the plug-in still shows as an error.
    """
    function: Callable[..., object] | None = getattr(plugin, function_name, None)
    if function is None:
        return True
    try:
        function(*args)
    except Exception:  # foreign code
        subject = f" of {args[0]}" if function_name == "init" else ""
        logger.warning("the plug-in %s failed in %s%s", plugin.__name__, function_name, subject, exc_info=True)
        return False
    return True
