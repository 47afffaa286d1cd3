# SPDX-License-Identifier: Apache-2.0
"""Makes the responses of calls of what they return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from opencue_proto import comment_pb2, facility_pb2, filter_pb2, job_pb2, service_pb2

from ..farm.farm import Farm
from . import thing_messages as things
from .messages import depend_message, filled, frame_message, frame_values, job_message, layer_message, look_message

__all__ = ["answer"]


def _copies(kind: Callable[..., Any]) -> Callable[[Farm, Any], Any]:
    return lambda farm, thing: filled(kind, thing)


#: By the name of a message, what makes it of a thing. Layers and frames are ends of dependencies: job, layer, frame.
_MAKERS: dict[str, Callable[[Farm, Any], Any]] = {
    "Action": things.action_message,
    "Allocation": things.allocation_message,
    "Comment": _copies(comment_pb2.Comment),
    "Deed": things.deed_message,
    "Department": things.department_message,
    "Depend": depend_message,
    "Facility": _copies(facility_pb2.Facility),
    "Filter": _copies(filter_pb2.Filter),
    "Frame": lambda farm, end: frame_message(farm, end.job, end.ref),
    "FrameStateDisplayOverride": lambda farm, pair: look_message(*pair),
    "Group": things.group_message,
    "Host": things.host_message,
    "Job": job_message,
    "Layer": lambda farm, end: layer_message(farm, end.job, end.layer),
    "Limit": things.limit_message,
    "Matcher": _copies(filter_pb2.Matcher),
    "NestedGroup": things.whiteboard,
    "NestedHost": things.nested_host,
    "Owner": things.owner_message,
    "Proc": things.proc_message,
    "RenderPartition": things.partition_message,
    "Service": _copies(service_pb2.Service),
    "ServiceOverride": things.service_override,
    "Show": things.show_message,
    "Subscription": things.subscription_message,
    "Task": things.task_message,
    "UpdatedFrame": lambda farm, end: job_pb2.UpdatedFrame(**frame_values(farm.procs, end.job, end.ref)),
}


def answer(farm: Farm, kind: Any, value: Any) -> Any:
    """The response of a call.

    Args:
        kind: The class of the response.
        value: What the call returned: nothing, the value of the only field, or a dictionary of fields. Things in it
            become messages, and lists of things become sequences.
    """
    fields = kind.DESCRIPTOR.fields_by_name
    if value is None:
        return kind()
    values = value if isinstance(value, dict) else {next(iter(fields)): value}
    return kind(**{name: _made(farm, fields[name], one) for name, one in values.items()})


def _made(farm: Farm, field: Any, value: Any) -> Any:
    kind = field.message_type
    if kind is None or isinstance(value, Message | dict):
        return value
    if isinstance(value, list):
        if kind.name.endswith("Seq"):
            (part,) = kind.fields
            return {part.name: _made(farm, part, value)}
        return [_made(farm, field, one) for one in value]
    return _MAKERS[kind.name](farm, value)
