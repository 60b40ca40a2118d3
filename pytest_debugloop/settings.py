"""The one table of options: the command line, the ini file, the environment and the README are made from it.

Nothing but this module and the entry point is imported in a run that does not record, so it stays free of imports.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    T = TypeVar("T")


class Option:
    """One setting and its three spellings.

    Args:
        name: the ini key; ``debugloop_dsn`` is ``--debugloop-dsn`` on the command line and ``DEBUGLOOP_DSN``
            in the environment.
        default: the value where none of the three is given.
        help: one sentence, without the default.
        metavar: how the value is called in ``pytest --help``; None for a switch.
    """

    __slots__ = ("default", "help", "metavar", "name")

    def __init__(self, name: str, default: object, help: str, metavar: str | None = None) -> None:  # noqa: A002
        self.name = name
        self.default = default
        self.help = help
        self.metavar = metavar

    @property
    def flag(self) -> str:
        """The spelling on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The spelling in the environment."""
        return self.name.upper()

    @property
    def kind(self) -> type:
        """What its value is: bool, int, float or str."""
        return type(self.default)


OPTIONS = (
    Option("debugloop", False, "Record this run in PostgreSQL (--no-debugloop: do not, whatever else says so)."),
    Option(
        "debugloop_dsn",
        "",
        "The PostgreSQL to record to, as any libpq connection string or URL; empty: the embedded server.",
        "DSN",
    ),
    Option(
        "debugloop_dir",
        ".debugloop",
        "Folder of the journals and of the embedded server's data, relative to rootdir.",
        "DIR",
    ),
    Option("debugloop_schema", "agent_observability", "Schema of the record's tables.", "NAME"),
    Option(
        "debugloop_correlation_id",
        "",
        "Identity of this run: a UUID, or any text, of which a UUID is made; empty: a fresh one.",
        "ID",
    ),
    Option(
        "debugloop_session_id",
        "",
        "What groups runs: a UUID, or any text, of which a UUID is made; empty: the CI run, else nothing.",
        "ID",
    ),
    Option("debugloop_agent_name", "pytest", "Who executes; an xdist worker adds its own name.", "NAME"),
    Option(
        "debugloop_project",
        "",
        "Name that keeps the tests of several projects in one database apart; empty: the git remote, else rootdir.",
        "NAME",
    ),
    Option("debugloop_wait", 30.0, "Seconds to wait at the end of a run until it is stored.", "SECONDS"),
    Option("debugloop_postgres_version", 18, "Major version of the embedded server where it has no data yet.", "N"),
)

_BY_NAME = {option.name: option for option in OPTIONS}
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


class Settings:
    """The settings of one run, resolved and typed.

    Attributes:
        problems: one sentence for each value that could not be used, and for which the default stands.
    """

    __slots__ = (
        "agent_name",
        "correlation_id",
        "directory",
        "dsn",
        "enabled",
        "postgres_version",
        "problems",
        "project",
        "schema",
        "session_id",
        "wait",
    )

    def __init__(self, lookup: Callable[[Option], object]) -> None:
        """Read every option.

        Args:
            lookup: gives the raw value of an option, as :func:`raw_value` does.
        """
        self.problems: list[str] = []
        self.enabled = self._read(lookup, "debugloop", as_bool)
        self.dsn = self._read(lookup, "debugloop_dsn", str)
        self.directory = self._read(lookup, "debugloop_dir", str)
        self.schema = self._read(lookup, "debugloop_schema", _identifier)
        self.correlation_id = self._read(lookup, "debugloop_correlation_id", str)
        self.session_id = self._read(lookup, "debugloop_session_id", str)
        self.agent_name = self._read(lookup, "debugloop_agent_name", str)
        self.project = self._read(lookup, "debugloop_project", str)
        self.wait = self._read(lookup, "debugloop_wait", _seconds)
        self.postgres_version = self._read(lookup, "debugloop_postgres_version", _positive)

    def _read(self, lookup: Callable[[Option], object], name: str, convert: Callable[[object], T]) -> T:
        option = _BY_NAME[name]
        try:
            return convert(lookup(option))
        except (TypeError, ValueError) as error:
            self.problems.append(f"{name} cannot be used ({error}): {option.default!r} is taken.")
            return convert(option.default)


def as_bool(value: object) -> bool:
    """Read a switch.

    Args:
        value: a bool, or one of the words 1, true, yes, on, 0, false, no, off, in any case.

    Raises:
        ValueError: it is another word.
    """
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"{value!r} is neither true nor false")


def raw_value(
    option: Option,
    flag: Callable[[str], object],
    ini: Callable[[str], object],
    environ: Mapping[str, str],
) -> object:
    """Find the value of an option: the command line wins over the environment, that over the ini file.

    Args:
        option: which one.
        flag: gives the value from the command line by the option's name, None where it was not given.
        ini: gives the value from the ini file by the option's name, None where it is not there.
        environ: the environment; a variable that is empty is not set, as CI systems have it.
    """
    value = flag(option.name)
    if value is None:
        value = environ.get(option.variable) or None
    if value is None:
        value = ini(option.name)
    return option.default if value is None else value


def _identifier(value: object) -> str:
    text = str(value)
    if not 0 < len(text.encode()) <= 63 or "\0" in text:
        raise ValueError(f"{text!r} is no name for PostgreSQL: it takes 1 to 63 bytes")
    return text


def _seconds(value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = -1
    if not 0 <= seconds < 1e6:
        raise ValueError(f"{value!r} is no number of seconds")
    return seconds


def _positive(value: object) -> int:
    text = str(value)
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"{value!r} is no whole number above 0")
    return int(text)
