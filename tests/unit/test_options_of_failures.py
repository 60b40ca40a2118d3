"""An option that a failure speaks of is a likelier reason than code that was run."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from pytest_debugloop.loading.recoveries.findings import Findings
from pytest_debugloop.loading.recoveries.flakes import Failure
from pytest_debugloop.loading.recoveries.options import compare_options
from pytest_debugloop.loading.recoveries.rows import RunFacts
from pytest_debugloop.loading.recoveries.weights import LINES_RUN, ODDS, OPTION, OPTION_ASIDE, OPTION_OF_FAILURE

RUN = RunFacts(
    id=uuid.UUID(int=1), correlation_id=uuid.UUID(int=1), code_version=None, files=None, distributions=None,
    environment=None, interpreter=None, platform=None, started_at=datetime.now(timezone.utc), finished_at=None,
    git_commit=None, leg="", ci=None, command_line=[], rootdir="/shop",
)  # fmt: skip


@pytest.mark.parametrize(
    ("options", "failure", "situation"),
    [
        (["-W", "error"], Failure(code="DeprecationWarning", message="old"), OPTION_OF_FAILURE),
        (["-W", "error"], Failure(code="ValueError", message="old"), OPTION),
        (["-o", "xfail_strict=true"], Failure(message="[XPASS(strict)] "), OPTION_OF_FAILURE),
        (
            ["-s"],
            Failure(message="reading from stdin while output is captured! Consider using `-s`."),
            OPTION_OF_FAILURE,
        ),
        (["--assert=plain"], Failure(message="assert 1 == 2"), OPTION),
        (["--timeout=1"], Failure(message="Failed: Timeout >1.0s"), OPTION_OF_FAILURE),
        (["--log-format=x"], Failure(message="unknown format"), OPTION),
        (["-o", "testpaths=tests"], Failure(message="testpaths"), OPTION_ASIDE),
    ],
)
def test_an_option_that_the_failure_speaks_of_is_likelier(options: list[str], failure: Failure, situation: str) -> None:
    found = Findings()
    compare_options(failure, replace(RUN, command_line=options), RUN, found)
    assert found.candidates == {"option_change": [situation]}


def test_it_is_likelier_than_lines_that_were_run() -> None:
    assert ODDS[OPTION_OF_FAILURE] > ODDS[LINES_RUN] > ODDS[OPTION]
