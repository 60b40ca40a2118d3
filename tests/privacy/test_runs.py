"""No secret of a run reaches its journal, wherever in the run it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project

TOKEN = "gh" + "p_" + "aB3dE5" * 6
PASSWORD = "wrong-battery-9"
CARD = "4111 1111 " + "1111 1111"
URL = "postgresql://ann:" + "s3cr3tpw@db.example.org/shop"
SECRETS = (TOKEN, PASSWORD, CARD, "s3cr3tpw")

SUITE = f"""
import asyncio
import logging
import os
import sys
import threading
import unittest
import pytest

from values import PASSWORD, TOKEN

class Client:
    def __init__(self, password):
        self.password = password
    def __repr__(self):
        return "Client(password=" + repr(self.password) + ")"

@pytest.fixture
def client():
    return Client(PASSWORD)

def test_locals():
    token, plain, nested = TOKEN, TOKEN, {{"headers": [{{"Authorization": "Bearer " + TOKEN}}]}}
    raise ValueError

def test_message(client):
    raise ValueError("cannot log in with " + client.password)

def test_chain(client):
    try:
        raise KeyError({URL!r})
    except KeyError as error:
        if hasattr(error, "add_note"):
            error.add_note("tried " + TOKEN)
        raise RuntimeError(f"{{client!r}}") from error

def test_assertion(client):
    assert client.password == "something"

def test_source():
    client = Client(password={PASSWORD!r}); raise ValueError("{TOKEN}")

def test_output(client):
    print("card {CARD}, " + repr(client))
    print("token is", TOKEN, file=sys.stderr)
    logging.getLogger().warning("password=%s", client.password)
    assert False

@pytest.mark.parametrize("value", [TOKEN, "plain"])
def test_id_by_shape(value):
    assert value == "plain"

@pytest.mark.parametrize("password", [PASSWORD, "another-battery-8"])
def test_id_by_name(password):
    assert password is None

@pytest.mark.parametrize("secret", [PASSWORD], ids=["key-" + PASSWORD])
def test_id_given(secret):
    pass

@pytest.mark.login(password={PASSWORD!r}, url={URL!r})
def test_marker():
    assert False

@pytest.mark.skip(reason="needs " + TOKEN)
def test_skipped():
    pass

@pytest.mark.xfail(reason="with " + TOKEN)
def test_expected():
    assert False

def test_skips_itself():
    pytest.skip("no access with " + {URL!r})

class TestCase(unittest.TestCase):
    def test_subtests(self):
        for token in (TOKEN,):
            with self.subTest(token=token):
                self.assertEqual(token, "x")

def test_environment(monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "--token=" + TOKEN)
    monkeypatch.setenv("PYTHONDB", {URL!r})
    assert False

@pytest.fixture
def named_threads(client):
    over = threading.Event()
    names = (client.password, "Bearer " + TOKEN)
    threads = [threading.Thread(target=over.wait, name=name) for name in names]
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join()

def test_threads(client, named_threads):
    assert not client

@pytest.fixture
def loop():
    made = asyncio.new_event_loop()
    yield made
    for task in asyncio.all_tasks(made):
        task.cancel()
    made.run_until_complete(asyncio.sleep(0))
    made.close()

def test_tasks(client, loop):
    async def main():
        names = (f"login with {{client.password}}", TOKEN)
        tasks = [asyncio.create_task(asyncio.sleep(60), name=name) for name in names]
        await asyncio.sleep(0)
        raise ValueError
    loop.run_until_complete(main())

def test_exit_in_setup(client):
    raise SystemExit(TOKEN)
"""
VALUES = f"PASSWORD = {PASSWORD!r}\nTOKEN = {TOKEN!r}\n"
BROKEN = f"raise ImportError('cannot fetch {URL}')\n"


def written(project: Project) -> bytes:
    journals = [path for path in (project.folder / ".debugloop").rglob("*") if path.is_file()]
    assert journals
    return b"\n".join(path.read_bytes() for path in journals)


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n2")], ids=["alone", "with workers"])
def test_no_secret_reaches_the_journal(project: Project, workers: tuple[str, ...]) -> None:
    project.write("test_secrets.py", SUITE)
    project.write("values.py", VALUES)
    project.write("test_broken.py", BROKEN)
    project.write("pytest.ini", "[pytest]\nmarkers = login\n")
    command = project.command("--continue-on-collection-errors", f"--deselect={TOKEN}", *workers)
    dsn = command.index("--debugloop-dsn") + 1
    command[dsn] = "host=/nowhere"  # what was recorded stays in the journals
    run = project.run(command=command)
    assert run.outcomes["failed"] >= 12
    journal = written(project)
    kinds = [json.loads(line)["kind"] for line in journal.splitlines() if line.startswith(b'{"kind":"')]
    assert kinds.count("error") >= 14
    for secret in SECRETS:
        for form in (secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[2:-2]):
            at = journal.find(form.encode())
            assert at < 0, journal[max(at - 300, 0) : at + 100]
    assert b"[redacted: github token]" in journal
    assert b"[redacted: card]" in journal


def test_tests_whose_secrets_were_taken_out_stay_apart(project: Project) -> None:
    project.write("test_secrets.py", SUITE)
    project.write("values.py", VALUES)
    project.write("pytest.ini", "[pytest]\nmarkers = login\n")
    record = project.run("-k", "id_by").record
    names = sorted({step.operation_name for step in record.steps(step_type="call")})
    assert names == [
        "test_secrets.py::test_id_by_name[[redacted: key]]",
        "test_secrets.py::test_id_by_name[[redacted: key]] #2",
        "test_secrets.py::test_id_by_shape[[redacted: github token]]",
        "test_secrets.py::test_id_by_shape[plain]",
    ]
    assert [s.status for s in record.steps("test_id_by_shape[plain]", "call")] == ["completed"]


def test_a_crash_does_not_tell_the_secret_in_the_name_of_its_test(project: Project) -> None:
    project.write(
        "test_crash.py",
        f"""
        import os
        import pytest

        @pytest.mark.parametrize("password", [{PASSWORD!r}])
        def test_crash(password):
            os._exit(3)
        """,
    )
    record = project.run("-p", "xdist", "-n1", "--max-worker-restart=0").record
    (error,) = [e for e in record.all_errors if e.error_type == "worker_crash"]
    assert error.operation_name == "test_crash.py::test_crash[[redacted: key]]"
    assert PASSWORD not in str(error)


@pytest.mark.parametrize(
    ("dsn", "problem"),
    [
        ("postgresql://ann:wrong-battery-9", "its port is not valid"),
        ("ann:wrong-battery-9@db", "it is neither a postgresql:// URL nor a list"),
        ("postgresql://ann:x/wrong-battery-9 #@db/shop", "a character in it has to be percent-encoded"),
    ],
    ids=["no host", "no scheme", "not escaped"],
)
def test_a_malformed_connection_string_is_told_nowhere(project: Project, dsn: str, problem: str) -> None:
    project.write("test_shop.py", "def test_shop():\n    assert False\n")
    command = [*project.command("--junitxml=junit.xml"), "--debugloop-dsn", dsn]
    ci = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(project.folder / "summary.md"), "GITLAB_CI": "1"}
    run = project.run(command=command, env=project.environ(**ci))
    where = "a server whose connection string is malformed: "
    assert f"debugloop: recording to {where}{problem}" in run.out
    assert "is not stored: PostgreSQL at an unknown address did not answer (" in run.out
    assert "debugloop --dsn ... " in (project.folder / "junit.xml").read_text()
    said = [run.out, run.err]
    for name in ("doctor", "status", "load", "migrate", "show"):
        done = project.debugloop(name, "--dsn", dsn)
        said += done.stdout, done.stderr
    files = [path for path in project.folder.rglob("*") if path.is_file()]
    assert {"loader.log", "summary.md"} <= {path.name for path in files}
    assert not [text for text in said if PASSWORD in text]
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]


COOKIES = """
import secrets
import pytest

@pytest.fixture
def session_cookie():
    return "sid-" + "".join(secrets.choice("0123456789") for _ in range(16))

def test_cookie(session_cookie):
    mycookie, expected = session_cookie, "".join(secrets.choice("abcdef") for _ in range(20)) + "7"
    url = "redis://ann:" + secrets.token_hex(5) + "@/#x y" + "@cache/0"
    assert f"mycookie={mycookie}" == f"mycookie={expected}", url
"""


def test_two_secrets_can_be_told_apart_and_two_runs_with_others_are_alike(project: Project) -> None:
    project.write("test_cookies.py", COOKIES)
    first, second = (project.run().record.error("test_cookie") for _ in range(2))
    assert first.error_message.splitlines() == [
        "redis://[redacted: url #3]@cache/0",
        "assert 'mycookie=[redacted: key #1]' == 'mycookie=[redacted: key #2]'",
        "  ",
        "  - mycookie=[redacted: key #2]",
        "  + mycookie=[redacted: key #1]",
    ]
    assert first.locals["mycookie"] == first.fixture("session_cookie") == "[redacted: key #1]"
    assert first.locals["url"] == "redis://[redacted: url #3]@cache/0"
    assert first.error_message == second.error_message
    assert first.metadata["fingerprint"] == second.metadata["fingerprint"]
    assert first.state == second.state
    shown = project.printed("diff", str(first.id), str(second.id))
    assert "redacted" not in shown


def test_a_test_of_cookies_shows_them_where_their_name_is_excepted(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\ndebugloop_redact_except = *cookie\n")
    project.write(
        "test_cookies.py", COOKIES.replace('"".join(secrets.choice("0123456789") for _ in range(16))', "'as-ever'")
    )
    error = project.run().record.error("test_cookie")
    assert error.locals["mycookie"] == "sid-as-ever"
    assert "\n  + mycookie=sid-as-ever" in error.error_message
    assert error.locals["url"] == "redis://[redacted: url #1]@cache/0"
