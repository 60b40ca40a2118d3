"""The table of options is whole, and values are read the same wherever they come from."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_debugloop.setting_values import as_bool
from pytest_debugloop.settings import OPTIONS, Option, Settings, raw_value

MISSING = object()


@pytest.mark.parametrize("option", OPTIONS, ids=lambda o: o.name)
def test_an_option_has_one_name_in_three_spellings(option: Option[Any]) -> None:
    assert option.flag == "--" + option.name.replace("_", "-")
    assert option.variable == option.name.upper()
    assert option.variable.startswith("DEBUGLOOP")
    assert option.help.endswith(".")


@pytest.mark.parametrize("word", ["1", "true", "YES", "on", " On "])
def test_words_that_mean_yes(word: str) -> None:
    assert as_bool(word) is True


@pytest.mark.parametrize("word", ["0", "false", "No", "off", ""])
def test_words_that_mean_no(word: str) -> None:
    assert as_bool(word) is False


def test_other_words_mean_nothing() -> None:
    with pytest.raises(ValueError, match="is not a boolean"):
        as_bool("maybe")


@pytest.mark.parametrize(
    ("flag", "variable", "ini", "wanted"),
    [
        ("f", "v", "i", "f"),
        (None, "v", "i", "v"),
        (None, None, "i", "i"),
        (None, "", "i", "i"),
        (None, None, None, "default"),
        ("", "v", "i", ""),
    ],
)
def test_the_first_that_says_something_wins(
    flag: str | None, variable: str | None, ini: str | None, wanted: str
) -> None:
    option = Option(str, "default", "Help.", "X", "debugloop_x")
    environ = {} if variable is None else {"DEBUGLOOP_X": variable}
    assert raw_value(option, lambda _: flag, lambda _: ini, environ) == wanted


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("debugloop_wait", "inf"),
        ("debugloop_wait", "nan"),
        ("debugloop_wait", "-1"),
        ("debugloop_schema", ""),
        ("debugloop_schema", "é" * 32),
        ("debugloop_postgres_version", "0"),
        ("debugloop_postgres_version", "1.5"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_and_the_default_stands(name: str, bad: str) -> None:
    settings = Settings(lambda option: bad if option.name == name else option.default)
    usual = Settings(lambda option: option.default)
    (problem,) = settings.problems
    assert problem.name == name
    assert str(problem) == f"{name} is not valid ({problem.reason}); using {problem.default!r}."
    assert vars(settings) | {"problems": []} == vars(usual)
