-- Find failures by the words of their messages
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

-- Full text, for trigrams are an extension that a server need not have, nor our role be allowed to create.  The
-- configuration "simple" leaves words as they are.  What stands between the words of a path, an address or a name
-- becomes a blank, or the parser would take all of it for one word, and leave out what looks like a tag.  Of a long
-- message the beginning counts.
CREATE INDEX IF NOT EXISTS idx_debug_error_events_words ON debug_error_events USING gin (
    to_tsvector(
        'simple',
        translate(
            left(coalesce(error_code, '') || ' ' || error_message, 500), '/.-_@:+&?=%#~<>''"\', '                  '
        )
    )
);

COMMENT ON INDEX idx_debug_error_events_words IS 'Words of code and message, for the search of debugloop serve';
