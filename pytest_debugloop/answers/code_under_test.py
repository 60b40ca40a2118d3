"""What a failed assertion called: its traceback ends in the test, and the code at fault is not in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pytest_debugloop.answers.brief_state import Piece
from pytest_debugloop.queries.code import Function, functions_named
from pytest_debugloop.queries.question import Steps, fetch
from pytest_debugloop.snapshots.frames import lines_around, statement_of
from pytest_debugloop.text.printable import printable

if TYPE_CHECKING:
    from pytest_debugloop.queries.failures import DetailedFailure

_CALLED = re.compile(r"([^\W\d]\w*)\s*\(")
_MOST_FUNCTIONS = 2
_MOST_LINES = 12


def called_by(known: DetailedFailure) -> list[str]:
    """Name the functions that a failed assertion calls, and then those that the lines before it call.

    Args:
        known: the failure, with its state.
    """
    frame = known.frame
    if known.failure.error_code != "AssertionError" or frame is None:
        return []
    first, lines = lines_around(frame)
    texts = [statement_of(frame)]
    for line in reversed(lines[: max(frame["line"] - first, 0)]):
        if line.lstrip().startswith(("def ", "async def ")):
            break
        texts.append(line)
    return list(dict.fromkeys(name for text in texts for name in _CALLED.findall(text)))


def code_under_test(failures: Iterable[DetailedFailure]) -> Steps[list[Function]]:
    """Find the functions of the project that failed assertions call.

    Args:
        failures: of one run, with their states.
    """
    called_by_run = [(known.failure.run_id, called_by(known)) for known in failures]
    names = {name for _, called in called_by_run for name in called}
    run_id = next((run_id for run_id, called in called_by_run if called), None)
    if run_id is None or not names:
        return []
    return (yield from fetch(functions_named(run_id, names)))


def code_pieces(known: DetailedFailure, functions: Iterable[Function]) -> Iterator[Piece]:
    """Tell the code that a failed assertion called, the statement's own calls first.

    Args:
        known: the failure, with its state.
        functions: of the run's code, of which those are shown that it calls.
    """
    names = called_by(known)
    frame = known.frame
    found = [
        function
        for function in functions
        if function.function.rpartition(".")[2] in names and frame and function.file != frame["file"]
    ]
    found.sort(key=lambda function: names.index(function.function.rpartition(".")[2]))
    for function in found[:_MOST_FUNCTIONS]:
        yield Piece(2, f"code under test: {printable(function.file)}:{function.line} {printable(function.function)}")
        lines = printable(function.source, lines=True).strip("\n").split("\n")
        for number, line in enumerate(lines[:_MOST_LINES]):
            yield Piece(3 + number // 4, f"  {line}", below=True)
        if len(lines) > _MOST_LINES:
            yield Piece(7, f"  … {len(lines) - _MOST_LINES:,} more lines of it", below=True)
