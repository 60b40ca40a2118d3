"""Makes the embedded server's data directory and reads of which version it is."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from pytest_debugloop.database.account import Account, own_folder
from pytest_debugloop.database.binaries import binaries, installed_versions, runnable
from pytest_debugloop.database.configuration import ROLE
from pytest_debugloop.database.lent_name import has_name, lent_name
from pytest_debugloop.database.server_user import hand_over
from pytest_debugloop.errors import DataDirectoryVersionError, EmbeddedServerError

_MAKING = "postgres.making-"
# At least one segment of WAL is kept at any time, of 16 MB by default.
_SEGMENT_MEGABYTES = 1
_COMPLAINT = re.compile(r"\b(?:FATAL|PANIC|ERROR|error): +(.+)")


def make_data_directory(data: Path, postgres_version: int, *, durable: bool) -> None:
    """Make a data directory unless it is there; it gets its name when it is complete, so a half-made one never has it.

    Args:
        data (Path): the data directory.
        postgres_version (int): the major version to make it for.
        durable (bool): whether to wait until it is on the disk.

    Raises:
        EmbeddedServerError: it cannot be made.
        EmbeddedServerMissingError: the programs for it are not installed.
        OSError: its parent cannot be written.
    """
    for leftover in data.parent.glob(f"{_MAKING}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if data.is_dir() and any(data.iterdir()):
        return
    account = Account.for_data(data)
    maker = account.maker()
    lent = check_maker(maker, data)
    initdb = runnable(binaries(postgres_version), maker) / "initdb"
    making = Path(tempfile.mkdtemp(prefix=_MAKING, dir=data.parent))
    try:
        if not maker.is_ours:
            os.chown(making, maker.uid, maker.gid, follow_symlinks=False)
        command = [str(initdb), "-D", own_folder(making), "-U", ROLE, "--auth=peer", "-E", "UTF8", "--locale=C"]
        command.append(f"--wal-segsize={_SEGMENT_MEGABYTES}")
        if not durable:
            command.append("--no-sync")
        made = subprocess.run(command, capture_output=True, check=False, **maker.process_options(making), **lent)
        if made.returncode:
            raise EmbeddedServerError(directory=data.parent, reason=last_log_line(made.stderr, making))
        if maker != account:
            hand_over(making, maker.uid, account.uid)
        making.rename(data)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def check_maker(maker: Account, data: Path) -> dict[str, Any]:
    """Make sure that who makes the data has a name, or can be lent one.

    Args:
        maker (Account): that user.
        data (Path): the data directory.

    Returns:
        dict[str, Any]: what `subprocess` needs beside the options of that user.

    Raises:
        EmbeddedServerError: he has none.
    """
    lent = lent_name(maker.uid)
    if lent or has_name(maker.uid):
        return lent
    reason = (
        f"user id {maker.uid} has no name on this system, which PostgreSQL requires: "
        "add a line for it to /etc/passwd, or set --debugloop-dsn"
    )
    raise EmbeddedServerError(directory=data.parent, reason=reason)


def server_programs(data: Path) -> Path:
    """Find the programs of the version that a data directory is of, whichever is configured.

    Args:
        data (Path): the data directory.

    Returns:
        Path: the folder of programs.

    Raises:
        EmbeddedServerError: it is no data directory.
        DataDirectoryVersionError: no programs of its version are installed.
    """
    found = _version(data)
    installed = {str(major): programs for major, programs in installed_versions().items()}
    if found not in installed:
        raise DataDirectoryVersionError(directory=data, found=found, available=", ".join(sorted(installed)))
    return installed[found]


def major_version(data: Path) -> int:
    """Tell of which major version a data directory is, whose programs are installed.

    Args:
        data (Path): the data directory.
    """
    return int(_version(data))


def _version(data: Path) -> str:
    try:
        return (data / "PG_VERSION").read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeError):
        reason = f"{data} does not contain a database: move it away"
        raise EmbeddedServerError(directory=data.parent, reason=reason) from None


def complaint(output: bytes, folder: Path) -> str:
    """Pick the first complaint, from which others follow, from what a server's program printed.

    Args:
        output (bytes): what it printed.
        folder (Path): where it ran, which it may call by another name.

    Returns:
        str: the complaint without a full stop, or nothing.
    """
    text = output.decode(errors="replace").replace(own_folder(folder), str(folder))
    # A client that came too early is no reason.
    found = [what for what in _COMPLAINT.findall(text) if not what.startswith("the database system is")]
    return found[0].strip().rstrip(".") if found else ""


def last_log_line(output: bytes, folder: Path) -> str:
    """Pick what a person needs to know from what a server's program printed before it ended.

    Args:
        output (bytes): what it printed.
        folder (Path): where it ran, which it may call by another name.

    Returns:
        str: its first complaint, or else how its output ends.
    """
    end = output[-500:].decode(errors="replace").replace(own_folder(folder), str(folder))
    return complaint(output, folder) or " ".join(end.split()).rstrip(".") or "it ended without a message"


def bytes_on_disk(folder: Path) -> int:
    """Count what a folder takes on the disk, as ``du`` does; what goes meanwhile, or may not be looked at, is left out.

    Args:
        folder (Path): the folder.

    Returns:
        int: bytes in whole blocks.
    """
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(place, name).lstat().st_blocks * 512
    return total
