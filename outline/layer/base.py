# SPDX-License-Identifier: Apache-2.0
"""Layer, the class that every module derives from."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from ..constants import OUTLINE_MODE_INIT
from ..constants import LayerType as LayerTypeName
from ..depend import Depend, DependType
from ..event import (
    AFTER_EXECUTE,
    AFTER_INIT,
    AFTER_PARENTED,
    BEFORE_EXECUTE,
    SETUP,
    EventHandler,
    LayerEvent,
)
from ..exception import LayerException, SessionException
from ..frames import FrameSet
from ..logs import get_logger
from ..plugins import PluginManager
from . import args as arguments
from . import depends, fill, life, outputs, paths, ranges, results
from .args import check_layer_name, name_text, where
from .context import calling_statement, registry
from .mistakes import check_argument_names
from .ranges import DEFAULT_FRAME_RANGE
from .state import SLOT, LayerState, required_args, shallow_copy
from .values import environment, layer_type, read_value

if TYPE_CHECKING:
    from random import Random

    from typing_extensions import Unpack

    from ..console import OutputReader
    from ..io import Path
    from ..items import Items
    from ..loader import Outline
    from ..session import Session
    from .args import CommandArgs
    from .frame import LayerPreProcess

__all__ = ["DEFAULT_FRAME_RANGE", "Layer", "LayerType"]

logger = get_logger("outline.layer")


class LayerType(type):
    """Makes a new layer part of the current outline, once its constructor has finished."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Construct a layer, check its arguments, register it and show it to the plug-ins."""
        layer: Layer = super().__call__(*args, **kwargs)
        if not hasattr(layer, SLOT):
            raise LayerException(f"{cls.__name__}.__init__ must call super().__init__(name, **args) before all else")
        check_argument_names(layer, kwargs)
        current = registry.current
        if current is not None and layer.get_arg("register"):
            current.add_layer(layer)
        elif registry.made is not None:
            registry.made.loose_layers.append(layer)
        PluginManager.init_plugins(layer)
        return layer


class Layer(metaclass=LayerType):
    """A numbered set of frames that differ in nothing but their number.

    Modules derive from it and override the hooks whose names begin with one underscore. A constructor keeps
    arguments and has no side effects, since layers are also made without ever being run. ``_setup`` runs once, on
    the machine that launches; ``_before_execute``, ``_execute`` and ``_after_execute`` run for every chunk of
    frames, in a process of their own, perhaps elsewhere. In between the layer lives in ``outline.yaml``: attributes
    that are plain data survive.

    While an outline script is read, or after ``Outline(current=True)``, a new layer adds itself to that outline.

    What the library knows of a layer is its ``LayerState``; all other attributes belong to the class that derives.
    """

    required_args: ClassVar[Any]
    """Arguments that a class needs: names, or a dict of names and types; those of the base classes as well."""

    declared_args: ClassVar[Any]
    """Arguments that a class reads beside the standard ones: a TypedDict, or names; those of the base classes as well.

    A class that declares them refuses all others; one that does not is only warned about what its code never reads.
    """

    _ol_state: LayerState

    manages_outputs = False
    """True in classes that check and publish the files of ``outputs`` by themselves."""

    frames_share_outputs = False
    """True in classes whose frames may make one file together, so that ``outputs`` need no place for the frame."""

    takes_items = True
    renders_frame_of_item = False
    """False in classes whose frames are always those of an application, such as renderers; these take no items."""

    has_fixed_frames = False
    """True in classes that say by themselves which frames they have, such as ``Frame``; these take no items."""

    if TYPE_CHECKING:  # without it a subclass whose arguments have other names could not hand them on

        def __init__(self, name: str, **args: Unpack[CommandArgs]) -> None: ...

    else:

        def __init__(self, name: str, **args: Unpack[CommandArgs]) -> None:
            """Keep the name and the arguments.

            Args:
                name: Letters, digits, ``_``, ``-`` and ``.``; unique in the outline.
                args: Standard arguments (``LayerArgs``) and those of the module, read with ``get_arg``.

            Raises:
                LayerException: The name or the type is not allowed.
            """
            super().__init__()
            origin = calling_statement(LayerType.__call__.__code__)
            name = name_text(name)
            state = LayerState(name, args, {}, origin)
            self._ol_state = state
            state.args = self.get_default_args(merge=args)
            with arguments.reported(self):
                check_layer_name(name, self.get_origin())
            for key, value in list(state.args.items()):
                state.args.pop(key)  # a value that is refused is not kept, where errors are collected
                with arguments.reported(self):
                    state.args[key] = read_value(key, value, where(self))

    def __copy__(self) -> Layer:
        return shallow_copy(self)

    def __str__(self) -> str:
        return self.get_name()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.get_name()!r} of type {self.get_type()}>"

    # -- hooks for modules -------------------------------------------------------------------------------------

    def _after_init(self, ol: Outline) -> None:
        """Hook: the layer has become part of an outline. May also be defined without the argument."""

    def _after_parented(self, parent: Layer) -> None:
        """Hook: the layer has become a child of another. May also be defined without the argument."""

    def _setup(self) -> None:
        """Hook: the user wants to run the outline; runs once, before the launch, with the session at hand."""

    def _before_execute(self) -> None:
        """Hook: a frame is about to run; the place to make objects that cannot be saved."""

    def _execute(self, frames: FrameSet) -> None:
        """Hook: do the work of these frames, all of one chunk."""

    def _after_execute(self) -> None:
        """Hook: ``_execute`` has ended, also by an error (``get_error``); not called when the frame was killed."""

    # -- what calls the hooks ----------------------------------------------------------------------------------

    def after_init(self, ol: Outline) -> None:
        """Run ``_after_init`` and tell listeners; the outline calls this."""
        _call_hook(self, "_after_init", ol)
        self.__tell(LayerEvent(AFTER_INIT, self))

    def after_parented(self, parent: Layer) -> None:
        """Run ``_after_parented`` and tell listeners; ``add_child`` calls this."""
        _call_hook(self, "_after_parented", parent, old_name="_parented")
        self.__tell(LayerEvent(AFTER_PARENTED, self))

    def setup(self) -> None:
        """Check arguments, run ``_setup`` of this layer and its children, tell listeners; the outline calls this."""
        self.check_required_args()
        outputs.make_absolute(self)
        self._setup()
        for child in self.get_children():
            child.setup()
        self.__tell(LayerEvent(SETUP, self))

    def before_execute(self) -> None:
        """Run ``_before_execute`` and tell listeners."""
        _call_hook(self, "_before_execute", old_name="_pre_execute")
        self.__tell(LayerEvent(BEFORE_EXECUTE, self))

    def after_execute(self) -> None:
        """Run ``_after_execute`` and tell listeners, which find ``frames`` and ``error`` on the event."""
        _call_hook(self, "_after_execute", old_name="_post_execute")
        if self._ol_state.listeners.get_event_listeners(AFTER_EXECUTE):
            frame = self._ol_state.frame
            frames = self.get_local_frame_set(frame) if frame is not None else None
            self.__tell(LayerEvent(AFTER_EXECUTE, self, frames=frames, error=self.get_error()))

    def __tell(self, event: LayerEvent) -> None:
        self._ol_state.listeners.emit(event)

    def add_event_listener(self, event_type: str, callback: Callable[[Any], object]) -> None:
        """Call ``callback(event)`` whenever the event happens; see ``outline.event``."""
        self._ol_state.listeners.add_event_listener(event_type, callback)

    def get_event_handler(self) -> EventHandler:
        """The object that keeps the layer's listeners."""
        return self._ol_state.listeners

    # -- running a frame ---------------------------------------------------------------------------------------

    def execute(self, frame: int) -> None:
        """Run the chunk that begins with ``frame``, with all hooks and checks.

        The process gets its environment, working directory and ``sys.path`` back afterwards, unless it was said
        that it ends with the frame (``never_restore_process``).

        Args:
            frame: The first frame of a chunk, as the farm names it.

        Raises:
            LayerException: The frame is not in the range, an input is missing, or an output was not made.
            Exception: Whatever the hooks raise.
        """
        life.run_chunk_and_restore(self, int(frame))

    def get_error(self) -> BaseException | None:
        """What ``_execute`` raised, or None; for ``_after_execute``."""
        return self._ol_state.error

    def get_execute_env(self) -> dict[str, str]:
        """The variables that are set right before ``_execute``: those of the outline, then the layer's."""
        ol = self.get_outline()
        env = {key: value for key, (value, pre) in ol.get_env().items() if not pre} if ol else {}
        env.update(environment(self.get_envs()))
        return env

    def setup_args_override(self) -> None:
        """Take over arguments that somebody put as data ``args_override`` into the layer's session folder.

        A LayerPreProcess hands them to its creator as well.

        Raises:
            SessionException: There is no session, or the data is not plain.
            LayerException: The data is not a dict, or an argument has another type than the layer asked for.
        """
        life.override_args(self)

    @staticmethod
    def system(
        cmd: Any, ignore_error: bool = False, frame: int | None = None, *, reader: OutputReader | None = None
    ) -> None:
        """Run a command and wait for it, see ``outline.io.system``; ``%{OUTPUT}`` is that of the layer that runs.

        Raises:
            ShellCommandFailureException: The command failed and ``ignore_error`` is False.
        """
        from .. import io

        cmd = life.fill_in_running(cmd, frame)
        io.system(cmd, ignore_error, frame, **({} if reader is None else {"reader": reader}))

    # -- arguments ---------------------------------------------------------------------------------------------

    # Any: arguments are whatever the user's module takes.
    def get_default_args(self, merge: Any = None) -> dict[str, Any]:
        """The default arguments and those of the configuration, updated by those of ``merge``."""
        return {**arguments.default_args(type(self).__name__), **(merge or {})}

    def set_default_arg(self, key: str, value: Any) -> None:
        """Set an argument that neither the caller nor the configuration has given."""
        state = self._ol_state
        if arguments.is_default(key, state.args, state.given, type(self).__name__):
            state.args[key] = value

    def get_arg(self, key: str, default: Any = None) -> Any:
        """The value of an argument, or ``default`` when it was never set."""
        return self._ol_state.args.get(key, default)

    def set_arg(self, key: str, value: Any) -> None:
        """Set an argument.

        Raises:
            LayerException: ``require_arg`` asked for another type.
        """
        state = self._ol_state
        wanted = state.required.get(key) or required_args(type(self)).get(key)
        arguments.check_type(key, value, wanted, where(self))
        state.given.add(key)
        state.args[key] = read_value(key, value, where(self))

    def is_arg_set(self, key: str) -> bool:
        """Tell whether the argument has a value, even if it is None."""
        return key in self._ol_state.args

    def get_args(self) -> dict[str, Any]:
        """A copy of all arguments."""
        return dict(self._ol_state.args)

    def copy_args_from(self, layer: Layer, *names: str) -> None:
        """Take over the named arguments of another layer."""
        for name in names:
            self.set_arg(name, layer.get_arg(name))

    def require_arg(self, key: str, rtype: Any = None) -> None:
        """Demand that an argument is set, and has the type, when the outline is launched and when a frame runs."""
        self._ol_state.required[key] = rtype

    def check_required_args(self) -> None:
        """Check that every required argument is there, and that no word of a command is None.

        Raises:
            LayerException: One is missing or has another type.
        """
        state = self._ol_state
        arguments.check_required(self, state.args, state.required)
        with arguments.reported(self):
            outputs.check(self)
            fill.check_names(self)

    # -- what arguments say ------------------------------------------------------------------------------------

    def get_type(self) -> LayerTypeName:
        """Render, Util (setup and clean-up) or Post (runs when all other layers are through)."""
        return LayerTypeName(self.get_arg("type") or LayerTypeName.RENDER)

    def set_type(self, t: LayerTypeName | str) -> None:
        """Set when the layer runs, as the argument ``type``.

        Raises:
            LayerException: It is not one of ``Render``, ``Util`` and ``Post``.
        """
        self.set_arg("type", layer_type(t, where(self)))

    def get_service(self) -> str:
        """The farm's name for the application that the layer runs."""
        return self.get_arg("service") or "shell"

    def set_min_cores(self, cores: float) -> None:
        """Set how many cores a frame reserves, as the argument ``cores``."""
        self.set_arg("cores", cores)

    def set_min_memory(self, memory: str | float) -> None:
        """Set how much memory a frame reserves, as the argument ``memory``; a number is MB."""
        self.set_arg("memory", memory if isinstance(memory, str) else f"{memory}m")

    def set_memory(self, memory: str | float) -> None:
        """Set how much memory a frame reserves; see ``set_min_memory``."""
        self.set_min_memory(memory)

    def set_priority(self, priority: int) -> None:
        """Do nothing but warn: the farm has a priority for the job, not for a layer."""
        logger.warning("%s: a layer has no priority; launch the job with --priority %s", where(self), priority)

    def set_service(self, service: str) -> None:
        """Set the farm's name for the application that the layer runs."""
        self.set_arg("service", service)

    def get_limits(self) -> list[str] | None:
        """The names of the farm limits that the frames count against."""
        return self.get_arg("limits")  # type: ignore[no-any-return]  # what the caller gave

    def set_limits(self, limits: list[str]) -> None:
        """Set the names of the farm limits that the frames count against."""
        self.set_arg("limits", limits)

    def set_env(self, key: str, value: str) -> None:
        """Set an environment variable of every frame; both are turned into text."""
        env = self.get_envs()
        if key in env:
            logger.warning("layer %s: %s changes from %s to %s", self.get_name(), key, env[key], value)
        self.set_arg("env", {**env, str(key): str(value)})

    def get_env(self, key: str, default: str | None = None) -> str | None:
        """The value of an environment variable that is set on the layer."""
        return self.get_envs().get(key, default)

    def get_envs(self) -> dict[str, str]:
        """A copy of the environment variables that are set on the layer."""
        return environment(self.get_arg("env"))

    # -- identity ----------------------------------------------------------------------------------------------

    def get_name(self) -> str:
        """The layer's name; a child's is ``parent.child``."""
        state = self._ol_state
        return f"{state.parent.get_name()}.{state.name}" if state.parent else state.name

    def set_name(self, name: str) -> None:
        """Rename the layer, before its outline is set up.

        Raises:
            LayerException: It is too late, or the name is not allowed or taken.
        """
        state = self._ol_state
        ol = state.outline
        if ol is not None and ol.get_mode() > OUTLINE_MODE_INIT:
            raise LayerException(f"layer {state.name!r} cannot be renamed any more, its outline is set up")
        name = name_text(name)
        check_layer_name(name, self.get_origin())
        if ol is not None and name != state.name and ol.is_layer(name):
            raise LayerException(f"layer {state.name!r} cannot become {name!r}, the outline has a layer of that name")
        state.name = name
        if ol is not None and state.parent is None:
            ol._renamed()

    def get_origin(self) -> str:
        """Where the layer was made as `` (shot.outline:12)``, for messages; empty when not known."""
        path, line = self._ol_state.origin
        return f" ({os.path.basename(path)}:{line})" if line else ""

    def get_origin_line(self) -> tuple[str, int]:
        """File and line of the statement that made the layer, ``("", 0)`` when not known."""
        return self._ol_state.origin

    def get_outline(self) -> Outline | None:
        """The outline that the layer, or its parent, is part of."""
        state = self._ol_state
        return state.parent.get_outline() if state.parent else state.outline

    def set_outline(self, new_outline: Outline) -> None:
        """Tell the layer which outline it is part of; use ``Outline.add_layer``."""
        self._ol_state.outline = new_outline

    def get_session(self) -> Session:
        """The session of the outline.

        Raises:
            SessionException: There is none before the outline is set up.
        """
        ol = self.get_outline()
        if ol is None:
            raise SessionException(f"{where(self)} is not part of an outline, so it has no session")
        return ol.get_session()

    # -- parent and children -----------------------------------------------------------------------------------

    def get_parent(self) -> Layer | None:
        """The layer that this one is a child of."""
        return self._ol_state.parent

    def set_parent(self, layer: Layer) -> None:
        """Make this layer a child of another; use ``add_child``."""
        if not isinstance(layer, Layer):
            raise LayerException(f"{where(self)}: its parent must be a Layer, not {layer!r}")
        self._ol_state.parent = layer

    def add_child(self, layer: Layer) -> None:
        """Run another layer's work right after this one's, in the same frames.

        The child is then no longer a layer of the job: it gets this layer's chunk and session.

        Raises:
            LayerException: It is no layer, or the outline is set up with it as a layer of its own.
        """
        if not isinstance(layer, Layer):
            raise LayerException(f"{where(self)}: its children must be Layers, not {layer!r}")
        state = self._ol_state
        ol = layer.get_outline()
        if ol is not None and layer in ol.get_layers():
            if ol.get_mode() > OUTLINE_MODE_INIT:
                raise LayerException(
                    f"{where(layer)} is a layer of the job already; make it with register=False to add it as a child"
                    " while the outline is set up"
                )
            ol.remove_layer(layer)
        if state.outline is not None:
            layer.set_outline(state.outline)
        layer.set_parent(self)
        state.children.append(layer)
        layer.after_parented(self)

    def get_children(self) -> list[Layer]:
        """A copy of the list of children, in the order in which they run."""
        return list(self._ol_state.children)

    # -- dependencies ------------------------------------------------------------------------------------------

    def depend_on(
        self,
        on_layer: Layer | str,
        depend_type: str = DependType.FrameByFrame,
        propigate: bool = False,
        any_frame: bool = False,
    ) -> None:
        """Wait for another layer.

        Two dependencies of different types on one layer both count; the same one twice counts once.

        Args:
            on_layer: The layer, or its name.
            depend_type: One of ``DependType``, or the short name of one (``all``).
            propigate: Layers that come to wait for this one pass the wait on to what they wait for already.
            any_frame: A single finished frame of the other layer is enough, whatever the type.

        Raises:
            LayerNotFound: The outline is set up and has no such layer.
            LayerException: The type is unknown.
        """
        depends.depend(self, on_layer, depend_type, propigate, any_frame)

    def depend_all(self, on_layer: Layer | str, propigate: bool = False, any_frame: bool = False) -> None:
        """Wait for all frames of another layer, or for any one of them; arguments as for ``depend_on``."""
        self.depend_on(on_layer, DependType.LayerOnLayer, propigate, any_frame)

    def depend_previous(self, on_layer: Layer | str) -> None:
        """Let each frame wait for the frame before it in another layer, or in this very layer."""
        self.depend_on(on_layer, DependType.PreviousFrame)

    def undepend(self, depend: Depend) -> None:
        """Remove a dependency; one that the layer does not have is ignored."""
        if depend in self._ol_state.depends:
            self._ol_state.depends.remove(depend)

    def get_depends(self) -> list[Depend]:
        """A copy of the list of what this layer waits for."""
        return list(self._ol_state.depends)

    def get_dependents(self) -> list[Depend]:
        """The dependencies of other layers on this one."""
        return depends.dependents(self)

    def get_preprocess_layers(self) -> list[LayerPreProcess]:
        """The pre-processes of this layer, in the order in which they were made."""
        return list(self._ol_state.preprocesses)

    def add_preprocess_layer(self, preprocess: LayerPreProcess) -> None:
        """Make a pre-process known to its creator; ``LayerPreProcess`` calls this."""
        self._ol_state.preprocesses.append(preprocess)

    # -- frames ------------------------------------------------------------------------------------------------

    def set_frame_range(self, frame_range: Any) -> None:
        """Set the frames of the layer: text, numbers or a FrameSet; None means the frames of the job."""
        self.set_arg("range", None if frame_range is None else str(FrameSet(frame_range)))

    def get_frame_range(self) -> str | None:
        """The frames that the layer has in this job, as text in render order.

        The layer's own range cut by the job's range; one of them if the other is not set; ``1000-1000`` when
        neither is. None when the two have no frame in common: the layer is then left out of the job.

        Raises:
            FrameRangeError: A range cannot be read.
        """
        ol, parent = self.get_outline(), self.get_parent()
        job = ol.get_frame_range() if ol is not None else None
        if ol is not None and ol.holds(self):
            return None
        if self.get_items() is not None:
            from . import datasets  # most layers have no items

            return datasets.frames_of(self)
        own = self.get_arg("range")
        if own in (None, "") and parent is not None:
            own = parent.get_frame_range()
        return ranges.frames_of(own, job)

    def get_local_frame_set(self, start_frame: int) -> FrameSet:
        """The frames of the chunk that begins with ``start_frame``; a child has those of its parent.

        Raises:
            LayerException: The layer has no such frame.
        """
        parent = self.get_parent()
        if parent is not None:
            return parent.get_local_frame_set(start_frame)
        if self._ol_state.todo is not None:
            return self._ol_state.todo
        timed = ranges.timed_chunk(self.get_arg("chunk"), os.environ)
        if timed is not None:
            return timed
        frames = ranges.launched_frames(self)
        return ranges.chunk_of(frames, int(start_frame), self.get_chunk_size(), where(self))

    def set_chunk_size(self, size: int) -> None:
        """Set how many frames run together in one process, at least 1."""
        self.set_arg("chunk", ranges.chunk_size(size, where(self)))

    def get_chunk_size(self) -> int:
        """How many frames run together in one process.

        Raises:
            LayerException: The argument ``chunk`` is no number, or below 1.
        """
        return ranges.chunk_size(self.get_arg("chunk"), where(self))

    # -- items -------------------------------------------------------------------------------------------------

    def get_items(self) -> Items | None:
        """Where the items come from that the frames stand for; None in a layer whose frames are numbers."""
        if self._ol_state.args.get("items") is None and self._ol_state.parent is None:
            return None
        from . import datasets  # most layers have no items

        return datasets.source_of(self)

    def item(self, frame: int) -> Any:
        """The value of the item that a frame stands for.

        Raises:
            OutlineException: The layer has no items, or no such frame.
        """
        from . import datasets

        return datasets.item_of(self, frame).value

    def item_key(self, frame: int) -> str:
        """The key of the item that a frame stands for.

        Raises:
            OutlineException: The layer has no items, or no such frame.
        """
        from . import datasets

        return datasets.item_of(self, frame).key

    # -- results -----------------------------------------------------------------------------------------------

    def emit(self, frame: int, **result: Any) -> None:
        """Keep plain data about a frame in the records of the work folder; later calls add to it.

        Raises:
            LayerException: It is not plain data.
        """
        results.emit(self, frame, result)

    def results(self, layer: str) -> list[dict[str, Any]]:
        """What the frames of another layer of this job have returned, in their order, as ``outline results`` has it.

        Args:
            layer: Its name. Frames that have not succeeded are left out.

        Raises:
            OutlineException: There is no such layer, or the job has no work folder.
        """
        return results.read(self, layer)

    def done(self, frame: int) -> None:
        """Check and publish the outputs of one frame of a chunk, so that it need not run again when a later one fails.

        Raises:
            LayerException: An output is missing, empty or cut short.
        """
        life.done(self, frame)

    def count(self, name: str, number: float = 1, *, frame: int | None = None) -> None:
        """Add to a counter, which is summed up over all frames of the layer.

        Args:
            name: Its name.
            number: What is added.
            frame: The frame that counts; None means the first of the chunk that is not done.

        Raises:
            LayerException: It is no finite number.
        """
        results.count(self, name, number, frame)

    def random(self, frame: int) -> Random:
        """Random numbers that depend only on the job's seed, the layer's name and the frame's key.

        So a frame that is run again draws what it drew before. ``Outline.set_arg("seed", 7)`` sets another seed.
        """
        return results.random_of(self, frame)

    # -- inputs and outputs ------------------------------------------------------------------------------------

    def add_input(self, name: str, inpt: Any = None) -> None:
        """Declare something that the frames read.

        Args:
            name: A name for it, unique in the layer; empty gives ``input0`` and so on.
            inpt: An ``outline.io`` object, or a path as text. ``add_input(path)`` with a single ``outline.io``
                object works too.

        Raises:
            LayerException: The name is taken.
        """
        paths.add_path(self._ol_state.inputs, "input", name, inpt, where(self))

    def add_output(self, name: str, output: Any = None) -> None:
        """Declare something that the frames write; arguments as for ``add_input``."""
        paths.add_path(self._ol_state.outputs, "output", name, output, where(self))

    def get_inputs(self) -> dict[str, Path]:
        """A copy of the inputs by name."""
        return dict(self._ol_state.inputs)

    def get_outputs(self) -> dict[str, Path]:
        """The outputs by name: those of the argument ``outputs``, with absolute paths, and those that were added."""
        found = dict(self._ol_state.outputs)
        for output in outputs.absolute_outputs(self):
            found[output.name] = output
        return found

    def get_input(self, name: str) -> Path:
        """The path of the input ``name``.

        Raises:
            LayerException: There is no such name.
        """
        return paths.find_path(self.get_inputs(), "input", name, where(self))

    def get_output(self, name: str) -> Path:
        """The path of the output ``name``.

        Raises:
            LayerException: There is no such name.
        """
        return paths.find_path(self.get_outputs(), "output", name, where(self))

    def set_input_attribute(self, name: str, value: Any) -> None:
        """Set an attribute such as ``checked`` on every input."""
        for path in self.get_inputs().values():
            path.set_attribute(name, value)

    def output_path(self, frame: int, name: str = "main") -> str:
        """Where a frame writes an output: under a hidden name while it runs, renamed when the frame has succeeded.

        Args:
            frame: The frame.
            name: The output's name in ``outputs``; ``main`` is the first one, whatever its name.

        Raises:
            LayerException: There is no such output.
        """
        return outputs.targets_of(self)[name].frame_path(frame)

    def output(self, name: str, inside: str = "") -> tuple[Layer, str] | tuple[Layer, str, str]:
        """One output of the layer, as an input of another one: ``inputs=render.output("depth")``.

        Args:
            name: Its name.
            inside: A path inside of an output that is a folder, with places for frame and item of the other layer.
        """
        return (self, name, inside) if inside else (self, name)

    def input_paths(self, frame: int, name: str = "") -> list[str]:
        """The paths that a frame reads under a name of ``inputs``; of the first one without a name.

        Of an optional input those that are there.

        Raises:
            LayerException: There is no such input.
        """
        from . import links  # most layers have none

        return links.paths_of(self, frame, name)

    def input_path(self, frame: int, name: str = "") -> str:
        """The one path that a frame reads under a name of ``inputs``; empty where an optional one is not there.

        Raises:
            LayerException: There is no such input, or it is several files.
        """
        from . import links  # most layers have none

        return links.path_of(self, frame, name)

    def set_output_attribute(self, name: str, value: Any) -> None:
        """Set an attribute such as ``checked`` or ``mkdir`` on every output."""
        for path in self.get_outputs().values():
            path.set_attribute(name, value)

    def check_input(self, frame_set: FrameSet | None = None) -> None:
        """Check that every input with the attribute ``checked`` is there for the frames.

        Raises:
            LayerException: One is missing or empty; the message names the frames.
        """
        paths.check_files(self.get_inputs(), "input", frame_set, where(self))

    def check_output(self, frame_set: FrameSet | None = None) -> None:
        """Check that every output with the attribute ``checked`` was made; the argument ``nocheck`` turns it off.

        Raises:
            LayerException: One is missing or empty.
        """
        if not self.get_arg("nocheck"):
            paths.check_files(self.get_outputs(), "output", frame_set, where(self))

    def load_outputs(self) -> None:
        """Add the outputs that this layer's pre-process has found, if it has."""
        for data_name in paths.OUTPUTS_NAMES:
            handed_over = self.get_session().find_data(data_name, self.get_name())
            for name, output in (handed_over or {}).items():
                if name not in self._ol_state.outputs:
                    self.add_output(name, output)

    # -- files and data in the session -------------------------------------------------------------------------

    def get_path(self) -> str:
        """The layer's folder in the session, which is made when it is missing."""
        return self.get_session().get_path(layer=self)

    def put_data(self, key: str, value: Any, force: bool = False) -> None:
        """Store plain data under a name, for every frame on every machine to read; see ``Session.put_data``."""
        self.get_session().put_data(key, value, self, force=force)

    def get_data(self, key: str) -> Any:
        """Data stored by ``put_data``; see ``Session.get_data``."""
        return self.get_session().get_data(key, self)

    def put_file(self, src: str, rename: str | None = None) -> str:
        """Copy a file into the layer's session folder and return its new path; see ``Session.put_file``."""
        return self.get_session().put_file(src, layer=self, rename=rename)

    def sym_file(self, src: str, rename: str | None = None) -> str:
        """Link a file into the layer's session folder and return the link's path; see ``Session.sym_file``."""
        return self.get_session().sym_file(src, layer=self, rename=rename)

    def get_file(self, name: str, check: bool = True, new: bool = False) -> str:
        """The path of a file in the layer's session folder; see ``Session.get_file``."""
        return self.get_session().get_file(name, layer=self, check=check, new=new)

    @staticmethod
    def get_temp_dir() -> str:
        """A folder for temporary files on the local disk."""
        import tempfile  # slow to import

        return tempfile.gettempdir()


def _call_hook(layer: Layer, name: str, *args: Any, old_name: str = "") -> None:
    """Call a hook by its name or by its old one, with its argument or without."""
    if old_name and getattr(type(layer), name) is getattr(Layer, name) and callable(getattr(layer, old_name, None)):
        name = old_name
    bound = getattr(layer, name)
    if args and _takes_only_self(bound):
        bound()
    else:
        bound(*args)


def _takes_only_self(bound: Any) -> bool:
    code = getattr(bound, "__code__", None) or getattr(getattr(bound, "__func__", None), "__code__", None)
    return code is not None and code.co_argcount == 1 and not code.co_flags & 0x04
