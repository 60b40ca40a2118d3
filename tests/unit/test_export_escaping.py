"""What an export writes is read back as it was, and acts on nothing that reads it."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from dataclasses import fields
from typing import Any

import pytest
from _pytest.junitxml import mangle_test_address

from pytest_debugloop.answers.junit import address, case_of, element, written
from pytest_debugloop.answers.rows import cell
from pytest_debugloop.queries.exports import Attempt

TEXTS = [
    "plain",
    "<a href=\"x\">&amp;</a> 'quoted' ]]>",
    "\x00\x01\x08\x0b\x0c\x0e\x1b[31m\x1f\x7f",
    "\x85\x9b2J",
    "\ud800 \udfff \ufffe \uffff",
    "שלום \u202e 日本 \U0001f40d \U0010ffff",
    "tab\tline\nreturn\r\nend",
]


def may_stand(number: int) -> bool:
    """As XML 1.0 says (production 2, Char), without DEL and the C1 controls, which act on terminals."""
    is_char = number in (0x9, 0xA, 0xD) or any(
        low <= number <= high for low, high in ((0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
    )
    return is_char and not 0x7F <= number <= 0x9F


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_any_text_is_read_back_from_xml(text: str) -> None:
    read = ET.fromstring(written(element("e", text, a=text)))
    expected = "".join(
        c if may_stand(ord(c)) else f"#x{ord(c):02X}" if ord(c) <= 0xFF else f"#x{ord(c):04X}" for c in text
    )
    assert read.get("a") == expected
    assert read.text == expected.replace("\r", "#x0D")


@pytest.mark.parametrize(
    "node_id",
    [
        "test_a.py::test_b",
        "tests/unit/test_a.py::TestC::test_b",
        "tests/test_a.py::test_b[x-y]",
        "tests/test_a.py::test_b[a::b/c.py]",
        "tests/test_a.py::test_b[[1]]",
        "README.md::README.md",
        "tests/test_a.py",
    ],
)
def test_class_name_and_name_are_those_of_pytest(node_id: str) -> None:
    names = mangle_test_address(node_id)
    assert address(node_id) == (".".join(names[:-1]), names[-1])


@pytest.mark.parametrize(
    ("outcome", "tags"), [("failed", ["failure"]), ("error", ["error"]), ("died", ["error"]), ("passed", [])]
)
def test_a_failure_that_the_record_lacks_counts_all_the_same(outcome: str, tags: list[str]) -> None:
    facts: dict[str, Any] = dict.fromkeys(field.name for field in fields(Attempt))
    facts |= {"node_id": "test_a.py::test_b", "outcome": outcome, "failures": [uuid.uuid4()]}
    attempt = Attempt(**facts)
    assert [child.tag for child in case_of([attempt], {})] == tags


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\n=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text) == "'" + text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        (True, "true"),
        (-5, -5),
        (0.25, 0.25),
        ("tests/test_a.py::test_b", "tests/test_a.py::test_b"),
        (["=1"], '["=1"]'),
        ({"a": "é"}, '{"a": "é"}'),
    ],
)
def test_other_cells_stay_as_they_are(value: object, written: object) -> None:
    assert cell(value) == written
