"""Which kinds of server tests run against, and whether a container can be had; imports no driver."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

Place = Literal["embedded", "container"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of server.

    Attributes:
        place: where it runs.
        major: version of PostgreSQL.
    """

    place: Place
    major: int

    def __str__(self) -> str:
        return f"{self.place}-{self.major}"


_ASKED = os.environ.get("DEBUGLOOP_TEST_POSTGRES", "")
# One version where tox asks for it, both otherwise; the first is the one that all tests run against.
_VERSIONS = [int(version) for version in _ASKED.replace("all", "").split()] or [18, 16]
ALL_KINDS = [Kind(place, version) for place in ("embedded", "container") for version in _VERSIONS]
FIRST = ALL_KINDS[0]


def chosen_kinds(*, whole_matrix: bool, each_version: bool = False) -> list[Kind]:
    """Choose the kinds of server for a test.

    Args:
        whole_matrix: whether the test is of those that run against each kind.
        each_version: whether it is of those that run against each version, wherever that runs.
    """
    if whole_matrix or _ASKED:
        return ALL_KINDS
    return [kind for kind in ALL_KINDS if kind.place == FIRST.place] if each_version else [FIRST]


def docker_refusal() -> str:
    """Ask for a Docker engine.

    Returns:
        Why none can be had; empty: one answers.
    """
    if os.environ.get("DEBUGLOOP_TEST_CONTAINERS") == "required":
        return ""  # where none answers, the tests say so, and fail
    import gc
    import warnings

    import docker  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        # Where no engine is, docker-py forgets to close the socket it tried.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            docker.from_env().ping()
        except docker.errors.DockerException as error:
            return " ".join(str(error).split())
        finally:
            gc.collect()
    return ""
