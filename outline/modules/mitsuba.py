# SPDX-License-Identifier: Apache-2.0
"""Mitsuba 3 renders a scene with other parameters for each frame.

Versions: run for real with 3.9.1 from PyPI, variant ``scalar_rgb``. Facts are from experiments and ``mitsuba --help``.
Variants that need LLVM or CUDA were not tried.

What you need to know, all measured:

- It has no frames. A scene declares ``<default name="angle" value="0"/>``, uses ``$angle``, and ``-Dangle=30`` sets it.
  A parameter that the scene does not use is an error.
- With one or two threads (``-t``) 3.9 renders, makes an empty file and then hangs. So the module gives it at least
  three.
- The scene's film decides the format. It replaces another extension in ``-o`` by its own, which is ``.exr`` by default:
  ``-o a.png`` makes ``a.exr``.
- It writes the whole picture at the end. It exits with 255 when the scene is missing, and crashes on a wrong variant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..console import OutputRules
from ..exception import LayerException
from ..io.output import Targets
from ..layer.args import where
from .per_frame import PerFrameLayer
from .render import RenderArgs

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Mitsuba", "MitsubaArgs"]

_FEWEST_THREADS = 3
# Those that the film hdrfilm writes.
_EXTENSIONS = (".exr", ".rgbe", ".pfm")


class MitsubaArgs(RenderArgs, total=False):
    """The arguments of ``Mitsuba``."""

    params: dict[str, Any]  #: Parameters of the scene: a value, a text with tokens, or a dict with one for each frame.
    variant: str  #: Defaults to ``scalar_rgb``.
    sensor: int  #: The number of the sensor.


class Mitsuba(PerFrameLayer):
    """Renders frames with Mitsuba 3, each in its own process.

    ::

        Mitsuba("turn", scene="knot.xml", outputs="out/knot.####.exr", params={"angle": {1: 0, 2: 15}, "spp": 16})
    """

    application = "Mitsuba"
    executable = "mitsuba"
    declared_args = MitsubaArgs
    output_rules = OutputRules(
        # The bar has no number, so the percentage comes from its filled part.
        frame_done=(r'Developing "(.+)" \.\.',),
        warning=(r" WARN ",),
        error=(r"^Caught a critical exception: .+", r" ERROR ", r"^\s+what\(\): "),
    )
    writes_beside = True
    may_share_scene = True  # with other parameters

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[MitsubaArgs]) -> None: ...

    def check_required_args(self) -> None:
        """Also check that the film can write the output."""
        super().check_required_args()
        for output in self.get_render_outputs()[:1]:
            if not output.path.lower().endswith(_EXTENSIONS):
                raise LayerException(
                    f"{where(self)}: Mitsuba writes {', '.join(_EXTENSIONS)}, but the output is {output.path!r};"
                    " a layer Oiio can convert it"
                )

    def frame_words(self, frame: int, targets: Targets) -> list[str]:
        """The words for threads, parameters, picture and scene."""
        words = ["-m", str(self.get_arg("variant", "scalar_rgb"))]
        words += ["-t", str(max(_FEWEST_THREADS, self.get_threads()))]
        if self.get_arg("sensor") is not None:
            words += ["-s", str(self.get_arg("sensor"))]
        words += [f"-D{name}={self._value(name, value, frame)}" for name, value in self._params().items()]
        return [*words, *self.get_extra_args(), "-o", targets.main.frame_path(frame), self.get_scene(frame)]

    def _params(self) -> Mapping[str, Any]:
        params = self.get_arg("params") or {}
        if not isinstance(params, Mapping):
            raise LayerException(f"layer {self.get_name()!r}: params must be a dict, not {params!r}")
        return params

    def _value(self, name: str, value: Any, frame: int) -> Any:
        if not isinstance(value, Mapping):
            return value
        by_frame = {int(key): one for key, one in value.items()}
        if frame not in by_frame:
            raise LayerException(f"layer {self.get_name()!r}: params[{name!r}] has no value for frame {frame}")
        return by_frame[frame]
