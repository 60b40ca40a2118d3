"""Where the record is: the same settings as the plugin's, from the command line, the environment and the ini file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_debugloop.environment.ci import seconds_to_stay
from pytest_debugloop.environment.folders import find_folder, new_folder, obstacle
from pytest_debugloop.environment.ini import find_ini
from pytest_debugloop.errors import FolderGoneError, SettingInvalidError
from pytest_debugloop.setting_values import Retention
from pytest_debugloop.settings import Option, Settings, raw_value

if TYPE_CHECKING:
    from pytest_debugloop.loading.loader_order import LoaderOrder

NAMES = ("debugloop_dsn", "debugloop_dir", "debugloop_schema", "debugloop_postgres_version", "debugloop_project")
"""The settings that say where the record is, and of which project."""


@dataclass(frozen=True, slots=True)
class RecordLocation:
    """Where the record is.

    Attributes:
        rootdir: pytest's, of the folder in which the command was typed.
        folder: of the journals and the embedded server.
        obstacle: why it is not the one that the settings name; empty where it is.
        dsn: of the server, empty for the embedded one.
        schema: of the record.
        postgres_version: of the embedded server where it has no data yet.
        project: the one that is asked for; empty: of the checkout on a shared server, all in an embedded one.
        paging: whether long answers go through a pager on a terminal.
        trusted: whether an embedded record is opened that this user did not make on this machine.
        ask: asks somebody whether to open such a record; None where nobody is to be asked.
        linger: for how many seconds an embedded server stays after its last use; None for as long as others have said.
    """

    rootdir: Path
    folder: Path
    obstacle: str
    dsn: str
    schema: str
    postgres_version: int
    project: str
    paging: bool = True
    trusted: bool = False
    ask: Callable[[str], bool] | None = None
    linger: float | None = None

    @classmethod
    def from_settings(
        cls,
        given: Mapping[str, object],
        *,
        paging: bool = True,
        trusted: bool = False,
        ask: Callable[[str], bool] | None = None,
    ) -> RecordLocation:
        """Read the settings.

        Args:
            given: from the command line, by the option's name; None where it was not given.
            paging: whether long answers go through a pager.
            trusted: whether any embedded record is opened.
            ask: asks somebody whether to open a record that was made elsewhere.

        Raises:
            FolderGoneError: the current folder was deleted.
            SettingInvalidError: one of them cannot be used.
        """
        try:
            cwd = Path.cwd()
        except FileNotFoundError:
            raise FolderGoneError from None
        rootdir, ini = find_ini(cwd)

        def lookup(option: Option[Any]) -> object:
            is_asked = option.name in (*NAMES, Settings.linger.name)
            return raw_value(option, given.get, ini.get, os.environ) if is_asked else option.default

        settings = Settings(lookup)
        if settings.problems:
            problem = settings.problems[0]
            raise SettingInvalidError(name=problem.name, reason=problem.reason)
        chosen = given.get("debugloop_dir")
        wanted, folder = _nearest([cwd / str(chosen)] if chosen else _wanted(cwd, rootdir, settings.directory))
        return cls(
            rootdir=rootdir,
            folder=folder,
            obstacle="" if folder == wanted else _reason(wanted),
            dsn=settings.dsn,
            schema=settings.schema,
            postgres_version=settings.postgres_version,
            project=settings.project,
            paging=paging,
            trusted=trusted,
            ask=ask,
            linger=seconds_to_stay(settings.linger, os.environ),
        )

    @property
    def description(self) -> str:
        """The folder, for people, with the reason why it is not the one that they expect."""
        return f"{self.folder} ({self.obstacle})" if self.obstacle else str(self.folder)

    def asked_project(self) -> str | None:
        """Name the project that is asked for: on a server that others use too, the one of this checkout.

        Returns:
            Its name; None for all that are in an embedded record.
        """
        return self.checkout_project() if self.dsn else self.project or None

    def checkout_project(self) -> str:
        """Name the project that runs of this checkout are of."""
        if self.project:
            return self.project
        from pytest_debugloop.environment.checkout import project_name, repository_of
        from pytest_debugloop.environment.ci import ci_facts

        return project_name(repository_of(self.rootdir, ci_facts(os.environ)), self.rootdir)

    def retention(self) -> Retention:
        """Read how long what is recorded stays.

        Raises:
            SettingInvalidError: it cannot be used.
        """
        option = Settings.retention
        _, ini = find_ini(self.rootdir)
        try:
            return option.convert(raw_value(option, lambda _: None, ini.get, os.environ))
        except ValueError as error:
            raise SettingInvalidError(name=option.name, reason=str(error)) from None

    def loader_order(self) -> LoaderOrder:
        """Give what the loader takes for an order to load what waits."""
        from pytest_debugloop.environment.folders import fallback_folder
        from pytest_debugloop.loading.loader_order import LoaderOrder
        from pytest_debugloop.private import JOURNALS

        return LoaderOrder(
            folder=self.folder,
            run_folder=None,
            dsn=self.dsn,
            schema=self.schema,
            postgres_version=self.postgres_version,
            wait=0,
            trusted=self.trusted,
            fallback=fallback_folder() / JOURNALS,
            rootdir=self.rootdir,
            linger=self.linger,
        )


def _wanted(cwd: Path, rootdir: Path, directory: str) -> list[Path]:
    """Give the folders that the settings name: below rootdir, or where a run in a folder of the same checkout was."""
    above = [cwd, *cwd.parents]
    top = next((place for place in above if (place / ".git").exists()), cwd)
    return [place / directory for place in (rootdir, *above[: above.index(top) + 1])]


def _reason(wanted: Path) -> str:
    reason = obstacle(wanted)
    return f"{wanted} cannot be written: {reason}" if reason else f"{wanted} could not be written"


def _nearest(wanted: list[Path]) -> tuple[Path, Path]:
    """Find the record of one of the folders that the settings name: give that, and where the record is."""
    for one in wanted:
        folder = find_folder(one)
        if folder is not None:
            return one, folder
    return wanted[0], new_folder(wanted[0])
