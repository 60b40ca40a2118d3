"""The group of commands: options that all share, and each command loaded when it is asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from pytest_debugloop.answers.location import NAMES, RecordLocation
from pytest_debugloop.cli.failing import fault, is_expected, is_json_asked, tell
from pytest_debugloop.cli.process import end_orderly, flush_output, prepare_streams

COMMANDS = (
    "show",
    "value",
    "runs",
    "history",
    "failures",
    "flaky",
    "recoveries",
    "diff",
    "compare",
    "check",
    "report",
    "slow",
    "debug",
    "reproduce",
    "why",
    "load",
    "prune",
    "pin",
    "unpin",
    "export",
    "sql",
    "status",
    "stop",
    "migrate",
    "rollback",
    "doctor",
    "serve",
    "mcp",
)
"""In the order of the help; each is ``command`` in the module of ``commands`` that has its name."""

_TRUSTED = "record_trusted"


class RecordGroup(click.Group):
    """Loads a command when it is asked for: the help of one must not wait for the imports of all."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command and give it the options that all share."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"pytest_debugloop.cli.commands.{cmd_name}").command
        known = {name for parameter in command.params for name in (parameter.name, *parameter.opts)}
        shared = _place_options(hidden=True)
        command.params += [option for option in shared if known.isdisjoint((option.name, *option.opts))]
        if not isinstance(command.callback, _WithLocation):
            command.callback = _WithLocation(command.callback)
        return command


class _WithLocation:
    """Takes what was given of the shared options, before and after the command, and finds the record by them."""

    def __init__(self, callback: Any) -> None:
        self._callback = callback

    def __call__(self, **values: Any) -> Any:
        context = click.get_current_context()
        given = dict(context.obj or {})
        if values.get("trust"):  # an option of the command's own, which says that and more
            given[_TRUSTED] = True
        for name in (*NAMES, "no_pager", _TRUSTED):
            value = values.pop(name, None)
            if value:
                given[name] = value
        trusted = bool(given.get(_TRUSTED))
        context.obj = RecordLocation.from_settings(
            given, paging=not given.get("no_pager"), trusted=trusted, ask=_confirmed
        )
        return self._callback(**values)


def _confirmed(question: str) -> bool:
    """Ask on the terminal, where there is one; who says no ends the command."""
    from pytest_debugloop.text.printable import printable

    if not all(stream.isatty() for stream in (sys.stdin, sys.stderr)):
        return False
    return click.confirm(printable(question), err=True, abort=True)


def _place_options(*, hidden: bool = False) -> list[click.Option]:
    return [
        click.Option(
            ["--dsn", "debugloop_dsn"],
            help="Connection string of the server; default: the embedded server.",
            hidden=hidden,
        ),
        click.Option(["--dir", "debugloop_dir"], help="Directory for journals and the embedded server.", hidden=hidden),
        click.Option(["--schema", "debugloop_schema"], help="Schema that holds the tables.", hidden=hidden),
        click.Option(["--project", "debugloop_project"], help="Show only tests of this project.", hidden=hidden),
        click.Option(
            ["--postgres-version", "debugloop_postgres_version"],
            help="Major version for a new embedded server.",
            hidden=hidden,
        ),
        click.Option(
            ["--trust", _TRUSTED],
            is_flag=True,
            help="Open an embedded record even if another user or machine made it.",
            hidden=hidden,
        ),
        click.Option(["--no-pager"], is_flag=True, help="Do not page long output.", hidden=hidden),
    ]


def _keep(**values: Any) -> None:
    """Query the record that `pytest --debugloop` makes, and debug from it.

    Without a command, it says what the last run was, what is red and flaky, and what to type next.

    The options below may come before or after the command. Like those of the plugin, they can also be set in the
    environment (DEBUGLOOP_DSN, ...) or in pytest's ini file. Ids can be shortened to their first or last characters.

    \b
    Exit status: 0 success, 1 not found, not possible or "no", 2 usage error, 130 interrupted.
    \b
    Example: debugloop show
    """
    context = click.get_current_context()
    as_json = values.pop("as_json")
    context.obj = {name: value for name, value in values.items() if value}
    if context.invoked_subcommand is None:
        _WithLocation(_front_page)(as_json=as_json)
    elif as_json:
        raise click.UsageError("--json belongs behind the command.")


def _front_page(*, as_json: bool) -> None:
    from pytest_debugloop.cli.front import show_front_page

    show_front_page(click.get_current_context().obj, as_json=as_json)


debugloop = RecordGroup(
    name="debugloop",
    callback=_keep,
    params=[*_place_options(), click.Option(["--json", "as_json"], is_flag=True, hidden=True)],
    invoke_without_command=True,
    help=_keep.__doc__,
    context_settings={"auto_envvar_prefix": None, "help_option_names": ["-h", "--help"], "max_content_width": 100},
)
debugloop = click.version_option(package_name="pytest-debugloop")(debugloop)


def main() -> None:
    """Run the command; what goes wrong is one sentence on standard error, and an exit status that says of what kind."""
    prepare_streams()
    end_orderly()
    as_json = is_json_asked(sys.argv[1:])
    output = sys.stdout
    status: object = 0
    try:
        status = debugloop.main(prog_name="debugloop", standalone_mode=False)
    except click.exceptions.Abort as abort:
        interrupted = isinstance(abort.__cause__ or abort.__context__, KeyboardInterrupt)
        status = 130 if interrupted else 1
        if as_json:
            tell(click.exceptions.Abort("Interrupted." if interrupted else "Aborted!"), status, as_json=True)
        else:
            click.echo("Interrupted." if interrupted else "Aborted!", err=True)
    except click.ClickException as error:
        status = error.exit_code
        tell(error, error.exit_code, as_json=as_json)
    except Exception as error:
        if _is_of_driver(error) or (sys.flags.dev_mode and not is_expected(error)):
            raise
        status = 1
        tell(error if is_expected(error) else fault(error), 1, as_json=as_json)
    except SystemExit:
        # click exits here when the reader has gone, and has wrapped the stream so that errors of a flush are hidden.
        sys.stdout = output
        flush_output()
        raise
    status = status if isinstance(status, int) else 0
    unwritten = flush_output()
    if unwritten is not None and status == 0:
        status = 1
        if not isinstance(unwritten, BrokenPipeError):
            tell(unwritten, 1, as_json=as_json)
    sys.exit(status)


def _is_of_driver(error: Exception) -> bool:
    return isinstance(error, ImportError) and ((error.name or "").startswith("psycopg") or "pq wrapper" in str(error))
