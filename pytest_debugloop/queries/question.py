"""A question to the record is a value: which statement, with which parameters, and what a row of its answer is."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from pytest_debugloop.database.sql_files import sql_text
from pytest_debugloop.journal.records import clean_text

T = TypeVar("T")
Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)

MANY = 1_000_000_000
"""A limit that is none."""


@dataclass(frozen=True, slots=True)
class Question(Generic[Row_co]):
    """A statement with its parameters; :class:`~pytest_debugloop.answers.record.Record` asks it.

    Attributes:
        name: of the statement: its file in the folder ``sql``, without the ending.
        row: the class of a row, or what else makes one of the columns, which it gets by their names.
        parameters: of the statement. Texts are written as the record has them: without NUL, and without halves of
            surrogate pairs, as argv gives for odd bytes.
        counts: whether only the number of its rows is asked for.
        package: that has the folder.
    """

    name: str
    row: Callable[..., Row_co]
    parameters: Mapping[str, object] = field(default_factory=dict)
    counts: bool = False
    package: str = "pytest_debugloop.queries"

    def __post_init__(self) -> None:
        cleaned = {
            name: clean_text(value) if isinstance(value, str) else value for name, value in self.parameters.items()
        }
        object.__setattr__(self, "parameters", cleaned)

    def map(self, convert: Callable[[Row_co], T]) -> Question[T]:
        """Ask the same, and make something else of each row.

        Args:
            convert: gives it.
        """
        return Question(
            self.name, lambda **columns: convert(self.row(**columns)), self.parameters, package=self.package
        )

    @property
    def sql(self) -> str:
        """The text of the statement."""
        text = sql_text(self.package, self.name)
        if not self.counts:
            return text
        counted = text.rstrip().removesuffix(";")
        return f"SELECT count(*) AS rows FROM ({counted}\n) AS counted"  # noqa: S608 - of our own file


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows an answer has."""

    rows: int


def total_of(question: Question[Any]) -> Question[Total]:
    """Ask how many rows an answer has, whatever its limit is.

    Args:
        question: to count.
    """
    return Question(question.name, Total, {**question.parameters, "limit": MANY}, counts=True)


def no_row(**columns: Any) -> None:
    """Stand for the row of a statement that has none, such as SET.

    Args:
        **columns: never given.
    """


Steps: TypeAlias = Generator[Question[Any], list[Any], T]
"""What needs several questions, each when it is known: a generator that yields them and is sent all rows of each.

It is written once, for connections that wait and for those that do not; ``answer`` of a record runs it.
"""


def fetch(question: Question[Row]) -> Generator[Question[Row], list[Row], list[Row]]:
    """Ask a question as a step, and give all rows of its answer.

    Args:
        question: which one.
    """
    return (yield question)


def first(question: Question[Row]) -> Generator[Question[Row], list[Row], Row | None]:
    """Ask a question as a step, and give the first row of its answer; None where it has none.

    Args:
        question: which one.
    """
    return next(iter((yield question)), None)


def one(question: Question[Row]) -> Generator[Question[Row], list[Row], Row]:
    """Ask a question that must have an answer as a step, and give its first row.

    Args:
        question: which one.

    Raises:
        LookupError: it has none.
    """
    return first_of(question, (yield question))


def first_of(question: Question[Row], rows: list[Row]) -> Row:
    """Give the first row of an answer.

    Args:
        question: that was asked.
        rows: of its answer.

    Raises:
        LookupError: there is none.
    """
    if not rows:
        raise LookupError(f"{question.name} of {dict(question.parameters)}")
    return rows[0]
