# SPDX-License-Identifier: Apache-2.0
"""Outline, the description of one job."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, overload

from .. import util
from ..constants import OUTLINE_MODE_READY, OUTLINE_MODE_SETUP
from ..exception import (
    DependencyCycle,
    LayerException,
    LayerNotFound,
    OutlineException,
    SessionException,
)
from ..frames import FrameRangeError, FrameSet
from ..layer.args import name_text, where
from ..layer.class_code import data_arg
from ..layer.context import registry, report_problem, use_outline
from ..layer.depends import resolve
from ..layer.doubts import probable_mistakes
from ..layer.ranges import DEFAULT_FRAME_RANGE
from ..layer.state import SLOT, shallow_copy, walk
from ..logs import get_logger
from ..script import run_script
from ..session import Session, conform_name, is_session_path
from .checks import check_job_name, check_length, find_ring
from .state import OutlineState, read_range

if TYPE_CHECKING:
    from ..items import ItemBook
    from ..layer import Layer

__all__ = ["Outline", "takes_range_of_job"]

logger = get_logger("outline.loader")

_DEFAULT_FRAME = DEFAULT_FRAME_RANGE.partition("-")[0]


class _OutlineType(type):
    """Makes ``Outline.current`` readable and settable, as in PyOutline."""

    @property
    def current(cls) -> Outline | None:
        """The outline that new layers add themselves to."""
        return registry.current

    @current.setter
    def current(cls, ol: Outline | None) -> None:
        registry.current = ol


class Outline(metaclass=_OutlineType):
    """A job: its layers, its frames and their common settings.

    It starts in the mode INIT, in which you add layers. ``setup`` makes the session, runs every layer's ``_setup``,
    writes ``outline.yaml`` and sets the mode READY. The mode never goes back. A process may have one current outline,
    to which new layers add themselves. An outline is current while its script runs, or after ``current=True`` until
    ``setup``.
    """

    _ol_state: OutlineState

    def __init__(
        self,
        name: str | None = None,
        frame_range: Any = None,
        path: str | None = None,
        serialize: bool = True,
        name_unique: bool = False,
        current: bool = False,
        shot: str | None = None,
        show: str | None = None,
        user: str | None = None,
        facility: str | None = None,
        maxcores: int | None = None,
        maxgpus: int | None = None,
    ) -> None:
        """Make an outline.

        Args:
            name: Part of the job's name. Defaults to the script's name, or ``outline``.
            frame_range: The frames of the job, as text, numbers or a FrameSet.
            path: An outline script to run now.
            serialize: Kept for PyOutline. The library always writes outline.yaml.
            name_unique: Add a few random characters to the name.
            current: Make it the current outline.
            shot: Defaults to SHOT in the environment.
            show: Defaults to SHOW in the environment.
            user: Defaults to the user of this process.
            facility: The facility in which the job runs.
            maxcores: The most cores that the job may use at a time on a farm.
            maxgpus: The most GPUs that the job may use at a time on a farm.

        Raises:
            ScriptException: The script raised.
            FrameRangeError: The range is invalid.
        """
        state = self._ol_state = OutlineState()
        state.name, state.show, state.shot, state.user = map(name_text, (name or "", show, shot, user))
        state.facility, state.maxcores, state.maxgpus = facility, maxcores, maxgpus
        state.adopts = current
        if registry.made is not None:
            registry.made.outlines.append(self)
        self.set_frame_range(frame_range)
        if current:
            registry.current = self
        if path:
            self.__read_script(path)
        self.set_name(self.get_name() or "outline")
        if name_unique:
            self.set_name(f"{self.get_name()}_{os.urandom(4).hex()[:7]}")

    def __read_script(self, path: str) -> None:
        self._ol_state.path = path
        self.set_name(self.get_name() or conform_name(os.path.splitext(os.path.basename(path))[0]))
        self.parse_outline_script(path)

    def __copy__(self) -> Outline:
        made = shallow_copy(self)
        made._ol_state.layers = dict(self._ol_state.layers)
        return made

    def __repr__(self) -> str:
        return f"<Outline {self.get_name()!r} with {len(self._ol_state.layers)} layers>"

    def parse_outline_script(self, path: str) -> None:
        """Run an outline script. The layers that it makes join this outline."""
        self._ol_state.adopts = True
        with use_outline(self):
            self._ol_state.script_modules.append(run_script(path))

    def load_session(self) -> None:
        """Find the session that contains the outline's path.

        Raises:
            OutlineException: The path is not in a session.
        """
        if not is_session_path(self._ol_state.path):
            raise OutlineException(
                f"{self._ol_state.path} is not part of a session: no file 'session' with its name beside it"
            )
        self._ol_state.session = Session(self)

    # -- names and places --------------------------------------------------------------------------------------

    def get_name(self) -> str:
        """The outline's part of the job's name."""
        return self._ol_state.name

    def set_name(self, name: str) -> None:
        """Set the outline's part of the job's name, without show, shot and user. No effect after ``setup``."""
        self._ol_state.name = name_text(name)

    def get_full_name(self) -> str:
        """The full job name, ``show-shot-user_name``."""
        if self._ol_state.session is not None:
            return self.get_session().get_name().split("/")[0]
        return f"{self.get_show()}-{self.get_shot()}-{self.get_user()}_{self._ol_state.name}"

    def get_shot(self) -> str:
        """The shot. Defaults to SHOT in the environment."""
        return util.get_shot() if self._ol_state.shot is None else self._ol_state.shot

    def set_shot(self, shot: str) -> None:
        """Replace the shot of the environment."""
        self._ol_state.shot = name_text(shot)

    def get_show(self) -> str:
        """The show. Defaults to SHOW in the environment."""
        return util.get_show() if self._ol_state.show is None else self._ol_state.show

    def set_show(self, show: str) -> None:
        """Replace the show of the environment."""
        self._ol_state.show = name_text(show)

    def get_user(self) -> str:
        """The user. Defaults to the user of this process."""
        return util.get_user() if self._ol_state.user is None else self._ol_state.user

    def set_user(self, user: str) -> None:
        """Replace the user of this process in the job's name."""
        self._ol_state.user = name_text(user)

    def get_facility(self) -> str | None:
        """The facility in which the job runs."""
        return self._ol_state.facility

    def set_facility(self, facility: str) -> None:
        """Set the facility in which the job runs."""
        self._ol_state.facility = facility

    def get_maxcores(self) -> int | None:
        """The most cores that the job may use at a time."""
        return self._ol_state.maxcores

    def set_maxcores(self, maxcores: int) -> None:
        """Set the most cores that the job may use at a time."""
        self._ol_state.maxcores = maxcores

    def get_maxgpus(self) -> int | None:
        """The most GPUs that the job may use at a time."""
        return self._ol_state.maxgpus

    def set_maxgpus(self, maxgpus: int) -> None:
        """Set the most GPUs that the job may use at a time."""
        self._ol_state.maxgpus = maxgpus

    # -- frames, environment, arguments, data ------------------------------------------------------------------

    def set_frame_range(self, frame_range: Any) -> None:
        """Set the frames of the job: text, numbers or a FrameSet. None or an empty text removes them.

        Raises:
            FrameRangeError: The text cannot be read.
        """
        self._ol_state.frame_range = read_range(frame_range)

    def get_frame_range(self) -> str | None:
        """The frames of the job as text in render order, or None."""
        return self._ol_state.frame_range

    def set_env(self, key: str, value: str, pre: bool = False) -> None:
        """Set an environment variable of every frame.

        Args:
            key: Its name.
            value: Its value.
            pre: Set it before a farm's shot environment, from the start of the frame's process. Otherwise it is set
                right before ``_execute``.

        Raises:
            OutlineException: Key or value is not text.
        """
        if not isinstance(key, str) or not isinstance(value, str):
            raise OutlineException(f"an environment variable needs texts as key and value, not {key!r} and {value!r}")
        if key in self._ol_state.env:
            logger.warning(
                "outline %s: %s changes from %s to %s",
                self._ol_state.name,
                key,
                self._ol_state.env[key][0],
                value,
            )
        self._ol_state.env[key] = (value, pre)

    @overload
    def get_env(self) -> dict[str, tuple[str, bool]]: ...
    @overload
    def get_env(self, key: str) -> str: ...
    def get_env(self, key: str | None = None) -> Any:
        """One variable's value, or a dict of all variables as ``name: (value, pre)``."""
        return self._ol_state.env[key][0] if key else dict(self._ol_state.env)

    def get_args(self) -> dict[str, Any]:
        """A copy of the outline's own arguments."""
        return dict(self._ol_state.args)

    def set_arg(self, key: str, value: Any) -> None:
        """Set an argument of the outline."""
        if key in self._ol_state.args:
            logger.warning(
                "outline %s: argument %s changes from %r to %r",
                self._ol_state.name,
                key,
                self._ol_state.args[key],
                value,
            )
        self._ol_state.args[key] = value

    def get_arg(self, key: str, default: Any = None) -> Any:
        """An argument of the outline, or ``default``."""
        return self._ol_state.args.get(key, default)

    # -- items -------------------------------------------------------------------------------------------------

    def get_item_book(self) -> ItemBook:
        """The items of the job's layers and their numbers. Relative sources begin in the working directory."""
        if self._ol_state.items is None:
            self.number_items({}, "")
        assert self._ol_state.items is not None
        return self._ol_state.items

    def number_items(self, known: Mapping[str, int], work: str) -> None:
        """Let the items of the job keep numbers that they have in a work folder. The launch calls this."""
        from ..items import ItemBook
        from ..layer.own_files import maker_finder

        folder = os.getcwd()
        self._ol_state.items = ItemBook(folder, known, work=work, makers=maker_finder(self, work or folder))

    def get_work(self) -> dict[str, Any]:
        """The folder, launch and launch folder of a job in a work folder. Empty for any other job."""
        return self._ol_state.work

    def set_work(self, work: dict[str, Any]) -> None:
        """Put the job into a work folder. The launch calls this."""
        self._ol_state.work = work

    def holds(self, layer: Layer) -> bool:
        """Whether a layer has no frames yet, because another layer must finish before its items are read."""
        return layer.get_name().partition(".")[0] in (self._ol_state.held or self._ol_state.work.get("held", ()))

    def get_only(self) -> tuple[str, ...]:
        """The patterns that choose items by their keys. Empty for all items."""
        return self._ol_state.only

    def set_only(self, patterns: Iterable[str]) -> None:
        """Choose items by their keys, with ``*``, ``?`` and ``[…]``."""
        self._ol_state.only = tuple(patterns)

    def __has_items(self) -> bool:
        return any(data_arg(layer, "items") is not None for layer in self.get_layers())

    # -- setup -------------------------------------------------------------------------------------------------

    def setup(self) -> None:
        """Prepare the outline to run: dependencies, session, ``_setup`` of every layer with frames, outline.yaml.

        Raises:
            OutlineException: The outline was already set up, or something is wrong with a layer. Then nothing stays in
                the session folder.
        """
        if self._ol_state.mode >= OUTLINE_MODE_SETUP:
            raise OutlineException(
                f"outline {self.get_name()!r} is set up already; load its outline.yaml to launch it again"
            )
        self.__check()
        if self._ol_state.held and not self.get_work():
            raise LayerException(f"items of layer {min(self._ol_state.held)!r} are made first; launch with --work DIR")
        self.__tell_what_is_left_out()
        for mistake in probable_mistakes(self.get_layers()):
            logger.warning("%s", mistake)
        self._ol_state.mode = OUTLINE_MODE_SETUP
        self._ol_state.path = None
        self._ol_state.session = Session(self)
        try:
            self.__setup_in_session(self._ol_state.session)
        except BaseException:
            import shutil  # slow to import

            shutil.rmtree(self._ol_state.session.get_path(), ignore_errors=True)
            raise
        finally:
            if registry.current is self:
                registry.current = None
        self._ol_state.mode = OUTLINE_MODE_READY

    def check(self) -> None:
        """Check that the outline can be set up and launched, before making anything.

        Raises:
            OutlineException: No layer has a frame in the job, a name is not allowed, or a dependency cannot be met.
        """
        self.__check()
        self.check_launch()

    def __check(self) -> None:
        self.setup_depends()
        check_job_name(self)
        if self.__has_items():
            from ..layer import datasets
            from ..layer.rendered import check_items

            datasets.check(self)
            check_items(self)
        elif self.get_only():
            raise OutlineException("--only chooses items by their keys, and no layer of this outline has items")
        for layer in self.get_layers():
            check_length(self, layer)
            self.__frames_of(layer)

    def check_launch(self) -> None:
        """Check what only a launch needs: frames, and layers that other processes can rebuild completely.

        Raises:
            OutlineException: No layer has a frame in the job, or frames elsewhere would lack something of a layer.
        """
        data = [layer for layer in self.get_layers() if layer.get_items() is not None]
        if data and not any(self.__frames_of(layer) or self.holds(layer) for layer in data):
            raise OutlineException(self.__nothing_chosen(data[0]))
        if not any(self.__frames_of(layer) for layer in self.get_layers()):
            raise OutlineException(self.__nothing_to_run())
        for problem in self._ol_state.left_behind:
            raise OutlineException(problem)

    def __tell_what_is_left_out(self) -> None:
        if not self.get_frame_range():
            alone = [layer for layer in self.get_layers() if takes_range_of_job(layer)]
            if alone:
                logger.warning(
                    "no frame range was given, so layer %s runs frame %s alone", alone[0].get_name(), _DEFAULT_FRAME
                )
        for layer in self.get_layers():
            if not layer.get_frame_range() and layer.get_arg("range") and not self.holds(layer):
                logger.warning(
                    "layer %r%s is left out: its range %s has no frame of the job's range %s",
                    layer.get_name(),
                    layer.get_origin(),
                    layer.get_arg("range"),
                    self.get_frame_range(),
                )

    def __setup_in_session(self, session: Session) -> None:
        from ..serialize.outline_data import outline_text, script_file_name, scripts_of

        with use_outline(self if self._ol_state.adopts else None):  # never into another outline
            for layer in self.get_layers():
                if layer.get_frame_range():
                    layer.setup()
        self.setup_depends()
        if self.__has_items():
            from ..layer import datasets

            datasets.keep(self, session)
        text = outline_text(self)
        scripts = {script_file_name(script): script.source for script in scripts_of(self)}
        self._ol_state.path = session.write_outline(text, scripts)
        session.save()

    def __frames_of(self, layer: Layer) -> str | None:
        try:
            layer.get_chunk_size()
            frames = layer.get_frame_range()
            FrameSet(frames or "1")  # without a job range it is as the script wrote it
            return frames
        except FrameRangeError as error:
            raise LayerException(f"{where(layer)}: {error}") from error

    def __nothing_chosen(self, layer: Layer) -> str:
        from ..layer import datasets

        if self.get_only():
            return f"no item has a key like {' or '.join(map(repr, self.get_only()))}"
        has = FrameSet(datasets.all_frames(layer))
        return f"no item has a frame of the range {self.get_frame_range()}; {layer.get_name()} has {has}"

    def __nothing_to_run(self) -> str:
        if not self._ol_state.layers:
            return f"outline {self.get_name()!r} has no layers, so there is nothing to run"
        ranges = ", ".join(f"{layer.get_name()} {layer.get_arg('range')}" for layer in self.get_layers())
        return f"no layer has a frame in the job's range {self.get_frame_range()}: {ranges}"

    def setup_depends(self) -> None:
        """Turn the argument ``require`` of every layer into dependencies, and check that there is no cycle.

        Raises:
            LayerNotFound: A name is unknown. Names the layer that requires it and the script line.
            DependencyCycle: Layers wait for one another in a cycle.
            LayerException: A layer waits for one that is not part of this outline.
        """
        for layer in self.get_layers():
            for preprocess in layer.get_preprocess_layers():
                if preprocess.get_outline() is None:
                    self.add_layer(preprocess)
        if any(layer.get_arg("inputs") is not None for layer in self.get_layers()):
            from ..layer.implied import imply_depends

            imply_depends(self)
        for layer in self.get_layers():
            resolve(layer)
        for layer in self.get_layers():
            for depend in layer.get_depends():
                on = depend.get_depend_on_layer()
                if self._ol_state.layers.get(on.get_name()) is not on:
                    problem = (
                        f"{where(layer)} waits for {on.get_name()!r}{on.get_origin()},"
                        " which is not a layer of this outline; add it with add_layer"
                    )
                    report_problem(LayerException(problem), layer)
        in_rings: set[int] = set()
        while ring := find_ring(self.get_layers(), in_rings):
            ring.append(ring[0])
            names, origins = [layer.get_name() for layer in ring], [layer.get_origin() for layer in ring]
            report_problem(DependencyCycle(names, origins), ring[0])
            in_rings.update(id(layer) for layer in ring)
        if self.__has_items():
            from ..layer import datasets, inputs

            datasets.bind(self, inputs.may_lack)

    # -- layers ------------------------------------------------------------------------------------------------

    def add_layer(self, layer: Layer) -> None:
        """Add a layer. A layer of another outline moves here. Ignores layers with ``register=False``.

        Raises:
            LayerException: The outline has another layer of that name, or this is no layer.
        """
        if not hasattr(layer, SLOT):
            raise LayerException(f"add_layer takes a layer, not {layer!r}")
        if not layer.get_arg("register"):
            return
        name = layer.get_name()
        there = self._ol_state.layers.get(name)
        if there is layer:
            return
        if there is not None:
            problem = (
                f"layer name {name!r} is taken:{layer.get_origin() or ' a new layer'}"
                f" and{there.get_origin() or ' one before'};"
                " every layer of an outline needs a name of its own"
            )
            report_problem(LayerException(problem), layer)
            return
        before = layer.get_outline()
        if before is not None and before is not self:
            before._forget(layer)
        self._ol_state.layers[name] = layer
        for one in walk([layer]):
            one.set_outline(self)
            one.after_init(self)
        if self._ol_state.mode == OUTLINE_MODE_SETUP:
            resolve(layer)
            if layer.get_frame_range():
                layer.setup()

    def remove_layer(self, layer: Layer) -> None:
        """Remove a layer while the outline is in the mode INIT. Ignores a layer that it does not have."""
        if self._ol_state.mode >= OUTLINE_MODE_SETUP:
            raise OutlineException(
                f"layer {layer.get_name()!r} cannot be removed, outline {self.get_name()!r} is set up"
            )
        self._forget(layer)

    def _forget(self, layer: Layer) -> None:
        self._ol_state.layers = {name: one for name, one in self._ol_state.layers.items() if one is not layer}

    def get_layer(self, name: str) -> Layer:
        """The layer with a name. Write a child as ``parent.child``.

        Raises:
            LayerNotFound: There is none.
        """
        if name in self._ol_state.layers:
            return self._ol_state.layers[name]
        for layer in walk(self.get_layers()):
            if layer.get_name() == name:
                return layer
        raise LayerNotFound(name, list(self._ol_state.layers))

    def get_layers(self) -> list[Layer]:
        """A copy of the list of layers, in the order of their addition."""
        return list(self._ol_state.layers.values())

    def is_layer(self, name: str) -> bool:
        """Whether there is a layer of that name."""
        return name in self._ol_state.layers

    def _renamed(self) -> None:
        self._ol_state.layers = {layer.get_name(): layer for layer in self._ol_state.layers.values()}

    def get_path(self) -> str | None:
        """The script, or after ``setup`` the session's outline.yaml. None for an outline without a script."""
        return self._ol_state.path

    def set_path(self, path: str) -> None:
        """Set the path of the outline's file."""
        self._ol_state.path = path

    def get_mode(self) -> int:
        """The mode, one of ``outline.constants.OUTLINE_MODE_*``."""
        return self._ol_state.mode

    def set_mode(self, mode: int) -> None:
        """Say how far the launch is; the mode only grows.

        Raises:
            OutlineException: The mode would go back.
        """
        if mode < self._ol_state.mode:
            raise OutlineException(
                f"outline {self.get_name()!r} cannot go back from mode {self._ol_state.mode} to mode {mode}"
            )
        self._ol_state.mode = mode

    def get_session(self) -> Session:
        """The session folder, which ``setup`` makes.

        Raises:
            SessionException: There is none yet.
        """
        if self._ol_state.session is None:
            raise SessionException(f"outline {self.get_name()!r} has no session before it is set up")
        return self._ol_state.session

    def put_file(self, src: str, rename: str | None = None) -> str:
        """Copy a file into the job's session folder. See ``Session.put_file``."""
        return self.get_session().put_file(src, rename=rename)

    def get_file(self, name: str, check: bool = True, new: bool = False) -> str:
        """The path of a file in the job's session folder. See ``Session.get_file``."""
        return self.get_session().get_file(name, check=check, new=new)

    def put_data(self, key: str, value: Any, force: bool = False) -> None:
        """Store plain data for the whole job. See ``Session.put_data``."""
        self.get_session().put_data(key, value, force=force)

    def get_data(self, key: str) -> Any:
        """Data stored for the whole job. See ``Session.get_data``."""
        return self.get_session().get_data(key)


def takes_range_of_job(layer: Layer) -> bool:
    """Tell whether a layer has the frames of the job, and none of its own."""
    return not (layer.has_fixed_frames or layer.get_parent() or layer.get_arg("range") or layer.get_items() is not None)
