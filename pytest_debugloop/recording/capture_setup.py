"""What decides how state is captured in this run: the settings, and what other plugins add through our hooks."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.capture.bounds import bounds_of
from pytest_debugloop.capture.globs import glob_matcher
from pytest_debugloop.capture.plans import planner
from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.capture.redact import redactor_of
from pytest_debugloop.capture.snapshot import Capturer
from pytest_debugloop.capture.variables import ENVIRONMENT, UNSTABLE
from pytest_debugloop.environment.project_folders import checkout_around, installed_from_folders
from pytest_debugloop.own_imports import OwnImports
from pytest_debugloop.writing.facts import PROJECT
from pytest_debugloop.writing.loaded_files import imported_before_pytest

if TYPE_CHECKING:
    from pytest_debugloop.capture.guarded_repr import GuardedRepr
    from pytest_debugloop.settings import Settings

    Renderer = Callable[[Any], Mapping[str, object]]


def capturer_of(
    config: pytest.Config, settings: Settings, problems: list[str], refuse: Callable[[str, BaseException], None]
) -> Capturer:
    """Make what takes the state at failures in this run.

    Args:
        config: of the run.
        settings: of the run.
        problems: takes a sentence for each plugin whose additions cannot be used.
        refuse: takes the name of a hook that raised while tests ran, and the exception.
    """
    hook = config.hook
    names = _added(hook.pytest_debugloop_secret_names, config, "names", problems)
    patterns = _added(hook.pytest_debugloop_secret_patterns, config, "patterns", problems)
    redactor = redactor_of(settings, names, patterns)
    has_renderers = bool(hook.pytest_debugloop_renderer.get_hookimpls())
    project = config.stash.get(PROJECT, None) or project_code(config)
    config.stash[PROJECT] = project
    return Capturer(
        project,
        bounds_of(settings),
        redactor,
        planner(_renderers_of(hook, refuse) if has_renderers else None),
        environment=glob_matcher((*ENVIRONMENT, *settings.environment), but_not=UNSTABLE),
        guard=_guard(settings),
        has_foreign_locals=settings.all_locals,
        is_on=settings.capture,
    )


def _guard(settings: Settings) -> GuardedRepr | None:
    if not settings.repr_types:
        return None
    with OwnImports():
        from pytest_debugloop.capture.guarded_repr import GuardedRepr
    return GuardedRepr(settings.repr_types, settings.max_snapshot_ms)


def project_code(config: pytest.Config) -> ProjectCode:
    """Say which code is the project's in this run.

    Args:
        config: of the run.
    """
    rootdir = config.rootpath
    around = [checkout_around(folder) for folder in (rootdir, config.invocation_params.dir)]
    folders = [str(folder) for folder in (rootdir, *around) if folder is not None]
    project = ProjectCode(str(rootdir), dict.fromkeys([*folders, *installed_from_folders(sys.path, folders)]))
    for path in imported_before_pytest(sys.modules):
        if project.name_outside(path) is not None:
            folder, _, file = path.rpartition("/")
            project.leave_out(folder if file == "__init__.py" else path)
    return project


def _added(hook: Callable[..., list[Any]], config: pytest.Config, what: str, problems: list[str]) -> list[str]:
    """Ask all plugins, and take from their answers the regular expressions that are some."""
    added: list[str] = []
    try:
        answers = hook(config=config)
    except Exception as error:
        problems.append(
            f"the hook pytest_debugloop_secret_{what} of a plugin failed ({error!r}): its {what} are not redacted."
        )
        return []
    for answer in answers:
        try:
            added += [re.compile(pattern).pattern for pattern in answer or ()]
        except (re.error, TypeError) as error:  # noqa: PERF203 - a plugin's fault is not the others'
            problems.append(
                f"the hook pytest_debugloop_secret_{what} returned {answer!r}, which is not valid ({error})."
            )
    return added


def _renderers_of(hook: Any, refuse: Callable[[str, BaseException], None]) -> Callable[[type], Renderer | None]:
    def renderer_of(cls: type) -> Renderer | None:
        try:
            found: Renderer | None = hook.pytest_debugloop_renderer(cls=cls)
        except Exception as error:
            refuse("pytest_debugloop_renderer", error)  # the class is shown as any other
            return None
        return found

    return renderer_of
