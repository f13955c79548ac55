"""Benchmarks: the same problems solved by the engine and by baselines, in one run, written to dated CSV."""
