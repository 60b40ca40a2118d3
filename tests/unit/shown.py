"""What a snapshot shows of a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.bounds import Bounds
from pytest_debugloop.capture.encode import Encoder
from pytest_debugloop.capture.plans import planner
from pytest_debugloop.capture.redact import Redactor, redacted_tree
from pytest_debugloop.capture.secret_marks import PLAIN, Marks, NumberedMarks

if TYPE_CHECKING:
    from collections.abc import Iterable

_REDACTOR = Redactor()
_PLAN_OF = planner()


def shown(value: object, *, redactor: Redactor = _REDACTOR, **bounds: Any) -> Any:
    """Give what is shown of a local variable."""
    return shown_names([("value", value)], redactor=redactor, **bounds)["value"]


def shown_names(
    names: Iterable[tuple[object, object]], *, redactor: Redactor = _REDACTOR, marks: Marks = PLAIN, **bounds: Any
) -> Any:
    """Give what is shown of local variables."""
    # No test waits for the time, nor fails by it.
    encoder = Encoder(Bounds(**{"milliseconds": 1e6, **bounds}), redactor, _PLAN_OF, marks=marks)
    tree = encoder.encode_names(names, "/locals")
    scrub = encoder.texts.scrubber()
    return tree if scrub is None else redacted_tree(tree, scrub)


def numbered_names(names: Iterable[tuple[object, object]], **more: Any) -> Any:
    """Give what a snapshot shows of local variables, secrets numbered; what else is given is for the redactor."""
    return shown_names(names, redactor=Redactor(**more), marks=NumberedMarks())
