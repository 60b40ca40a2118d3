"""Adds a proved reason to the record: the one thing that a command writes which only asks otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from pytest_debugloop.answers.connection import enter, open_server
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.planning import PlannedProof
from pytest_debugloop.loading.recoveries.asked import keep_proof
from pytest_debugloop.text.strategies import CHANGED_CODE, proved_in_words


def keep_proved_reason(location: RecordLocation, asked: PlannedProof, verified: Mapping[str, Any]) -> str | None:
    """Keep what was proved, if the failure has recovered.

    Args:
        location: where the record is.
        asked: what was to be proved.
        verified: what was proved, as the evidence of a recovery has it.

    Returns:
        Why it could not be kept; None if it was, or if there is no recovery.

    Raises:
        DebugloopError: the record cannot be reached any more.
    """
    recovery = asked.case.recovery
    if recovery is None:
        return None
    evidence = proved_evidence(asked.evidence, verified)
    try:
        with open_server(location) as (_, connection), connection.transaction():
            enter(connection, location.schema)
            keep_proof(connection, recovery.id, str(verified["strategy"]), proved_in_words(verified), evidence)
    except psycopg.Error as error:
        return " ".join(str(error).split())
    return None


def proved_evidence(evidence: Mapping[str, Any], verified: Mapping[str, Any]) -> dict[str, Any]:
    """Give the evidence of a recovery once its reason is proved: the code that was undone comes first.

    Args:
        evidence: that it had before.
        verified: what was proved.
    """
    undone = {(one["file"], one["key"]) for one in verified["undone"]}
    changed = {key: evidence.get(key) or [] for key in CHANGED_CODE}
    proved = [one for code in changed.values() for one in code if (one.get("file"), one.get("function")) in undone]
    found = {**evidence, "verified": dict(verified)}
    if proved:
        left = {key: [one for one in code if one not in proved] for key, code in changed.items()}
        found |= {key: code for key, code in left.items() if code or key in found}
        found["code"] = proved + left["code"]
    return found
