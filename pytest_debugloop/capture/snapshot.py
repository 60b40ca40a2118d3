"""The state at a failure: the exception, its frames with their locals, the test's fixtures, and what surrounded it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture import concurrency
from pytest_debugloop.capture.bounds import Bounds, cut_text
from pytest_debugloop.capture.encode import Encoder
from pytest_debugloop.capture.exceptions import (
    CapturedException,
    Scrub,
    assertion_in,
    capture_exception_chain,
    exception_entry,
    with_texts,
)
from pytest_debugloop.capture.frames import Frame, context_of, frame_at, is_pytest, locals_of
from pytest_debugloop.capture.item_facts import ItemFacts
from pytest_debugloop.capture.plans import PlanOf, planner
from pytest_debugloop.capture.project_code import ProjectCode, is_generated
from pytest_debugloop.capture.redact import Redactor, redacted_tree, without_known
from pytest_debugloop.capture.secret_marks import Marks
from pytest_debugloop.capture.stack_room import room_on_stack
from pytest_debugloop.capture.variables import Variables
from pytest_debugloop.journal.records import JsonText, clean_text, json_text, plain_text

if TYPE_CHECKING:
    from pytest_debugloop.capture.guarded_repr import GuardedRepr

STATE_SCHEMA = 1
_CAPTURED_TAIL = 4_000
_OVERLAP = 1_000
_SMALLEST = 1_024
_LONGEST_ESCAPE = 12  # for one character

_ENCODED = ("fixtures", "parameters", "markers", "environment")
_CONCURRENT = {"threads": concurrency.threads, "tasks": concurrency.tasks}

Known = Mapping[str, Hashable]


class Capturer:
    """Takes the state at failures.

    Args:
        project: tells which code is its own.
        bounds: of each snapshot.
        redactor: takes secrets out.
        plan_of: tells how the values of a class are shown.
        environment: tells by its name whether an environment variable is kept; none is without it.
        guard: asks objects for their ``repr``, where the user wants it.
        has_foreign_locals: whether frames outside of the project keep their locals.
        is_on: whether any state is captured.

    Attributes:
        project: the one it was given, as is ``redactor``.
        is_kept_variable: tells by its name whether an environment variable is kept.
    """

    def __init__(
        self,
        project: ProjectCode,
        bounds: Bounds,
        redactor: Redactor,
        plan_of: PlanOf | None = None,
        *,
        environment: Callable[[str], bool] | None = None,
        guard: GuardedRepr | None = None,
        has_foreign_locals: bool = False,
        is_on: bool = True,
    ) -> None:
        self.project = project
        self._bounds = bounds
        self.redactor = redactor
        self._plan_of = plan_of or planner()
        self.is_kept_variable = environment or (lambda _: False)
        self._guard = guard or None
        self._has_foreign_locals = has_foreign_locals
        self._is_on = is_on
        self._variables = Variables(self.is_kept_variable, redactor)
        self._contexts: dict[tuple[str, int], tuple[int, list[str]]] = {}

    def capture_exception_chain(
        self, error: BaseException, marks: Marks, others: Sequence[BaseException] = ()
    ) -> list[CapturedException]:
        """Look at an exception and at those it is chained to, secrets by their shape taken out.

        Args:
            error: the exception that failed the phase.
            marks: gives what stands in place of a secret.
            others: what else failed in it.
        """
        with room_on_stack():
            seen = capture_exception_chain(error, self.project, self._bounds.frames, others)
            return [with_texts(one, partial(self.redactor.text, marks=marks), self.redactor.source) for one in seen]

    def capture_state(
        self,
        seen: list[CapturedException],
        facts: ItemFacts,
        marks: Marks,
        returning: FrameType | None = None,
        outputs: dict[str, str] | None = None,
    ) -> tuple[list[CapturedException], JsonText]:
        """Take the state at an exception, or at the end of a test's function.

        Args:
            seen: what :meth:`capture_exception_chain` gave, the frames still alive; empty where nothing was raised.
            facts: of the test.
            marks: as :meth:`capture_exception_chain` had it.
            returning: the frame of the test's function, where it returns.
            outputs: takes what was captured of each stream that is too long for the state.

        Returns:
            The exceptions, without the secrets that were found among the locals, and what is stored as
            ``agent_state``, as JSON.
        """
        with room_on_stack():
            bounds = self._bounds
            while True:
                found, state = self._state(seen, facts, marks.copy(), returning, bounds, outputs)
                text = json_text(state)
                # Texts full of escapes are longer in the journal than was reckoned.
                if len(text) <= self._bounds.size or bounds.size < _SMALLEST:
                    return found, text
                bounds = bounds.changed(size=int(bounds.size * self._bounds.size / len(text) * 0.9))

    @property
    def is_on(self) -> bool:
        """Whether any state is captured."""
        return self._is_on

    def capture_values(self, values: object, pointer: str) -> dict[str, Any]:
        """Take values that a test or a program gives, under the bounds of a snapshot and without secrets.

        Args:
            values: a dict of names; anything else is named ``value``.
            pointer: where they will lie, as a JSON pointer, for references among them.
        """
        if not self._is_on:
            return {}
        pairs = list(values.items()) if type(values) is dict else [("value", values)]
        bounds = self._bounds
        with room_on_stack():
            while True:
                encoder = Encoder(bounds, self.redactor, self._plan_of)
                found = encoder.encode_names(pairs, pointer)
                scrub = encoder.texts.scrubber()
                if scrub is not None:
                    found = redacted_tree(found, scrub)
                is_short = bounds.size - encoder.left < self._bounds.size / _LONGEST_ESCAPE
                size = 0 if is_short else len(json_text(found))
                if size <= self._bounds.size or bounds.size < _SMALLEST:
                    return found
                bounds = bounds.changed(size=int(bounds.size * self._bounds.size / size * 0.9))

    # -- parts ------------------------------------------------------------------------------------------------------

    def _state(
        self,
        seen: list[CapturedException],
        facts: ItemFacts,
        marks: Marks,
        returning: FrameType | None,
        bounds: Bounds,
        outputs: dict[str, str] | None,
    ) -> tuple[list[CapturedException], dict[str, Any]]:
        is_on = self._is_on and facts.is_captured
        if self._guard is not None:
            self._guard.start()
        encoder = Encoder(bounds, self.redactor, self._plan_of, self._guard, marks)
        frames = [[self._frame(frame, encoder) for frame in one.frames] for one in seen]
        encoder.left -= sum(2 * len(one.message) + sum(map(len, one.notes)) for one in seen)
        out: dict[str, Any] = {"schema": STATE_SCHEMA, "exceptions": []}
        if returning is not None:
            out["returned"] = self._returned(returning, encoder)
        if is_on:
            self._locals(seen, frames, encoder)
            if returning is not None:
                out["returned"]["locals"] = encoder.encode_names(locals_of(returning), "/returned/locals", 2)
            names = [(k, v) for k, v in facts.fixtures.items() if facts.parameters.get(k, _UNSET) is not v]
            out["fixtures"] = encoder.encode_names(names, "/fixtures", 2)
            out["fixture_scopes"] = {name: facts.scopes[name] for name, _ in names if name in facts.scopes}
            if facts.parameters:
                out["parameters"] = encoder.encode_names(facts.parameters.items(), "/parameters")
            if facts.markers:
                out["markers"] = self._markers(facts, encoder)
            out |= self._surroundings(facts, encoder, outputs)
        else:
            out["fixtures"] = {}
            out["is_captured"] = False
        known = encoder.texts.known()
        if known:
            scrub = partial(without_known, known=known, marks=marks)
            seen = [with_texts(one, scrub, partial(without_known, known=known)) for one in seen]
        out["exceptions"] = [exception_entry(one, entries) for one, entries in zip(seen, frames, strict=True)]
        if seen and seen[0].type == "AssertionError" and (at := assertion_in(seen[0].message)) is not None:
            out["assertion"] = at
        if encoder.is_late:
            out["is_late"] = True
        self._without_secrets(out, known, encoder.texts.scrubber(), marks)
        if outputs and known:
            outputs.update({name: without_known(text, known, marks) for name, text in outputs.items()})
        return seen, out

    def _locals(self, seen: list[CapturedException], frames: list[list[dict[str, Any]]], encoder: Encoder) -> None:
        """Encode the locals, of the innermost frame first, so that they are whole where the budget runs out."""
        wanted = [
            (i, j, frame)
            for i, one in enumerate(seen)
            for j, frame in reversed(list(enumerate(one.frames)))
            if not frame.is_hidden and (frame.is_project or (self._has_foreign_locals and not is_pytest(frame.frame)))
        ]
        for index, (i, j, frame) in enumerate(wanted):
            parts = min(len(wanted) - index + 1, 2 if index == 0 else 3)
            pointer = f"/exceptions/{i}/frames/{j}/locals"
            frames[i][j]["locals"] = encoder.encode_names(locals_of(frame.frame), pointer, parts)

    def _frame(self, seen: Frame, encoder: Encoder) -> dict[str, Any]:
        entry: dict[str, Any] = {"file": seen.file, "function": seen.function, "line": seen.line}
        if seen.is_hidden:
            entry["is_hidden"] = True
        elif seen.is_project:
            first, lines = self._context(seen.frame, seen.line)
            if lines:
                entry["context"] = {"first": first, "lines": lines}
                encoder.left -= sum(map(len, lines)) + 4 * len(lines)
        elif not self._has_foreign_locals or is_pytest(seen.frame):
            entry["is_folded"] = True
        encoder.left -= 100 + len(seen.file) + len(seen.source)
        return entry

    def _returned(self, returning: FrameType, encoder: Encoder) -> dict[str, Any]:
        seen = frame_at(returning, returning.f_lineno, self.project)
        return {**self._frame(seen, encoder), "source": self.redactor.source(seen.source)}

    def _context(self, frame: FrameType, line: int) -> tuple[int, list[str]]:
        key = (frame.f_code.co_filename, line)
        found = None if is_generated(key[0]) else self._contexts.get(key)  # many have one name
        if found is None:
            first, lines = context_of(frame, line)
            text = self.redactor.source(clean_text("\n".join(lines)))
            found = first, text.split("\n") if lines else []
            if len(self._contexts) > 1_000:
                self._contexts.clear()
            self._contexts[key] = found
        return found

    def _markers(self, facts: ItemFacts, encoder: Encoder) -> list[dict[str, Any]]:
        found = []
        for i, (name, args, kwargs) in enumerate(facts.markers[:50]):
            names = [("args", list(args)), ("kwargs", kwargs)]
            given = encoder.encode_names([pair for pair in names if pair[1]], f"/markers/{i}")
            text = clean_text(name)
            encoder.texts.suspects.append(text)
            found.append({"name": text, **given})
        return found

    def _surroundings(self, facts: ItemFacts, encoder: Encoder, outputs: dict[str, str] | None) -> dict[str, Any]:
        out: dict[str, Any] = {}
        captured = {}
        for name, text in facts.captured:
            end = text[-2 * (_CAPTURED_TAIL + _OVERLAP) :]
            size = len(text) - len(end)
            if name.endswith(" log"):  # written by pytest; what the test has printed is left as it is
                end = plain_text(end)
            size += len(end)
            tail = encoder.texts.redacted(clean_text(end[-_CAPTURED_TAIL - _OVERLAP :]))[-_CAPTURED_TAIL:]
            entry: dict[str, Any] = {"text": tail}
            if size > _CAPTURED_TAIL:
                entry["$cut"] = cut_text(size, _CAPTURED_TAIL, "characters")
                if outputs is not None:
                    whole = text[-self._bounds.output - _OVERLAP :]
                    whole = clean_text(plain_text(whole) if name.endswith(" log") else whole)
                    outputs[clean_text(name)] = encoder.texts.redacted(whole)[-self._bounds.output :]
            encoder.left -= len(tail)
            captured[clean_text(name)] = entry
        if captured:
            out["captured"] = captured
        out["environment"] = encoder.encode_names(self._variables.now(), "/environment")
        for key, list_them in _CONCURRENT.items():
            if found := list_them(self.project):
                out[key] = found
                encoder.texts.suspects += [one["name"] for one in found if one["name"] is not None]
        return out

    # -- secrets ----------------------------------------------------------------------------------------------------

    def _without_secrets(self, state: dict[str, Any], known: Known, scrub: Scrub | None, marks: Marks) -> None:
        """Take secrets out of what was encoded, and the known ones out of what was looked through for others before."""
        frames = [frame for one in state["exceptions"] for frame in one["frames"]]
        if "returned" in state:
            frames.append(state["returned"])
        if known:
            for frame in frames:
                if "context" in frame:
                    lines = [without_known(line, known) for line in frame["context"]["lines"]]
                    frame["context"] = {**frame["context"], "lines": lines}
            for entry in state.get("captured", {}).values():
                entry["text"] = without_known(entry["text"], known, marks)
        if scrub is not None:
            for holder, name in [*((state, name) for name in _ENCODED), *((frame, "locals") for frame in frames)]:
                if name in holder:
                    holder[name] = redacted_tree(holder[name], scrub)
            for one in [one for key in _CONCURRENT for one in state.get(key, ())]:
                one["name"] = redacted_tree(one["name"], scrub)


class _Unset:
    pass


_UNSET = _Unset()
