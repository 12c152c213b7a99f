"""Measurements of fakefal against bare aiohttp, in one run and as ratios."""
