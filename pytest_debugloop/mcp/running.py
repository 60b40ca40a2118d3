"""The tools that run something: only with ``--allow-run``, for the record of a stranger names code to run."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Annotated, Any, TypeAlias

import psycopg
from pydantic import BaseModel, Field

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.not_loaded import not_loaded
from pytest_debugloop.answers.planning import planned_rerun
from pytest_debugloop.environment.ini import find_ini
from pytest_debugloop.environment.interpreter import interpreter
from pytest_debugloop.errors import DebugloopError
from pytest_debugloop.mcp.asking import TestOrError, tool
from pytest_debugloop.mcp.failing import ErrorAnswer, error_answer
from pytest_debugloop.mcp.models import NotLoadedRuns, RunAnswer
from pytest_debugloop.mcp.parts import MESSAGE, TEST, not_loaded_runs
from pytest_debugloop.mcp.room import DEFAULT, Budget
from pytest_debugloop.mcp.run_tools import RunTools
from pytest_debugloop.mcp.texts import RecordedText, RecordedTexts, recorded, recorded_list
from pytest_debugloop.rerunning.processes import start, stop_all
from pytest_debugloop.rerunning.runner import rerun
from pytest_debugloop.settings import Option, Settings, raw_value
from pytest_debugloop.text.words import short

_WAIT = Settings.wait.variable
_ID = Settings.correlation_id.flag
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=3_600)]


class RerunAnswer(BaseModel):
    """What came of running a recorded failure again."""

    error_id: str
    test: RecordedText
    endings: Annotated[dict[str, int], Field(description="how often the runs ended how")]
    failed_as_recorded: bool
    tests_before: Annotated[int, Field(description="how many other tests were run before it")] = 0
    message: RecordedText | None = None
    notes: RecordedTexts | None = None


class TestsAnswer(BaseModel):
    """What came of running pytest."""

    __test__ = False

    exit_status: int | None
    seconds: float
    timed_out: bool = False
    output: RecordedText
    run: Annotated[
        RunAnswer | None, Field(description="the recorded run; absent where none was recorded, or it is not stored yet")
    ] = None
    not_loaded: NotLoadedRuns = NotLoadedRuns()
    problem: Annotated[ErrorAnswer | None, Field(description="why the record cannot be asked for the run")] = None


@dataclass(frozen=True, slots=True)
class RunningTools:
    """What an agent can have run.

    Attributes:
        tools: that ask the record.
        is_trusted: whether recorded settings that point outside of the checkout are used, as with ``--trust``.
    """

    tools: RunTools
    is_trusted: bool

    @tool
    def reproduce(
        self,
        failure: TestOrError,
        times: Annotated[int, Field(ge=1, le=50)] = 1,
        alone: Annotated[bool, Field(description="without the tests that ran before it")] = True,
        timeout: Seconds = 300,
    ) -> RerunAnswer:
        """Run a test again as it ran when it failed. Runs the project's code; the record stays as it is."""
        recorded_failure, plan, _ = planned_rerun(self.tools.location, failure, is_trusted=self.is_trusted)
        if alone:
            plan = plan.alone()
        outcomes = [rerun(plan, timeout=timeout) for _ in range(times)]
        said = next((outcome.message for outcome in outcomes if outcome.message), None)
        notes = list(dict.fromkeys([*plan.notes, *(note for outcome in outcomes for note in outcome.notes)]))
        return RerunAnswer(
            error_id=short(recorded_failure.id),
            test=recorded(TEST, plan.target.name),
            endings=dict(Counter(outcome.ending.value for outcome in outcomes)),
            failed_as_recorded=any(outcome.is_same for outcome in outcomes),
            tests_before=len(plan.before),
            message=recorded(MESSAGE, said, 500) if said else None,
            notes=recorded_list("notes on the rerun", notes[:10]) if notes else None,
        )

    @tool
    def run_tests(
        self,
        arguments: Annotated[list[str], Field(max_length=200, description="of pytest: node ids and options")],
        timeout: Seconds = 600,
        budget: Budget = DEFAULT,
    ) -> TestsAnswer:
        """Run pytest in the project, recorded, and give the run with its failures. Runs the project's code."""
        location = self.tools.location
        name, mark = "DEBUGLOOP_MCP_RUN", uuid.uuid4()
        # As in a shell of its own, also where this server was started by a test.
        environment = {key: item for key, item in os.environ.items() if not key.startswith("PYTEST_")}
        environment |= {_WAIT: environment.get(_WAIT) or "60", name: mark.hex}
        if location.dsn:  # not an option, which other users can see
            environment |= {Settings.dsn.variable: location.dsn, Settings.schema.variable: location.schema}
        options, workflow = _place_of(location), None
        if not _names_workflow(location, environment) and not any(one.startswith(_ID) for one in arguments):
            workflow = mark  # distinguishes this run from all others
            options.append(f"{_ID}={workflow}")
        command = [interpreter(), "-m", "pytest", "--debugloop", *options, *arguments]
        moment, began = datetime.now(timezone.utc), time.monotonic()
        with tempfile.TemporaryFile() as output:
            process = start(command, location.rootdir, environment, output)
            try:
                status: int | None = process.wait(timeout)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                if process.poll() is None:
                    stop_all(process, f"{name}={mark.hex}")
            output.seek(0)
            text = output.read().decode("utf-8", "replace")
        seconds = round(time.monotonic() - began, 2)
        answer = TestsAnswer(
            exit_status=status,
            seconds=seconds,
            timed_out=status is None,
            output=recorded("the end of pytest's output", text[-budget // 4 :], budget // 4),
        )
        try:
            answer.run = self.tools.summary_since(moment, workflow, budget // 2)
            if answer.run is None:
                answer.not_loaded = not_loaded_runs(not_loaded(location))
        except (DebugloopError, psycopg.Error, OSError) as error:
            answer.problem = error_answer(error)
        return answer


def _place_of(location: RecordLocation) -> list[str]:
    """Give the options with which pytest records where this server reads.

    Options, because programs under test do not inherit them: what those record themselves stays where it was.
    """
    chosen: dict[Option[Any], object] = {
        Settings.schema: location.schema,
        Settings.postgres_version: location.postgres_version,
        Settings.directory: location.folder,
    }
    if not location.dsn:
        chosen[Settings.dsn] = ""
    return [f"{option.flag}={value}" for option, value in chosen.items()]


def _names_workflow(location: RecordLocation, environment: Mapping[str, str]) -> bool:
    """Tell whether the environment or the ini file names the workflow that runs are of."""
    _, ini = find_ini(location.rootdir)
    return bool(raw_value(Settings.correlation_id, lambda _: None, ini.get, environment))
