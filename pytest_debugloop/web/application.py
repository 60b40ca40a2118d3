"""The application: which address has which page, and what is said where there is none."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.lookup import find
from pytest_debugloop.answers.reader import RecordReader
from pytest_debugloop.errors import (
    AmbiguousError,
    DebugloopError,
    InternalFaultError,
    NeverFailedError,
    NoBaseError,
    NoRunsError,
    NotFoundError,
    NothingToCompareError,
    WrongKindError,
)
from pytest_debugloop.web.guard import Guard, add_headers
from pytest_debugloop.web.near import Near, near
from pytest_debugloop.web.pages import compare, failure, front, lists, run, test
from pytest_debugloop.web.rendering import rendered
from pytest_debugloop.web.view import Asked, View

Page = Callable[[Asked], View]

_PAGES: tuple[tuple[str, Page], ...] = (
    ("/runs", lists.runs_page),
    ("/runs/last", run.last_run_page),
    ("/runs/{id}", run.run_page),
    ("/failures", lists.failures_page),
    ("/failures/{id}", failure.failure_page),
    ("/tests/{id}", test.test_page),
    ("/flaky", lists.flaky_page),
    ("/recoveries", lists.recoveries_page),
    ("/compare", compare.compare_page),
    ("/search", lists.search_page),
)
_NOT_HERE = (NotFoundError, WrongKindError, NeverFailedError, NoRunsError, NoBaseError, NothingToCompareError)
_WITH_NEAR = (NotFoundError, WrongKindError, NeverFailedError, AmbiguousError)
_KINDS = {"run": "runs", "error": "failures", "test": "tests"}
_LONGEST_ID = 1_000
_BROKEN = (
    "debugloop could not make this page because of a defect of its own: please report it, with the traceback that is "
    "in the log of the server."
)


def make_app(location: RecordLocation, reader: RecordReader, token: str = "", hosts: Collection[str] = ()) -> Starlette:
    """Make the application of a record.

    Args:
        location: where the record is.
        reader: keeps it open; closed where the server says that it ends.
        token: that a browser has to bring; empty for none.
        hosts: names that the server may be called by; empty for any.
    """
    routes: list[Any] = [
        _route("/", front.front, location, reader),
        _route("/index.json", front.front, location, reader),
    ]
    for path, page in _PAGES:
        routes += [_route(f"{path}.json", page, location, reader), _route(path, page, location, reader)]
    routes.append(Route("/go", _go(location, reader)))
    routes.append(Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(reader.close)

    app = Starlette(routes=routes, exception_handlers={404: _no_page, Exception: _broken}, lifespan=lifespan)
    app.add_middleware(GZipMiddleware, minimum_size=2_000, compresslevel=5)
    app.add_middleware(Guard, token=token, hosts=hosts)
    return app


def app_of_environment() -> Starlette:
    """Make the application of the record that the environment and the ini file name, for any ASGI server.

    Without ``DEBUGLOOP_WEB_TOKEN`` everybody who reaches the server can read the record. ``DEBUGLOOP_WEB_HOSTS`` names
    those names of the server, separated by commas, that a request may have; all, where it is missing.
    """
    location = RecordLocation.from_settings({})
    hosts = [host for host in os.environ.get("DEBUGLOOP_WEB_HOSTS", "").split(",") if host]
    return make_app(location, RecordReader(location), os.environ.get("DEBUGLOOP_WEB_TOKEN", ""), hosts)


def _route(path: str, page: Page, location: RecordLocation, reader: RecordReader) -> Route:
    async def answered(request: Request) -> Response:
        return await run_in_threadpool(_answer, request, page, location, reader)

    return Route(path, answered, methods=["GET"])


def _answer(request: Request, page: Page, location: RecordLocation, reader: RecordReader) -> Response:
    as_json = _is_json_asked(request)
    try:
        with reader.record() as record:
            id_ = str(request.path_params.get("id", ""))[:_LONGEST_ID]
            asked = Asked(record, location, request.query_params, id_, as_json)
            try:
                view = page(asked)
            except _WITH_NEAR as error:
                return _failed(request, error, as_json=as_json, found=near(asked, _kind_of(request)))
            if as_json:
                return JSONResponse(view.as_json())
            return _html(request, view)
    except (DebugloopError, psycopg.Error, OSError) as error:
        return _failed(request, error, as_json=as_json)


def _kind_of(request: Request) -> str:
    return request.url.path.removeprefix(request.scope.get("root_path", "")).split("/")[1]


def _html(request: Request, view: View, status: int = 200) -> Response:
    path = request.url.path
    at = path.removeprefix(request.scope.get("root_path", ""))
    values = {
        **view.values,
        "root": request.scope.get("root_path", ""),
        "title": view.title,
        "path": at,
        "json_address": ("/index" if at == "/" else at)
        + ".json"
        + (f"?{request.url.query}" if request.url.query else ""),
    }
    return HTMLResponse(rendered(view.template, values), status)


def _failed(request: Request, error: Exception, *, as_json: bool, found: Sequence[Near] = ()) -> Response:
    status = 404 if isinstance(error, _NOT_HERE) else 300 if isinstance(error, AmbiguousError) else 503
    message = (
        str(error)
        if isinstance(error, DebugloopError)
        else f"The record cannot be read: {' '.join(str(error).split())}"
    )
    if as_json:
        return _error_as_json(type(error).__name__, message, status, found)
    listed = error.facts.get("listed") if isinstance(error, AmbiguousError) else None
    title = "Not found" if status == 404 else "Error"
    return _error_page(request, title, message, status, listed if isinstance(listed, list) else (), found)


async def _no_page(request: Request, _: Exception) -> Response:
    message = "There is no page at this address."
    if _is_json_asked(request):
        return _error_as_json(NotFoundError.__name__, message, 404)
    return _error_page(request, "Not found", message, 404)


async def _broken(request: Request, _: Exception) -> Response:
    """Answer where a defect of ours was raised; Starlette raises it again afterwards, so that the server logs it."""
    response: Response
    try:
        if _is_json_asked(request):
            response = _error_as_json(InternalFaultError.__name__, _BROKEN, 500)
        else:
            response = _error_page(request, "Error", _BROKEN, 500)
    except Exception:  # the templates themselves, as after an upgrade below a running server
        response = PlainTextResponse(_BROKEN, 500)
    add_headers(response.headers)  # for this answer does not pass the guard
    return response


def _is_json_asked(request: Request) -> bool:
    return request.url.path.endswith(".json")


def _error_as_json(name: str, message: str, status: int, found: Sequence[Near] = ()) -> Response:
    return JSONResponse({"error": name, "message": message, "near": [one._asdict() for one in found]}, status)


def _error_page(
    request: Request, title: str, message: str, status: int, listed: Sequence[Any] = (), found: Sequence[Near] = ()
) -> Response:
    values = {"message": message, "listed": listed, "near": found}
    return _html(request, View("error.html", title, values, "error"), status)


def _go(location: RecordLocation, reader: RecordReader) -> Callable[[Request], Any]:
    """Lead to the page of an id or a name, as the search box and links from elsewhere give it."""

    def found(request: Request) -> Response:
        text = request.query_params.get("to", "").strip()[:_LONGEST_ID]
        root = request.scope.get("root_path", "")
        try:
            with reader.record() as record:
                project, here = location.asked_project(), location.checkout_project()
                try:
                    thing = record.answer(find(text, project, tuple(_KINDS), here))
                except _WITH_NEAR as error:
                    asked = Asked(record, location, request.query_params, text)
                    return _failed(request, error, as_json=False, found=near(asked, "tests"))
        except (DebugloopError, psycopg.Error, OSError) as error:
            return _failed(request, error, as_json=False)
        return RedirectResponse(f"{root}/{_KINDS[thing.kind]}/{thing.id}", 303)

    async def answered(request: Request) -> Response:
        return await run_in_threadpool(found, request)

    return answered
