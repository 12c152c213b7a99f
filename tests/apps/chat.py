"""A command line program that streams a language model's text."""

from __future__ import annotations

import argparse
import sys
from typing import TextIO

import fal_client
import httpx

ENDPOINT = "fal-ai/any-llm"


class Chat:
    """Sends a prompt and writes the text to ``out``.

    Without ``checks_end`` it takes the last event for the complete text: a bug that only a broken
    stream shows.
    """

    def __init__(self, out: TextIO, *, checks_end: bool = True) -> None:
        self._out = out
        self._checks_end = checks_end

    def send(self, prompt: str) -> int:
        """Write the text; returns an exit code."""
        shown, is_complete = "", False
        try:
            for event in fal_client.stream(ENDPOINT, {"prompt": prompt}):
                if event.get("error"):
                    return self._fail(f"the model failed: {event['error']}")
                text = event["output"]
                self._out.write(text[len(shown) :])
                shown, is_complete = text, not event["partial"]
        except (httpx.HTTPError, fal_client.client.FalClientHTTPError) as error:
            return self._fail(f"the connection failed: {type(error).__name__}")
        if self._checks_end and not is_complete:
            return self._fail("the answer broke off")
        self._out.write("\n")
        return 0

    def _fail(self, why: str) -> int:
        self._out.write(f"\n! {why}\n")
        return 1


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("prompt")
    return Chat(sys.stdout).send(parser.parse_args().prompt)


if __name__ == "__main__":
    sys.exit(main())
