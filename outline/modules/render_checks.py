# SPDX-License-Identifier: Apache-2.0
"""What is checked of a layer of an application: its arguments at the launch, and how a command has ended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..exception import LayerException, ShellCommandFailureException
from ..io.path import each_path, expand_path
from ..layer import outputs
from ..layer.args import where
from ..logs import get_logger

if TYPE_CHECKING:
    from .command import CommandEnd
    from .render import RenderLayer

__all__ = ["check_args", "check_size", "error_of", "use_paths_of_this_host"]

logger = get_logger("outline.modules.render")


def check_args(layer: RenderLayer) -> None:
    """Check the types of arguments, and that there are outputs, which are files.

    Raises:
        LayerException: An argument is not what it should be.
    """
    for key, kind in layer.arg_types.items():
        if not isinstance(layer.get_arg(key), (kind, type(None))):
            raise LayerException(f"{where(layer)}: {key} must be a {kind.__name__}, not {layer.get_arg(key)!r}")
    if layer.size_needs_both:
        check_size(layer)
    if layer.get_arg("copy_scene") and "%{" in str(layer.get_arg("scene")):
        raise LayerException(f"{where(layer)}: copy_scene cannot copy a scene that items name; leave it out")
    declared = layer.get_render_outputs()
    if not declared and layer.needs_outputs and outputs.checks_outputs(layer):
        raise LayerException(
            f"{where(layer)} needs the argument 'outputs', the files that each frame leaves behind, such as"
            " 'out/beauty.####.exr'"
        )
    for output in declared:
        if output.is_folder and not layer.makes_folders:
            raise LayerException(
                f"{where(layer)}: {layer.application} writes files, and its output {output.name!r} is the folder"
                f" {output.path}; name a file, such as 'out/beauty.####.exr'"
            )


def check_size(layer: RenderLayer) -> None:
    """Check that a picture has no width without a height, and no height without a width.

    Raises:
        LayerException: It has.
    """
    given = [key for key in ("width", "height") if layer.get_arg(key)]
    if len(given) == 1:
        lacks = "height" if given == ["width"] else "width"
        raise LayerException(f"{where(layer)}: {layer.application} takes no {given[0]} alone; give {lacks}, too")


def error_of(layer: RenderLayer, end: CommandEnd) -> LayerException | ShellCommandFailureException | None:
    """The error of a command, or None when all is well."""
    forgives = layer.get_arg("success_when_outputs_complete") and outputs.checks_outputs(layer)
    if end.failure is not None and end.left_all and forgives:
        logger.warning("layer %s: %s, but all outputs exist", layer.get_name(), end.failure)
        end = end._replace(failure=None)
    name = f"layer {layer.get_name()!r}: "
    if end.failure is not None:
        status = end.failure.exit_status
        meaning = f" ({layer.exit_reasons[status]})" if status in layer.exit_reasons else ""
        what = f"{name}{layer.application} failed with exit status {status}{meaning}"
        return ShellCommandFailureException(f"{end.failure}\n{end.tell(layer.application, what)}", status)
    if end.faults:
        return LayerException(end.tell(layer.application, name))
    if end.fatal or (end.said and not layer.trusts_exit_code):
        return LayerException(end.tell(layer.application, f"{name}{layer.application} reported an error"))
    return None


def use_paths_of_this_host(layer: RenderLayer) -> None:
    """Map paths of other systems to this host, in all arguments and in the layer's variables.

    Then expand ``~`` and variables in the arguments that are paths.

    Raises:
        LayerException: An output contains a variable that is not set.
    """
    from ..io.mapping import configured_rules, map_environment, map_value

    if layer.get_arg("copy_scene") and layer.get_arg("scene"):  # the session may have been moved
        layer.set_arg("scene", os.path.join(layer.get_path(), os.path.basename(layer.get_scene())))
    rules = configured_rules()
    for key, value in layer.get_args().items() if rules else ():
        if key != "env":  # variables are mapped below, with what separates paths in them
            layer.set_arg(key, map_value(value, rules))
    os.environ.update(map_environment(layer.get_execute_env(), rules) if rules else {})
    for key in (*layer.path_args, "outputs", "optional"):
        if layer.get_arg(key):
            layer.set_arg(key, each_path(layer.get_arg(key), lambda path: expand_path(path, os.environ)))
    outputs.check_variables(layer, layer.get_render_outputs())
