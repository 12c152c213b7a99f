"""Draws the state diagram of a job from its table; ARCHITECTURE.md holds what this prints.

Run ``python docs/draw_job_states.py`` after a change of the table and paste its output.
"""

from __future__ import annotations

from fakefal.engine.queue.job import TRANSITIONS, State


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    arrows = [
        f"    {a.value} --> {b.value}: {event.value}" for (a, event), b in TRANSITIONS.items()
    ]
    final = [f"    {state.value} --> [*]" for state in (State.COMPLETED, State.CANCELLED)]
    lines = ["stateDiagram-v2", f"    [*] --> {State.QUEUED.value}: submit", *arrows, *final]
    return "\n".join(lines)


if __name__ == "__main__":
    print(diagram())  # noqa: T201 (it is what the script is for)
