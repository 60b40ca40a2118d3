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
    Option(
        "debugloop_leg",
        "",
        "Name of the job or environment, where several run the same tests: a pass in one leg recovers no failure of"
        " another; empty: the CI's job, tox's or nox's environment, and in CI interpreter and platform.",
        "NAME",
    ),
    Option(
        "debugloop_load",
        True,
        "Store the run while it goes on (--no-debugloop-load: leave its journals for `debugloop load`).",
    ),
    Option("debugloop_wait", 30.0, "Seconds to wait at the end of a run until it is stored.", "SECONDS"),
    Option("debugloop_postgres_version", 18, "Major version of the embedded server where it has no data yet.", "N"),
    Option(
        "debugloop_capture",
        True,
        "Keep the state at failures: locals, fixtures, parameters, output; else only exceptions and their frames.",
    ),
    Option(
        "debugloop_capture_exclude",
        "",
        "Names of variables, fixtures, attributes and keys whose value is never kept; patterns such as *_blob.",
        "NAMES",
    ),
    Option(
        "debugloop_all_locals", False, "Keep the locals of frames outside of the project too: of installed packages."
    ),
    Option("debugloop_max_depth", 6, "Levels of containers and attributes that are kept below a name, up to 50.", "N"),
    Option("debugloop_max_items", 50, "Items of a container, or attributes of an object, that are kept.", "N"),
    Option("debugloop_max_characters", 2000, "Characters of a text, or bytes of bytes, that are kept.", "N"),
    Option("debugloop_max_frames", 50, "Frames of one exception that are kept.", "N"),
    Option("debugloop_max_snapshot_bytes", 262144, "Size of one snapshot in the journal, at least 4096.", "N"),
    Option(
        "debugloop_max_snapshot_ms",
        50.0,
        "Processor time for the values of one snapshot, in milliseconds; what is not reached by then is cut.",
        "MS",
    ),
    Option(
        "debugloop_redact_names",
        "",
        "More names whose value is a secret, as regular expressions, separated by spaces.",
        "REGEXES",
    ),
    Option(
        "debugloop_redact_patterns",
        "",
        "More shapes of secrets in any text, as regular expressions, separated by spaces.",
        "REGEXES",
    ),
    Option(
        "debugloop_redact_except",
        "",
        "Names whose value is shown, though it looks like a secret by the name; patterns such as *cookie*.",
        "NAMES",
    ),
    Option(
        "debugloop_repr",
        "",
        "Types whose own __repr__ is called for a snapshot, under a guard; patterns such as shop.models.*, * for all.",
        "TYPES",
    ),
    Option(
        "debugloop_environment", "", "More environment variables to keep at failures; patterns such as SHOP_*.", "NAMES"
    ),
    Option(
        "debugloop_ci_report",
        True,
        "In CI, tell of failures there too: GitHub's annotations and job summary, properties in GitLab's JUnit XML.",
    ),
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
        "agent_name", "all_locals", "capture", "capture_exclude", "ci_report", "correlation_id", "directory",
        "dsn", "enabled", "environment", "leg", "load", "max_characters", "max_depth", "max_frames", "max_items",
        "max_snapshot_bytes", "max_snapshot_ms", "postgres_version", "problems", "project", "redact_except",
        "redact_names", "redact_patterns", "repr_types", "schema", "session_id", "wait",
    )  # fmt: skip

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
        self.leg = self._read(lookup, "debugloop_leg", str)
        self.load = self._read(lookup, "debugloop_load", as_bool)
        self.wait = self._read(lookup, "debugloop_wait", _seconds)
        self.postgres_version = self._read(lookup, "debugloop_postgres_version", _positive)
        self.capture = self._read(lookup, "debugloop_capture", as_bool)
        self.capture_exclude = self._read(lookup, "debugloop_capture_exclude", _words)
        self.all_locals = self._read(lookup, "debugloop_all_locals", as_bool)
        self.max_depth = min(self._read(lookup, "debugloop_max_depth", _positive), 50)
        self.max_items = self._read(lookup, "debugloop_max_items", _positive)
        self.max_characters = self._read(lookup, "debugloop_max_characters", _positive)
        self.max_frames = self._read(lookup, "debugloop_max_frames", _positive)
        self.max_snapshot_bytes = max(self._read(lookup, "debugloop_max_snapshot_bytes", _positive), 4096)
        self.max_snapshot_ms = self._read(lookup, "debugloop_max_snapshot_ms", _milliseconds)
        self.redact_names = self._read(lookup, "debugloop_redact_names", _regexes)
        self.redact_patterns = self._read(lookup, "debugloop_redact_patterns", _regexes)
        self.redact_except = self._read(lookup, "debugloop_redact_except", _words)
        self.repr_types = self._read(lookup, "debugloop_repr", _words)
        self.environment = self._read(lookup, "debugloop_environment", _words)
        self.ci_report = self._read(lookup, "debugloop_ci_report", as_bool)

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
    return _number(value, "seconds")


def _milliseconds(value: object) -> float:
    return _number(value, "milliseconds")


def _number(value: object, unit: str) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1
    if not 0 <= number < 1e6:
        raise ValueError(f"{value!r} is no number of {unit}")
    return number


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(value).replace(",", " ").split())


def _regexes(value: object) -> tuple[str, ...]:
    import re

    patterns = tuple(str(value).split())
    try:
        for pattern in patterns:
            re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    return patterns


def _positive(value: object) -> int:
    text = str(value)
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"{value!r} is no whole number above 0")
    return int(text)
