"""Templates: what they return, what they reject, and that they stay in their sandbox."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.json_codec import encode
from fakefal.scenario.templates.templates import (
    VARIABLES,
    TemplateError,
    compile_value,
    has_template,
)
from tests.scenario.strategies import JSON

CONTEXT: dict[str, Any] = {
    "input": {"prompt": "hi", "n": 3, "items": [1, 2], "deep": {"a": None}},
    "request_id": "019e",
    "endpoint": "fal-ai/any-llm/vision",
    "app": "fal-ai/any-llm",
    "via": "queue",
    "headers": {"x-a": "b"},
    "count": 2,
    "seed": 7,
}


def rendered(raw: Any) -> Any:
    return compile_value(raw, ("reply",)).render(CONTEXT)


def compile_error(raw: Any) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        compile_value(raw, ("reply",))
    return caught.value


def render_error(raw: Any) -> TemplateError:
    value = compile_value(raw, ("reply",))
    with pytest.raises(TemplateError) as caught:
        value.render(CONTEXT)
    return caught.value


def test_a_lone_expression_keeps_its_type() -> None:
    table: list[tuple[str, Any]] = [
        ("{{ input.prompt }}", "hi"),
        ("{{ input.n }}", 3),
        ("{{ input.n + 0.5 }}", 3.5),
        ("{{ -1 }}", -1),
        ("{{ -input.n }}", -3),
        ("{{- input.n -}}", 3),
        ("{{ input.n > 1 }}", True),
        ("{{ none }}", None),
        ("{{ input.deep.a }}", None),
        ("{{ input.items }}", [1, 2]),
        ("{{ input['items'] }}", [1, 2]),
        ("{{ input }}", CONTEXT["input"]),
        ("{{ (1, 'a') }}", [1, "a"]),
        ("{{ range(3) | list }}", [0, 1, 2]),
        ("{{ {'a': [input.n]} }}", {"a": [3]}),
    ]
    wrong = []
    for template, value in table:
        result = rendered(template)
        if result != value or type(result) is not type(value):
            wrong.append((template, result))
    assert wrong == []


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Say {{ input.prompt }}!", "Say hi!"),
        ("{{ input.n }} ", "3 "),
        ("{{ input.n }}{{ count }}", "32"),
        ("{% if input.n > 1 %}many{% else %}one{% endif %}", "many"),
        ("{% for i in input.items %}{{ i }},{% endfor %}", "1,2,"),
        ("{{ input.prompt | upper }}?", "HI?"),
        ("{# a remark #}", ""),
        ("a\n{{ seed }}\n", "a\n7\n"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ],
)
def test_anything_more_than_one_expression_becomes_text(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize("name", VARIABLES)
def test_a_template_may_use_every_variable(name: str) -> None:
    assert rendered(f"{{{{ {name} }}}}") == CONTEXT[name]


def test_templates_are_rendered_at_any_depth() -> None:
    raw = {"a": ["{{ input.n }}", {"b": "x{{ seed }}"}], "c": 1}
    assert rendered(raw) == {"a": [3, {"b": "x7"}], "c": 1}


@given(JSON.filter(lambda value: "{" not in str(value).replace("{'", "").replace("{}", "")))
def test_a_value_without_templates_is_unchanged(value: Any) -> None:
    compiled = compile_value(value)
    assert compiled.is_static
    assert compiled.render({}) is value


@pytest.mark.parametrize("text", ["{{ x }}", "{% x %}", "{# x #}", "a{{"])
def test_these_characters_begin_a_template(text: str) -> None:
    assert has_template(text)


@pytest.mark.parametrize("text", ["", "{", "}}", "{ {", "%}", "$x"])
def test_other_characters_do_not(text: str) -> None:
    assert not has_template(text)


def test_wrong_syntax_is_an_error_when_the_value_is_compiled() -> None:
    table: list[tuple[str, str]] = [
        ("{{ input.n", "template: a tag is not closed: }}, %} or #} is missing"),
        ("{# input.n", "template: a tag is not closed: }}, %} or #} is missing"),
        ("{% if %}", "template: an expression is missing"),
        ("{{ }}", "template: an expression is missing"),
        ("{{ input.n | nope }}", 'template: unknown filter "nope"'),
        ("{{ input.n is nope }}", 'template: unknown test "nope"'),
        ("{{ input.items | random }}", 'template: unknown filter "random"'),
        ("{% nope %}", 'template: unknown tag "nope"'),
        ("{% for i in input %}", "template: {% for %} has no {% endfor %}"),
        ("{{ a b }}", "template: syntax error"),
        ("a\n{{ a b }}", "template: syntax error in line 2"),
        ("{% include 'x' %}", "template: {% include %} is not supported"),
        ("{% from 'x' import y %}", "template: {% import %} is not supported"),
        ("{% for i in input %}" * 30 + "{% endfor %}" * 30, "template: nested too deeply"),
        ("{{ " + "(" * 300 + "1" + ")" * 300 + " }}", "template: nested too deeply"),
        ("{{ " + "1" * 5000 + " }}", "template: a number has too many digits"),
    ]
    wrong = []
    for template, message in table:
        error = compile_error({"a": [template]})
        assert error.path == ("reply", "a", 0)
        assert error.suggestion == "write {{ input.prompt }}, for example"
        if error.message != message:
            wrong.append((template, error.message))
    assert wrong == []


@pytest.mark.parametrize("name", ["prompt", "lipsum", "os", "random"])
def test_an_unknown_variable_is_an_error_when_the_value_is_compiled(name: str) -> None:
    error = compile_error(f"{{{{ {name} }}}}")
    assert error.message == f'template: unknown variable "{name}"'
    assert error.suggestion == (
        f"write input.{name} for a field of the input; variables: input, request_id, endpoint, "
        "app, via, headers, count, seed"
    )


@pytest.mark.parametrize(
    "template",
    [
        "{{ input.nope }}",
        "x {{ input.nope }}",
        "{{ input.prompt.nope }}",
        "{{ [input.nope] }}",
        "{{ headers['x-b'] }}",
        "{{ input.nope.more }}",
    ],
)
def test_an_undefined_field_is_an_error_when_it_is_rendered(template: str) -> None:
    error = render_error({"a": template})
    assert error.path == ("reply", "a")
    assert re.search('there is no field "(nope|x-b)"$', error.message)
    assert repr(template) in error.message


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "x{{ input.__class__ }}",
        "{{ input['__class__'] }}",
        "{{ input.prompt.format.__globals__ }}",
        "{{ '{0.__class__}'.format(input) }}",
        "{{ range(10 ** 9) | list }}",
        "{{ input.prompt | attr('__class__') }}",
        "{{ cycler.__init__.__globals__ }}",
    ],
)
def test_the_sandbox_keeps_templates_in(template: str) -> None:
    assert "class '" not in render_error(template).message


def test_a_rendering_error_has_its_reason() -> None:
    table: list[tuple[str, str]] = [
        ("{{ range(3) }}", "returns range, which is not JSON"),
        ("x{{ range(3) }}", "returns range, which is not JSON"),
        ("{{ input.keys }}", "returns builtin_function_or_method, which is not JSON"),
        ("{{ [input.keys] }}", "returns builtin_function_or_method, which is not JSON"),
        ("{{ {1: 2} }}", "returns a mapping with the key 1, which is not JSON"),
        ("{{ (input.n * 1e308) * 1e308 }}", "returns inf, which is not JSON"),
        ("{{ input.n / 0 }}", "division by zero"),
        ("{{ input['items'][9] }}", "there is no item 9"),
        ("{{ [] | first }}", "there is no such value"),
        ("{{ range(10 ** 9) | list }}", "a number or range is too large"),
        ("{{ ''.__class__ }}", 'templates may not use "__class__" of str values'),
    ]
    wrong = []
    for template, reason in table:
        message = render_error(template).message
        if message != f"template {template!r}: {reason}":
            wrong.append((template, message))
    assert wrong == []


EXPRESSIONS = st.text("{}%# abint.[]'()|+-~,:0123/", max_size=24)


@given(EXPRESSIONS)
def test_any_template_returns_json_or_raises_template_error(inner: str) -> None:
    with contextlib.suppress(TemplateError):
        assert encode(rendered(["{{ " + inner + " }}", inner]))


def test_the_same_variables_return_the_same_value() -> None:
    value = compile_value("{{ input }} {{ request_id }} {{ headers }}")
    assert value.render(CONTEXT) == value.render(dict(CONTEXT))
