"""The table of strategies is all that the record's readers know of them."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_debugloop.snapshots.evidence import recorded_evidence
from pytest_debugloop.text.strategies import EVIDENCE, STRATEGIES, in_words, proved_in_words

EVIDENCE_OF: dict[str, tuple[dict[str, Any], str]] = {
    "retry": ({}, "not known: nothing recorded explains it"),
    "code_change": (
        {"code": [{"function": "f", "file": "a.py", "change": "changed"}], "more_functions": 2},
        "f in a.py was changed, and 2 more",
    ),
    "data_change": ({"data": [{"file": "a.json", "change": "added"}] * 2}, "a.json was added, and 1 more"),
    "dependency_change": ({"distributions": {"a": ["1", None]}}, "distribution: a from 1 to nothing"),
    "environment_change": (
        {
            "environment": {"B": [{"hash": "x"}, {"hash": "y"}]},
            "interpreter": {"python": ["3.10", "3.12"]},
            "situations": {"environment_change": ["another version of Python"]},
        },
        "environment: python from 3.10 to 3.12, B has another value, which is not kept",
    ),
    "option_change": ({"options": {"-x": [None, [""]]}}, "option: -x from nothing to nothing"),
    "order_change": ({"order": {"setters": ["test_a"], "alone": None}}, "it ran after test_a"),
    "rerun": ({"other_data": ["a"]}, "a flake: nothing that was different explains it better"),
    "unknown": ({"missing": ["code"]}, "not known: code of a run is not recorded, and nothing else explains it"),
}


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_strategy_is_said_in_words(name: str) -> None:
    evidence, words = EVIDENCE_OF[name]
    assert in_words(name, evidence) == words
    assert STRATEGIES[name].in_summary


def test_nothing_was_different_is_said_only_where_that_is_so() -> None:
    assert in_words("rerun", {}) == "nothing that is recorded was different"
    assert in_words("rerun", {"other_environment": ["HOME"]}) == EVIDENCE_OF["rerun"][1]


def test_a_strategy_that_others_stored_is_said_too() -> None:
    assert in_words("magic", {"code": []}) == "not known: nothing that was different explains it"


@pytest.mark.parametrize("odd", [None, 5, "x", [5], {"a": 1}, [{"a": 1}]], ids=repr)
def test_evidence_of_another_form_gets_the_form_of_its_key(odd: Any) -> None:
    for key, form in EVIDENCE.items():
        found = recorded_evidence({key: odd})[key]
        if form == "changes":
            assert all(isinstance(one, dict) for one in found)
        else:
            assert isinstance(found, dict)


def test_what_was_proved_is_said_to_be() -> None:
    verified = {"strategy": "code_change", "name": "f in a.py", "undone": [{}]}
    assert proved_in_words(verified) == "f in a.py was changed: verified, undone alone the test fails again"
    verified |= {"name": "f in a.py and B", "undone": [{}, {}]}
    assert proved_in_words(verified) == "f in a.py and B: verified, undone together the test fails again"
