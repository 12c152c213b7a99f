"""Tests of what runs inside other programs."""
