"""A batch job: many prompts through the queue, with retries and a deadline."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import fal_client

ENDPOINT = "fal-ai/any-llm"
PAUSE_SECONDS = 0.5
PERMANENT_ERRORS = (400, 401, 403, 404, 422)


@dataclass
class Outcome:
    """The texts and the errors by prompt."""

    done: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass
class Batch:
    """Settings. Two are bugs: without ``reads_errors`` COMPLETED counts as success, and without
    ``cancels`` a late request keeps running."""

    tries: int = 3
    deadline_seconds: float = 60.0
    reads_errors: bool = True
    cancels: bool = True

    def run(self, prompts: list[str]) -> Outcome:
        """Process the prompts in order."""
        outcome = Outcome()
        for prompt in prompts:
            for attempt in range(1, self.tries + 1):
                try:
                    outcome.done[prompt] = self._one(prompt)
                    outcome.failed.pop(prompt, None)
                    break
                except TimeoutError:
                    outcome.failed[prompt] = "too late"
                    break
                except fal_client.client.FalClientHTTPError as error:
                    code = error.response.status_code
                    outcome.failed[prompt] = f"{code} after {attempt}"
                    if code in PERMANENT_ERRORS:
                        break
        return outcome

    def _one(self, prompt: str) -> str:
        job = fal_client.submit(ENDPOINT, {"prompt": prompt})
        waited = 0.0
        while not isinstance(job.status(), fal_client.Completed):
            if waited >= self.deadline_seconds:
                if self.cancels:
                    job.cancel()
                raise TimeoutError
            time.sleep(PAUSE_SECONDS)
            waited += PAUSE_SECONDS
        if not self.reads_errors:
            try:
                return str(job.get()["output"])
            except fal_client.client.FalClientHTTPError:
                return ""
        return str(job.get()["output"])
