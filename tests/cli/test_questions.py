"""The questions of the documents are answered from the record of a real suite, as the documents say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.questions import PAGE, page_with_answers, steady

if TYPE_CHECKING:
    from tests.support.projects import Project


def test_the_questions_have_the_answers_that_the_documents_give(shop: Project) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("```sql") == page.count("```text") == page.count("\n## ") == 10
    assert steady(page_with_answers(page, shop.folder / ".debugloop")) == steady(page), (
        "run `python -m tests.docs.questions`"
    )
