"""Files to tables and settings, with every issue at once."""
