# SPDX-License-Identifier: Apache-2.0
"""Reads an outline back from outline.yaml.

It makes only ``Layer`` subclasses, without calling their constructors. The code of a class comes from an importable
module or from a script in the session, never from the YAML.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Callable
from importlib import import_module
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from ..depend import Depend
from ..exception import SerializeException
from ..layer import Layer
from ..layer.args import check_layer_name
from ..layer.state import SLOT, LayerState, adopt, make_with_state, set_own_attribute, state_of
from ..script import PACKAGE, line_where_stopped, load_saved_script
from ..session_paths import SessionPaths
from .outline_data import FORMAT, RTYPES, SETTINGS, find_attribute
from .plain_text import read_plain_text
from .references import LayerRef, OutlineRef, SessionRef

if TYPE_CHECKING:
    from ..loader import Outline

__all__ = ["find_listener", "import_layer_module", "read_outline", "restore_layers", "restore_settings"]

T = TypeVar("T")


def read_outline(ol: Outline, text: str, path: str) -> Outline:
    """Fill an empty outline from the text of an outline.yaml; gives it, or one of a studio's class in its place.

    Raises:
        SerializeException: The text contains something other than plain data and Layer subclasses, or comes from a
            later version.
    """
    data = read_plain_text(text)
    if data is None:
        from .data import load  # imports PyYAML

        data = load(text, path)
    if not isinstance(data, dict) or "outline" not in data:
        raise SerializeException(f"{path}: not an outline; the first key must be 'outline'")
    if data["outline"] != FORMAT:
        raise SerializeException(f"{path}: written in format {data['outline']!r}, this version reads format {FORMAT}")
    try:
        return _Reader(ol, data, path).read()
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise SerializeException(f"{path}: not a whole outline: {type(error).__name__}: {error}") from error


def restore_settings(ol: Outline, data: dict[str, Any]) -> None:
    """Apply settings from ``save_settings`` to an outline."""
    state = ol._ol_state
    state.name = data["name"]
    ol.set_frame_range(data.get("range"))
    state.args = data.get("args") or {}
    state.work = data.get("work") or {}
    for name in SETTINGS:
        setattr(state, name, data.get(name))
    state.env = {key: (entry["value"], bool(entry["pre"])) for key, entry in data.get("env", {}).items()}


def restore_layers(ol: Outline, layers: list[Layer]) -> None:
    """Put the layers from outline.yaml into an outline."""
    ol._ol_state.layers = {layer.get_name(): layer for layer in layers}
    for layer in layers:
        layer.set_outline(ol)


class _Reader:
    def __init__(self, ol: Outline, data: dict[str, Any], path: str) -> None:
        self.__ol = ol
        self.__data = data
        self.__path = path
        self.__layers: dict[str, Layer] = {}
        self.__modules: set[str] = set()
        self.__resolved: set[int] = set()

    def read(self) -> Outline:
        self.__add_module_paths(self.__data.get("module_paths", []))
        self.__ol._ol_state.script_args = dict(self.__data.get("script_args", {}))
        restore_settings(self.__ol, self.__data)
        self.__restore_class()
        entries = self.__data.get("layers", [])
        layers = [self.__make(entry, None) for entry in entries]
        restore_layers(self.__ol, layers)
        for layer, entry in zip(layers, entries, strict=True):
            self.__fill(layer, entry)
        self.__fill_attributes(self.__ol, self.__data)
        return self.__ol

    def __add_module_paths(self, folders: list[str]) -> None:
        for folder in folders:
            if not os.path.isabs(folder):  # anyone who can write into the current folder could choose the modules
                raise SerializeException(f"{self.__path}: the module path {folder!r} is refused, it is not absolute")
            if folder not in sys.path:
                sys.path.append(folder)
        self.__ol._ol_state.module_paths = list(folders)

    def __restore_class(self) -> None:
        """Go on with an outline of the studio's class, which has the same state."""
        if "class" in self.__data:
            cls = self.__find(self.__data["class"], type(self.__ol))
            self.__ol = make_with_state(cls, self.__ol._ol_state)

    def __make(self, entry: dict[str, Any], parent: Layer | None) -> Layer:
        cls = self.__find_class(entry["class"])
        required = {key: _rtypes(names) for key, names in entry.get("required", {}).items()}
        check_layer_name(entry["name"])
        layer = make_with_state(cls, LayerState(entry["name"], dict(entry.get("args", {})), required))
        items = entry.get("items", {})
        if "table" in items:
            from ..items import ItemTable  # most layers have no items

            paths = SessionPaths.holding(self.__path)
            groups = os.path.basename(str(items.get("groups", "")))
            state_of(layer).args["items"] = ItemTable(
                paths.items(os.path.basename(items["table"])),
                items["frames"],
                gives_files=bool(items.get("files")),
                after=str(items.get("after", "")),
                groups=paths.items(groups) if groups else "",
            )
        if parent is not None:
            adopt(parent, layer)
        layer.set_outline(self.__ol)
        self.__layers[layer.get_name()] = layer
        for child in entry.get("children", []):
            self.__make(child, layer)
        return layer

    def __fill(self, layer: Layer, entry: dict[str, Any]) -> None:
        state = state_of(layer)
        for key, value in layer.get_args().items():
            resolved = self.__resolve(value)
            if resolved is not value:
                state.args[key] = resolved
        self.__fill_attributes(layer, entry)
        state.inputs.update(entry.get("inputs", {}))
        state.outputs.update(entry.get("outputs", {}))
        for depend in entry.get("depends", []):
            on = self.__layers[depend["layer"]]
            any_frame, propagate = depend.get("any_frame", False), depend.get("propagate", False)
            state.depends.append(Depend(layer, on, depend["type"], propagate, any_frame))
        for name in entry.get("preprocess", []):
            layer.add_preprocess_layer(self.__layers[name])  # type: ignore[arg-type]  # the writer put only these
        for listener in entry.get("listeners", []):
            layer.add_event_listener(listener["event"], self.__find_callback(listener))
        for child, child_entry in zip(layer.get_children(), entry.get("children", []), strict=True):
            self.__fill(child, child_entry)

    def __fill_attributes(self, owner: object, entry: dict[str, Any]) -> None:
        for key, value in entry.get("attributes", {}).items():
            if key == SLOT:
                raise SerializeException(f"{self.__path}: the attribute {key} is refused")
            set_own_attribute(owner, key, self.__resolve(value))

    def __resolve(self, value: Any) -> Any:
        if isinstance(value, LayerRef):
            return self.__layers[value]
        if isinstance(value, OutlineRef):
            return self.__ol
        if isinstance(value, SessionRef):
            return self.__ol.get_session()
        if type(value) in (dict, list, OrderedDict):
            if id(value) in self.__resolved:  # also when a list contains itself
                return value
            self.__resolved.add(id(value))
        if isinstance(value, dict):
            for key in value:
                value[key] = self.__resolve(value[key])
        elif type(value) is list:
            value[:] = [self.__resolve(one) for one in value]
        elif type(value) in (tuple, set, frozenset):
            return type(value)(self.__resolve(one) for one in value)
        return value

    def __find_module(self, name: str) -> Any:
        if name.startswith(f"{PACKAGE}."):
            scripts = self.__data.get("scripts", {})
            file = SessionPaths.holding(self.__path).script(os.path.basename(scripts[name]))
            return load_saved_script(name, file, self.__data.get("script_args", {}).get(name, ()))
        return import_layer_module(name, self.__path)

    def __find_class(self, path: str) -> type[Layer]:
        cls = self.__find(path, Layer)
        self.__modules.update(base.__module__ for base in cls.__mro__)
        return cls

    def __find(self, path: str, base: type[T]) -> type[T]:
        module_name, _, qualname = path.partition(":")
        found = find_attribute(self.__find_module(module_name), qualname)
        line = line_where_stopped(module_name)
        if found is None and line:
            raise SerializeException(
                f"{self.__path}: its script defines the class {qualname} after it has launched another job in line"
                f" {line}, and frames read it only up to there; define the class above that line"
            )
        if not (isinstance(found, type) and issubclass(found, base)):
            raise SerializeException(f"{self.__path}: {path} is not a {base.__name__} class, so it is refused")
        return found

    def __find_callback(self, listener: dict[str, str]) -> Callable[[Any], object]:
        """Find a listener: a method of a layer, or a function of a module of some layer or plug-in."""
        if "method" in listener:
            method: Callable[[Any], object] = getattr(self.__layers[listener["layer"]], listener["method"])
            return method
        module_name, _, qualname = listener["function"].partition(":")
        modules = {module_name} if module_name.startswith(f"{PACKAGE}.") else self.__modules
        return find_listener(module_name, qualname, modules, self.__find_module, self.__path)


def import_layer_module(name: str, where: str) -> ModuleType:
    """Import the module of a layer's class.

    Args:
        name: Its name.
        where: The file that names it, for messages.

    Raises:
        SerializeException: The module does not exist, or it belongs to Python itself. Those modules have no layers, and
            importing one may have effects, such as opening a browser.
    """
    package = name.partition(".")[0]
    if package in sys.stdlib_module_names and _is_pythons_own(package):
        raise SerializeException(f"{where}: {name} is a module of Python itself, which has no layers, so it is refused")
    try:
        return import_module(name)
    except (ImportError, ValueError, TypeError) as error:
        raise SerializeException(
            f"{where}: cannot import {name}: {error}; the module must be on the Python path where frames run"
        ) from error


def _is_pythons_own(package: str) -> bool:
    """Whether a name means the standard library's module, not a studio's module of the same name."""
    from importlib.util import find_spec

    spec = find_spec(package)
    origin = (spec.origin if spec else None) or ""
    return not os.path.isabs(origin) or origin.startswith(os.path.dirname(os.__file__) + os.sep)


def find_listener(
    module_name: str, qualname: str, layer_modules: set[str], find_module: Callable[[str], Any], path: str
) -> Callable[[Any], object]:
    """Find a listener function that a session names.

    Args:
        module_name: The function's module.
        qualname: Its qualified name in the module.
        layer_modules: The modules that the classes of the job's layers come from.
        find_module: Returns the module with a name.
        path: The session's file, for messages.

    Raises:
        SerializeException: The name is not a function of a module of some layer or plug-in.
    """
    from ..plugins import PluginManager

    allowed = layer_modules | {plugin.__name__ for plugin in PluginManager.get_plugins()}
    if module_name not in allowed:
        raise SerializeException(
            f"{path}: the listener {module_name}:{qualname} is refused, {module_name} is not a module of a"
            " layer of this job nor a plug-in"
        )
    found = find_attribute(find_module(module_name), qualname)
    # A module's names include its imports, which are not a layer's code.
    if not isinstance(found, FunctionType) or found.__module__ != module_name:
        raise SerializeException(f"{path}: the listener {module_name}:{qualname} is not a function of its module")
    return found


def _rtypes(names: list[str] | None) -> Any:
    types = tuple(RTYPES[name] for name in names or [])
    return types[0] if len(types) == 1 else types or None
