"""The escape guard: keeps programs from reaching the real fal."""
