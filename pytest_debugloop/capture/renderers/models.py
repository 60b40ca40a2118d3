"""Models and records of other libraries: pydantic, SQLAlchemy, Django. Nothing is loaded, validated or computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.redact import REDACTED
from pytest_debugloop.capture.renderers.opaque import type_alone
from pytest_debugloop.capture.storage import derives, dict_of, everything_stored, namespace_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_type = type


def _pydantic_model(value: Any) -> Mapping[str, object]:
    stored = everything_stored(value)
    shown = dict(dict_of(value) or {})
    for name in ("__pydantic_extra__", "__pydantic_private__"):
        if _type(stored.get(name)) is dict:
            shown |= stored[name]
    return shown


def _pydantic_secret(_: object) -> Mapping[str, object]:
    return {"$value": REDACTED}


def _instance_state(value: Any) -> Mapping[str, object]:
    """Show SQLAlchemy's state of an object: what its session knows, and what would have to be loaded."""
    stored = dict_of(value) or {}
    expired = stored.get("expired_attributes")
    return {
        "identity": (stored.get("key") or (None, None))[1] if _type(stored.get("key")) is tuple else None,
        "is_expired": bool(stored.get("expired")),
        "expired_attributes": expired if _type(expired) is set else None,
        "session_id": stored.get("session_id"),
    }


def _engine(value: Any) -> Mapping[str, object]:
    url: Any = (dict_of(value) or {}).get("url")
    if not derives(_type(url), tuple):
        return {}
    names = ("drivername", "username", "password", "host", "port", "database")
    found = dict(zip(names, tuple.__iter__(url), strict=False))
    return {name: found.get(name) for name in ("drivername", "host", "port", "database")}


def _django_model(value: Any) -> Mapping[str, object]:
    stored = dict(dict_of(value) or {})
    state = dict_of(stored.pop("_state", None)) or {}
    return stored | {"is_saved": not state.get("adding", True), "database": state.get("db")}


def _django_queryset(value: Any) -> Mapping[str, object]:
    stored = dict_of(value) or {}
    model = stored.get("model")
    meta = namespace_of(model).get("_meta") if isinstance(model, _type) else None
    result = stored.get("_result_cache")
    return {
        "model": (dict_of(meta) or {}).get("object_name"),
        "database": stored.get("_db"),
        "is_evaluated": result is not None,
        "result": result,
    }


def _django_lazy(value: Any) -> Mapping[str, object]:
    wrapped = (dict_of(value) or {}).get("_wrapped")
    is_empty = _type(wrapped) is object
    return {"is_evaluated": not is_empty, "wrapped": None if is_empty else wrapped}


RENDERERS: dict[tuple[str, str], Any] = {
    ("pydantic.main", "BaseModel"): _pydantic_model,
    ("pydantic.types", "_SecretBase"): _pydantic_secret,
    ("sqlalchemy.orm.state", "InstanceState"): _instance_state,
    ("sqlalchemy.orm.session", "Session"): type_alone,
    ("sqlalchemy.engine.base", "Engine"): _engine,
    ("sqlalchemy.engine.base", "Connection"): type_alone,
    ("django.db.models.base", "Model"): _django_model,
    ("django.db.models.query", "QuerySet"): _django_queryset,
    ("django.utils.functional", "LazyObject"): _django_lazy,
}
