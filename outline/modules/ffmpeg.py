# SPDX-License-Identifier: Apache-2.0
"""ffmpeg makes a movie of a sequence of pictures.

Versions: run for real with 5.1.9 of Debian 12. Facts are from experiments and ``man ffmpeg``.

What you need to know, all measured:

- A gap in the pictures ends the movie there, and ffmpeg exits with 0. So the module counts the pictures before and the
  movie's frames afterwards.
- When it cannot read a picture it repeats the one before and exits with 0, unless ``-xerror`` is given.
- It looks for the first picture among five numbers only, and has no steps. So the module gives it links with numbers
  from 0 on, whatever the frames are.
- Without ``-nostdin`` it reads the stdin of its caller. Without ``-y`` it does not overwrite an existing file.
- ``yuv420p``, the format that all players know, needs an even width and height, so the module pads pictures by a pixel.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from ..console import OutputRules
from ..exception import LayerException
from ..frames import FrameSet
from ..io.output import Targets
from ..layer.args import where
from ..layer.context import report_problem
from ..logs import get_logger
from .render import RenderCommand
from .sequence import SequenceLayer, SourceArgs

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Ffmpeg", "FfmpegArgs"]

logger = get_logger("outline.modules.ffmpeg")


_RATE = r"\d+(\.\d+)?([/:]\d+(\.\d+)?)?\Z|(ntsc|pal|q?ntsc|q?pal|sntsc|spal|film|ntsc-film)\Z"
_EVEN = "pad=ceil(iw/2)*2:ceil(ih/2)*2"


class FfmpegArgs(SourceArgs, total=False):
    """The arguments of ``Ffmpeg``."""

    fps: int | float | str  #: Pictures per second. Defaults to 24. May be a text such as ``"24000/1001"``.
    codec: str  #: Defaults to ``libx264``.
    crf: int  #: The quality. Defaults to 18.
    pixel_format: str  #: Defaults to ``yuv420p``.
    filters: str  #: The value of ``-vf``. An empty text omits the padding to an even size.
    fill_gaps: bool  #: True repeats the picture before a missing one, or shows the first one, instead of failing.
    input_args: list[Any]  #: Words before the pictures, such as ``["-apply_trc", "iec61966_2_1"]`` for linear EXR.


class Ffmpeg(SequenceLayer):
    """Makes a movie of all pictures of a sequence, in one frame.

    ::

        Ffmpeg("movie", source="small/a.####.png", outputs="a.mp4", fps=25, require="small:all")
    """

    application = "Ffmpeg"
    executable = "ffmpeg"
    declared_args = FfmpegArgs
    output_rules = OutputRules(
        frame_index=(r"^frame= *(\d+)",),
        error=(
            r"No such file or directory",
            r"Impossible to open",
            r"Conversion failed!",
            r"Invalid (?:data|argument)",
            r"^\[.+\] .*(?:[Ee]rror|not divisible by|Unknown encoder)",
            r"^(?:Unknown|Unrecognized|Error) ",
            r"Permission denied",
        ),
    )
    writes_beside = True

    if TYPE_CHECKING:

        def __init__(self, name: str, **args: Unpack[FfmpegArgs]) -> None: ...

    def check_required_args(self) -> None:
        """Also check the rate."""
        super().check_required_args()
        rate = self.get_arg("fps")
        if rate is not None and not re.match(_RATE, str(rate)):
            problem = f"{where(self)}: fps must be a number such as 25 or '24000/1001', not {rate!r}"
            report_problem(LayerException(problem), self)

    def check_before_commands(self, frames: FrameSet) -> None:
        """Check that all pictures exist, and make links to them with numbers from 0 on."""
        missing = self.missing_sources(self.get_sequence()) if self.get_arg("fill_gaps") else []
        shown = self._shown(set(missing))
        if missing:
            logger.warning("layer %s: the pictures of frames %s are missing", self.get_name(), FrameSet(missing))
        self.check_sources(FrameSet(shown))
        self.make_scratch_folder()
        for number, frame in enumerate(shown):
            link = os.path.join(self.get_scratch_folder(), f"{number:06d}{self._extension()}")
            os.symlink(os.path.abspath(self.get_source().frame_path(frame)), link)

    def render_commands(self, frames: FrameSet, targets: Targets) -> list[RenderCommand]:
        """The one run of ffmpeg."""
        rate = str(self.get_arg("fps") or 24)
        links = os.path.join(self.get_scratch_folder().replace("%", "%%"), f"%06d{self._extension()}")
        words = [*self.get_program(), "-hide_banner", "-nostdin", "-xerror", "-y"]
        words += ["-framerate", rate, "-start_number", "0"]
        words += [*(str(word) for word in self.get_arg("input_args") or ()), "-i", links]
        words += ["-frames:v", str(len(self.get_sequence())), "-r", rate, "-c:v", str(self.get_arg("codec", "libx264"))]
        if self.get_arg("crf", 18) is not None and self.get_arg("codec", "libx264") in ("libx264", "libx265"):
            words += ["-crf", str(self.get_arg("crf", 18))]
        words += ["-pix_fmt", str(self.get_arg("pixel_format", "yuv420p"))]
        filters = self.get_arg("filters", _EVEN)
        words += ["-vf", str(filters)] if filters else []
        words += ["-threads", str(self.get_threads()), *self.get_extra_args()]
        return [RenderCommand([*words, _not_an_option(targets.main.frame_path(frames[0]))], frames)]

    def collect_outputs(self, command: RenderCommand) -> None:
        """Count the frames of the movie.

        Raises:
            LayerException: The movie has more or fewer frames than there are pictures.
        """
        movie = self.get_target().frame_path(command.frames[0])
        wanted, found = len(self.get_sequence()), _count_frames(command.argv[0], movie)
        if found is not None and found != wanted:
            raise LayerException(
                f"layer {self.get_name()!r}: the movie has {found} frames, but there are {wanted} pictures"
            )

    def _shown(self, missing: set[int]) -> list[int]:
        """The frame whose picture appears at each position of the movie."""
        sequence = self.get_sequence()
        last = next((frame for frame in sequence if frame not in missing), sequence[0])
        shown = []
        for frame in sequence:
            last = last if frame in missing else frame
            shown.append(last)
        return shown

    def _extension(self) -> str:
        return os.path.splitext(self.get_source().path)[1]


def _count_frames(program: str, movie: str) -> int | None:
    """The number of frames in a movie. None when unknown."""
    import shutil
    import subprocess

    probe = shutil.which("ffprobe", path=os.pathsep.join([os.path.dirname(program), os.environ.get("PATH", "")]))
    if probe is None or not os.path.exists(movie):
        return None
    words = [probe, "-v", "error", "-select_streams", "v:0", "-count_packets", "-show_entries"]
    asked = subprocess.run(
        [*words, "stream=nb_read_packets", "-of", "csv=p=0", _not_an_option(movie)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    text = asked.stdout.strip().rstrip(",")
    return int(text) if text.isdigit() else None


def _not_an_option(path: str) -> str:
    return f"file:{path}"
