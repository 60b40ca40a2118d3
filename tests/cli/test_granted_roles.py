"""A role that owns nothing records and prunes with the grants that the administration page lists."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.support.projects import Project

if TYPE_CHECKING:
    from tests.cli.conftest import Cli
    from tests.support.servers import Server

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "administration.md"


def test_the_documented_grants_are_enough_to_record_and_to_prune(
    cli: Cli, own_schema: dict[str, str], any_postgres: Server, tmp_path: Path
) -> None:
    schema = own_schema["DEBUGLOOP_SCHEMA"]
    role = f"ci_{schema}"
    assert cli("migrate", **own_schema).returncode == 0
    grants = re.findall(r"^GRANT .*;$", _PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(grants) == 3
    dsn = make_conninfo(any_postgres.conninfo, options=f"-c role={role}")
    project = Project.new(tmp_path, dsn, schema)
    project.write("test_it.py", "import pathlib\ndef test_it():\n    assert pathlib.Path('ok').exists()\n")
    with Project.new(tmp_path, any_postgres.conninfo, schema).connect() as owner:
        name = owner.info.dbname
        owner.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        try:
            for grant in grants:
                given = grant.replace("agent_observability", schema).replace(" ci;", f" {role};")
                owner.execute(given.replace("DATABASE record", f"DATABASE {name}").encode())
            assert project.record().returncode == 1
            project.write("ok", "")
            assert project.record().returncode == 0
            assert [row["status"] for row in project.rows("SELECT status FROM debug_runs")] == ["finished", "finished"]
            assert len(project.rows("SELECT FROM debug_error_success_correlation")) == 1
            done = project.debugloop("prune", "--keep", "1", "--yes", "--json")
            assert json.loads(done.stdout)["deleted"]["runs"] == 1
        finally:
            owner.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(role)))
