"""A checkout that has got another name, as a git remote gives it one, takes what it has recorded along."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from psycopg import Cursor


def take_over_runs(
    cursor: Cursor[Any], statement: Callable[[str], str], run_id: uuid.UUID, *, is_embedded: bool
) -> None:
    """Give what the checkout of a run has recorded under earlier names to its project of now.

    A name that the user has given stays, and so does what other checkouts have recorded under the same name: on a
    server of many, two folders may be called alike.

    Args:
        cursor: in the transaction in which the run is concluded, before its tests are linked.
        statement: gives SQL by its name.
        run_id: of the run.
        is_embedded: whether the record is that of one checkout.

    Raises:
        psycopg.Error: the database cannot store anything.
    """
    asked = {"run_id": run_id, "is_embedded": is_embedded}
    names = cursor.execute(statement("adopt_names").encode(), asked).fetchall()
    if not names:
        return
    cursor.execute(statement("adopt_lock").encode(), {"names": [name for _, *both in names for name in both]})
    for checkout_id, alias, project in names:
        values = {**asked, "checkout_id": checkout_id, "alias": alias, "project": project}
        cursor.execute(statement("adopt_runs").encode(), values)
