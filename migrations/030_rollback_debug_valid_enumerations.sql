-- Undo 030_debug_valid_enumerations: nothing, for the rollback of 029_debug_enumerations drops the constraints

DO $$ BEGIN END $$;
