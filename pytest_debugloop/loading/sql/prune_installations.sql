-- Delete what was installed for runs that are gone, where no run is on its way, of which that is not known yet.

DELETE FROM debug_installations AS i
WHERE NOT EXISTS (SELECT FROM debug_runs AS r WHERE r.installation = i.id)
    AND NOT EXISTS (SELECT FROM debug_runs WHERE status = 'running' AND started_at > now() - interval '7 days');
