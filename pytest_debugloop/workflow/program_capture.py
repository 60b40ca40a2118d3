"""What decides how the state of a program is captured: the settings alone, for nobody else has a say in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_debugloop.capture.bounds import bounds_of
from pytest_debugloop.capture.globs import glob_matcher
from pytest_debugloop.capture.guarded_repr import GuardedRepr
from pytest_debugloop.capture.plans import planner
from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.capture.redact import redactor_of
from pytest_debugloop.capture.snapshot import Capturer
from pytest_debugloop.capture.variables import ENVIRONMENT, UNSTABLE
from pytest_debugloop.environment.project_folders import checkout_around, installed_from_folders

if TYPE_CHECKING:
    from pytest_debugloop.settings import Settings


def program_capturer(settings: Settings, rootdir: Path) -> Capturer:
    """Make what takes the state in a program.

    Args:
        settings: of the run.
        rootdir: where its code is.
    """
    around = checkout_around(rootdir)
    own = [str(folder) for folder in (rootdir, around) if folder is not None]
    project = ProjectCode(str(rootdir), dict.fromkeys([*own, *installed_from_folders(sys.path, own)]))
    return Capturer(
        project,
        bounds_of(settings),
        redactor_of(settings),
        planner(),
        environment=glob_matcher((*ENVIRONMENT, *settings.environment), but_not=UNSTABLE),
        guard=GuardedRepr(settings.repr_types, settings.max_snapshot_ms),
        has_foreign_locals=settings.all_locals,
        is_on=settings.capture,
    )
