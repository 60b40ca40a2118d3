"""The small prompt finds the ends of statements where PostgreSQL does."""

from __future__ import annotations

import pytest

from pytest_debugloop.cli.prompt import complete_statements


@pytest.mark.parametrize(
    ("text", "statements", "rest"),
    [
        ("SELECT 1;", ["SELECT 1"], ""),
        ("SELECT 1; SELECT 2", ["SELECT 1"], " SELECT 2"),
        ("SELECT ';';", ["SELECT ';'"], ""),
        ("SELECT 'it''s; so';", ["SELECT 'it''s; so'"], ""),
        (r"SELECT '\'; SELECT 2;", [r"SELECT '\'", "SELECT 2"], ""),
        (r"SELECT E'\'; x';", [r"SELECT E'\'; x'"], ""),
        ('SELECT ";";', ['SELECT ";"'], ""),
        ("SELECT 1 -- ; no\n;", ["SELECT 1 -- ; no"], ""),
        ("SELECT /* ; /* ; */ ; */ 1;", ["SELECT /* ; /* ; */ ; */ 1"], ""),
        ("SELECT $$;$$;", ["SELECT $$;$$"], ""),
        ("SELECT $a$ $$;$$ $a$;", ["SELECT $a$ $$;$$ $a$"], ""),
        ("SELECT a$b, 1; SELECT 2;", ["SELECT a$b, 1", "SELECT 2"], ""),
        ("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);", None, ""),
        ("SELECT 'open;\n", [], "SELECT 'open;\n"),
        ("SELECT $$ open;\n", [], "SELECT $$ open;\n"),
        ("/* open ;", [], "/* open ;"),
        (";; -- nothing\n;", [], ""),
    ],
)
def test_statements_end_at_their_semicolon(text: str, statements: list[str] | None, rest: str) -> None:
    expected = [text.removesuffix(";")] if statements is None else statements
    assert complete_statements(text) == (expected, rest)


def test_a_statement_that_is_typed_line_by_line_is_the_same() -> None:
    text = "SELECT 'a;\nb', $x$;\n$x$ /* ;\n */\n, 1;\nSELECT 2;\n"
    whole = complete_statements(text)
    held, found = "", []
    for line in text.splitlines(keepends=True):
        done, held = complete_statements(held + line)
        found += done
    assert (found, held) == whole
    assert len(found) == 2
