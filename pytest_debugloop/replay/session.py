"""A debugger on recorded frames: pdb, or a class derived from it, without the commands that need a running program."""

from __future__ import annotations

import code
import linecache
import pdb
import shutil
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from types import FrameType, TracebackType
from typing import IO, Any

from pytest_debugloop.replay.frames import RecordedException, RecordedFrame, sources_of
from pytest_debugloop.replay.layout import laid_out
from pytest_debugloop.replay.partial import CUT, NotRecorded, RecordedDict, Withheld
from pytest_debugloop.replay.sources import Source, listed
from pytest_debugloop.replay.standins import Recorded, recorded_name
from pytest_debugloop.text.printable import printable

_NEED_A_PROGRAM = """
    next n step s until unt jump j return r run restart break b tbreak clear cl enable disable ignore condition commands
    debug
"""
_END = "continue cont c"
_BASE_OF_CUT = {cut: base for base, cut in CUT.items()}


class RecordedPdb(pdb.Pdb):
    """pdb, on frames that were made of a record."""

    _exceptions: Sequence[RecordedException] = ()
    _frames: dict[FrameType, RecordedFrame] = {}  # noqa: RUF012 - set by look_at
    _shown = 0
    _live = ""

    def set_frames(self, exceptions: Sequence[RecordedException], live: str) -> None:
        """Say what there is to be looked at.

        Args:
            exceptions: the one that failed the test first.
            live: how to see the program running, in words.
        """
        self._exceptions = exceptions
        self._frames = {frame.frame: frame for one in exceptions for frame in one.frames}
        self._live = live

    # -- where --------------------------------------------------------------------------------------------------------

    def get_stack(self, f: FrameType | None, t: TracebackType | None) -> tuple[list[tuple[FrameType, int]], int]:
        """Begin at the innermost frame of the project: what a library does inside is seldom the question."""
        stack, place = super().get_stack(f, t)
        for number, one in enumerate(self._exceptions):
            if t is not None and one.traceback is t:
                self._shown = number
                place = one.start
        return stack, place

    def format_stack_entry(self, frame_lineno: tuple[FrameType, int], *more: Any, **named: Any) -> str:
        """Say of a frame that its locals were not recorded."""
        text = super().format_stack_entry(frame_lineno, *more, **named)
        found = self._frames.get(frame_lineno[0])
        if found is None or not found.is_folded:
            return text
        head, line_end, rest = text.partition("\n")
        return f"{head} [locals not recorded]{line_end}{rest}"

    def do_exceptions(self, arg: str) -> None:
        """List the exceptions of the failure, or look at the frames of one: exceptions [number]."""
        if not arg:
            for number, one in enumerate(self._exceptions):
                at = ">" if number == self._shown else " "
                where = "" if one.traceback is not None else " (no frames recorded)"
                self.message(f"{at} {number:>2} {one.error!r} {one.relation}{where}")
            return
        number = int(arg) if arg.isdecimal() and len(arg) < 6 else -1
        if not 0 <= number < len(self._exceptions):
            self.error("There is no exception with that number.")
        elif self._exceptions[number].traceback is None:
            self.error("No frames are recorded for this exception.")
        else:
            self.setup(None, self._exceptions[number].traceback)
            self.print_stack_entry(self.stack[self.curindex])

    # -- source -------------------------------------------------------------------------------------------------------

    def do_longlist(self, arg: str) -> None:
        """List the whole source of the current function, as far as it is recorded."""
        found = self._here()
        span = None if found is None else found.source.function_at(found.line, found.function)
        if found is None or span is None:
            self.error("The source of this function is not recorded; l shows what is known around the line.")
            return
        lines = linecache.getlines(found.path)[span.first - 1 : span.last]
        self._print_lines(lines, span.first, (), self.curframe)

    do_ll = do_longlist

    def _print_lines(
        self, lines: Sequence[str], start: int, breaks: Sequence[int] = (), frame: FrameType | None = None
    ) -> None:
        super()._print_lines(lines, start, breaks, frame)
        found = self._frames.get(frame) if frame is not None else None
        if found is not None:
            self._say_unknown(found.source, start, start + len(lines) - 1)

    def _say_unknown(self, source: Source, first: int, last: int) -> None:
        unknown = [f"{a}" if a == b else f"{a}-{b}" for a, b in source.unknown(first, last)]
        if unknown:
            self.message(f"[not recorded: line {', '.join(unknown)}]")

    def do_source(self, arg: str) -> None:
        """List the source of a function or class that is recorded, by its name or by a value that is one."""
        found = self._find_unit(arg.strip())
        if found is None:
            with suppress(Exception):
                value = self._getval(arg)
                named = value["name"] if isinstance(value, Recorded) else None
                found = self._find_unit(str(named)) if named is not None else None
                if found is None:
                    self.error("Its source is not recorded.")
        if found is not None:
            path, source, first, last = found
            self._print_lines(linecache.getlines(path)[first - 1 : last], first)
            self._say_unknown(source, first, last)

    def _find_unit(self, name: str) -> tuple[str, Source, int, int] | None:
        """Find a function or class in the current file, else in the others; a module in front of it may be named."""
        here = self._here()
        sources = [] if here is None else [(here.path, here.source)]
        for path, source in [*sources, *sources_of(list(self._exceptions)).items()]:
            parts = name.split(".")
            for begin in range(len(parts)):
                unit = source.unit_named(".".join(parts[begin:]))
                if unit is not None:
                    return path, source, unit.first, unit.last
        return None

    # -- values -------------------------------------------------------------------------------------------------------

    def do_args(self, arg: str) -> None:
        """Print the arguments of the current function, as they were at the failure."""
        found = self._here()
        span = None if found is None else found.source.function_at(found.line, found.function)
        if found is None or found.is_folded:
            self.error("The locals of this frame are not recorded.")
        elif span is None or span.arguments is None:
            self.error("Which locals are arguments is unknown: the source of this function is not recorded.")
        else:
            names = self.curframe_locals
            for name in span.arguments:
                shown = repr(names[name]) if name in names else "*** not recorded ***"
                self.message(f"{name} = {shown}")

    do_a = do_args

    def do_pp(self, arg: str) -> None:
        """Print the value of an expression over several lines."""
        with suppress(Exception):  # which was reported
            value = self._getval(arg)
            self.message(laid_out(value, shutil.get_terminal_size().columns))

    def do_whatis(self, arg: str) -> None:
        """Print the type of the value of an expression, as it was recorded."""
        try:
            value: Any = self._getval(arg)
        except Exception:
            return
        kind = type(value)
        if kind in _BASE_OF_CUT:
            self.message(f"{_BASE_OF_CUT[kind]!r}, and {printable(getattr(value, 'cut', ''))}")
        elif isinstance(value, (Withheld, NotRecorded)):
            self.message(repr(value))
        elif kind is RecordedDict:
            self.message(repr(dict))
        elif isinstance(value, Recorded) and recorded_name(kind) in ("type", "function") and "name" in value:
            self.message(f"{recorded_name(kind).replace('type', 'class').capitalize()} {printable(str(value['name']))}")
        else:
            super().do_whatis(arg)

    def do_interact(self, arg: str) -> None:
        """Start an interactive interpreter with the recorded values of the current frame."""
        if self.curframe is None:
            return
        names = {"exit": _leave, "quit": _leave, **self.curframe.f_globals, **self.curframe_locals}
        self.message("*interactive: these are recorded values; exit with Ctrl-D*")
        with redirect_stdout(self.stdout), redirect_stderr(self.stdout), suppress(SystemExit):
            code.interact("", local=names, exitmsg="")

    # -- what cannot be done ------------------------------------------------------------------------------------------

    def _refuse(self, arg: str) -> None:
        """Need a running program, and cannot be had on recorded values."""
        self.error(f"The program is not running: these are recorded values. {self._live}".rstrip())

    def _end(self, arg: str) -> Any:
        """End the session: there is no program to go on with."""
        return self.do_quit(arg)

    for _name in _NEED_A_PROGRAM.split():
        locals()[f"do_{_name}"] = _refuse
    for _name in _END.split():
        locals()[f"do_{_name}"] = _end
    del _name

    def _here(self) -> RecordedFrame | None:
        return None if self.curframe is None else self._frames.get(self.curframe)


class _Printable:
    """A stream that spells out what would act on a terminal: a program's text may be printed by the user, too."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write("\t".join(printable(part, lines=True) for part in text.split("\t")))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Leave:
    """Ends an interpreter, and leaves standard input open for the session around it."""

    def __repr__(self) -> str:
        return "Use exit() or Ctrl-D to go back to the session"

    def __call__(self, code: object = None) -> None:
        raise SystemExit(code)


_leave = _Leave()


def debug(
    exceptions: Sequence[RecordedException], banner: Sequence[str], live: str = "", debugger: type = pdb.Pdb
) -> None:
    """Run a session on recorded frames, until the user ends it.

    Args:
        exceptions: rebuilt ones, of which at least one has frames.
        banner: lines to print first.
        live: how to see the program running, in words.
        debugger: a class like ``pdb.Pdb``, as of pytest's ``--pdbcls``.
    """
    first = next(one for one in exceptions if one.traceback is not None)
    with listed(sources_of(list(exceptions))):
        if not issubclass(debugger, pdb.Pdb):
            _debug_otherwise(first, banner, debugger)
            return
        cls = RecordedPdb if debugger is pdb.Pdb else type(debugger.__name__, (RecordedPdb, debugger), {})
        session: RecordedPdb = cls()
        if debugger is pdb.Pdb:  # others write escapes of their own
            session.stdout = _Printable(session.stdout)  # type: ignore[assignment]  # a stream for all that pdb does
        session.set_frames(exceptions, live)
        for line in banner:
            session.message(line)
        session.reset()
        session.interaction(None, first.traceback)


def _debug_otherwise(first: RecordedException, banner: Sequence[str], debugger: type) -> None:
    """Run a debugger that is none of pdb's: it gets the frames, and has its own commands, as pudb."""
    sys.stdout.write("".join(f"{line}\n" for line in banner))
    sys.stdout.flush()
    session: Any = debugger()
    session.reset()
    session.post_mortem = True  # or pudb would look for the frame at which the program was started
    session.interaction(None, (type(first.error), first.error, first.traceback))
