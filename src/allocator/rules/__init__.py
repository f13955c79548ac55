"""The rules: one file a family, one catalogue."""
