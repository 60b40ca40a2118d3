"""Knows whether the data of an embedded server were made by this user on this machine.

To open a data directory is to run what is in it: its functions may be native code. One that somebody handed out, in a
checkout or as an artifact, looks like any other; so one that was made or admitted here has a mark beside it, which only
who reads this user's key can make, and which is for these very files: a copy of them has another time of change.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import pwd
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pytest_debugloop import private
from pytest_debugloop.environment.folders import fallback_folder, state_folder

_MARK = "postgres.origin"
_KEY = "key"
_KEY_BYTES = 32
# The system identifier is what pg_control begins with.
_CONTROL, _IDENTIFIER_BYTES = "global/pg_control", 8
_VERSION = "PG_VERSION"


def is_ours(directory: Path) -> bool:
    """Tell whether the data in a debugloop directory were made, or admitted, by this user on this machine.

    Args:
        directory (Path): the debugloop directory.

    Returns:
        bool: whether they were; also where there are none, or none that a server opens.
    """
    data = directory / "postgres"
    if not all((data / name).is_file() for name in (_VERSION, _CONTROL)):
        return True
    found = _read(_mark(directory))
    return any(hmac.compare_digest(found, _signed(key, data)) for key in _keys())


def keep_mark(directory: Path) -> None:
    """Mark the data in a debugloop directory as this user's; where no key can be kept, they stay without a mark.

    Args:
        directory (Path): the debugloop directory.
    """
    if is_ours(directory):
        return
    with suppress(OSError):
        key = next(_keys(), None) or _new_key()
        mark = _mark(directory)
        fresh = mark.with_name(f"{mark.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(_signed(key, directory / "postgres"))
            fresh.replace(mark)
        finally:
            fresh.unlink(missing_ok=True)


def _mark(directory: Path) -> Path:
    """Name the file; each user has one, for root may open what a user has made, and that user again."""
    return directory / f"{_MARK}-{os.geteuid()}"


def _signed(key: bytes, data: Path) -> bytes:
    """Say which files these are, so that only the key's owner can. Its version is written once."""
    with suppress(OSError):
        with (data / _CONTROL).open("rb") as control:
            identifier = control.read(_IDENTIFIER_BYTES)
        changed = (data / _VERSION).lstat().st_ctime_ns
        return hmac.new(key, b"%s:%d" % (identifier, changed), hashlib.sha256).hexdigest().encode()
    return b"they are no data"


def _read(file: Path) -> bytes:
    with suppress(OSError), os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as opened:
        return opened.read(200)
    return b""


def _places() -> list[Path]:
    """List where the key may lie, the best first: a home in the variables may be one for this process alone."""
    homes = []
    with suppress(KeyError):
        homes.append(Path(pwd.getpwuid(os.geteuid()).pw_dir, ".local/state/pytest-debugloop"))
    if (state := state_folder()) is not None:
        homes.insert(0 if os.environ.get("XDG_STATE_HOME") else len(homes), state)
    return [*(home / "origin" for home in dict.fromkeys(homes)), fallback_folder()]


def _keys() -> Iterator[bytes]:
    for place in _places():
        with suppress(OSError), private.read_file(place / _KEY) as file:
            key = file.read(_KEY_BYTES + 1)
            if len(key) == _KEY_BYTES:
                yield key


def _new_key() -> bytes:
    for place in _places():
        with suppress(OSError):
            return _key_made_in(place)
    raise FileNotFoundError


def _key_made_in(place: Path) -> bytes:
    os.close(private.open_folder(place, make=True))
    fresh = place / f"{_KEY}.{secrets.token_hex(4)}"
    try:
        with private.make_file(fresh) as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
        with suppress(FileExistsError):  # another process was faster
            os.link(fresh, place / _KEY)
    finally:
        private.remove(fresh)
    with private.read_file(place / _KEY) as file:
        return file.read(_KEY_BYTES)
