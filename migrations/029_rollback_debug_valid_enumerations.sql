-- Undo 029_debug_valid_enumerations: nothing, for the rollback of 027_debug_enumerations drops the constraints

DO $$ BEGIN END $$;
