"""Data directories of embedded servers, copied from one that `initdb` made, which takes a tenth of the time.

Those of the usual version are copied from one with an empty record in it, which takes a third from a first run.

Who asks for `initdb` gets a script: it calls `initdb` the first time and copies what that made from then on. It runs as
the same user, in the same place, and what it makes is the same but for the moment and the number that PostgreSQL gives
each cluster. Processes that start from nothing call `initdb` itself. Read by its path too, by `zygote.py`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_debugloop.database import data_directory

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_debugloop.database.account import Account

_SCRIPT = """#!/bin/sh
# initdb -D FOLDER ...: all who call it here want the same, but for the folder.
made={made}
if [ -d "$made" ]; then exec cp -R "$made/." "$2"; fi
{initdb} "$@" || exit
half=$made-$$
# What is zero takes no room, and everybody may copy it: who runs a server is chosen anew for each.
mkdir "$half" && cp -R --sparse=always "$2/." "$half" 2>/dev/null &&
  chmod -R a+rX "$half" && mv -T "$half" "$made" 2>/dev/null
rm -rf "$half"
exit 0
"""


def use_copies(folder: Path, wants_initdb: Callable[[], bool] = lambda: False) -> None:
    """Have the data directories that this process makes copied.

    Args:
        folder: where scripts and the directories that are copied are kept; any user has to be let into it.
        wants_initdb: whether `initdb` itself is to be called at the moment.
    """
    if sys.platform != "linux":
        return
    folder.chmod(0o1777)
    making: Any = data_directory  # looks the function up in its own names
    find = making.runnable

    def runnable(programs: Path, account: Account) -> Path:
        found = find(programs, account)
        return found if wants_initdb() or not shutil.which("cp") else _scripts(folder, found)

    making.runnable = runnable


def begin_record(folder: Path) -> None:
    """Have copies of the usual version come with the record that a first run makes.

    Args:
        folder: as it was given to `use_copies`, with nothing made in it.
    """
    from pytest_debugloop.database.connect import connect
    from pytest_debugloop.database.embedded import embedded_server
    from pytest_debugloop.database.migrate import migrate
    from pytest_debugloop.settings import Settings
    from tests.support.places import fast_place

    with tempfile.TemporaryDirectory(prefix="dl-", dir=fast_place()) as place:
        directory = Path(place, ".debugloop")
        with embedded_server(directory, durable=False, linger=0) as conninfo, connect(conninfo) as connection:
            migrate(connection, str(Settings.schema.default))
        for made in folder.glob("made*"):
            migrated = folder / "migrated"
            subprocess.run(["cp", "-R", "--sparse=always", str(directory / "postgres"), str(migrated)], check=True)
            subprocess.run(["chmod", "-R", "a+rX", str(migrated)], check=True)
            made.rename(folder / "first")
            migrated.rename(made)


def _scripts(folder: Path, programs: Path) -> Path:
    """Give a folder that has the script in place of these programs' `initdb`."""
    name = str(programs).replace("/", "-")
    scripts = folder / f"for{name}"
    if not (scripts / "initdb").exists():
        scripts.mkdir(exist_ok=True)
        scripts.chmod(0o755)
        making = scripts / f"making-{os.getpid()}"
        made = shlex.quote(str(folder / f"made{name}"))
        making.write_text(_SCRIPT.format(made=made, initdb=shlex.quote(str(programs / "initdb"))), encoding="utf-8")
        making.chmod(0o755)
        making.rename(scripts / "initdb")
    return scripts
