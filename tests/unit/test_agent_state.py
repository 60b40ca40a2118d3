"""The types of a stored state are what its JSON Schema says, key by key."""

from __future__ import annotations

import json
import types
from importlib.resources import files
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from pytest_debugloop.snapshots.agent_state import AgentState

SCHEMA = json.loads((files("pytest_debugloop") / "capture" / "agent_state.schema.json").read_text(encoding="utf-8"))
NAMES = {"string": "str", "boolean": "bool", "integer": "int", "null": "None"}
UNION = (Union, types.UnionType)


def of_schema(schema: dict[str, Any]) -> Any:
    """Write a part of the schema as what a reader has to know of it."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return {"value": "Any", "names": ["dict", "Any"]}.get(name) or of_schema(SCHEMA["$defs"][name])
    if "const" in schema or "enum" in schema:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        (kind,) = {type(value).__name__ for value in values}
        return kind
    kind = schema["type"]
    if isinstance(kind, list):
        return sorted(NAMES[one] for one in kind)
    if kind == "array":
        return ["list", of_schema(schema["items"])]
    if kind != "object":
        return NAMES[kind]
    if "properties" not in schema:
        return ["dict", of_schema(schema["additionalProperties"])]
    assert schema["additionalProperties"] is False
    return {
        name + ("" if name in schema["required"] else "?"): of_schema(part)
        for name, part in sorted(schema["properties"].items())
    }


def of_type(hint: Any) -> Any:
    """Write a type in the same way."""
    if is_typeddict(hint):
        required = hint.__required_keys__
        parts = sorted(get_type_hints(hint).items())
        return {name + ("" if name in required else "?"): of_type(part) for name, part in parts}
    if get_origin(hint) in UNION:
        return sorted("None" if one is type(None) else one.__name__ for one in get_args(hint))
    if get_origin(hint) is list:
        return ["list", of_type(get_args(hint)[0])]
    if get_origin(hint) is dict:
        return ["dict", of_type(get_args(hint)[1])]
    return "Any" if hint is Any else hint.__name__


def test_the_types_say_what_the_schema_says() -> None:
    assert of_type(AgentState) == of_schema(SCHEMA)
