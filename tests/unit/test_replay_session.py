"""A session on recorded frames answers as pdb does, and says what it cannot do."""

from __future__ import annotations

import io
import json
import pdb
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.replay.frames import rebuild
from pytest_debugloop.replay.session import debug
from pytest_debugloop.replay.sources import Source, assembled, whole
from pytest_debugloop.sources.stored import StoredUnit
from pytest_debugloop.sources.units import units_of
from tests.unit.recorded import state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Answers = Callable[..., list[str]]

HERE = Path(__file__)
TEXT = HERE.read_text(encoding="utf-8")
UNITS = [StoredUnit(unit.function, unit.first, unit.last, unit.text) for unit in units_of(TEXT)[0]]
LIVE = "See it running: with --live"


class Shop:
    def __init__(self) -> None:
        self.prices = {"apple": 2}

    def sell(self, article: str, *counts: int, gift: bool = False) -> int:
        many = list(range(100))
        # red \x1b[31m
        return self.prices[article] * sum(counts) + len(many)


def ask(shop: Shop) -> int:
    text = "\x1b[31mred\u202e"
    return shop.sell(text, 1, 2)


def decode() -> Any:
    return json.loads("[")


def again(shop: Shop) -> int:
    try:
        return ask(shop)
    except KeyError:
        raise LookupError("sold out")  # noqa: B904 - with the other as context


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Answers:
    """Types commands, and gives what each was answered with; before the first comes what is shown at the start."""
    monkeypatch.setenv("HOME", str(tmp_path))  # without anybody's .pdbrc
    monkeypatch.chdir(tmp_path)

    def run(
        *commands: str, call: Callable[[], object] = lambda: ask(Shop()), source: Source | None = None, **named: Any
    ) -> list[str]:
        source = source or whole(TEXT, UNITS)
        exceptions = rebuild(state_of(call, HERE.parent), "/nowhere", {HERE.name: source})
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{command}\n" for command in commands)))
        debug(exceptions, ["the banner"], LIVE, **named)
        out, err = capsys.readouterr()
        assert err == ""
        assert "\x1b" not in out
        assert "\u202e" not in out
        return [answer.strip("\n") for answer in out.split("(Pdb) ")]

    return run


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(TEXT.splitlines(), 1) if line.strip().startswith(text))


def test_it_begins_with_the_banner_at_the_innermost_frame_of_the_project(answers: Answers) -> None:
    start, end = answers()
    line = line_of("return self.prices")
    assert start.splitlines() == [
        "the banner",
        f"> /nowhere/{HERE.name}({line})sell()",
        "-> return self.prices[article] * sum(counts) + len(many)",
    ]
    assert end == ""


def test_the_frames_of_a_library_are_marked_and_not_where_it_begins(answers: Answers) -> None:
    start, where, _, _, _, folded_args, up, _ = answers("where", *["down"] * 3, "args", "up", call=decode)
    assert f"({line_of('return json.loads')})decode()" in start
    assert where.count("[locals not recorded]") == 3
    assert "raw_decode() [locals not recorded]" in where
    assert folded_args == "*** The locals of this frame are not recorded."
    assert "decode() [locals not recorded]" in up


def test_where_up_and_down_walk_the_frames(answers: Answers) -> None:
    _, where, up, shop, down, newest, *_ = answers("where", "up", "p shop.prices", "down", "down")
    lines = where.splitlines()
    assert [line.rpartition(")")[0].rpartition(")")[2] for line in lines[::2]] == ["<lambda>(", "ask(", "sell("]
    assert up.splitlines()[1] == "-> return shop.sell(text, 1, 2)"
    assert shop == "{'apple': 2}"
    assert "sell()" in down
    assert newest == "*** Newest frame"


def test_values_are_printed_as_recorded_and_without_control_characters(answers: Answers) -> None:
    _, text, printed, cut, self, missing, method, changed, _ = answers(
        "p article", "!print(article)", "p len(many), many.cut", "p self", "p nothing()", "p self.sell()",
        "gift = 5; print(gift)",
    )  # fmt: skip
    assert text == "'\\x1b[31mred\\u202e'"
    assert printed == "\\x1b[31mred\\u202e"
    assert cut == "(50, '50 more of 100 items')"
    assert self == f"<recorded {Shop.__module__}.Shop prices={{'apple': 2}}>"
    assert missing == "*** NameError: name 'nothing' is not defined"
    assert method.startswith("*** AttributeError: the record of this")
    assert changed == "5"


def test_pp_and_whatis_know_recorded_values(answers: Answers) -> None:
    _, pretty, object_, list_, text, wrong, also_wrong, _ = answers(
        "pp [self] * 3", "whatis self", "whatis many", "whatis article", "whatis nothing", "pp nothing"
    )
    assert pretty.splitlines()[1] == f"    <recorded {Shop.__module__}.Shop prices={{'apple': 2}}>,"
    assert object_ == f"<recorded class '{Shop.__module__}.Shop'>"
    assert list_ == "<class 'list'>, and 50 more of 100 items"
    assert text == "<class 'str'>"
    assert wrong == also_wrong == "*** NameError: name 'nothing' is not defined"


def test_args_are_those_of_the_function_in_the_order_of_pdb(answers: Answers) -> None:
    _, args, short, _ = answers("args", "a")
    assert [line.split(" = ")[0] for line in args.splitlines()] == ["self", "article", "gift", "counts"]
    assert args.splitlines()[2:] == ["gift = False", "counts = (1, 2)"]
    assert short == args


def test_ll_lists_the_whole_function_and_marks_the_line(answers: Answers) -> None:
    for source in (whole(TEXT, UNITS), assembled(UNITS, [])):
        _, whole_one, alike, _ = answers("ll", "longlist", source=source)
        lines = whole_one.splitlines()
        assert [line.split("\t")[1] for line in lines] == TEXT.splitlines()[line_of("def sell") - 1 :][:4]
        assert lines[-1].startswith(f" {line_of('return self.prices')}  ->\t")
        assert alike == whole_one


def test_l_lists_lines_and_says_which_are_not_recorded(answers: Answers) -> None:
    line = line_of("def sell")
    units = [unit for unit in UNITS if unit.function == "Shop.sell"]
    _, listed, _ = answers(f"l {line - 3},{line + 1}", source=assembled(units, []))
    assert listed.splitlines()[-1] == f"[not recorded: line {line - 3}-{line - 1}]"
    assert listed.splitlines()[3].endswith("def sell(self, article: str, *counts: int, gift: bool = False) -> int:")
    _, around, _ = answers("l")
    assert f" {line_of('return self.prices')}  ->\t" in around
    assert "not recorded" not in around


def test_a_function_whose_source_is_not_recorded_is_said_to_be_so(answers: Answers) -> None:
    _, ll, args, source, _ = answers("ll", "args", "source sell", source=assembled([], [(1, ["x"])]))
    assert ll == "*** The source of this function is not recorded; l shows what is known around the line."
    assert args.startswith("*** Which locals are arguments is unknown")
    assert source == "*** NameError: name 'sell' is not defined"


def test_source_lists_what_is_named_and_what_a_value_is(answers: Answers) -> None:
    def call() -> None:
        function, number = ask, 1
        raise ValueError(function, number)

    _, named, with_module, value, none, _ = answers(
        "source Shop.sell", "source shop.Shop.sell", "source function", "source number", call=call
    )
    assert named.splitlines()[0].endswith("def sell(self, article: str, *counts: int, gift: bool = False) -> int:")
    assert with_module == named
    assert value.splitlines()[0].endswith("def ask(shop: Shop) -> int:")
    assert none == "*** Its source is not recorded."


REFUSED = """
    next n step s until unt return r jump j run restart break b tbreak clear cl enable disable ignore condition commands
    debug
"""


@pytest.mark.parametrize("command", REFUSED.split())
def test_what_needs_a_program_is_answered_in_one_sentence(answers: Answers, command: str) -> None:
    _, answer, again, _ = answers(command, f"{command} 1")
    assert answer == again == f"*** The program is not running: these are recorded values. {LIVE}"


@pytest.mark.parametrize("command", ["continue", "cont", "c", "quit", "q", "exit", "EOF"])
def test_the_session_ends_and_takes_no_more_commands(answers: Answers, command: str) -> None:
    assert answers(command, "p 'more'")[-1] == ""


def test_interact_has_the_values_and_comes_back(answers: Answers) -> None:
    _, inside, after, _ = answers("interact", "len(many)", "print(article)", "exit()", "p 1 + 1")
    assert ">>> 50\n" in inside
    assert ">>> \\x1b[31mred\\u202e\n" in inside
    assert after == "2"


def test_exceptions_are_listed_and_their_frames_looked_at(answers: Answers) -> None:
    _, listed, other, article, relisted, wrong, letters, _ = answers(
        "exceptions", "exceptions 1", "p article", "exceptions", "exceptions 7", "exceptions x",
        call=lambda: again(Shop()),
    )  # fmt: skip
    first, second = listed.splitlines()
    assert first == ">  0 <recorded LookupError: sold out> raised"
    assert second == "   1 <recorded KeyError: '\\x1b[31mred\\u202e'> context"
    assert "sell()" in other
    assert article == "'\\x1b[31mred\\u202e'"
    assert relisted.splitlines()[1].startswith(">  1 ")
    assert wrong == letters == "*** There is no exception with that number."


def test_the_exception_is_at_hand(answers: Answers) -> None:
    _, shown, _ = answers("p __exception__")
    assert shown == "<recorded KeyError: '\\x1b[31mred\\u202e'>"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="has no convenience variables")
def test_the_exception_is_a_convenience_variable_in_every_frame(answers: Answers) -> None:
    _, here, _, there, _ = answers("p $_exception", "up", "p $_exception")
    assert here == there == "<recorded KeyError: '\\x1b[31mred\\u202e'>"


def test_a_debugger_of_the_users_own_keeps_its_commands(answers: Answers) -> None:
    class Own(pdb.Pdb):
        def do_hello(self, arg: str) -> None:
            self.message(f"hello from {type(self).__name__}")

    _, hello, args, refused, _ = answers("hello", "args", "next", debugger=Own)
    assert hello == "hello from Own"
    assert args.startswith("self = ")
    assert refused.startswith("*** The program is not running")


def test_a_debugger_that_is_none_of_pdbs_is_given_the_traceback(answers: Answers) -> None:
    class Other:
        post_mortem = False

        def reset(self) -> None:
            self.is_reset = True

        def interaction(self, frame: object, found: Any) -> None:
            assert (frame, self.is_reset, self.post_mortem) == (None, True, True)
            print(found[0].__name__, found[2].tb_next.tb_next.tb_frame.f_code.co_name)  # noqa: T201

    assert answers(debugger=Other) == ["the banner\nKeyError sell"]


def test_a_pdbrc_of_the_user_is_honoured(answers: Answers, tmp_path: Path) -> None:
    (tmp_path / ".pdbrc").write_text("alias counted len(many)\n")
    assert answers("counted")[1] == "50"


def test_no_source_of_the_session_is_left_in_the_cache_of_lines(answers: Answers) -> None:
    import linecache

    answers("ll")
    assert not [path for path in linecache.cache if path.startswith("/nowhere")]
