-- Stage who wrote a journal; where its checkout has another name by now, its project is called so.

INSERT INTO staged_journals VALUES (
    %(number)s, %(journal_id)s, %(run_id)s, %(correlation_id)s, %(session_id)s,
    coalesce(
        (
            SELECT a.project FROM debug_project_aliases AS a
            WHERE a.checkout_id = %(checkout_id)s::uuid AND a.alias = %(project)s::text
                AND %(project_source)s::text <> 'given'
        ),
        %(project)s::text
    ),
    %(agent_name)s, %(is_main)s, %(id_base)s, %(id_mark)s, %(checkout_id)s::uuid, %(project_source)s::text
);
