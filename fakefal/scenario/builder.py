"""The Python way to write exchanges: builds the same models that files are read into."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from fakefal.errors import FakefalError
from fakefal.protocol.core.call import Json
from fakefal.scenario.files.messages import format_error
from fakefal.scenario.files.source import Source, format_path
from fakefal.scenario.matching.matchers import PatternError
from fakefal.scenario.model.defaults import ScenarioDefaults
from fakefal.scenario.model.scenario import Exchange, When
from fakefal.scenario.templates.templates import TemplateError

if TYPE_CHECKING:
    from typing_extensions import Self


class Pattern(NamedTuple):
    """A matcher for one value, as ``contains("x")`` makes it."""

    json: dict[str, Json]


def contains(needle: Json) -> Pattern:
    """A text with this in it, or a list with such an entry."""
    return Pattern({"$contains": _to_json(needle)})


def regex(expression: str) -> Pattern:
    """A text in which the regular expression is found."""
    return Pattern({"$regex": expression})


def anything() -> Pattern:
    """Any value, if it is there at all."""
    return Pattern({"$absent": False})


def all_of(*patterns: Json) -> Pattern:
    """A value that every one of the patterns matches."""
    return Pattern({"$all": [_to_json(pattern) for pattern in patterns]})


def any_of(*patterns: Json) -> Pattern:
    """A value that one of the patterns matches."""
    return Pattern({"$any": [_to_json(pattern) for pattern in patterns]})


def more_than(number: float) -> Pattern:
    """A number above this one."""
    return Pattern({"$gt": number})


def less_than(number: float) -> Pattern:
    """A number below this one."""
    return Pattern({"$lt": number})


def absent() -> Pattern:
    """A field that is not there."""
    return Pattern({"$absent": True})


def _to_json(value: Any) -> Json:
    """Patterns at any depth as the JSON that a file would hold."""
    if isinstance(value, Pattern):
        return value.json
    if isinstance(value, dict):
        return {key: _to_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_json(inner) for inner in value]
    return value


ExchangeSink = Callable[[Exchange], None]
"""Takes each version of an exchange as it is built."""


class ExchangeBuilder:
    """An exchange in the making; it takes effect as soon as it has an outcome.

    ``on("fal-ai/any-llm", prompt="x").fail("runner_disconnected").then.text("Ship it.")``
    """

    def __init__(self, when: dict[str, Any], sink: ExchangeSink) -> None:
        self._when = when
        self._sink = sink
        self._replies: list[dict[str, Any]] = [{}]
        self._exchange_fields: dict[str, Any] = {}

    # How it ends

    def text(self, text: str, *, reasoning: str | None = None) -> Self:
        """A language model's answer; ``reasoning`` is given to calls that ask for it."""
        extra = {} if reasoning is None else {"reasoning": reasoning}
        return self._set(text=text, **extra)

    def output(self, output: Json) -> Self:
        """Any JSON as the model's output."""
        return self._set(output=output)

    def tool_call(self, name: str, arguments: Json = None, *, id: str | None = None) -> Self:
        """A function that the model wants called, told by OpenAI-compatible endpoints; each adds
        one. ``arguments`` is JSON, or text that is sent as it is."""
        call = {"name": name, "arguments": {} if arguments is None else arguments}
        if id is not None:
            call["id"] = id
        return self._set(tool_calls=[*self._replies[-1].get("tool_calls", ()), call])

    def finish(self, reason: str) -> Self:
        """``finish_reason`` of OpenAI-compatible endpoints: ``length``, ``content_filter``."""
        return self._set(finish_reason=reason)

    def usage(self, **counts: float) -> Self:
        """What the call used, where that is told: ``usage(prompt_tokens=10, cost=0.001)``."""
        return self._set(usage=counts)

    def soft_error(self, error: str, *, text: str = "") -> Self:
        """An upstream failure told inside a 200 answer."""
        return self._set(error=error, text=text)

    def kind(self, kind: str, *files: str) -> Self:
        """An output of a common shape: ``images``, ``image``, ``video``, ``audio``, ``mesh``,
        ``text`` or ``chunks``.

        ``files`` are paths from the working directory; without them files are made.
        """
        return self._set(kind=kind, **({"files": list(files)} if files else {}))

    def partial(self, text: str, *, error: str | None = None) -> Self:
        """A language model that did not get to its end: a stream without its last event.

        With ``error`` the text comes with it inside a 200 answer, and at the end of a stream.
        """
        if error is not None:
            return self.soft_error(error, text=text)
        return self._set(text=text, stream={**self._replies[-1].get("stream", {}), "final": False})

    def fail(self, name: str | None = None, **fields: Any) -> Self:
        """A failure: a name of the error catalogue, or spelled out as in a file.

        ``fail("runner_disconnected")``, ``fail(type="no_media_generated")``,
        ``fail(status=418, body={"detail": "teapot"})``.
        """
        if (name is None) == (not fields):
            raise FakefalError("fail takes a name or a spelled-out failure — fail(status=500), say")
        return self._set(fail=fields if name is None else name)

    def preset(self, *names: str) -> Self:
        """Ready-made troubles by name, as ``fakefal presets`` lists them."""
        return self._set(preset=list(names))

    # On the way there

    def timeline(self, *steps: Any) -> Self:
        """The steps of the queue: ``"IN_QUEUE"`` or ``{"IN_PROGRESS": {"for": "2s"}}``."""
        return self._set(timeline=list(steps))

    def stream(self, *chunks: str, **spec: Any) -> Self:
        """How a stream is cut and paced, as in a file: ``by="char"``, ``every="1s"``.

        ``chunks`` are the pieces of its text: ``stream("Ship", " it.")``.
        """
        if chunks:
            spec["chunks"] = list(chunks)
        return self._set(stream=spec)

    def media(self, how: str | None = None, *, expires: float | str | None = None) -> Self:
        """What happens to the files of the output: ``expired``, ``missing``, ``forbidden``,
        ``truncated``, ``wrong-type``, ``slow``; or when they expire."""
        spec = {"how": how, "expires": expires}
        return self._set(media={key: value for key, value in spec.items() if value is not None})

    def headers(self, headers: dict[str, str]) -> Self:
        """Extra headers of the answer."""
        return self._set(headers=headers)

    def billable_units(self, units: float) -> Self:
        """``x-fal-billable-units`` of the answer."""
        return self._set(billable_units=units)

    def inference_time(self, duration: float | str) -> Self:
        """``metrics.inference_time`` of the finished status."""
        return self._set(inference_time=duration)

    def omit_fields(self, *fields: str) -> Self:
        """Fields left out of the output, such as ``"usage"``."""
        return self._set(omit=list(fields))

    # What goes wrong

    def faults(self, **operations: Any) -> Self:
        """Faults of single requests, used in turn, then healthy.

        ``faults(submit=["nginx-502 x2"], status="hang", result=[{"delay": "2s"}])``.
        """
        return self._set(faults=operations)

    def cancel(self, answer: str) -> Self:
        """What a cancel comes to: ``ignored``, ``honoured`` or ``too-late``."""
        return self._set(cancel=answer)

    def retries(self, times: int = 1, *, after: str | None = None) -> Self:
        """Back to the queue after a lost runner, so many times; ``after`` is what each loss is."""
        return self._set(retries={"times": times} | ({} if after is None else {"after": after}))

    def result_ttl(self, duration: float | str) -> Self:
        """How long the result can be read."""
        return self._set(keep=duration)

    def webhook(self, word: str | None = None, **fields: Any) -> Self:
        """How the webhook of a call behaves that asked for one, as in a file.

        ``webhook("lost")``, ``webhook(after="1s", duplicates=1)``, ``webhook(signature="bad")``.
        """
        if (word is None) == (not fields):
            raise FakefalError('webhook takes a word or what it does — webhook(after="1s"), say')
        return self._set(webhook=fields if word is None else word)

    # What sockets and workflows do

    def frames(self, *frames: Any) -> Self:
        """What a WebSocket sends, in order, as in a file.

        ``frames({"json": {"hello": 1}}, {"receive": {"type": "ask"}}, {"close": 1000})``.
        """
        return self._set(frames=list(frames))

    def on_message(self, *frames: Any, input: Json = None, times: int | None = None) -> Self:
        """What a WebSocket sends whenever a message comes, or one that matches ``input``.

        It goes behind those that were given before: ``on_message({"text": "pong"}, input="ping")``.
        """
        rule: dict[str, Any] = {"frames": list(frames)}
        if input is not None:
            rule["input"] = input
        if times is not None:
            rule["times"] = times
        return self._set(on_message=[*self._replies[-1].get("on_message", ()), rule])

    def realtime(self, *, end: bool = False, timing: float | str | None = None) -> Self:
        """What else an input of a realtime session brings: its end, a timings message."""
        return self._set(realtime={"end": end} | ({} if timing is None else {"timing": timing}))

    def workflow(self, *nodes: dict[str, Any], **spec: Json) -> Self:
        """What the nodes of a workflow come to, in order; ``output=`` is what it gives itself.

        ``workflow({"id": "draft", "app": "fal-ai/any-llm", "text": "A cat."})``.
        """
        return self._set(workflow={"nodes": list(nodes), **spec})

    # How often

    @property
    def then(self) -> Self:
        """Begin the reply of the next call."""
        self._replies.append({})
        return self

    def times(self, count: int) -> Self:
        """Answer this many calls, then no more."""
        self._exchange_fields["times"] = count
        return self._publish()

    def cycle(self) -> Self:
        """Start over after the last reply, instead of repeating it."""
        return self._set_then("cycle")

    def once(self) -> Self:
        """Answer each reply once, and then no more."""
        return self._set_then("miss")

    def _set_then(self, then: str) -> Self:
        self._exchange_fields["then"] = then
        return self._publish()

    def _set(self, **fields: Any) -> Self:
        self._replies[-1].update(_to_json(fields))
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
) -> dict[str, Any]:
    """The ``when`` of ``on(endpoint, via=…, input=…, headers=…, **fields)``.

    ``fields`` are top-level input fields; they are added to ``input``.
    """
    when: dict[str, Any] = {}
    if endpoint is not None:
        when["endpoint"] = endpoint
    if via is not None:
        when["via"] = via
    pattern = _to_json(input_)
    if fields:
        if pattern is not None and not isinstance(pattern, dict):
            raise FakefalError("input and input fields go together only if input is a dict")
        pattern = {**(pattern or {}), **_to_json(fields)}
    if pattern is not None:
        when["input"] = pattern
    if headers is not None:
        when["headers"] = _to_json(headers)
    return when


def build_when(data: dict[str, Any]) -> When:
    """A ``when`` from plain data; raises FakefalError with all that is wrong."""
    return build_exchange({"when": data}).when


def build_exchange(data: dict[str, Any]) -> Exchange:
    """An exchange from plain data; raises FakefalError with all that is wrong."""
    try:
        return Exchange.model_validate(data)
    except ValidationError as error:
        source = Source("on(…)", {"fakefal": 1, "exchanges": [data]})
        raise _format_errors(error, source, ("exchanges", 0)) from None


def build_defaults(data: dict[str, Any]) -> ScenarioDefaults:
    """Circumstances from plain data; raises FakefalError with all that is wrong."""
    try:
        return ScenarioDefaults.model_validate(data)
    except ValidationError as error:
        raise _format_errors(error, Source("test", {"fakefal": 1, **data}), ()) from None


def _format_errors(
    error: ValidationError, source: Source, base_path: tuple[str | int, ...]
) -> FakefalError:
    """All that is wrong with data at a place of a scenario, a line each."""
    messages = []
    for details in error.errors(include_url=False):
        details["loc"] = (*base_path, *details["loc"])
        problem = format_error(source, details)
        path = problem.path.removeprefix("exchanges[0].")
        fix = f" — {problem.suggestion}" if problem.suggestion else ""
        messages.append(f"{path}: {problem.message}{fix}")
    return FakefalError("\n".join(messages))


def to_user_error(error: PatternError | TemplateError) -> FakefalError:
    """A pattern or template that cannot be used, as a mistake of the user."""
    fix = f" — {error.right}" if error.right else ""
    location = format_path(error.path)
    return FakefalError(f"{location}: {error.what}{fix}" if location else f"{error.what}{fix}")
