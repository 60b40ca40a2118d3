"""How a transaction reads and writes the record: its search path, and settings that others may have changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pytest_debugloop.queries.question import Question, no_row


@dataclass(frozen=True, slots=True)
class TransactionSettings:
    """Settings of a transaction that the record needs to be others."""

    search_path: str
    datestyle: str
    jit: str
    lock_timeout: str


def current_settings() -> Question[TransactionSettings]:
    """Give the settings of the transaction, before :func:`entering` changes them."""
    return Question("transaction_settings", TransactionSettings)


def beginning(*, reads: bool) -> Question[None]:
    """Say what a transaction is for, as its first statement; there are no rows.

    Args:
        reads: whether it only reads, and all of one moment; else it writes, and sees what others have committed before
            each of its statements, as the numbers of steps need it.
    """
    return Question("transaction_read" if reads else "transaction_write", no_row)


def entering(schema: str, patience: int) -> Question[TransactionSettings]:
    """Lead the search path to the record until the transaction ends.

    Whatever the role and PG* variables say: times are read in one style alone, nobody waits for ever on a lock, and
    nothing is compiled for a question that is asked once.

    Args:
        schema: of the record.
        patience: seconds to wait for a lock, where nobody has set another limit.
    """
    values = {"schema": schema, "patience": f"{patience}s"}
    return Question("transaction_enter", TransactionSettings, values)


def restoring(settings: TransactionSettings) -> Question[TransactionSettings]:
    """Give back the settings of a transaction that goes on.

    Args:
        settings: of before.
    """
    return Question("transaction_restore", TransactionSettings, asdict(settings))
