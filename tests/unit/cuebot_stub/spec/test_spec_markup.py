# SPDX-License-Identifier: Apache-2.0
"""Whatever text comes: elements in their places, or an error that names element, line and reason."""

from __future__ import annotations

import pickle

import pytest

from cuebot_stub.spec import SpecError, read_spec
from cuebot_stub.spec.schema import VERSIONS
from tests.specs import RULES, STRICT, document, job, layer, only_job, only_layer, spec

LONG = "a" * 100_000
BOMB = """<?xml version="1.0"?>
<!DOCTYPE spec [
  <!ENTITY a0 "ha">
  <!ENTITY a1 "&a0;&a0;&a0;&a0;&a0;&a0;&a0;&a0;&a0;&a0;">
  <!ENTITY a2 "&a1;&a1;&a1;&a1;&a1;&a1;&a1;&a1;&a1;&a1;">
]>
<spec><show>&a2;</show></spec>"""


def refusal(text, rules=RULES):
    with pytest.raises(SpecError) as caught:
        read_spec(text, rules)
    return caught.value


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("", "not XML: no element found", 1),
        ("hello", "not XML: syntax error", 1),
        ("{}", "not XML", 1),
        ("<!DOCTYPE spec><spec>", "not XML: no element found", 1),
        ("<!DOCTYPE spec><spec>\n</job>", "not XML: mismatched tag", 2),
        ("<!DOCTYPE spec><spec a=1/>", "not XML", 1),
        (spec() + "<spec/>", "not XML: junk after document element", 3),
        (" <?xml version='1.0'?><spec/>", "not XML", 1),
        ("<!DOCTYPE spec><spec>\0</spec>", "not XML", 1),
        ("\0", "not XML", 1),
        ("<!DOCTYPE spec><spec>\x01</spec>", "not XML", 1),
        ("<!DOCTYPE spec><spec>\ufffe</spec>", "not XML", 1),
        ("<!DOCTYPE spec><spec>\n\n\ud800</spec>", "not XML: it holds half of a surrogate pair", 3),
        ("<!DOCTYPE spec><spec>&lol;</spec>", "not XML: undefined entity", 1),
        ("<!DOCTYPE spec", "not XML", 1),
    ],
    ids=range(15),
)
def test_text_that_is_not_xml_is_refused_with_its_line(text, reason, line):
    error = refusal(text)

    assert reason in error.reason
    assert error.line == line


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        '<!DOCTYPE spec [<!ENTITY x SYSTEM "file:///etc/passwd">]><spec><show>&x;</show></spec>',
        '<!DOCTYPE spec [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]><spec/>',
        '<!DOCTYPE spec SYSTEM "cjsl-1.15.dtd" [<!ENTITY x "y">]><spec/>',
        "<!DOCTYPE spec [<!ELEMENT spec ANY>]><spec/>",
        "<!DOCTYPE spec [<!ATTLIST job name CDATA 'x'>]><spec/>",
        "<!DOCTYPE spec []><spec/>",
    ],
    ids=["bomb", "external entity", "parameter entity", "entity beside a definition", "element", "attribute", "empty"],
)
def test_documents_that_define_anything_are_refused_before_it_is_read(text):
    error = refusal(text)

    assert "defines entities or elements of its own" in error.reason


@pytest.mark.parametrize(
    "text",
    [
        spec(job(layer(frames="&frames;"))),
        spec(job(layer(after="<env><key name='A&x;B'>v</key></env>"))),
        spec(job(layer(after="<tags>&amp;&#65;<!-- &ok; --><![CDATA[&ok;]]>&x;</tags>"))),
    ],
    ids=["text", "attribute", "after what only looks so"],
)
def test_entities_that_nobody_defined_are_not_left_out_silently(text):
    error = refusal(text)

    assert "is not defined" in error.reason
    assert error.line == 3


def test_what_only_looks_like_an_entity_is_kept():
    found = only_layer(after="<env><key name='A'>&amp;&#65;&lt;<!-- &x; --><![CDATA[&y;]]><?z &z;?></key></env>")

    assert found.env == {"A": "&A<&y;"}


def test_an_external_definition_is_never_fetched(monkeypatch):
    def refuse(*_):
        raise AssertionError("a socket was opened")

    # Patched because the claim is that the network is not touched; a fake server would only prove one address.
    monkeypatch.setattr("socket.socket.connect", refuse)

    assert only_job(spec()).layers


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_read(version):
    assert only_job(spec(version=version)).name == "testing-test_shot-tester_test"


@pytest.mark.parametrize("system", ["cjsl-1.4.dtd", "cjsl-1.16.dtd", "cjsl-2.0.dtd", "cjsl.dtd", "spec.dtd", ""])
def test_an_unknown_version_is_refused_and_the_known_ones_named(system):
    error = refusal(f'<!DOCTYPE spec SYSTEM "{system}"><spec/>')

    assert repr(system) in error.reason
    assert all(version in error.reason for version in VERSIONS)


@pytest.mark.parametrize("address", ["file:///x/cjsl-1.9.dtd", "cjsl-1.9.dtd", "https://example.com/cjsl-1.9.dtd"])
def test_only_the_address_that_cuebot_knows_will_do(address: str):
    text = spec(version=None).replace("<spec>", f'<!DOCTYPE spec SYSTEM "{address}"><spec>', 1)

    assert "http://localhost:8080/spcue/dtd/cjsl-VERSION.dtd" in refusal(text).reason


def test_without_a_doctype_it_is_refused():
    assert "the DOCTYPE is missing" in refusal(spec(version=None)).reason


def test_a_doctype_without_an_address_is_the_newest_version():
    text = spec(version=None).replace("<spec>", "<!DOCTYPE spec><spec>", 1)

    assert only_job(text, STRICT)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<jobs/>", "the root element is <jobs>; it must be <spec>"),
        ("<!DOCTYPE job><spec/>", "the DOCTYPE is for <job>, and must be for <spec>"),
        ('<x:spec xmlns:x="y"/>', "the root element is <x:spec>"),
        ('<!DOCTYPE spec><spec xmlns="y"/>', "unknown attribute xmlns"),
    ],
    ids=["root", "doctype", "prefix", "namespace"],
)
def test_another_root_is_refused(text, reason):
    assert reason in refusal(text).reason


@pytest.mark.parametrize(
    ("after", "element", "reason"),
    [
        ("<tags>abc</tags><memory>1g</memory>", "", "<memory> must come before <tags>"),
        ("<memory>1g</memory><memory>1g</memory>", "", "there is more than one <memory>"),
        ("<tags>abc</tags><tags>abc</tags>", "", "there is more than one <tags>"),
        ("<foo/>", "", "unknown element <foo>"),
        ("<memroy>1g</memroy>", "", "unknown element <memroy>; did you mean 'memory'?"),
        ("<layer/>", "", "<layer> does not belong in <layer>, only in <layers>"),
        ("<limits/>", "/limits", "<limit> is missing"),
        ("<services/>", "/services", "<service> is missing"),
        ("<tags><b/></tags>", "/tags", "unknown element <b>"),
        ("<env>text</env>", "/env", "text between the elements: 'text'"),
        ("<env/><env><key/></env>", "/env[2]/key", "the attribute name is missing"),
        ("<env><key name=''/></env>", "/env/key", "the attribute name='' must be one word"),
        ("<env><key name='a b'/></env>", "/env/key", "the attribute name='a b' must be one word"),
        ("<env><key name='A' value='1'/></env>", "/env/key", "unknown attribute value"),
        ("text", "", "text between the elements: 'text'"),
    ],
    ids=range(15),
)
def test_an_element_out_of_place_is_named_with_its_line(after, element, reason):
    first = layer("first")
    error = refusal(spec(job(first, layer("second", after=after))))

    assert error.element == f"spec/job/layers/layer[2]{element}"
    assert reason in error.reason
    assert error.line == 3
    assert str(error) == f"{error.element} (line 3): {error.reason}"


def test_several_missing_elements_are_named_together():
    error = refusal(document("<spec><shot>abc</shot></spec>"))

    assert (error.element, error.reason) == ("spec", "<show> and <user> are missing")


def test_a_required_element_in_the_wrong_place_is_not_called_missing():
    text = layer().replace("<chunk>1</chunk>", "").replace("<cmd>", "<chunk>1</chunk><cmd>")

    assert "<cmd> must come before <chunk>" in refusal(spec(job(text))).reason


@pytest.mark.parametrize(
    ("kind", "reason"), [("render", "type='render' must be one of Render, Util, Post"), ("", "one word")]
)
def test_an_unknown_type_of_layer_is_refused_with_the_known_ones(kind, reason):
    assert reason in refusal(spec(job(layer(kind=kind)))).reason


def test_an_element_of_another_version_is_refused_with_the_versions_that_have_it():
    error = refusal(spec(job(before="<maxcores>4</maxcores>"), version="1.12"))

    assert error.reason == "spec version 1.12 has no <maxcores> here; 1.13, 1.14, 1.15 have"


def test_a_document_may_be_nested_as_deep_as_it_likes_without_harm():
    error = refusal("<!DOCTYPE spec><spec>" + "<job>" * 100_000)

    assert "the attribute name is missing" in error.reason


@pytest.mark.parametrize(
    "text",
    [
        f"<{LONG}/>",
        f"<spec><{LONG}/></spec>",
        f"<spec>{LONG}</spec>",
        f"<spec {LONG}='1'/>",
        f"<!DOCTYPE {LONG}><spec/>",
        f"<!DOCTYPE spec SYSTEM '{LONG}'><spec/>",
        spec(before=f"<facility>{LONG}</facility>"),
        spec(show=LONG),
        spec(shot=LONG),
        spec(user=LONG),
        spec(job(name=LONG)),
        spec(job(layer(LONG))),
        spec(job(layer(kind=LONG))),
        spec(job(layer(frames=LONG))),
        spec(job(layer(chunk=LONG))),
        spec(job(layer(after=f"<cores>{LONG}</cores>"))),
        spec(job(layer(after=f"<memory>{LONG}</memory>"))),
        spec(job(layer(after=f"<tags>é{LONG}</tags>"))),
        spec(job(layer(after=f"<limits><limit>{LONG}</limit></limits>"))),
        spec(job(layer(after=f"<env>&{LONG};</env>"))),
    ],
    ids=range(20),
)
def test_a_long_name_or_text_is_cut_in_the_message(text):
    assert len(str(refusal(text))) < 450
    assert len(str(refusal(text, STRICT))) < 450


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "UTF-16", "no-such-thing"])
def test_the_encoding_that_a_text_declares_is_past(encoding):
    text = spec(job(layer(cmd="render été"))).replace('version="1.0"', f'version="1.0" encoding="{encoding}"')

    assert only_job(text).layers[0].command == "render été"


def test_a_byte_order_mark_comments_and_instructions_are_no_matter():
    text = "\ufeff" + spec().replace("<shot>", "<!-- a shot --><?x y?> \t\r\n<shot> ").replace("<user>", "\n<user>\n")

    assert read_spec(text, RULES).shot == "test_shot"


def test_the_error_survives_pickling():
    error = pickle.loads(pickle.dumps(SpecError("spec/job", "no", 7)))

    assert (error.element, error.reason, error.line, str(error)) == ("spec/job", "no", 7, "spec/job (line 7): no")


def test_an_error_without_a_line_names_element_and_reason():
    assert str(SpecError("spec", "no")) == "spec: no"
