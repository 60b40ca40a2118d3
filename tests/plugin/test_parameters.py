"""The parameters of tests are the input of their calls, whether they pass or fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Run


@pytest.fixture(scope="module")
def run(make_project: Callable[[str], Project]) -> Run:
    project = make_project("parameters")
    project.write(
        "test_parameters.py",
        """
        import pytest

        class Money:
            def __repr__(self):
                raise SystemExit("nobody runs code of objects")

        @pytest.mark.parametrize(
            "count, share, name, flag, nothing, text, money, password, tokens",
            [(3, 0.5, "apple", True, None, "key AKIAIOSFODNN7EXAMPLE " + "x" * 300, Money(), "hunter2", 12)],
            ids=["all"],
        )
        def test_many(count, share, name, flag, nothing, text, money, password, tokens):
            pass

        @pytest.fixture(params=[1, float("nan"), 10**5000], ids=["a", "b", "c"])
        def number(request):
            return request.param

        def test_indirect(number):
            pass

        @pytest.mark.parametrize("value", [None])
        def test_failing(value, tmp_path):
            assert value

        @pytest.mark.debugloop(capture=False)
        @pytest.mark.parametrize("value", [1])
        def test_private(value):
            pass

        @pytest.mark.parametrize("value", [1, True, 1.0, "1"], ids=list("abcd"))
        def test_alike(value):
            pass

        def test_plain():
            pass
        """,
    )
    return project.run("-q")


def inputs(run: Run) -> dict[str, Any]:
    steps = run.record.query(
        "SELECT operation_name, input_data FROM debug_workflow_steps"
        " WHERE correlation_id = %(id)s AND step_type = 'call' ORDER BY step_number"
    )
    return {step["operation_name"].rpartition("::")[2]: step["input_data"] for step in steps}


def test_parameters_of_tests_that_pass_are_stored_without_secrets_or_code_of_objects(run: Run) -> None:
    (found,) = (given["parameters"] for name, given in inputs(run).items() if name.startswith("test_many"))
    text = found.pop("text")
    assert found == {
        "count": 3,
        "share": 0.5,
        "name": "apple",
        "flag": True,
        "nothing": None,
        "money": "<test_parameters.Money>",
        "password": "[redacted: key]",
        "tokens": 12,
    }
    assert len(text) == 200
    assert "AKIA" not in text


def test_parameters_of_fixtures_and_numbers_that_json_has_not_are_stored(run: Run) -> None:
    found = inputs(run)
    given = [found[f"test_indirect[{name}]"]["parameters"]["number"] for name in "abc"]
    assert given == [1, "nan", "<int>"]


def test_a_failure_keeps_a_parameter_that_is_none(run: Run) -> None:
    assert inputs(run)["test_failing[None]"] == {"parameters": {"value": None}}


def test_a_test_without_parameters_or_of_which_no_state_is_wanted_has_none(run: Run) -> None:
    found = inputs(run)
    assert (found["test_plain"], found["test_private[1]"]) == (None, None)


def test_values_that_are_equal_and_not_the_same_are_told_apart(run: Run) -> None:
    found = [repr(inputs(run)[f"test_alike[{name}]"]["parameters"]["value"]) for name in "abcd"]
    assert found == ["1", "True", "1.0", "'1'"]
