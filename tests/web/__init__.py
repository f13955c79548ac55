"""The desk, tested from the outside."""
