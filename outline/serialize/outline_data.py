# SPDX-License-Identifier: Apache-2.0
"""The content of outline.yaml: the outline's settings, and each layer's class name and plain data.

``outline_reader`` reads it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from ..depend import Depend
from ..exception import SerializeException
from ..layer import Layer
from ..layer.args import where
from ..layer.class_code import data_arg
from ..layer.context import report_problem
from ..layer.state import own_attributes, state_of, walk
from ..logs import get_logger
from ..plugins import PluginManager
from ..script import PACKAGE, ScriptFile, find_script, script_args
from ..session_paths import SessionPaths
from .plain_text import write_plain_text

if TYPE_CHECKING:
    import yaml

    from ..loader import Outline
    from .data import Dumper

__all__ = [
    "FORMAT",
    "RTYPES",
    "SETTINGS",
    "Writer",
    "find_attribute",
    "outline_text",
    "script_file_name",
    "scripts_of",
]

logger = get_logger("outline.serialize")

FORMAT = 1
SETTINGS = ("show", "shot", "user", "facility", "maxcores", "maxgpus")
RTYPES = {cls.__name__: cls for cls in (str, int, float, bool, list, tuple, set, dict)}


def outline_text(ol: Outline) -> str:
    """The text of outline.yaml. Records in the outline what frames will lack.

    Raises:
        SerializeException: An attribute or argument is not plain data. Names layer, attribute and type.
    """
    writer = Writer(ol)
    text = writer.text()
    ol._ol_state.left_behind = writer.left_behind
    return text


def scripts_of(ol: Outline) -> list[ScriptFile]:
    """The scripts with classes or listeners of the outline's layers."""
    return list(Writer(ol).find_scripts().values())


def save_settings(ol: Outline) -> dict[str, Any]:
    """The settings of an outline, without its layers, for outline.yaml."""
    saved = {name: getattr(ol, f"get_{name}")() for name in SETTINGS}
    env = {key: {"value": value, "pre": pre} for key, (value, pre) in ol.get_env().items()}
    head = {"name": ol.get_name(), "range": ol.get_frame_range(), **saved}
    return {**head, "args": ol.get_args(), "env": env, "work": ol.get_work()}


def is_typed_in(cls: type) -> bool:
    """Whether a class comes from a program without a file, such as an interactive interpreter."""
    return cls.__module__ == "__main__" and find_script("__main__") is None


class Writer:
    """Turns one outline into data."""

    def __init__(self, ol: Outline) -> None:
        self.__ol = ol
        self.__known = {id(layer): layer.get_name() for layer in walk(ol.get_layers())}
        self.__scripts: dict[str, ScriptFile] = {}
        self.__is_plain = ol._ol_state.is_plain
        self.left_behind: list[str] = []

    def find_scripts(self) -> dict[str, ScriptFile]:
        """The scripts behind the outline's classes, by module name."""
        for owner in (self.__ol, *walk(self.__ol.get_layers())):
            for cls in type(owner).__mro__:
                self.__module_name(cls.__module__)
        return self.__scripts

    def text(self) -> str:
        """The YAML text."""
        layers = [self.__layer(layer) for layer in self.__ol.get_layers()]
        self.find_scripts()
        here = SessionPaths("")
        scripts = {name: here.script(script_file_name(script)) for name, script in self.__scripts.items()}
        args = {name: script_args(script.path) for name, script in self.__scripts.items()}
        args = {name: words or self.__ol._ol_state.script_args.get(name, []) for name, words in args.items()}
        found = {
            "scripts": scripts,
            "script_args": {name: words for name, words in args.items() if words},
            "module_paths": self.__module_paths(),
        }
        head = {"outline": FORMAT, **save_settings(self.__ol), **self.__own_class(), **found}
        head = {key: value for key, value in head.items() if value not in (None, {}, [])}
        data = {**head, "layers": layers}
        return write_plain_text(data) or self.__dump(data)

    def __dump(self, data: dict[str, Any]) -> str:
        from .data import dump  # imports PyYAML

        for layer, layer_data in zip(self.__ol.get_layers(), data["layers"], strict=True):
            self.__check(layer, layer_data)
        try:
            return dump(data, f"outline {self.__ol.get_name()!r}: ", self)
        except RecursionError as error:
            raise SerializeException(f"outline {self.__ol.get_name()!r} is nested too deeply to be saved") from error

    def __own_class(self) -> dict[str, Any]:
        """The outline's class, if it comes from a studio, and its extra attributes.

        Most jobs run without the parts that cannot be saved, so those cause only a warning.
        """
        ol, attributes = self.__ol, own_attributes(self.__ol)
        for name, value in list(attributes.items()):
            bad = _find_unsaveable(value, self.__is_known)
            if bad:
                what = f"{_readable(name)}{bad[0]} is {bad[1]}"
                logger.warning("outline %s: frames do not have its attribute %s: %s", ol.get_name(), name, what)
                del attributes[name]
        cls = type(ol)
        if cls.__module__ == "outline.loader.outline":
            return {"attributes": attributes}
        problem = "was typed in, where no frame can find it" if is_typed_in(cls) else self.__why_not_found(cls)
        if problem:
            logger.warning("outline %s: its class %s %s", ol.get_name(), cls.__qualname__, problem)
            return {"attributes": attributes}
        return {"class": f"{self.__module_name(cls.__module__)}:{cls.__qualname__}", "attributes": attributes}

    def __check(self, layer: Layer, data: dict[str, Any]) -> None:
        """Name the first attribute or argument that cannot be saved. Slow: only for errors and custom types."""
        for kind, word in (("attributes", "attribute"), ("args", "argument")):
            for name, value in data.get(kind, {}).items():
                bad = _find_unsaveable(value, self.is_reference)
                if bad:
                    problem = (
                        f"{where(layer)}: {word} {_readable(name)!r}{bad[0]}"
                        f" is {bad[1]}, which cannot be saved into outline.yaml;"
                        " make it in _before_execute, where the frame runs"
                    )
                    report_problem(SerializeException(problem), layer)
        for child, child_data in zip(layer.get_children(), data.get("children", []), strict=True):
            self.__check(child, child_data)

    def __layer(self, layer: Layer) -> dict[str, Any]:
        state = state_of(layer)
        args = layer.get_args()
        if data_arg(layer, "items") is not None:
            del args["items"]
        data = {
            "name": state.name,
            "class": self.__class_path(layer),
            "args": self.__plain(args) if self.__is_plain else args,
            "items": _items(layer),
            "required": {key: _rtype_names(rtype) for key, rtype in state.required.items()},
            "inputs": layer.get_inputs(),
            "outputs": state_of(layer).outputs,
            "depends": [_depend(depend) for depend in layer.get_depends()],
            "preprocess": [pre.get_name() for pre in layer.get_preprocess_layers() if id(pre) in self.__known],
            "listeners": self.__listeners(layer),
            "attributes": self.__attributes(layer),
            "children": [self.__layer(child) for child in layer.get_children()],
        }
        return {key: value for key, value in data.items() if value not in (None, {}, [])}

    def __attributes(self, layer: Layer) -> dict[str, Any]:
        """The attributes to save. Leaves out a method that somebody replaced on one layer, because it is not data.

        Tests of studios replace methods like that. The layer still works in this process, so only a launch refuses it.
        """
        attributes = own_attributes(layer)
        if self.__is_plain:
            return self.__plain(attributes)
        for name in [name for name in attributes if callable(getattr(type(layer), name, None))]:
            bad = _find_unsaveable(attributes[name], self.is_reference)
            if bad:
                del attributes[name]
                self.left_behind.append(
                    f"{where(layer)}: its method {name} is replaced by {bad[1]}, which"
                    " frames do not have; write a class that derives from "
                    f"{type(layer).__name__} and has a {name} of its own"
                )
        return attributes

    def __plain(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values that can be saved, for a layer of which a host runs only the command."""
        commands = ("command", "commands")
        return {
            name: value
            for name, value in values.items()
            if name in commands or not _find_unsaveable(value, self.__is_known)
        }

    def __class_path(self, layer: Layer) -> str:
        cls = type(layer)
        if self.__is_plain:  # the frames need none of its hooks, so the nearest class that they can import is enough
            found = (one for one in cls.__mro__ if not is_typed_in(one) and not self.__why_not_found(one))
            cls = next(found, cls)
        path = f"{self.__module_name(cls.__module__, layer)}:{cls.__qualname__}"
        problem = self.__why_not_found(cls)
        if problem:
            problem = f"{where(layer)}: its class {cls.__qualname__} {problem}"
            report_problem(SerializeException(problem), layer)
        return path

    def __why_not_found(self, cls: type) -> str:
        """Why a frame, which knows a class only by name, would find another class or none. Empty when it finds it."""
        if "<locals>" in cls.__qualname__:
            return (
                "is made inside of a function, where no frame can find it;"
                " define it at the top of the script or of a module"
            )
        # A second run of a script has another module. The outline knows the module that its layers came from.
        modules = [one for one in self.__ol._ol_state.script_modules if one.__name__ == cls.__module__]
        found = [find_attribute(module, cls.__qualname__) for module in (*modules, sys.modules.get(cls.__module__))]
        if cls in found:
            return ""
        script = find_script(cls.__module__)
        home = os.path.basename(script.path) if script else cls.__module__
        if not any(isinstance(one, type) for one in found):
            return (
                f"is not in {home} under that name, so no frame can find it;"
                f" assign it to {cls.__qualname__} at the top of the script or of a module"
            )
        return (
            f"is not the one that frames would find: {home} has defined another {cls.__qualname__} since;"
            " rename one of them"
        )

    def __module_name(self, module: str, layer: Layer | None = None) -> str:
        script = find_script(module)
        if script is not None:
            self.__scripts[script.module_name] = script
            return script.module_name
        if module == "__main__" and layer is not None:
            raise SerializeException(
                f"{where(layer)}: its class {type(layer).__name__} was typed in interactively, where no"
                " frame can find it; put it into a file"
            )
        return module

    def __listeners(self, layer: Layer) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        if self.__is_plain:
            return found
        for event_type, callback in layer.get_event_handler().get_all_listeners():
            if event_type not in ("BEFORE_EXECUTE", "AFTER_EXECUTE"):
                continue  # did its work before the launch
            if PluginManager.loses(callback):
                continue
            found.append({"event": event_type, **self.__callback(layer, callback)})
        return found

    def __callback(self, layer: Layer, callback: Callable[..., object]) -> dict[str, str]:
        if isinstance(callback, MethodType) and id(callback.__self__) in self.__known:
            return {"layer": self.__known[id(callback.__self__)], "method": callback.__name__}
        name = getattr(callback, "__qualname__", "")
        if isinstance(callback, FunctionType) and "<" not in name:
            return {"function": f"{self.__module_name(callback.__module__, layer)}:{name}"}
        problem = (
            f"{where(layer)}: its event listener {callback!r} cannot be saved;"
            " use a method of the layer, or a function at the top of the script or of a module"
        )
        report_problem(SerializeException(problem), layer)
        return {}

    def is_reference(self, data: Any) -> bool:
        """Whether a value is a layer, the outline or its session."""
        session = self.__ol._ol_state.session
        return isinstance(data, Layer) or data is self.__ol or (data is session and session is not None)

    def __is_known(self, data: Any) -> bool:
        return self.is_reference(data) and (id(data) in self.__known or not isinstance(data, Layer))

    def represent_reference(self, dumper: Dumper, data: Any) -> yaml.Node:
        """Write an attribute that is a layer, the outline or the session."""
        if isinstance(data, Layer):
            if id(data) in self.__known:
                return dumper.represent_scalar("!layer", self.__known[id(data)])
            raise SerializeException(
                f"{where(data)} is used by another layer but is not part of the outline;"
                " add it with add_layer or add_child"
            )
        tag = "!outline" if data is self.__ol else "!session"
        return dumper.represent_scalar(tag, "")

    def __module_paths(self) -> list[str]:
        """The folders that frames need on sys.path: those of the layers' modules and of the scripts."""
        found = dict.fromkeys(self.__ol._ol_state.module_paths)
        found.update(dict.fromkeys(os.path.dirname(script.path) for script in self.__scripts.values()))
        for owner in (self.__ol, *walk(self.__ol.get_layers())):
            for cls in type(owner).__mro__:
                folder = _import_folder(cls.__module__)
                if folder:
                    found[folder] = None
        return list(found)


def _find_unsaveable(data: Any, is_reference: Callable[[Any], bool]) -> tuple[str, str] | None:
    from .data import find_unsaveable  # imports PyYAML

    return find_unsaveable(data, is_reference)


def script_file_name(script: ScriptFile) -> str:
    """The file name of a script in a session."""
    return f"{script.module_name.partition('.')[2]}.outline"


def find_attribute(module: Any, qualname: str) -> Any:
    """The object with a dotted name in a module, or None."""
    for part in qualname.split("."):
        module = getattr(module, part, None)
    return module


def _readable(name: str) -> str:
    """A private attribute as its class spells it: ``_Ginsu__input`` is ``__input``."""
    head, sep, tail = name.partition("__")
    return f"__{tail}" if sep and head.startswith("_") and head[1:] else name


def _rtype_names(rtype: Any) -> Any:
    types = rtype if isinstance(rtype, tuple) else (rtype,)
    names = [getattr(one, "__name__", "") for one in types if one is not None]
    return names if names and all(name in RTYPES for name in names) else None


def _items(layer: Layer) -> dict[str, Any] | None:
    source = layer.get_items() if layer.get_parent() is None else None
    if source is not None and source.path:
        table = {"table": os.path.basename(source.path), "frames": source.frames, "files": source.gives_files}
        groups = os.path.basename(source.groups.path) if source.groups is not None else ""
        return table | {name: value for name, value in (("after", source.after), ("groups", groups)) if value}
    return None if source is None else {"source": str(source)}  # before there is a session; nobody reads it back


def _depend(depend: Depend) -> dict[str, Any]:
    data: dict[str, Any] = {"layer": depend.get_depend_on_layer().get_name(), "type": depend.get_type()}
    if depend.is_any_frame():
        data["any_frame"] = True
    if depend.is_propagated():
        data["propagate"] = True
    return data


_standard_folders: set[str] = set()


def _import_folder(module_name: str) -> str:
    """The sys.path entry of a module, unless every interpreter of this installation has it."""
    package = module_name.partition(".")[0]
    if package in ("builtins", "__main__", "outline", PACKAGE):
        return ""
    module = sys.modules.get(package)
    path = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", [])), None)
    if not path:
        return ""
    folder = os.path.dirname(os.path.abspath(path))
    if hasattr(module, "__path__"):
        folder = os.path.dirname(folder) if path.endswith(("__init__.py", "__init__.pyc")) else os.path.dirname(path)
    if not _standard_folders:
        import sysconfig

        _standard_folders.update(sysconfig.get_paths().values())
    return "" if folder in _standard_folders else folder
