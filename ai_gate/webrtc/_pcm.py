"""PCM as it is written and read here: signed 16-bit little-endian, mono."""

SAMPLE = 2
"""The bytes of a sample."""
