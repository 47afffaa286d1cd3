# SPDX-License-Identifier: Apache-2.0
"""What a layer reads and writes: its inputs and outputs, and the checks on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..exception import LayerException
from ..frames import FrameSet

if TYPE_CHECKING:
    from ..io import Path
    from ..session import Session
    from .base import Layer

__all__ = ["LayerPaths"]

OUTPUTS_DATA = "ol_outputs"
OLD_OUTPUTS_DATA = "ol:outputs"
"""How PyOutline names it, and code that follows it; some file systems refuse the colon."""


class LayerPaths:
    """Named inputs and outputs of a layer, and its files and data in the session."""

    __input: dict[str, Path]
    __output: dict[str, Path]

    if TYPE_CHECKING:

        def get_name(self) -> str: ...
        def get_arg(self, key: str, default: Any = None) -> Any: ...
        def get_session(self) -> Session: ...

    def _init_paths(self) -> None:
        self.__input = {}
        self.__output = {}

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
        self.__add(self.__input, "input", name, inpt)

    def add_output(self, name: str, output: Any = None) -> None:
        """Declare something that the frames write; arguments as for ``add_input``."""
        self.__add(self.__output, "output", name, output)

    def __add(self, table: dict[str, Path], kind: str, name: Any, value: Any) -> None:
        from ..io import Path

        if value is None:
            name, value = "", name
        name = str(name) if name else f"{kind}{len(table)}"
        if name in table:
            raise LayerException(f"layer {self.get_name()!r} already has an {kind} named {name!r}")
        table[name] = value if isinstance(value, Path) else Path(value)

    def get_inputs(self) -> dict[str, Path]:
        """Return a copy of the inputs by name."""
        return dict(self.__input)

    def get_outputs(self) -> dict[str, Path]:
        """Return a copy of the outputs by name."""
        return dict(self.__output)

    def get_input(self, name: str) -> Path:
        """Return one input.

        Raises:
            LayerException: There is no such name.
        """
        return self.__get(self.__input, "input", name)

    def get_output(self, name: str) -> Path:
        """Return one output.

        Raises:
            LayerException: There is no such name.
        """
        return self.__get(self.__output, "output", name)

    def __get(self, table: dict[str, Path], kind: str, name: str) -> Path:
        if name not in table:
            raise LayerException(f"layer {self.get_name()!r} has no {kind} {name!r}; it has {sorted(table) or 'none'}")
        return table[name]

    def set_input_attribute(self, name: str, value: Any) -> None:
        """Set an attribute such as ``checked`` on every input."""
        for path in self.__input.values():
            path.set_attribute(name, value)

    def set_output_attribute(self, name: str, value: Any) -> None:
        """Set an attribute such as ``checked`` or ``mkdir`` on every output."""
        for path in self.__output.values():
            path.set_attribute(name, value)

    def check_input(self, frame_set: FrameSet | None = None) -> None:
        """Check that every input with the attribute ``checked`` is there for the frames.

        Raises:
            LayerException: One is missing or empty; the message names the frames.
        """
        self.__check("input", self.__input.items(), frame_set)

    def check_output(self, frame_set: FrameSet | None = None) -> None:
        """Check that every output with the attribute ``checked`` was made; the argument ``nocheck`` turns it off.

        Raises:
            LayerException: One is missing or empty.
        """
        if not self.get_arg("nocheck"):
            self.__check("output", self.__output.items(), frame_set)

    def __check(self, kind: str, paths: Iterable[tuple[str, Path]], frame_set: FrameSet | None) -> None:
        for name, path in paths:
            if path.get_attribute("checked") and not path.exists(frame_set):
                missing = [frame for frame in frame_set or () if not path.exists(FrameSet([frame]))]
                frames = f" for frames {FrameSet(missing)}" if missing else ""
                raise LayerException(
                    f"layer {self.get_name()!r}: {kind} {name!r} is missing or empty{frames}: {path.get_path()}"
                )

    def _create_output_paths(self) -> None:
        for path in self.__output.values():
            if path.get_attribute("mkdir"):
                path.mkdir()

    def load_outputs(self) -> None:
        """Add the outputs that this layer's pre-process has found, if it has."""
        for data_name in (OUTPUTS_DATA, OLD_OUTPUTS_DATA):
            handed_over = self.get_session().find_data(data_name, self.get_name())
            for name, output in (handed_over or {}).items():
                if name not in self.__output:
                    self.add_output(name, output)

    # -- session -----------------------------------------------------------------------------------------------

    def get_path(self) -> str:
        """Return the layer's folder in the session, which is made when it is missing."""
        return self.get_session().get_path(layer=self.__layer())

    def put_data(self, key: str, value: Any, force: bool = False) -> None:
        """Store plain data under a name, for every frame on every machine to read; see ``Session.put_data``."""
        self.get_session().put_data(key, value, self.__layer(), force=force)

    def get_data(self, key: str) -> Any:
        """Return data stored by ``put_data``; see ``Session.get_data``."""
        return self.get_session().get_data(key, self.__layer())

    def put_file(self, src: str, rename: str | None = None) -> str:
        """Copy a file into the layer's session folder and return its new path; see ``Session.put_file``."""
        return self.get_session().put_file(src, layer=self.__layer(), rename=rename)

    def sym_file(self, src: str, rename: str | None = None) -> str:
        """Link a file into the layer's session folder and return the link's path; see ``Session.sym_file``."""
        return self.get_session().sym_file(src, layer=self.__layer(), rename=rename)

    def get_file(self, name: str, check: bool = True, new: bool = False) -> str:
        """Return the path of a file in the layer's session folder; see ``Session.get_file``."""
        return self.get_session().get_file(name, layer=self.__layer(), check=check, new=new)

    @staticmethod
    def get_temp_dir() -> str:
        """Return a folder for temporary files on the local disk."""
        import tempfile  # slow to import

        return tempfile.gettempdir()

    def __layer(self) -> Layer:
        return self  # type: ignore[return-value]  # a part of Layer, never used alone
