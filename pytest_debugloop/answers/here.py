"""Where a command was typed, in the words of the record: this run of the CI, this leg, this checkout."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.environment.checkout import default_branch
from pytest_debugloop.environment.ci import ci_facts
from pytest_debugloop.environment.folders import checkout_id
from pytest_debugloop.environment.identity import RunIdentity, leg_of
from pytest_debugloop.environment.ini import find_ini
from pytest_debugloop.queries.compare import Here
from pytest_debugloop.settings import Settings, raw_value

_MOSTLY = ("main", "master", "trunk", "develop")


def here(location: RecordLocation) -> Here:
    """Look where the command was typed.

    Args:
        location: where the record is.
    """
    ini = find_ini(location.rootdir)[1]
    settings = Settings(lambda option: raw_value(option, lambda name: None, ini.get, os.environ))
    session_id = RunIdentity.new(settings, location.rootdir, os.environ, 0).session_id
    return Here(
        session_id=session_id,
        leg=leg_of(settings.leg, ci_facts(os.environ), os.environ),
        checkout_id=checkout_id(location.folder, location.rootdir),
        rootdir=str(location.rootdir),
        branches=base_branches(location.rootdir),
    )


def base_branches(rootdir: Path) -> tuple[str, ...]:
    """Name the branches that others may be merged into, the likeliest first.

    Args:
        rootdir: pytest's.
    """
    noted = default_branch(rootdir)
    return tuple(dict.fromkeys([*([noted] if noted else []), *_MOSTLY]))
