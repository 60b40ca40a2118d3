"""Two suites of others, with bugs that are put in, and tests beside theirs that are flaky, polluted or led by data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tests.suites.suites import SUITES, Suite

SERVICE = "@SERVICE@"
"""Stands for the file by which the service that a test asks is up or down: no part of the project."""


@dataclass(frozen=True)
class Bug:
    """A line that is broken.

    Attributes:
        file: from the top.
        function: that it is in.
        right: the lines as they are.
        wrong: the lines as they are broken.
    """

    file: str
    function: str
    right: str
    wrong: str

    def put_in(self, folder: Path) -> None:
        """Break it."""
        self._replace(folder, self.right, self.wrong)

    def mend(self, folder: Path) -> None:
        """Have it as it was."""
        self._replace(folder, self.wrong, self.right)

    def _replace(self, folder: Path, old: str, new: str) -> None:
        path = folder / self.file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (self.file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")


@dataclass(frozen=True)
class RealProject:
    """A project of somebody else's, and what is added to it.

    Attributes:
        suite: its source distribution.
        files: that are added.
        bug: of the feature branch: an attribute that is not there.
        message: what that bug's failures say.
        fewest: how many tests it breaks at least.
        other_bug: of main, after the feature branch has begun.
        data: file, text and other text: a data file that a test reads, and what breaks the test.
        limits: the tests that the other text breaks.
        zones: the parameters of that test.
        part: the files of its own tests that are run where not all are.
    """

    suite: Suite
    files: dict[str, str]
    bug: Bug
    message: str
    fewest: int
    other_bug: Bug
    data: tuple[str, str, str]
    limits: tuple[str, ...]
    zones: tuple[str, str]
    part: tuple[str, ...]

    victim = "tests/test_aliases.py::test_an_alias_is_not_taken"
    polluter = "tests/test_zones.py::test_a_zone_takes_an_alias"
    service = "tests/test_service.py::test_the_service_answers"
    new = "tests/test_added.py::test_added"

    @property
    def flake(self) -> str:
        """The case of the flaky test that fails."""
        return f"{self.service}[{self.zones[1]}]"

    def __str__(self) -> str:
        return self.suite.name


# Here the environment has the command, too: the gate of a run asks it.
_COMMAND = ("click>=8.1", "rich>=13")
_MARSHMALLOW = next(suite for suite in SUITES if suite.name == "marshmallow")
# Asynchronous, each test of that kind on two event loops.
_STARLETTE = Suite(
    "starlette",
    "1.10.0",
    "b8399098d4c1e3522734f7235dc79b1fc967f96cf139c81e0fa30479e0685f9b",
    requirements=(
        "httpx2[zstd]>=2",
        "httpx>=0.28",
        "opentelemetry-sdk>=1.30",
        "itsdangerous>=2.2",
        "jinja2>=3.1",
        "python-multipart>=0.0.20",
        "pyyaml>=6",
        "trio>=0.34",
        *_COMMAND,
    ),
    # Fails for root, who may read any directory.
    arguments=(
        "--deselect",
        "tests/test_staticfiles.py::test_staticfiles_with_invalid_dir_permissions_returns_401",
    ),
)

_ANSWER = f"""
SERVICE = Path({SERVICE!r})

def answer_of(zone):
    if zone in SERVICE.read_text().split():
        raise ConnectionError("the service does not answer")
    return zone
"""

MARSHMALLOW = RealProject(
    suite=replace(_MARSHMALLOW, requirements=(*_MARSHMALLOW.requirements, *_COMMAND)),
    files={
        "tests/test_aliases.py": """
from marshmallow import Schema, class_registry, fields

class AliasSchema(Schema):
    name = fields.String()

def test_an_alias_is_not_taken():
    assert class_registry.get_class("AliasSchema") is AliasSchema
""",
        "tests/test_zones.py": """
from marshmallow import Schema, fields

def test_a_zone_takes_an_alias():
    class AliasSchema(Schema):
        zone = fields.String()

    assert AliasSchema().load({"zone": "north"}) == {"zone": "north"}
""",
        "tests/test_service.py": f"""
from pathlib import Path
import pytest
{_ANSWER}
@pytest.mark.parametrize("zone", ["north", "south"])
def test_the_service_answers(zone):
    assert answer_of(zone) == zone
""",
        "tests/test_limits.py": """
import json
from pathlib import Path
import pytest
from marshmallow import Schema, fields, validate

LIMITS = Path(__file__).with_name("limits.json")

@pytest.mark.parametrize("size", [3, 30, 300])
def test_a_name_may_be_long(size):
    most = json.loads(LIMITS.read_text())["name"]

    class NameSchema(Schema):
        name = fields.String(validate=validate.Length(max=most))

    assert NameSchema().validate({"name": "x" * size}) == {}
""",
    },
    bug=Bug(
        "src/marshmallow/utils.py",
        "_get_value_for_key",
        'if not hasattr(obj, "__getitem__"):\n        return getattr(obj, key, default)',
        'if not hasattr(obj, "__getitem__"):\n        return obj.get_attribute(key, default)',
    ),
    message="AttributeError",
    fewest=30,
    other_bug=Bug(
        "src/marshmallow/utils.py", "timestamp", "    return value.timestamp()\n", "    return value.timestamp() + 60\n"
    ),
    data=("tests/limits.json", '{"name": 1000}\n', '{"name": 100}\n'),
    limits=("tests/test_limits.py::test_a_name_may_be_long[300]",),
    zones=("north", "south"),
    part=("tests/test_deserialization.py", "tests/test_serialization.py", "tests/test_utils.py"),
)

STARLETTE = RealProject(
    suite=_STARLETTE,
    files={
        "tests/test_aliases.py": """
from starlette.responses import FileResponse

def test_an_alias_is_not_taken():
    assert FileResponse("plan.svg").media_type == "image/svg+xml"
""",
        "tests/test_zones.py": """
import mimetypes
from starlette.responses import FileResponse

def test_a_zone_takes_an_alias():
    mimetypes.add_type("text/x-zone", ".svg")
    assert FileResponse("zone.svg").media_type == "text/x-zone"
""",
        "tests/test_service.py": f"""
from pathlib import Path
import anyio
import pytest

pytestmark = pytest.mark.anyio
{_ANSWER}
async def test_the_service_answers(anyio_backend_name):
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.sleep, 0)
    assert answer_of(anyio_backend_name) == anyio_backend_name
""",
        "tests/test_limits.py": """
from pathlib import Path
import pytest
from starlette.config import Config
from starlette.requests import Request

pytestmark = pytest.mark.anyio
LIMITS = Path(__file__).with_name("limits.env")

@pytest.mark.parametrize("size", [3, 30, 300])
async def test_a_body_may_be_long(size):
    async def receive():
        return {"type": "http.request", "body": b"x" * size}

    body = await Request({"type": "http", "method": "POST", "headers": []}, receive).body()
    assert len(body) <= Config(LIMITS)("LONGEST", cast=int)
""",
    },
    bug=Bug(
        "starlette/responses.py",
        "FileResponse.set_stat_headers",
        "content_length = str(stat_result.st_size)",
        "content_length = str(stat_result.size)",
    ),
    message="AttributeError",
    fewest=20,
    other_bug=Bug(
        "starlette/datastructures.py",
        "QueryParams.__str__",
        "    def __str__(self) -> str:\n        return urlencode(self._list)",
        "    def __str__(self) -> str:\n        return urlencode(self._list) + '&'",
    ),
    data=("tests/limits.env", "LONGEST=1000\n", "LONGEST=100\n"),
    limits=(
        "tests/test_limits.py::test_a_body_may_be_long[asyncio-300]",
        "tests/test_limits.py::test_a_body_may_be_long[trio-300]",
    ),
    zones=("asyncio", "trio"),
    part=("tests/test_datastructures.py", "tests/test_requests.py", "tests/test_responses.py"),
)

PROJECTS = (MARSHMALLOW, STARLETTE)
