# SPDX-License-Identifier: Apache-2.0
"""The table of elements says of every document what the farm's own definitions say of it."""

from __future__ import annotations

import copy
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuebot_stub.spec import SpecError
from cuebot_stub.spec.markup import parse_markup
from cuebot_stub.spec.schema import LAYER_TYPES, NEWEST, VERSIONS, schema_of
from tests.specs import document

DEFINITIONS = Path(__file__).resolve().parents[5] / "shared" / "reference" / "cjsl"
NAMES = sorted({*schema_of(NEWEST).elements, "unknown"})
WORDS = ["abc", "Render", "render", "LAYER_ON_LAYER", "two words", "", "9-x.y:z", "a/b"]

needs_definitions = pytest.mark.skipif(
    not DEFINITIONS.is_dir(), reason=f"the farm's definitions are not in {DEFINITIONS}, beside the checkout"
)


def full_tree(version: str, name: str = "spec") -> ET.Element:
    """Return an element with everything that a version has below it, and two of what repeats."""
    schema = schema_of(version)
    made = ET.Element(name)
    for attribute in schema.attributes.get(name, {}).values():
        made.set(attribute.name, attribute.choices[0] if attribute.choices else "abc")
    for child in schema.children.get(name, {}).values():
        made.extend(full_tree(version, child.name) for _ in range(1 + child.repeats))
    return made


def is_valid_for_us(root: ET.Element, version: str) -> bool:
    try:
        parse_markup(document(ET.tostring(root, encoding="unicode"), version))
    except SpecError:
        return False
    return True


def is_valid_for_the_farm(root: ET.Element, version: str) -> bool:
    etree = pytest.importorskip("lxml.etree")
    definition = etree.DTD(str(DEFINITIONS / f"cjsl-{version}.dtd"))
    return bool(definition.validate(etree.fromstring(ET.tostring(root))))


def mutate(draw: Any, root: ET.Element) -> None:
    """Do one of the things that go wrong when a spec is put together by hand."""
    parent = draw(st.sampled_from([element for element in root.iter() if len(element)] or [root]))
    if not len(parent):
        return
    place = draw(st.integers(0, len(parent) - 1))
    child = parent[place]
    change = draw(st.sampled_from(["drop", "repeat", "swap", "rename", "put", "text", "attribute", "forget"]))
    if change == "drop":
        parent.remove(child)
    elif change == "repeat":
        parent.insert(draw(st.integers(0, len(parent))), copy.deepcopy(child))
    elif change == "swap":
        other = draw(st.integers(0, len(parent) - 1))
        parent[place], parent[other] = parent[other], parent[place]
    elif change == "rename":
        child.tag = draw(st.sampled_from(NAMES))
    elif change == "put":
        child.append(ET.Element(draw(st.sampled_from(NAMES))))
    elif change == "text":
        child.tail = draw(st.sampled_from(["text", " \n\t "]))
    elif change == "attribute":
        child.set(draw(st.sampled_from(["name", "type", "anyframe", "gpus", "host"])), draw(st.sampled_from(WORDS)))
    else:
        child.attrib.pop(draw(st.sampled_from(sorted(child.attrib) or [""])), None)


@st.composite
def mutated(draw: Any) -> tuple[ET.Element, str]:
    version = draw(st.sampled_from(VERSIONS))
    built_for = draw(st.sampled_from([version, version, *VERSIONS]))
    root = full_tree(built_for)
    for _ in range(draw(st.integers(0, 4))):
        mutate(draw, root)
    return root, version


@pytest.mark.parametrize("version", VERSIONS)
def test_a_spec_with_everything_is_valid(version):
    assert is_valid_for_us(full_tree(version), version)


@needs_definitions
@pytest.mark.parametrize("version", VERSIONS)
def test_the_farm_says_the_same_of_each_version_as_another_one(version):
    trees = {built_for: full_tree(built_for) for built_for in VERSIONS}

    ours = {built_for: is_valid_for_us(root, version) for built_for, root in trees.items()}

    assert ours == {built_for: is_valid_for_the_farm(root, version) for built_for, root in trees.items()}


@needs_definitions
@given(mutated())
def test_the_farm_says_the_same_of_specs_with_mistakes(case):
    root, version = case

    ours = is_valid_for_us(root, version)

    assert ours == is_valid_for_the_farm(root, version)


@needs_definitions
@pytest.mark.parametrize("version", VERSIONS)
def test_no_element_or_choice_of_the_definitions_is_forgotten(version):
    text = re.sub(r"<!--.*?-->", "", (DEFINITIONS / f"cjsl-{version}.dtd").read_text(), flags=re.DOTALL)
    declared = set(re.findall(r"<!ELEMENT\s+(\w+)", text))

    schema = schema_of(version)

    assert schema.elements == declared
    assert set(schema.attributes["depend"]["type"].choices) == set(re.findall(r"[A-Z]+(?:_[A-Z]+)+", text))
    assert schema.attributes["layer"]["type"].choices == LAYER_TYPES


def test_versions_are_the_eleven_that_the_farm_has():
    assert VERSIONS == ("1.5", "1.6", "1.7", "1.8", "1.9", "1.10", "1.11", "1.12", "1.13", "1.14", "1.15")


@pytest.mark.parametrize(
    ("parent", "child", "versions"),
    [
        ("job", "os", VERSIONS[1:]),
        ("layer", "gpu", VERSIONS[2:]),
        ("job", "localbook", VERSIONS[3:]),
        ("layer", "timeout", VERSIONS[5:]),
        ("layer", "timeout_llu", VERSIONS[5:]),
        ("job", "priority", VERSIONS[6:]),
        ("layer", "gpus", VERSIONS[7:]),
        ("layer", "gpu_memory", VERSIONS[7:]),
        ("job", "maxcores", VERSIONS[8:]),
        ("job", "maxgpus", VERSIONS[8:]),
        ("layer", "outputs", VERSIONS[9:]),
        ("depend", "onframe", (*VERSIONS[:9], "1.15")),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_elements_came_with_their_versions(parent, child, versions):
    having = tuple(version for version in VERSIONS if child in schema_of(version).children[parent])

    assert having == versions


@pytest.mark.parametrize(("version", "required"), [("1.8", True), ("1.9", False)])
def test_uid_was_required_up_to_1_8(version, required):
    assert schema_of(version).children["spec"]["uid"].required is required
