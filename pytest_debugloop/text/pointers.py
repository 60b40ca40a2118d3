"""Where a value is in a snapshot, for references to it, and the way back."""

from __future__ import annotations

from typing import Any

Path = tuple[Any, Any]
"""The path of what holds a value, and the value's key in it; at the root, None and a pointer."""
_LONGEST_KEY = 60
_UNSAID = "/..."
_type, _id = type, id


def pointer_of(path: Path, known: dict[int, str]) -> str:
    """Write where a value is.

    Args:
        path: of the value.
        known: what was written before, by the identity of a path that lives as long as this does.

    Returns:
        A JSON pointer (RFC 6901); it ends in ``...`` above a key that is no short word, which might be a secret.
    """
    pointer = known.get(_id(path))
    if pointer is None:
        above, key = path
        # Deep is only what was followed, and that is bounded.
        pointer = key if above is None else _below(pointer_of(above, known), key)
        known[_id(path)] = pointer
    return pointer


def _below(above: str, key: Any) -> str:
    if _type(key) is int:
        return f"{above}/{key}" if not above.endswith(_UNSAID) else above
    if above.endswith(_UNSAID):
        return above
    return f"{above}/{key}" if _is_word(key) else above + _UNSAID


def _is_word(key: str) -> bool:
    return len(key) <= _LONGEST_KEY and (key.isdecimal() or key.replace("$", "").replace(".", "").isidentifier())


def steps_of(pointer: str) -> list[str]:
    """Give the keys that a JSON pointer (RFC 6901) names, from the top.

    Args:
        pointer: as :func:`pointer_of` writes it.
    """
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def value_at(state: Any, pointer: str, missing: Any) -> Any:
    """Find what a JSON pointer leads to.

    Args:
        state: what it is a pointer into.
        pointer: as :func:`pointer_of` writes it.
        missing: what is given where it leads nowhere.
    """
    found = state
    for key in steps_of(pointer):
        if type(found) is dict and key in found:
            found = found[key]
        elif type(found) is list and key.isdecimal() and len(key) < 10 and int(key) < len(found):
            found = found[int(key)]
        else:
            return missing
    return found
