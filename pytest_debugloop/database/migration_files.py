"""The files of the migrations: which there are, in which order, and what undoes each."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_debugloop.errors import MigrationError

if TYPE_CHECKING:
    from importlib.abc import Traversable

_FILE = re.compile(r"(?P<version>\d{3})_(?P<kind>prepare_|rollback_|)(?P<name>\w+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema, as it is in the migrations folder.

    Attributes:
        version: its number; migrations are applied in this order.
        name: what it is called, between the number and ``.sql``.
        sql_path: the file that applies it.
        rollback_path: the file that undoes it.
        checksum: SHA-256 of the file that applies it, the same for Unix and Windows line ends.
        prepare_path: the file that is run before it, in the same transaction, in databases that it did not expect; not
            in the checksum, since it may come later. None where it has none.
    """

    version: int
    name: str
    sql_path: Traversable
    rollback_path: Traversable
    checksum: str
    prepare_path: Traversable | None = None

    @property
    def paths(self) -> list[Traversable]:
        """The files that apply it, in order."""
        return [path for path in (self.prepare_path, self.sql_path) if path is not None]

    @property
    def description(self) -> str:
        """The first comment line of the file that applies it."""
        return text_of(self.sql_path).partition("\n")[0].removeprefix("--").strip()


def available() -> list[Migration]:
    """Read the migrations that this package has.

    Returns:
        list[Migration]: every migration, lowest version first.

    Raises:
        MigrationError: two files have one version, or one has no rollback of its name beside it.
    """
    found: dict[str, dict[int, tuple[str, Traversable]]] = {"": {}, "prepare_": {}, "rollback_": {}}
    for path in _folder().iterdir():
        if match := _FILE.fullmatch(path.name):
            version, name, kind = int(match["version"]), match["name"], found[match["kind"]]
            if version in kind:
                raise MigrationError(version=version, name=name, reason=f"{kind[version][0]} has the same version")
            kind[version] = (name, path)
    migrations = []
    for version, (name, path) in sorted(found[""].items()):
        rollback_name, rollback_path = found["rollback_"].get(version, (None, path))
        if rollback_name != name:
            raise MigrationError(version=version, name=name, reason="its rollback file is missing")
        _, prepare_path = found["prepare_"].get(version, ("", None))
        checksum = hashlib.sha256(text_of(path).encode()).hexdigest()
        migrations.append(Migration(version, name, path, rollback_path, checksum, prepare_path))
    return migrations


def text_of(path: Traversable) -> str:
    """Read a file of a migration.

    Args:
        path (Traversable): as a `Migration` has it.

    Returns:
        str: its text, with Unix line ends.
    """
    # As text, so that the line ends of a Windows checkout read as those of any other.
    return path.read_text(encoding="utf-8")


def _folder() -> Traversable:
    packaged = files("pytest_debugloop") / "migrations"
    # An installed package has them inside; a checkout keeps them beside it.
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "migrations"
