"""Which tests are meant by a node id as pytest takes it, or by an expression as pytest's ``-k`` does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_debugloop.queries.filters import NamedTest

_WORD = re.compile(r"(?:\w|:|\+|-|\.|\[|\]|\\|/)+")  # as _pytest.mark.expression has it
_TOKEN = re.compile(rf"[ \t]*({_WORD.pattern}|[()]|$)")
_NODE_ID = re.compile(r"[^\s()]+::.*|\S*/\S*|\S+\.py", re.DOTALL)
_ID = re.compile(r"[0-9a-f]{8,32}")
_DEEPEST = 100

_Names = frozenset[str]
_Rule = Callable[[_Names], bool]


class NotAnExpressionError(ValueError):
    """What was typed is no expression; the message says where and why."""


@dataclass(frozen=True, slots=True)
class TestSelection:
    """Tests that somebody has named.

    Attributes:
        text: as it was typed.
    """

    __test__ = False

    text: str

    def __post_init__(self) -> None:
        self._rule()

    def __str__(self) -> str:
        return self.text

    def _rule(self) -> _Rule | None:
        return None if _NODE_ID.fullmatch(self.text) else _Parser(self.text).rule()

    def matching(self, tests: list[NamedTest], folder: str = "") -> list[NamedTest]:
        """Give the tests that are meant.

        Args:
            tests: of which.
            folder: in which it was typed, from rootdir: a node id may begin there.
        """
        rule = self._rule()
        digits = self.text.strip().lower().replace("-", "")
        if rule is None:
            given = self.text.strip().removeprefix("./").rstrip("/")
            places = {given, f"{folder}/{given}" if folder else given}
            return [test for test in tests if not places.isdisjoint(_places(test.node_id))]
        found = [test for test in tests if rule(_names(test))]
        if not found and _ID.fullmatch(digits):
            found = [test for test in tests if test.id.hex.startswith(digits) or test.id.hex.endswith(digits)]
        return found


def _places(node_id: str) -> set[str]:
    """Give what names a test on pytest's command line: its node id, that without parameters, class, file, folders."""
    file, _, rest = node_id.partition("::")
    names = rest.partition("[")[0].split("::") if rest else []
    folders = list(accumulate(file.split("/"), "{}/{}".format))
    return {node_id, *folders, *accumulate([file, *names], "{}::{}".format)}


def _names(test: NamedTest) -> _Names:
    """Give the names that ``-k`` looks at, but for those of markers, which the record has only of failures."""
    parts = (test.name or test.node_id).split("::")
    last = f"{parts[-1]}[{test.parameters}]" if test.parameters is not None else parts[-1]
    return frozenset(name.lower() for name in [*(test.file or "").split("/"), *parts[:-1], last] if name)


class _Parser:
    """Reads ``expr: and_expr ('or' and_expr)*``, ``and_expr: not_expr ('and' not_expr)*``, and brackets."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._word = ""
        self._next()

    def rule(self) -> _Rule:
        if not self._word:
            raise NotAnExpressionError("it is empty")
        found = self._either()
        if self._word:
            raise self._wrong("end of input")
        return found

    def _next(self) -> None:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise NotAnExpressionError(
                f"at column {self._at + 1}: unexpected character {self._text[self._at :].strip()[:1]!r}"
            )
        self._word, self._at = match[1], match.end()

    def _wrong(self, expected: str) -> NotAnExpressionError:
        got = self._word or "end of input"
        column = self._at - len(self._word) + 1
        return NotAnExpressionError(f"at column {column}: expected {expected}; got {got}")

    def _either(self) -> _Rule:
        rules = [self._both()]
        while self._word == "or":
            self._next()
            rules.append(self._both())
        return rules[0] if len(rules) == 1 else lambda names: any(rule(names) for rule in rules)

    def _both(self) -> _Rule:
        rules = [self._one()]
        while self._word == "and":
            self._next()
            rules.append(self._one())
        return rules[0] if len(rules) == 1 else lambda names: all(rule(names) for rule in rules)

    def _one(self) -> _Rule:
        word = self._word
        if word == "not" or word == "(":
            self._depth += 1
            if self._depth > _DEEPEST:
                raise NotAnExpressionError(f"it is nested deeper than {_DEEPEST} levels")
            self._next()
            inner = self._one() if word == "not" else self._either()
            if word == "(" and self._word != ")":
                raise self._wrong("right parenthesis or operator")
            if word == "(":
                self._next()
            self._depth -= 1
            return inner if word == "(" else lambda names: not inner(names)
        if word in ("", ")", "and", "or"):
            raise self._wrong("not OR left parenthesis OR identifier")
        self._next()
        part = word.lower()
        return lambda names: any(part in name for name in names)
