"""Templates: what they give, what they refuse, and that they stay in their sandbox."""

from __future__ import annotations

import contextlib
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


def refusal(raw: Any) -> TemplateError:
    """The error of a value that is refused when it is read."""
    with pytest.raises(TemplateError) as caught:
        compile_value(raw, ("reply",))
    return caught.value


def failure(raw: Any) -> TemplateError:
    """The error of a value that is good to read and fails when it is rendered."""
    value = compile_value(raw, ("reply",))
    with pytest.raises(TemplateError) as caught:
        value.render(CONTEXT)
    return caught.value


@pytest.mark.parametrize(
    ("template", "value"),
    [
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
    ],
)
def test_a_lone_expression_keeps_its_type(template: str, value: Any) -> None:
    found = rendered(template)
    assert found == value
    assert type(found) is type(value)


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
def test_anything_more_than_one_expression_gives_text(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize("name", VARIABLES)
def test_a_template_may_use_every_variable(name: str) -> None:
    assert rendered(f"{{{{ {name} }}}}") == CONTEXT[name]


def test_templates_are_rendered_at_any_depth() -> None:
    raw = {"a": ["{{ input.n }}", {"b": "x{{ seed }}"}], "c": 1}
    assert rendered(raw) == {"a": [3, {"b": "x7"}], "c": 1}


@given(JSON.filter(lambda value: "{" not in str(value).replace("{'", "").replace("{}", "")))
def test_a_value_without_templates_stays_as_it_is(value: Any) -> None:
    compiled = compile_value(value)
    assert compiled.is_static
    assert compiled.render({}) is value


@pytest.mark.parametrize("text", ["{{ x }}", "{% x %}", "{# x #}", "a{{"])
def test_these_signs_begin_a_template(text: str) -> None:
    assert has_template(text)


@pytest.mark.parametrize("text", ["", "{", "}}", "{ {", "%}", "$x"])
def test_other_signs_do_not(text: str) -> None:
    assert not has_template(text)


@pytest.mark.parametrize(
    ("template", "what"),
    [
        (
            "{{ input.n",
            "template: unexpected end of template, expected 'end of print statement'",
        ),
        ("{% if %}", "template: Expected an expression, got 'end of statement block'"),
        ("{{ }}", "template: Expected an expression, got 'end of print statement'"),
        ("{{ input.n | nope }}", "template: No filter named 'nope'"),
        ("{{ input.items | random }}", "template: No filter named 'random'"),
        ("{% for i in input %}", "template: Unexpected end of template"),
        (
            "{% for i in input %}" * 30 + "{% endfor %}" * 30,
            "template: too many statically nested blocks",
        ),
        ("{{ " + "(" * 300 + "1" + ")" * 300 + " }}", "template: nested too deeply"),
        ("{{ " + "1" * 5000 + " }}", "template: Exceeds the limit (4300"),
    ],
)
def test_wrong_syntax_is_told_when_the_value_is_read(template: str, what: str) -> None:
    error = refusal({"a": [template]})
    assert error.path == ("reply", "a", 0)
    assert error.what.startswith(what)
    assert error.right == "write {{ input.prompt }}, for example"


@pytest.mark.parametrize("name", ["prompt", "lipsum", "os", "random"])
def test_an_unknown_name_is_told_when_the_value_is_read(name: str) -> None:
    error = refusal(f"{{{{ {name} }}}}")
    assert error.what == f'template: the name "{name}" is not known'
    assert error.right == (
        f"write input.{name} for a field of the input; known: input, request_id, endpoint, app, "
        "via, headers, count, seed"
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
    error = failure({"a": template})
    assert error.path == ("reply", "a")
    assert "has no attribute" in error.what
    assert repr(template) in error.what


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
    assert "class '" not in failure(template).what


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ range(3) }}", "gives range, which is not JSON"),
        ("x{{ range(3) }}", "gives range, which is not JSON"),
        ("{{ input.keys }}", "gives builtin_function_or_method, which is not JSON"),
        ("{{ [input.keys] }}", "gives builtin_function_or_method, which is not JSON"),
        ("{{ {1: 2} }}", "gives a mapping with the key 1, which is not JSON"),
        ("{{ (input.n * 1e308) * 1e308 }}", "gives inf, which is not JSON"),
        ("{{ input.n / 0 }}", "division by zero"),
        ("{% include 'x' %}", "no loader for this environment specified"),
    ],
)
def test_what_is_not_json_is_an_error_with_its_reason(template: str, reason: str) -> None:
    assert failure(template).what == f"template {template!r}: {reason}"


EXPRESSIONS = st.text("{}%# abint.[]'()|+-~,:0123/", max_size=24)


@given(EXPRESSIONS)
def test_any_template_gives_json_or_a_template_error(inner: str) -> None:
    with contextlib.suppress(TemplateError):
        assert encode(rendered(["{{ " + inner + " }}", inner]))


def test_the_same_variables_give_the_same_value() -> None:
    value = compile_value("{{ input }} {{ request_id }} {{ headers }}")
    assert value.render(CONTEXT) == value.render(dict(CONTEXT))
