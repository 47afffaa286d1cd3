# SPDX-License-Identifier: Apache-2.0
"""Reads an outline.yaml from PyOutline without running anything that the file names.

Such files name Python objects in their tags. Here a tag only makes a note of the name. Afterwards the notes of a few
known kinds become an outline, its layers and their contents. The parser refuses any other tag before it makes or
imports anything. A function counts only as the listener of an event, and only from a module of one of the file's
layers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

import yaml

from ..constants import LayerType
from ..depend import Depend, DependType
from ..exception import LayerException, SerializeException
from ..frames import FrameSet
from ..layer import Layer
from ..layer.state import LayerState, adopt, make_with_state, set_own_attribute, state_of
from ..session import is_session_path
from .data import Loader, find_logger, make_file
from .outline_data import RTYPES
from .outline_reader import find_listener, import_layer_module, restore_layers, restore_settings

if TYPE_CHECKING:
    import pathlib

    from ..loader import Outline

__all__ = ["read_legacy"]

_TAG = "tag:yaml.org,2002:python/"
_RTYPES = {f"builtins.{name}": cls for name, cls in RTYPES.items()}
_NO_LAYER = {
    "outline.loader.Outline",
    "outline.depend.Depend",
    "outline.event.EventHandler",
    "outline.io.Path",
    "outline.session.Session",
    "FileSequence.FrameSet.FrameSet",
}
# What PyOutline's own class stores. A studio's class may also have the name Layer, and store more.
_BASE_NAMES = """
    name args type req_args depends parent input output env children service limits frame outline evh preprocess_layers
"""
_BASE = {f"_Layer__{name}" for name in _BASE_NAMES.split()}


class _Noted:
    """An object in the file: its class by name, and its attributes."""

    def __init__(self, cls: str) -> None:
        self.cls = cls
        self.state: dict[str, Any] = {}


class _Method:
    """A method of a layer that listens to an event."""

    def __init__(self, owner: Any, name: str) -> None:
        self.owner, self.name = owner, name


class _Function:
    """A function that listens to an event, named by its module. This class imports nothing."""

    def __init__(self, path: str) -> None:
        self.path = path


class _LegacyLoader(Loader):
    """Reads plain data and notes."""


def read_legacy(ol: Outline, text: str, path: str) -> None:
    """Fill an empty outline from the text of an outline.yaml that PyOutline wrote.

    Args:
        ol: The outline.
        text: The text.
        path: The file, for messages.

    Raises:
        SerializeException: The text names something other than layers and their contents.
    """
    try:
        root = yaml.load(text, Loader=_LegacyLoader)
        if not isinstance(root, _Noted) or root.cls != "outline.loader.Outline":
            raise SerializeException(f"{path}: not an outline of PyOutline")
        _LegacyReader(ol, root, path).read()
    except (SerializeException, LayerException):
        raise
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise SerializeException(f"{path}: refused, it names more than layers: {reason}") from error
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise SerializeException(f"{path}: not a whole outline: {type(error).__name__}: {error}") from error


class _LegacyReader:
    """Turns the notes of one file into layers of an outline. Use it once."""

    def __init__(self, ol: Outline, root: _Noted, path: str) -> None:
        self.__ol = ol
        self.__root = root
        self.__path = path
        self.__layers: dict[int, Layer] = {}
        self.__noted: list[_Noted] = []
        self.__values: dict[int, Any] = {}
        self.__modules: set[str] = set()

    def read(self) -> None:
        state = self.__root.state
        names = ("name", "show", "shot", "user", "facility", "maxcores", "maxgpus", "args")
        settings = {name: self.__value(state.get(f"_Outline__{name}")) for name in names}
        settings["range"] = self.__value(state.get("_Outline__frame_range"))
        settings["args"] = settings["args"] or {}
        written = self.__value(state.get("_Outline__path"))
        if isinstance(written, str) and not is_session_path(self.__path):
            self.__ol.set_path(written)  # of no session, so nothing of it can be run but described
        settings["env"] = {
            key: {"value": str(value), "pre": pre} for key, (value, pre) in (state.get("_Outline__env") or {}).items()
        }
        restore_settings(self.__ol, settings)
        restore_layers(self.__ol, [self.__layer(noted) for noted in state["_Outline__layers"]])
        while self.__noted:  # filling a layer may find another one that only an attribute refers to
            self.__fill(self.__noted.pop(0))

    def __layer(self, noted: Any, parent: Layer | None = None) -> Layer:
        if not isinstance(noted, _Noted) or noted.cls in _NO_LAYER:
            raise SerializeException(f"{self.__path}: {_describe(noted)} found where a layer belongs")
        if id(noted) in self.__layers:
            return self.__layers[id(noted)]
        state = noted.state
        cls = self.__class(noted.cls)
        required = {key: self.__value(rtype) for key, rtype in _required(state.get("_Layer__req_args"))}
        layer = make_with_state(cls, LayerState(state["_Layer__name"], {}, required))
        self.__layers[id(noted)] = layer
        self.__noted.append(noted)
        layer.set_outline(self.__ol)
        if parent is not None:
            adopt(parent, layer)
        for child in state.get("_Layer__children") or ():
            self.__layer(child, layer)
        return layer

    def __class(self, path: str) -> type[Layer]:
        module_name, _, name = path.rpartition(".")
        cls = getattr(import_layer_module(module_name, self.__path), name, None)
        if not (isinstance(cls, type) and issubclass(cls, Layer)):
            hint = "; PyOutline cannot keep classes of outline scripts" if module_name == "outline.loader" else ""
            raise SerializeException(f"{self.__path}: {path} is not a Layer class, so it is refused{hint}")
        self.__modules.update(base.__module__ for base in cls.__mro__)
        return cls

    def __fill(self, noted: _Noted) -> None:
        layer, state = self.__layers[id(noted)], noted.state
        beside = {name: state.get(f"_Layer__{name}") for name in ("type", "service", "limits", "env")}
        args = {**(state.get("_Layer__args") or {}), **{name: value for name, value in beside.items() if value}}
        restored = state_of(layer)
        restored.args = {str(name): self.__value(value) for name, value in args.items()}
        restored.given = set(args)
        for name, value in (state.get("_Layer__input") or {}).items():
            layer.add_input(name, self.__value(value))
        for name, value in (state.get("_Layer__output") or {}).items():
            layer.add_output(name, self.__value(value))
        for preprocess in state.get("_Layer__preprocess_layers") or ():
            layer.add_preprocess_layer(self.__layer(preprocess))  # type: ignore[arg-type]  # nothing else is in there
        for depend in state.get("_Layer__depends") or ():
            self.__add_depend(layer, depend)
        for event_type, methods in _listeners(state.get("_Layer__evh")):
            for method in methods:
                layer.add_event_listener(event_type, self.__listener(method))
        for key, value in state.items():
            if key not in _BASE:
                set_own_attribute(layer, key, self.__value(value))

    def __add_depend(self, layer: Layer, noted: Any) -> None:
        if not isinstance(noted, _Noted) or noted.cls != "outline.depend.Depend":
            raise SerializeException(f"{self.__path}: {_describe(noted)} found where a dependency belongs")
        state = {key.partition("__")[2]: value for key, value in noted.state.items()}
        on = self.__layer(state["depend_on"])
        # PyOutline writes `require="x:any"` as frame by frame. The arguments have the original type.
        wanted = layer.get_arg("require") or ()
        wants_any = f"{on.get_name()}:any" in ([wanted] if isinstance(wanted, str) else wanted)
        depend_type, any_frame = state["type"], bool(state.get("any_frame"))
        if any_frame or depend_type == DependType.LayerOnAny or (wants_any and depend_type == DependType.FrameByFrame):
            depend_type, any_frame = DependType.LayerOnLayer, True
        state_of(layer).depends.append(Depend(layer, on, depend_type, bool(state.get("propigate")), any_frame))

    def __listener(self, method: Any) -> Callable[[Any], object]:
        if isinstance(method, _Method) and isinstance(method.name, str):
            owner = self.__layer(method.owner)
            if callable(getattr(type(owner), method.name, None)):
                found: Callable[[Any], object] = getattr(owner, method.name)
                return found
        if isinstance(method, _Function):
            module_name, _, name = method.path.rpartition(".")
            return find_listener(module_name, name, self.__modules, import_module, self.__path)
        raise SerializeException(f"{self.__path}: {_describe(method)} cannot listen to an event")

    def __value(self, value: Any) -> Any:
        """A value from the file, with layers and paths in place of notes.

        Makes an anchored value once, however many aliases point to it, so nested aliases cannot grow without limit.
        """
        if isinstance(value, _Noted):
            return self.__object(value)
        if isinstance(value, _Method):
            raise SerializeException(f"{self.__path}: the method {value.name!r} found where data belongs")
        if isinstance(value, _Function):
            raise SerializeException(f"{self.__path}: refused, it names {value.path} where data belongs")
        if type(value) not in (dict, OrderedDict, list, tuple, set, frozenset):
            return value
        if id(value) not in self.__values:
            self.__values[id(value)] = self.__container(value)
        return self.__values[id(value)]

    def __container(self, value: Any) -> Any:
        if isinstance(value, dict):
            made: dict[Any, Any] = type(value)()
            self.__values[id(value)] = made
            made.update((self.__value(key), self.__value(one)) for key, one in value.items())
            return made
        if type(value) is list:
            found: list[Any] = []
            self.__values[id(value)] = found
            found.extend(map(self.__value, value))
            return found
        return type(value)(map(self.__value, value))

    def __object(self, noted: _Noted) -> Any:
        if noted.cls == "outline.loader.Outline":
            return self.__ol
        if noted.cls == "outline.session.Session":
            return self.__ol.get_session()
        if noted.cls == "outline.io.Path":
            from ..io import Path

            return Path(noted.state["_Path__path"], **(noted.state.get("_Path__attributes") or {}))
        if noted.cls == "FileSequence.FrameSet.FrameSet":
            return FrameSet(noted.state["frameList"])
        return self.__layer(noted)


def _listeners(handler: Any) -> Iterator[tuple[str, list[Any]]]:
    """The listeners that a frame calls. The others did their work before the launch."""
    if isinstance(handler, _Noted):
        for event_type, methods in (handler.state.get("_EventHandler__listeners") or {}).items():
            if event_type in ("BEFORE_EXECUTE", "AFTER_EXECUTE"):
                yield event_type, methods


def _describe(value: Any) -> str:
    return f"a {value.cls}" if isinstance(value, _Noted) else f"a {type(value).__name__}"


# -- the tags that the loader reads; it refuses all others -----------------------------------------------------


def _note_object(loader: Any, suffix: str, node: yaml.Node) -> Iterator[_Noted]:
    noted = _Noted(suffix)
    yield noted  # known from here on, so that what it holds may point back to it
    noted.state = loader.construct_mapping(node)


def _note_method(loader: Any, node: yaml.Node) -> _Method:
    owner, name = loader.construct_sequence(node)
    return _Method(owner, name)


def _of_one(make: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """A constructor for a call with a single value."""

    def construct(loader: Any, node: yaml.Node) -> Any:
        (value,) = loader.construct_sequence(node, deep=True)
        return make(value)

    return construct


def _construct_file(loader: Any, suffix: str, node: yaml.Node) -> pathlib.PurePath:
    kind = suffix.removeprefix("_local.")  # Python 3.13 keeps them there
    return make_file(kind, *map(str, loader.construct_sequence(node)))


def _construct_ordered(loader: Any, node: yaml.Node) -> OrderedDict[Any, Any]:
    (pairs,) = loader.construct_sequence(node, deep=True) or ([],)
    return OrderedDict(pairs)


def _construct_frozenset(loader: Any, node: yaml.Node) -> frozenset[Any]:
    (values,) = loader.construct_sequence(node, deep=True)
    return loader.hashable(frozenset(values))  # type: ignore[no-any-return]


def _construct_text(loader: Any, node: yaml.Node) -> str:
    return str(loader.construct_scalar(node))


def _construct_name(loader: Any, suffix: str, node: yaml.Node) -> type | _Function:
    return _RTYPES[suffix] if suffix in _RTYPES else _Function(suffix)


_LegacyLoader.add_multi_constructor(f"{_TAG}object:", _note_object)
_LegacyLoader.add_constructor(f"{_TAG}object/apply:builtins.getattr", _note_method)
_LegacyLoader.add_constructor(f"{_TAG}object/apply:outline.constants.LayerType", _of_one(LayerType))
_LegacyLoader.add_constructor(f"{_TAG}object/apply:logging.getLogger", _of_one(lambda name: find_logger(str(name))))
_LegacyLoader.add_constructor(f"{_TAG}object/apply:builtins.frozenset", _construct_frozenset)
_LegacyLoader.add_constructor(f"{_TAG}object/apply:collections.OrderedDict", _construct_ordered)
_LegacyLoader.add_multi_constructor(f"{_TAG}object/apply:pathlib.", _construct_file)
_LegacyLoader.add_multi_constructor(f"{_TAG}name:", _construct_name)
for _plain in ("str", "unicode"):
    _LegacyLoader.add_constructor(f"{_TAG}{_plain}", _construct_text)


def _required(noted: Any) -> Iterable[tuple[str, Any]]:
    """The required arguments with their types. Early versions of PyOutline kept only names."""
    if isinstance(noted, dict):
        return noted.items()
    return [(one, None) if isinstance(one, str) else one for one in noted or ()]
