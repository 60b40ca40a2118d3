"""Regular expressions and data classes that cost little at the start of a run.

An expression is compiled when it is first used: a run in which nothing fails needs few of them. Python compiles methods
for each data class and each named tuple when it is made, half a million instructions a class; those here share theirs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr, ClassVar, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass

    _Data = TypeVar("_Data", bound="Data")
else:

    def dataclass(**_: Any) -> Callable[[type], type]:
        """Leave a class as it is: :class:`Data` has all that it needs."""
        return lambda cls: cls


# Tests may patch those of `builtins`.
_dict, _getattr, _len, _set, _tuple, _type, _zip = dict, getattr, len, set, tuple, type, zip


@dataclass(frozen=True)
class Data:
    """Values that have names; a class derived from it declares them as a frozen data class does.

    Attributes:
        members: the names, in the order in which they are declared.
    """

    members: ClassVar[tuple[str, ...]] = ()

    if not TYPE_CHECKING:

        def __init_subclass__(cls) -> None:
            declared = cls.__annotations__
            cls.members = _tuple([name for name in declared if not declared[name].startswith("ClassVar")])
            cls._required = _set(cls.members) - cls.__dict__.keys()

        def __init__(self, *values: Any, **named: Any) -> None:
            given = _dict(_zip(self.members, values, strict=False)) | named
            is_whole = self._required <= given.keys() <= _set(self.members)
            if not is_whole or _len(given) != _len(values) + _len(named):
                raise TypeError(f"{_type(self).__name__}: {', '.join(given)} are not its members")
            self.__dict__.update(given)

        def __eq__(self, other: object) -> bool:
            return _type(other) is _type(self) and other.to_tuple() == self.to_tuple()

        def __hash__(self) -> int:
            return hash(self.to_tuple())

        def __repr__(self) -> str:
            return f"{_type(self).__name__}{self.to_tuple()}"

    def to_tuple(self) -> tuple[Any, ...]:
        """Give the values, in the order of their names."""
        return _tuple([_getattr(self, name) for name in self.members])

    def changed(self: _Data, **values: Any) -> _Data:
        """Give a copy in which some values are others.

        Args:
            values: these, by name.
        """
        return _type(self)(**(self.__dict__ | values))


class _LazyPattern:
    """Becomes the compiled expression, method by method, as each is first asked for."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self._source = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._source), name)
        setattr(self, name, found)
        return found


def lazy_pattern(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Give a regular expression as ``re.compile`` does, but for a fault in it, which is found when it is used.

    Args:
        pattern: the expression.
        flags: of ``re``.
    """
    return cast("re.Pattern[AnyStr]", _LazyPattern(pattern, flags))
