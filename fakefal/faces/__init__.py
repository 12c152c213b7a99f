"""How it sounds: HTTP and event streams on one side, engine calls on the other. No state."""
