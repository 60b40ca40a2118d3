"""What an embedded server is configured with before each start, so that nothing that is in its folder configures it.

A folder may come from somebody else, and a checkout may put files into one: they could name programs to run, other
folders to write to, or clients to let in. The files that a server reads are written anew; its command line says what
it would else take from them.
"""

from __future__ import annotations

import os
from pathlib import Path

from pytest_debugloop.database.account import Account
from pytest_debugloop.database.lent_name import has_name
from pytest_debugloop.errors import EmbeddedServerError

ROLE = "debugloop"
READER = "debugloop_reader"
"""The role that commands read with: it is no superuser, and may read all and write nothing."""
PORT = 5432  # a part of the socket's name, no more: the server listens to no network

_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "cluster_name": "pytest-debugloop",
    "max_connections": "40",
    "shared_buffers": "64MB",
    "work_mem": "32MB",  # one person asks at a time: sorts need not go to disk
    "max_wal_size": "64MB",  # on the disk until the next checkpoint, or until the server is stopped
    "min_wal_size": "32MB",
    "wal_recycle": "off",  # what is done with is removed, and does not wait on the disk for the next run
    "synchronous_commit": "off",  # a crash of the machine may cost the last moments, never what came before
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "log_statement": "none",
    "log_min_error_statement": "panic",  # a statement that was refused may hold a secret
    # Whatever runs a program, loads code, or connects to somewhere.
    "archive_mode": "off",
    "archive_command": "",
    "archive_library": "",
    "archive_cleanup_command": "",
    "recovery_end_command": "",
    "restore_command": "",
    "ssl": "off",
    "ssl_passphrase_command": "",
    "shared_preload_libraries": "",
    "session_preload_libraries": "",
    "local_preload_libraries": "",
    "dynamic_library_path": "$libdir",
    "jit": "off",
    "primary_conninfo": "",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
}
_THROW_AWAY = {"fsync": "off", "full_page_writes": "off"}
# Event triggers, of which some run when somebody connects, can be turned off since this version.
_EVENT_TRIGGERS_OFF = 17
# What only servers from a version on know.
_SINCE = {
    _EVENT_TRIGGERS_OFF: {"event_triggers": "off"},
    # Each server would have three processes that read ahead: a record fits in memory.
    18: {"io_method": "sync"},
}
_CONFIGURATION = "# Written by pytest-debugloop before each start: what stands here is lost.\n"
# A server that finds one of them restores a backup or follows another server.
_SIGNALS = ("recovery.signal", "standby.signal", "promote")


def guarding_options(major: int) -> str:
    """Give what a superuser's connection says for itself, so that no setting of a role or a database counts there.

    Args:
        major (int): the server's major version.

    Returns:
        str: `options` of a connection string.
    """
    loads = "-c session_preload_libraries= -c local_preload_libraries= -c search_path=pg_catalog"
    return f"{loads} -c event_triggers=off" if major >= _EVENT_TRIGGERS_OFF else loads


def settings(major: int, *, durable: bool) -> dict[str, str]:
    """Give what stands on the command line of a server.

    Args:
        major (int): its major version.
        durable (bool): whether the data are to survive a crash of the machine.

    Returns:
        dict[str, str]: values by the name of the setting.
    """
    found = _SETTINGS if durable else _SETTINGS | _THROW_AWAY
    for since, more in _SINCE.items():
        if major >= since:
            found = found | more
    return found


def configure(data: Path, account: Account) -> None:
    """Write what the server reads, and who may connect. Done before each start: users get other names, too.

    Args:
        data (Path): the data directory.
        account (Account): who runs its server.

    Raises:
        EmbeddedServerError: something in it leads out of it.
        OSError: it cannot be written.
    """
    names = [name.replace('"', '""') for name in account.welcome()]
    # A client without a name is no peer. The socket is in a folder that is closed to all but him, where it is his.
    method = "trust" if account.is_ours and not has_name(account.uid) else f"peer map={ROLE}"
    files = {
        "postgresql.conf": _CONFIGURATION,
        "postgresql.auto.conf": "",
        "pg_hba.conf": f"local all {ROLE},{READER} {method}\n",
        "pg_ident.conf": "".join(f'{ROLE} "{name}" {role}\n' for name in names for role in (ROLE, READER)),
    }
    for name, text in files.items():
        # A new file, then a rename: root must not write through a link that the server's user might have put here.
        fresh = data / f"{name}.new"
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            os.fchown(file.fileno(), account.uid, -1)
        fresh.replace(data / name)
    for name in _SIGNALS:
        (data / name).unlink(missing_ok=True)
    if (link := _link_in(data)) is not None:
        reason = (
            f"{link} is a symbolic link, which the embedded server never makes: remove it, or replace it by its target"
        )
        raise EmbeddedServerError(directory=data.parent, reason=reason)


def _link_in(folder: Path | str) -> Path | None:
    """Find a link, by which a server would write to another place, such as a tablespace."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                return Path(entry.path)
            if entry.is_dir(follow_symlinks=False) and (found := _link_in(entry.path)) is not None:
                return found
    return None
