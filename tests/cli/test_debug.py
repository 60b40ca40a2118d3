"""`debugloop debug`: a session on the frames that a real run recorded, with commands piped in or typed."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.database.embedded import embedded_server
from tests.support.commands import start_command
from tests.support.environment import as_from_a_shell, clean_environment
from tests.support.projects import Project
from tests.support.terminal import in_terminal
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUITE = '''
import json

import pytest


class Node:
    def __init__(self, depth):
        self.parent = None
        self.child = Node(depth - 1) if depth else None
        if self.child:
            self.child.parent = self


def parse(text, /, *parts, strict=True, **rest):
    """Parse.

    At length.
    """
    try:
        return json.loads(text)
    except ValueError:
        number = len(parts)
        raise LookupError("nothing to parse")


def test_parse():
    parse("[", 1, 2, strict=False, colour="red")


def test_deep():
    node, text, nest = Node(45), "x" * 5_000, []
    for _ in range(48):
        nest = [nest]
    assert node.parent


@pytest.mark.debugloop(capture=False)
def test_private():
    secret_plan = 1
    assert secret_plan == 2


def test_passes():
    pass
'''


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A suite that was recorded, and whose source is gone now; its server runs."""
    folder = tmp_path_factory.mktemp("debug") / "suite"
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\ndebugloop_max_depth = 50\n", encoding="utf-8")
    (folder / "test_suite.py").write_text(SUITE, encoding="utf-8")
    project = Project(folder)
    assert project.record().returncode == 1
    (folder / "test_suite.py").write_text("# another one\n", encoding="utf-8")
    with embedded_server(folder / ".debugloop"):
        yield project


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(SUITE.splitlines(), 1) if text in line)


def answers(project: Project, *arguments: str, commands: tuple[str, ...] = ()) -> list[str]:
    """What is shown at the start, and what each command is answered with."""
    out = project.printed("debug", *arguments, input="".join(f"{command}\n" for command in commands))
    return [answer.strip("\n") for answer in out.split("(Pdb) ")]


def test_commands_that_are_piped_in_are_answered_from_the_record(suite: Project) -> None:
    start, where, args, number, up, none, refused, end = answers(
        suite, "test_parse", commands=("where", "args", "p number", "up", "p nothing()", "next")
    )
    lines = start.splitlines()
    assert lines[:2] == ["test_suite.py::test_parse (call, attempt 1)", "LookupError: nothing to parse"]
    assert lines[2].startswith("RECORDED VALUES, not a running program: captured at ")
    assert f"Python {sys.version_info[0]}.{sys.version_info[1]}" in lines[2]
    assert lines[3] == "The source shown is that of the run. Changed since: test_suite.py."
    assert lines[4].startswith("See it running: debugloop debug ")
    raised = line_of("raise LookupError")
    assert lines[5:] == [
        f"> {suite.folder}/test_suite.py({raised})parse()",
        '-> raise LookupError("nothing to parse")',
    ]
    outer = line_of('parse("[')
    assert where.splitlines()[0] == f"  {suite.folder}/test_suite.py({outer})test_parse()"
    assert args.splitlines() == ["text = '['", "strict = False", "parts = (1, 2)", "rest = {'colour': 'red'}"]
    assert number == "2"
    assert up.splitlines()[1] == '-> parse("[", 1, 2, strict=False, colour="red")'
    assert none == "*** NameError: name 'nothing' is not defined"
    assert refused == f"*** The program is not running: these are recorded values. {lines[4]}"
    assert end == ""


def test_the_whole_function_is_listed_though_its_file_is_another_one_now(suite: Project) -> None:
    _, whole, before, _ = answers(suite, "test_parse", commands=("ll", "l 1,3"))
    first, last = line_of("def parse"), line_of("raise LookupError")
    assert [line.split("\t")[1] for line in whole.splitlines()] == SUITE.splitlines()[first - 1 : last]
    assert before.splitlines()[-1] == "[not recorded: line 1-3]"


def test_the_exceptions_behind_are_listed_and_looked_at(suite: Project) -> None:
    _, listed, other, _ = answers(suite, "test_parse", commands=("exceptions", "exceptions 1"))
    assert [line[:4] for line in listed.splitlines()] == [">  0", "   1"]
    assert "JSONDecodeError" in listed
    assert other.splitlines()[1] == "-> return json.loads(text)"


def test_deep_and_cut_values_can_be_looked_at(suite: Project) -> None:
    _, parent, depth, text, shown, _ = answers(
        suite,
        "test_deep",
        commands=(
            "p node.child.parent is node, nest[0][0][0] is nest",
            "import functools; found = functools.reduce(lambda at, _: at.child, range(40), node); print(type(found))",
            "p len(text), text.cut",
            "p node",
        ),
    )
    assert parent == "(True, False)"
    assert depth == "<recorded class 'test_suite.Node'>"
    assert text == "(2000, '3,000 more of 5,000 characters')"
    assert shown.startswith("<recorded test_suite.Node ")


def test_a_test_without_its_state_has_its_frames(suite: Project) -> None:
    start, plan, _ = answers(suite, "test_private", commands=("p secret_plan",))
    assert "Capturing is turned off for this test: only its frames are recorded, without values." in start
    assert plan == "*** NameError: name 'secret_plan' is not defined"


def test_without_an_id_it_is_the_last_failure(suite: Project) -> None:
    assert answers(suite)[0].startswith("test_suite.py::test_private (call, attempt 1)\n")


def test_json_has_the_frames_with_their_locals(suite: Project) -> None:
    found = json.loads(suite.printed("debug", "test_parse", "--json"))
    assert (found["schema"], found["version"]) == ("debugloop/debug", 1)
    assert found["error"]["node_id"] == "test_suite.py::test_parse"
    frame = found["exceptions"][0]["frames"][-1]
    assert (frame["function"], frame["locals"]["number"]) == ("parse", 2)
    by_id = json.loads(suite.printed("debug", found["error"]["id"][-10:], "--json"))
    assert by_id == found


def test_a_failure_in_code_that_has_changed_is_seen_with_the_code_that_failed(shop: Project) -> None:
    failures = json.loads(shop.printed("show", "test_unknown_article", "--json"))["failures"]
    assert 'quantize(Decimal("0.01"))' in (shop.folder / "orders.py").read_text(encoding="utf-8")
    start, source, listed, _ = answers(shop, failures[-1]["id"], commands=("source discount", "l 1,4"))
    assert "The source shown is that of the run. Changed since: orders.py.\n" in start
    assert "quantize(Decimal(1))" in source
    assert "from dataclasses import" in listed  # out of git: of the record alone it would not be known
    newest, source, _ = answers(shop, failures[0]["id"], commands=("source discount",))
    assert "Changed since" not in newest
    assert 'quantize(Decimal("0.01"))' in source


def test_a_file_from_which_secrets_are_taken_out_is_not_told_to_have_changed(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\ndebugloop_redact_names = seed\n", encoding="utf-8")
    suite = "PASSWORD = 'hunter2hunter2'\nSEED = 'own-4711'\n\n\ndef test_fails():\n    assert PASSWORD == SEED\n"
    (tmp_path / "test_suite.py").write_text(suite, encoding="utf-8")
    project = Project(tmp_path)
    assert project.record().returncode == 1
    with embedded_server(tmp_path / ".debugloop"):
        start, _ = answers(project, "test_fails")
        assert "Changed since" not in start
        rerun = json.loads(project.printed("reproduce", "test_fails", "--json"))
        assert [note for note in rerun["notes"] if "code" in note] == []


def test_what_a_record_holds_does_not_act_on_the_terminal(hostile: Project) -> None:
    failures = json.loads(hostile.printed("show", "--json", "--limit", "0"))["failures"]
    assert len(failures) > 5
    commands = (
        "where",
        "p __exception__",
        "p sly",
        "!print(sly.title)",
        "!print(vars(sly))",
        "ll",
        "args",
        "source sly",
        "interact",
        "print(sly.title)",
        "sly.c1",
        "raise Exception(sly.title)",
    )
    for failure in failures:
        typed = "".join(f"{command}\n" for command in commands)
        done = hostile.debugloop("debug", failure["failure"]["id"], input=typed)
        assert done.returncode == 0
        assert not [c for c in done.stdout + done.stderr if not c.isprintable() and c not in "\n\t"]


def test_in_a_terminal_commands_are_typed_at_a_prompt(suite: Project) -> None:
    seen = in_terminal(suite.folder, "debug", "test_parse", keys="up\np 40 + 2\nq\n")
    assert seen.returncode == 0
    assert "RECORDED VALUES" in seen.text
    assert "(Pdb)" in seen.text
    assert '-> parse("[", 1, 2, strict=False, colour="red")' in seen.text
    assert "\n42\n" in seen.text


def test_a_session_holds_no_connection_and_outlives_control_c(suite: Project) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_debugloop", "debug", "test_parse"],
        cwd=suite.folder, env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        preexec_fn=as_from_a_shell,
    )  # fmt: skip
    assert process.stdout is not None
    out = b""
    while b"-> raise" not in out:
        out += (block := os.read(process.stdout.fileno(), 4096))
        assert block, process.wait(60)
    connections = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    wait_until(lambda: suite.printed("sql", "-Atc", connections) == "1\n")
    while b"--KeyboardInterrupt--" not in out:
        process.send_signal(signal.SIGINT)  # again, where it came just before the session began to read
        while select.select([process.stdout], [], [], 2)[0] and b"--KeyboardInterrupt--" not in out:
            out += (block := os.read(process.stdout.fileno(), 4096))
            assert block, process.wait(60)
    out, _ = process.communicate(b"p 40 + 2\n", timeout=60)
    assert b"42\n" in out
    assert process.returncode == 0


def test_a_debugger_of_the_users_own_is_used(suite: Project, tmp_path: Path) -> None:
    (tmp_path / "own_debugger.py").write_text(
        "import pdb\n\n\nclass Own(pdb.Pdb):\n    def do_hello(self, arg):\n        self.message('hello')\n"
    )
    done = start_command(
        suite.folder,
        "debug",
        "test_parse",
        "--pdbcls",
        "own_debugger:Own",
        input="hello\nargs\n",
        PYTHONPATH=str(tmp_path),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "(Pdb) hello\n" in done.stdout
    assert "text = '['" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (("nothing_like_it",), 1, "Nothing in the record matches nothing_like_it: "),
        (("test_passes",), 1, "test_passes has never failed"),
        (("--pdbcls", "os"), 2, "Invalid value for --pdbcls: 'os' does not have the form MODULE:CLASS."),
        (("--pdbcls", "no_such_module:Pdb"), 1, "The debugger no_such_module:Pdb cannot be used (No module named"),
        (("--pdbcls", "os:environ"), 1, "The debugger os:environ cannot be used (it is not a subclass"),
    ],
)
def test_what_cannot_be_debugged_is_one_sentence(
    suite: Project, arguments: tuple[str, ...], status: int, reason: str
) -> None:
    done = suite.debugloop("debug", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert f"Error: {reason}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_ends_it(suite: Project) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "pytest_debugloop", "debug", "test_parse"],
        cwd=suite.folder, env=clean_environment(), input=b"where\n", stdout=write, stderr=subprocess.PIPE,
        timeout=60, check=False,
    )  # fmt: skip
    os.close(write)
    assert b"Traceback" not in done.stderr
