# SPDX-License-Identifier: Apache-2.0
"""Listeners are called in order, and what they raise is seen."""

from __future__ import annotations

import logging
import pickle
from typing import Any

import pytest

from outline.event import AFTER_EXECUTE, EVENT_TYPES, SETUP, EventHandler, LaunchEvent, LayerEvent
from outline.exception import FailImmediately


class FakeLayer:
    def __str__(self) -> str:
        return "beauty"


LAYER: Any = FakeLayer()  # Any: stands for a Layer
calls: list[str] = []


def fail(event: LayerEvent) -> None:
    raise AttributeError("a bug in the listener")


def note(event: LayerEvent) -> None:
    calls.append(event.type)


@pytest.fixture
def handler() -> EventHandler:
    calls.clear()
    return EventHandler(LAYER)


def test_listeners_are_called_in_the_order_in_which_they_were_added(handler: EventHandler):
    order: list[int] = []
    handler.add_event_listener(SETUP, lambda event: order.append(1))
    handler.add_event_listener(SETUP, lambda event: order.append(2))

    handler.emit(LayerEvent(SETUP, LAYER))

    assert order == [1, 2]


def test_only_listeners_of_the_type_are_called(handler: EventHandler):
    handler.add_event_listener(AFTER_EXECUTE, note)

    handler.emit(LayerEvent(SETUP, LAYER))

    assert calls == []


def test_a_failing_listener_is_logged_with_traceback_and_the_next_one_runs(
    handler: EventHandler, caplog: pytest.LogCaptureFixture
):  # fault 7
    handler.add_event_listener(SETUP, fail)
    handler.add_event_listener(SETUP, note)

    handler.emit(LayerEvent(SETUP, LAYER))

    assert calls == [SETUP]
    record = caplog.records[0]
    assert record.levelno == logging.ERROR
    assert record.getMessage() == f"layer beauty: listener {__name__}.fail failed at SETUP"
    assert record.exc_info is not None
    assert "a bug in the listener" in caplog.text


def test_the_log_names_the_frames_of_the_event(handler: EventHandler, caplog: pytest.LogCaptureFixture):
    handler.add_event_listener(AFTER_EXECUTE, fail)

    handler.emit(LayerEvent(AFTER_EXECUTE, LAYER, frames="1-4"))

    assert caplog.messages == [f"layer beauty, frames 1-4: listener {__name__}.fail failed at AFTER_EXECUTE"]


def test_a_listener_without_a_name_is_logged_as_it_prints(handler: EventHandler, caplog: pytest.LogCaptureFixture):
    class Listener:
        def __call__(self, event: LaunchEvent) -> None:
            raise ValueError

        def __repr__(self) -> str:
            return "<my listener>"

    handler.add_event_listener("STUDIO_EVENT", Listener())

    handler.emit(LaunchEvent("STUDIO_EVENT", None))

    assert caplog.messages == ["launch: listener <my listener> failed at STUDIO_EVENT"]


def test_fail_immediately_reaches_the_emitter_and_stops_the_others(handler: EventHandler):
    def refuse(event: LayerEvent) -> None:
        raise FailImmediately("no")

    handler.add_event_listener(SETUP, refuse)
    handler.add_event_listener(SETUP, note)

    with pytest.raises(FailImmediately):
        handler.emit(LayerEvent(SETUP, LAYER))

    assert calls == []


def test_a_listener_may_add_a_listener_for_the_next_time(handler: EventHandler):
    handler.add_event_listener(SETUP, lambda event: handler.add_event_listener(SETUP, note))

    handler.emit(LayerEvent(SETUP, LAYER))

    assert calls == []
    assert len(handler.get_event_listeners(SETUP)) == 2


def test_what_cannot_be_called_cannot_listen(handler: EventHandler):
    listener: Any = "note"

    with pytest.raises(TypeError, match="listener for SETUP must be callable, not 'note'"):
        handler.add_event_listener(SETUP, listener)


def test_the_list_of_listeners_is_a_copy(handler: EventHandler):
    handler.add_event_listener(SETUP, note)

    handler.get_event_listeners(SETUP).clear()

    assert handler.get_event_listeners(SETUP) == [note]
    assert handler.get_event_listeners(AFTER_EXECUTE) == []


def test_all_listeners_are_pairs_of_type_and_callback(handler: EventHandler):
    handler.add_event_listener(SETUP, note)
    handler.add_event_listener(AFTER_EXECUTE, fail)
    handler.add_event_listener(SETUP, fail)

    assert handler.get_all_listeners() == [(SETUP, note), (SETUP, fail), (AFTER_EXECUTE, fail)]


def test_a_handler_survives_pickling(handler: EventHandler):
    handler.add_event_listener(SETUP, note)

    again = pickle.loads(pickle.dumps(handler))

    assert again.get_all_listeners() == [(SETUP, note)]


def test_keyword_arguments_become_attributes():
    layer_event = LayerEvent(AFTER_EXECUTE, LAYER, frames=[1, 2])
    launch_event = LaunchEvent("AFTER_LAUNCH", "tool", job="j")

    assert (layer_event.type, layer_event.layer, layer_event.frames) == (AFTER_EXECUTE, LAYER, [1, 2])
    assert (launch_event.cuerun, launch_event.job) == ("tool", "j")
    assert str(launch_event) == "{'type': 'AFTER_LAUNCH', 'cuerun': 'tool', 'job': 'j'}"


def test_an_attribute_that_the_emitter_did_not_give_is_missing():
    with pytest.raises(AttributeError):
        _ = LayerEvent(SETUP, LAYER).frames


def test_the_types_keep_their_order():
    assert EVENT_TYPES == (
        "AFTER_INIT",
        "AFTER_PARENTED",
        "SETUP",
        "BEFORE_EXECUTE",
        "AFTER_EXECUTE",
        "AFTER_LAUNCH",
        "BEFORE_LAUNCH",
    )


def test_the_types_are_attributes_of_the_events_as_opencues_documentation_spells_them():
    of_layers = ("AFTER_INIT", "AFTER_PARENTED", "SETUP", "BEFORE_EXECUTE", "AFTER_EXECUTE")

    assert [getattr(LayerEvent, name) for name in of_layers] == list(of_layers)
    assert (LaunchEvent.BEFORE_LAUNCH, LaunchEvent.AFTER_LAUNCH) == ("BEFORE_LAUNCH", "AFTER_LAUNCH")
