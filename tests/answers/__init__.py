"""Every answer, from records that real suites made."""
