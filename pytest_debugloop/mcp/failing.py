"""What went wrong, for an agent: our sentence with its gaps, and what fills them as recorded data."""

from __future__ import annotations

from typing import Annotated

import psycopg
from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel, Field

from pytest_debugloop.errors import DebugloopError
from pytest_debugloop.mcp.texts import RecordedText, recorded

_LONGEST = 1_000


class ErrorAnswer(BaseModel):
    """An answer that is none."""

    error: str
    message: Annotated[str, Field(description="{name} in it stands for the fact with this name")]
    facts: dict[str, RecordedText] = {}


def error_answer(error: DebugloopError | psycopg.Error | OSError) -> ErrorAnswer:
    """Say what went wrong.

    Args:
        error: of this package, the database or the system.
    """
    if isinstance(error, DebugloopError):
        facts = {name: recorded("fact of the error", value, _LONGEST) for name, value in error.facts.items()}
        facts.pop("listed", None)
        answer = ErrorAnswer(error=error.code, message=error.template, facts=facts)
    else:
        kind = "database" if isinstance(error, psycopg.Error) else "system"
        said = " ".join(str(error).split()) or type(error).__name__
        answer = ErrorAnswer(error=kind, message=f"The {kind} cannot answer: {{reason}}")
        answer.facts = {"reason": recorded("what it said", said, _LONGEST)}
    return answer


def error_result(error: DebugloopError | psycopg.Error | OSError) -> CallToolResult:
    """Send what went wrong.

    Args:
        error: of this package, the database or the system.
    """
    text = error_answer(error).model_dump_json(exclude_defaults=True)
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
