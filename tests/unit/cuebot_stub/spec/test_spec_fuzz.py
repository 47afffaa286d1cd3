# SPDX-License-Identifier: Apache-2.0
"""Whatever is sent, reading it ends in data or in a SpecError, and in the same one each time."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cuebot_stub.spec import SpecDocument, SpecError, read_spec
from cuebot_stub.spec.schema import DEPEND_TYPES, VERSIONS
from tests.specs import RULES, STRICT, depend, job, layer, spec

ELEMENTS = (
    "<cores>2.0</cores><threadable>1</threadable><memory>1g</memory><gpus>1</gpus><gpu>1g</gpu>"
    "<gpu_memory>1g</gpu_memory><timeout>1</timeout><timeout_llu>1</timeout_llu><tags>abc|def</tags>"
    "<limits><limit>nuke</limit></limits><env><key name='A'>1</key></env><services><service>shell</service></services>"
    "<outputs><output name='rgb'>/x</output></outputs>"
)
JOB_ELEMENTS = (
    "<paused>1</paused><priority>1</priority><maxretries>1</maxretries><maxcores>1</maxcores><maxgpus>1</maxgpus>"
    "<autoeat>1</autoeat><localbook host='a' cores='1' memory='1' threads='1' gpu='1'/><os>x</os><env/>"
)
WHOLE = spec(
    job(layer(after=ELEMENTS), layer("comp"), before=JOB_ELEMENTS),
    depends=depend("FRAME_ON_FRAME", depframe="0002-comp", onframe="0001-beauty"),
    before="<facility>local</facility><dept>x</dept>",
    after="<email>a@b</email><uid>1</uid>",
)
PLACES = [place for place, sign in enumerate(WHOLE) if sign in "<>\"'="]

RULE_SETS = st.sampled_from([RULES, STRICT])
# Signs that mean something in a spec are likelier than those that mean nothing.
SIGNS = st.sampled_from("<>/&;!?[]-'\"= \n\0\ufeff\u212a0123456789.mgxy:|_a") | st.characters()
WORDS = st.text(SIGNS, max_size=12)
VALUES = WORDS | st.sampled_from(
    ["", "0", "-1", "1.", ".5", "9" * 30, "1e308", "nan", "inf", "1g", "1.5g", "-1m", "m", "1-10", "1-9x0", "-5--1"]
)


def outcome(text: str, rules: Any) -> SpecDocument | str:
    """Return what was read, or the error; everything that is no SpecError comes out and fails the test."""
    try:
        return read_spec(text, rules)
    except SpecError as error:
        return str(error)


@given(st.text(SIGNS), RULE_SETS)
def test_any_text(text, rules):
    assert outcome(text, rules) == outcome(text, rules)


@given(st.binary(), RULE_SETS)
def test_any_bytes(data, rules):
    assert outcome(data.decode("utf-8", "surrogateescape"), rules)


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 9), WORDS), min_size=1, max_size=4), RULE_SETS)
def test_a_spec_with_pieces_taken_out_and_put_in(changes, rules):
    text = WHOLE
    for place, length, word in changes:
        text = text[:place] + word + text[place + length :]

    assert outcome(text, rules) == outcome(text, rules)


@given(st.integers(0, len(WHOLE)), RULE_SETS)
def test_a_spec_that_was_cut_off(length, rules):
    assert outcome(WHOLE[:length], rules)


@given(
    st.fixed_dictionaries(dict.fromkeys(("cores", "memory", "gpus", "gpu_memory", "timeout", "tags"), VALUES)),
    st.fixed_dictionaries({"frames": VALUES, "cmd": WORDS, "name": WORDS, "chunk": VALUES}),
    RULE_SETS,
)
def test_any_values_of_a_layer(elements, parts, rules):
    written = {name: text.replace("<", "").replace("&", "").replace("\0", "") for name, text in elements.items()}
    after = "".join(f"<{name}>{text}</{name}>" for name, text in written.items())

    assert outcome(spec(job(layer(after=after, **parts))), rules)


@given(
    st.sampled_from(DEPEND_TYPES),
    st.dictionaries(
        st.sampled_from(["depjob", "deplayer", "depframe", "onjob", "onlayer", "onframe"]),
        st.sampled_from(["", "test", "other", "beauty", "Comp", "0001-beauty", "0002-comp", "-001-comp", "x", "a-b-c"]),
    ),
    RULE_SETS,
)
def test_any_depend(kind, parts, rules):
    assert outcome(spec(job(layer(), layer("comp", chunk=3)), depends=depend(kind, **parts)), rules)


@given(st.sampled_from(VERSIONS), st.sampled_from(["show", "shot", "user", "job name"]), VALUES, RULE_SETS)
def test_any_names(version, where, value, rules):
    text = value.replace("<", "").replace("&", "").replace("\0", "")
    made = spec(job(name=text), version=version) if where == "job name" else spec(version=version, **{where: text})

    assert outcome(made, rules)
