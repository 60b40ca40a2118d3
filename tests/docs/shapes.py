"""Writes what the rows of the command's JSON hold, from the value objects: ``python -m tests.docs.shapes``."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

from pytest_debugloop.answers import causes, correlations, not_loaded, timings, values
from pytest_debugloop.answers import comparison as comparing
from pytest_debugloop.cli.checks import check
from pytest_debugloop.queries import compare, failures, flaky, legs, lookup, notes, recoveries, runs
from pytest_debugloop.text.json_values import key_of

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
BEGIN, END = "<!-- shapes: made by `python -m tests.docs.shapes` -->", "<!-- /shapes -->"
SHAPES: tuple[type, ...] = (
    runs.Run,
    not_loaded.NotLoaded,
    lookup.Test,
    failures.FailureOfRun,
    failures.FailureHistory,
    failures.FailureGroup,
    causes.Cause,
    causes.CausedFailure,
    failures.Snapshot,
    values.RecordedValue,
    recoveries.PastAttempt,
    notes.Note,
    recoveries.FlakyTest,
    legs.LegScore,
    flaky.FrequentFailure,
    correlations.Correlation,
    recoveries.Recovery,
    recoveries.StrategyPattern,
    recoveries.RecoveryPattern,
    recoveries.FixCause,
    comparing.Side,
    comparing.ChangedCode,
    comparing.Order,
    compare.ComparedRun,
    compare.ComparedTest,
    compare.SlowerTest,
    timings.Change,
    check.Check,
)
_TYPES = {
    "uuid.UUID": "id",
    "datetime": "time",
    "str": "string",
    "int": "integer",
    "float": "number",
    "Decimal": "number",
    "bool": "boolean",
    "Any": "any",
    "None": "null",
}


def shapes() -> str:
    """What stands between the marks of the page."""
    return "\n".join(_shape(cls) for cls in SHAPES)


def keys_of(cls: type) -> list[str]:
    """The keys of a value object in JSON."""
    return [key_of(field) for field in dataclasses.fields(cls)]


def _shape(cls: type) -> str:
    summary = (
        inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0].replace("\n", " ").split("; the columns")[0].rstrip(".")
    )
    meanings = _meanings(cls)
    rows = [f"### {cls.__name__}", "", f"{summary}.", "", "| key | type | |", "| --- | --- | --- |"]
    for field in dataclasses.fields(cls):
        name = key_of(field)
        rows.append(f"| `{name}` | {_type(str(field.type))} | {meanings.get(field.name, '')} |".replace("|  |", "| |"))
    return "\n".join([*rows, ""])


def _type(annotation: str) -> str:
    names = [part.strip() for part in re.sub(r"\[.*\]", "", annotation).split("|")]
    types = [
        "object" if name.startswith("dict") else "list" if name.startswith("list") else _TYPES[name] for name in names
    ]
    return " or ".join(types)


def _meanings(cls: type) -> dict[str, str]:
    """Read the lines of ``Attributes:`` in the docstring of a class."""
    part = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")[2]
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {6,}.*)*)", part, re.MULTILINE)
    return {name: _in_json(" ".join(text.split())) for name, text in found}


def _in_json(meaning: str) -> str:
    return meaning.replace("``", "`").replace("None", "null").rstrip(".").replace("|", "\\|")


def page_with_shapes(text: str) -> str:
    """The page with its shapes made anew."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{shapes()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page_with_shapes(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
