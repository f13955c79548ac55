"""Benchmarks: cases, the engine and baselines on the same prepared model, and witnesses that judge every plan."""
