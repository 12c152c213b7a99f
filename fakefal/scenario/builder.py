"""Builds exchanges in Python, as the models that scenario files are read into."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from fakefal.errors import FakefalError, hide_frame
from fakefal.protocol.core.call import Json
from fakefal.scenario.field_names import check_field_names
from fakefal.scenario.files.messages import format_error
from fakefal.scenario.files.source import Source, format_path
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.model.defaults import ScenarioDefaults
from fakefal.scenario.model.scenario import Exchange
from fakefal.scenario.model.when import When
from fakefal.scenario.templates.templates import TemplateError
from fakefal.scenario.values.json_checks import json_problem

if TYPE_CHECKING:
    from typing_extensions import Self

__tracebackhide__ = hide_frame


class Pattern(NamedTuple):
    """A matcher for one value, such as ``contains("x")``; ``json`` is its form in a file."""

    json: dict[str, Json]


def contains(needle: Json) -> Pattern:
    """Matches a text that contains the needle, or a list with an entry that matches it."""
    return Pattern({"$contains": to_json(needle)})


def regex(expression: str) -> Pattern:
    """Matches a text in which the regular expression occurs anywhere."""
    return Pattern({"$regex": expression})


def anything() -> Pattern:
    """Matches any value, also null; not a field that is absent."""
    return Pattern({"$absent": False})


def all_of(*patterns: Json) -> Pattern:
    """Matches a value that all of the patterns match."""
    return Pattern({"$all": [to_json(pattern) for pattern in patterns]})


def any_of(*patterns: Json) -> Pattern:
    """Matches a value that at least one of the patterns matches."""
    return Pattern({"$any": [to_json(pattern) for pattern in patterns]})


def more_than(number: float) -> Pattern:
    """Matches a greater number."""
    return Pattern({"$gt": number})


def less_than(number: float) -> Pattern:
    """Matches a smaller number."""
    return Pattern({"$lt": number})


def absent() -> Pattern:
    """Matches a field that is absent."""
    return Pattern({"$absent": True})


def to_json(value: Any) -> Json:
    """Replaces patterns at any depth by their form in a file."""
    if isinstance(value, Pattern):
        return value.json
    if isinstance(value, dict):
        return {key: to_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(inner) for inner in value]
    return value


ExchangeSink = Callable[[Exchange], None]
"""Receives the exchange again after each change."""


class ExchangeBuilder:
    """An exchange under construction; each method changes it and takes effect immediately.

    ``on("fal-ai/any-llm", prompt="x").fail("runner_disconnected").then.text("Ship it.")``
    """

    def __init__(self, when: dict[str, Any], sink: ExchangeSink) -> None:
        self._when = when
        self._sink = sink
        self._replies: list[dict[str, Any]] = [{}]
        self._exchange_fields: dict[str, Any] = {}

    # Outcome

    def text(self, text: str, *, reasoning: str | None = None) -> Self:
        """A language model's output; ``reasoning`` is sent to calls that ask for it."""
        extra = {} if reasoning is None else {"reasoning": reasoning}
        return self._set(text=text, **extra)

    def output(self, output: Json | bytes, *, content_type: str | None = None) -> Self:
        """Any JSON as the model's output, or bytes, which are the whole body of the response."""
        if isinstance(output, (bytes, bytearray)):
            extra = {} if content_type is None else {"content_type": content_type}
            return self._set(base64=b64encode(output).decode(), **extra)
        if content_type is not None:
            raise FakefalError("content_type is for bytes — pass bytes, or leave it out")
        return self._set(output=output)

    def tool_call(self, name: str, arguments: Json = None, *, id: str | None = None) -> Self:
        """A tool call of an OpenAI-compatible endpoint; each call of this method adds one.

        ``arguments`` is JSON, or text that is sent as it is, valid or not.
        """
        call = {"name": name, "arguments": {} if arguments is None else arguments}
        if id is not None:
            call["id"] = id
        return self._set(tool_calls=[*self._replies[-1].get("tool_calls", ()), call])

    def finish_reason(self, reason: str) -> Self:
        """``finish_reason`` of OpenAI-compatible endpoints: ``length``, ``content_filter``."""
        return self._set(finish_reason=reason)

    def usage(self, **counts: float) -> Self:
        """Usage of endpoints that report it: ``usage(prompt_tokens=10, cost=0.001)``."""
        return self._set(usage=counts)

    def soft_error(self, error: str, *, text: str = "") -> Self:
        """An upstream failure inside a 200 response."""
        return self._set(error=error, text=text)

    def kind(
        self, kind: str, *files: str, has_nsfw_concepts: bool | Sequence[bool] | None = None
    ) -> Self:
        """A common kind of output: ``images``, ``image``, ``video``, ``audio``, ``mesh``,
        ``text`` or ``chunks``.

        ``files`` are paths relative to the working directory; without them files are generated.
        ``has_nsfw_concepts`` are the flags of images, or one for all; a flagged image is black.
        """
        fields: dict[str, Any] = {"files": list(files)} if files else {}
        if has_nsfw_concepts is not None:
            fields["has_nsfw_concepts"] = (
                has_nsfw_concepts if isinstance(has_nsfw_concepts, bool) else [*has_nsfw_concepts]
            )
        return self._set(kind=kind, **fields)

    def partial(self, text: str, *, error: str | None = None) -> Self:
        """A language model that stops early: a stream without its last event.

        With ``error``, text and error are in a 200 response and in the last event of a stream.
        """
        if error is not None:
            return self.soft_error(error, text=text)
        return self._set(text=text, stream={**self._replies[-1].get("stream", {}), "final": False})

    def fail(self, name: str | None = None, **fields: Any) -> Self:
        """A failure: a name of the error catalogue, or the fields of ``fail`` in a file.

        ``fail("runner_disconnected")``, ``fail(type="no_media_generated")``,
        ``fail(status=418, body={"detail": "teapot"})``.
        """
        if (name is None) == (not fields):
            raise FakefalError("fail takes either a name or fields — for example fail(status=500)")
        return self._set(fail=fields if name is None else name)

    def preset(self, *names: str) -> Self:
        """Predefined situations, by name; ``fakefal presets`` lists them."""
        return self._set(preset=list(names))

    # Queue, stream, files, response

    def timeline(self, *steps: Any) -> Self:
        """The steps of the queue: ``"IN_QUEUE"`` or ``{"IN_PROGRESS": {"for": "2s"}}``."""
        return self._set(timeline=list(steps))

    def stream(self, *chunks: str, **spec: Any) -> Self:
        """How a stream is split and paced, as in a file: ``by="char"``, ``every="1s"``.

        ``chunks`` are the pieces of its text: ``stream("Ship", " it.")``.
        """
        if chunks:
            spec["chunks"] = list(chunks)
        return self._set(stream=spec)

    def media(self, how: str | None = None, *, expires: float | str | None = None) -> Self:
        """What is wrong with the files of the output, or when they expire.

        ``how`` is ``expired``, ``missing``, ``forbidden``, ``truncated``, ``wrong-type`` or
        ``slow``.
        """
        spec = {"how": how, "expires": expires}
        return self._set(media={key: value for key, value in spec.items() if value is not None})

    def headers(self, headers: dict[str, str]) -> Self:
        """Extra response headers."""
        return self._set(headers=headers)

    def billable_units(self, units: float) -> Self:
        """The response header ``x-fal-billable-units``."""
        return self._set(billable_units=units)

    def inference_time(self, duration: float | str) -> Self:
        """``metrics.inference_time`` of the COMPLETED status."""
        return self._set(inference_time=duration)

    def omit_fields(self, *fields: str) -> Self:
        """Fields left out of the output, such as ``"usage"``."""
        return self._set(omit_fields=list(fields))

    # Faults

    def faults(self, **operations: Any) -> Self:
        """Faults by operation: one for each request, then none.

        ``faults(submit=["nginx-502 x2"], status="hang", result=[{"delay": "2s"}])``.
        """
        return self._set(faults=operations)

    def cancel(self, answer: str) -> Self:
        """What a cancel does: ``ignored``, ``accepted`` or ``too-late``."""
        return self._set(cancel=answer)

    def retries(self, times: int = 1, *, after: str | None = None) -> Self:
        """How often the request returns to the queue; ``after`` is the error of each attempt."""
        return self._set(retries={"times": times} | ({} if after is None else {"after": after}))

    def result_ttl(self, duration: float | str) -> Self:
        """How long the result can be read."""
        return self._set(result_ttl=duration)

    def webhook(self, word: str | None = None, **fields: Any) -> Self:
        """The webhook of a call that asked for one: a word, or fields as in a file.

        ``webhook("lost")``, ``webhook(after="1s", duplicates=1)``, ``webhook(signature="bad")``.
        """
        if (word is None) == (not fields):
            raise FakefalError(
                'webhook takes either a word or fields — for example webhook(after="1s")'
            )
        return self._set(webhook=fields if word is None else word)

    # Sockets and workflows

    def frames(self, *frames: Any) -> Self:
        """The frames that a WebSocket sends, in order, as in a file.

        ``frames({"json": {"hello": 1}}, {"receive": {"type": "ask"}}, {"close": 1000})``.
        """
        return self._set(frames=list(frames))

    def on_message(self, *frames: Any, input: Json = None, times: int | None = None) -> Self:
        """The frames that a WebSocket sends for every message, or for those matching ``input``.

        Earlier rules are tried first: ``on_message({"text": "pong"}, input="ping")``.
        """
        rule: dict[str, Any] = {"frames": list(frames)}
        if input is not None:
            rule["input"] = input
        if times is not None:
            rule["times"] = times
        return self._set(on_message=[*self._replies[-1].get("on_message", ()), rule])

    def realtime(self, *, end: bool = False, timing: float | str | None = None) -> Self:
        """Ends the realtime session after the output, or sends a timings message."""
        return self._set(realtime={"end": end} | ({} if timing is None else {"timing": timing}))

    def workflow(self, *nodes: dict[str, Any], **spec: Json) -> Self:
        """The nodes of a workflow, in order; ``output=`` is the output of the workflow.

        ``workflow({"id": "draft", "app": "fal-ai/any-llm", "text": "A cat."})``.
        """
        return self._set(workflow={"nodes": list(nodes), **spec})

    # Several replies

    @property
    def then(self) -> Self:
        """Begins the reply to the next call."""
        self._replies.append({})
        return self

    def times(self, count: int) -> Self:
        """Answers this many calls, then no more."""
        self._exchange_fields["times"] = count
        return self._publish()

    def cycle(self) -> Self:
        """Starts over after the last reply, instead of repeating it."""
        return self._set_then("cycle")

    def once(self) -> Self:
        """Uses each reply once, then answers no more."""
        return self._set_then("miss")

    def _set_then(self, then: str) -> Self:
        self._exchange_fields["then"] = then
        return self._publish()

    def _set(self, **fields: Any) -> Self:
        for name, value in fields.items():
            json = to_json(value)
            if problem := json_problem(json, name):
                raise FakefalError(problem)
            self._replies[-1][name] = json
        return self._publish()

    def _publish(self) -> Self:
        self._sink(
            build_exchange({"when": self._when, "replies": self._replies, **self._exchange_fields})
        )
        return self


def when_data(
    endpoint: str | list[str] | None,
    via: str | list[str] | None,
    input_: Json,
    headers: dict[str, Any] | None,
    fields: dict[str, Any],
    method: str | None = None,
) -> dict[str, Any]:
    """The ``when`` of ``on(endpoint, via=…, input=…, headers=…, **fields)``.

    ``fields`` are top-level input fields; they are added to ``input``.
    """
    check_field_names(fields)
    when: dict[str, Any] = {}
    if endpoint is not None:
        when["endpoint"] = endpoint
    if via is not None:
        when["via"] = via
    if method is not None:
        when["method"] = method.upper()
    pattern = to_json(input_)
    if fields:
        if pattern is not None and not isinstance(pattern, dict):
            raise FakefalError("input must be a dict to be combined with input fields")
        pattern = {**(pattern or {}), **to_json(fields)}
    if pattern is not None:
        when["input"] = pattern
    if headers is not None:
        when["headers"] = to_json(headers)
    return when


def build_when(data: dict[str, Any]) -> When:
    """From plain data; raises FakefalError with every error."""
    return build_exchange({"when": data}).when


def build_exchange(data: dict[str, Any]) -> Exchange:
    """From plain data; raises FakefalError with every error."""
    try:
        return Exchange.model_validate(data)
    except ValidationError as error:
        source = Source("on(…)", {"fakefal": 1, "exchanges": [data]})
        raise format_errors(error, source, ("exchanges", 0)) from None


def build_defaults(data: dict[str, Any]) -> ScenarioDefaults:
    """From plain data; raises FakefalError with every error."""
    try:
        return ScenarioDefaults.model_validate(data)
    except ValidationError as error:
        raise format_errors(error, Source("test", {"fakefal": 1, **data}), ()) from None


def format_errors(
    error: ValidationError, source: Source, base_path: tuple[str | int, ...]
) -> FakefalError:
    """One line for each error, with its path in the exchange."""
    messages = []
    for details in error.errors(include_url=False):
        details["loc"] = (*base_path, *details["loc"])
        problem = format_error(source, details)
        path = problem.path
        for prefix in ("exchanges[0].", "routes[0].", "replies[0]."):
            path = path.removeprefix(prefix)
        fix = f" — {problem.suggestion}" if problem.suggestion else ""
        messages.append(f"{path}: {problem.message}{fix}")
    return FakefalError("\n".join(messages))


def to_user_error(error: PatternError | TemplateError) -> FakefalError:
    """An invalid pattern or template as an error that users see."""
    fix = f" — {error.suggestion}" if error.suggestion else ""
    location = format_path(error.path)
    return FakefalError(
        f"{location}: {error.message}{fix}" if location else f"{error.message}{fix}"
    )
