"""What pytest knows of a test: fixtures, parameters, markers, captured output, and where its code is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, MethodType
from typing import Any

import pytest

from pytest_debugloop.capture.item_facts import ItemFacts
from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.journal.records import clean_text

_LONGEST_DESCRIPTION = 300
_MAX_WRAPPERS = 20
_MARK = "debugloop"
_OF_PYTEST = ("request", "debugloop")  # no state of the test

ASK = pytest.StashKey[Callable[..., Any]]()
"""Asks one of our hooks; None is the answer of one that nobody has, or that failed."""

PROJECT = pytest.StashKey[ProjectCode]()
"""Which code is the project's in a run."""


def facts_of(item: object) -> ItemFacts:
    """Give what pytest knows of a test, without running any of the test's code.

    Args:
        item: that failed, or a collector.
    """
    fixtures: dict[str, object] = getattr(item, "funcargs", None) or {}
    definitions: dict[str, Any] = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", None) or {}
    scopes = {name: str(found[-1].scope) for name, found in definitions.items() if found}
    marks = list(item.iter_markers()) if hasattr(item, "iter_markers") else []
    sections: list[tuple[str, str, str]] = getattr(item, "_report_sections", None) or []
    config: pytest.Config | None = getattr(item, "config", None)
    project = None if config is None else config.stash.get(PROJECT, None)
    return ItemFacts(
        fixtures={name: value for name, value in fixtures.items() if name not in _OF_PYTEST},
        scopes=scopes,
        parameters=dict(parameters_given(item)),
        # What a test was parametrized with is known from its own parameters; all the others are not of it.
        markers=tuple(
            (mark.name, mark.args[: 1 if mark.name == "parametrize" else None], dict(mark.kwargs)) for mark in marks
        ),
        captured=tuple((f"{when} {key}", text) for when, key, text in sections),
        is_captured=_is_captured(item, marks),
        code=() if project is None else code_of(item, definitions, project),
        description=description_of(item),
    )


def parameters_given(item: object) -> dict[str, Any]:
    """Give the parameters of a test by their names; empty where it has none, or is no test.

    Args:
        item: the test.
    """
    return getattr(getattr(item, "callspec", None), "params", None) or {}


def description_of(item: object) -> str:
    """Say what a test is for: the first line of its docstring, else its name in words; nothing of a collector.

    Args:
        item: the test.
    """
    function = function_of(item)
    text = None if function is None else function.__doc__
    if type(text) is str and (line := text.strip().partition("\n")[0].strip()):
        return clean_text(line[:_LONGEST_DESCRIPTION])
    if not isinstance(item, pytest.Item):
        return ""
    name = item.name.partition("[")[0]  # parameters may hold secrets; the node id has them without
    return clean_text(" ".join(name.removeprefix("test").replace("_", " ").split()) or name)[:_LONGEST_DESCRIPTION]


def is_captured(item: pytest.Item) -> bool:
    """Tell whether state of a test may be captured: the marker ``debugloop(capture=False)`` says that it may not.

    Args:
        item: the test.
    """
    return _is_captured(item, item.iter_markers())


def _is_captured(item: object, marks: Iterable[pytest.Mark]) -> bool:
    marked = next((mark.kwargs["capture"] for mark in marks if _says_capture(mark)), None)
    if marked is None and isinstance(item, pytest.Item) and (ask := item.config.stash.get(ASK, None)) is not None:
        marked = ask("pytest_debugloop_capture", item)
    return marked is not False


def _says_capture(mark: pytest.Mark) -> bool:
    return mark.name == _MARK and "capture" in mark.kwargs


def function_of(item: object) -> FunctionType | None:
    """Give the function of a test, after its decorators.

    Args:
        item: a test, of any kind.
    """
    return plain_function(getattr(item, "obj", None))


def code_of(item: object, definitions: Mapping[str, Any], project: ProjectCode) -> tuple[tuple[str, int, str], ...]:
    """Say where the functions are that a test is made of.

    Args:
        item: the test.
        definitions: its fixtures' definitions, innermost last, by name.
        project: tells which code is its own.

    Returns:
        File as the project names it, first line and role of each function of the project.
    """
    functions = [("test", function_of(item))]
    functions += [
        ("fixture", plain_function(getattr(found[-1], "func", None))) for found in definitions.values() if found
    ]
    return tuple(
        (project.name_of(function.__code__.co_filename), function.__code__.co_firstlineno, role)
        for role, function in functions
        if function is not None and project.has_file(function.__code__.co_filename)
    )


def plain_function(found: Any) -> FunctionType | None:
    """Give the function behind decorators and methods; None where there is none of Python.

    Args:
        found: what pytest calls.
    """
    for _ in range(_MAX_WRAPPERS):
        if type(found) is MethodType:
            found = found.__func__
        if type(found) is not FunctionType:
            return None
        wrapped = found.__dict__.get("__wrapped__")
        if wrapped is None:
            return found
        found = wrapped
    return None
