"""What the engine reads: immutable dataclasses, with nothing left to parse or to look up."""
