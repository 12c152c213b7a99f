"""Measurements of fakefal beside others, in one run and as ratios: ``python -m benchmarks``."""
