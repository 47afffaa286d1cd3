# SPDX-License-Identifier: Apache-2.0
"""Constants keep the values that scripts and stored outlines hold."""

from __future__ import annotations

from outline import constants
from outline.constants import LayerType


def test_a_layer_type_is_its_text_everywhere():
    assert str(LayerType.RENDER) == f"{LayerType.RENDER}" == LayerType.RENDER == "Render"


def test_the_old_tuple_of_types_lists_all_of_them():
    assert tuple(LayerType) == constants.LAYER_TYPES


def test_modes_are_ordered_as_an_outline_goes_through_them():
    assert constants.OUTLINE_MODE_INIT < constants.OUTLINE_MODE_SETUP < constants.OUTLINE_MODE_READY
