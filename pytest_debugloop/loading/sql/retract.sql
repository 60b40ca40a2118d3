-- Take back the events of steps whose verdict came after them and says otherwise.

DELETE FROM debug_error_events AS e
USING staged_steps AS s
WHERE s.rev > 1 AND e.id = s.error_id AND s.outcome NOT IN ('failed', 'rerun');

DELETE FROM debug_success_events AS e
USING staged_steps AS s
WHERE s.rev > 1 AND e.id = s.success_id AND s.outcome NOT IN ('passed', 'xpassed');
