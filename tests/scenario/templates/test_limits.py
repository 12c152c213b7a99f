"""The limits of templates: size of the result and number of steps."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.json_codec import encode
from fakefal.scenario.templates.errors import LimitExceeded
from fakefal.scenario.templates.limits import MAX_STEPS, charge_value, render_budget, spend
from fakefal.scenario.templates.templates import TemplateError, compile_value

CONTEXT: dict[str, Any] = {
    "input": {"prompt": "hi", "n": 3, "items": [1, 2]},
    **dict.fromkeys(("request_id", "endpoint", "app", "via"), "x"),
    "headers": {},
    "count": 1,
    "seed": 7,
}


def rendered(template: Any) -> Any:
    return compile_value(template).render(CONTEXT)


def doubling(step: str, start: str = "'x'", use: str = "") -> str:
    """A template that doubles a value a hundred times."""
    loop = f"{{% for i in range(100) %}}{{% set ns.v = {step} %}}{{% endfor %}}"
    return f"{{% set ns = namespace(v={start}) %}}{loop}{use}"


TEXT = "makes a text of more than 10,000,000 characters"
LIST = "makes a list of more than 100,000 entries"
DIGITS = "makes a number of more than 4,200 digits"
STEPS = f"takes more than {MAX_STEPS:,} steps"
PADS = "pads to more than 10,000"
NESTED = doubling("[ns.v, ns.v]", "[1]")

BOMBS = [
    ("{{ 9**(9**9) }}", DIGITS),
    ("{{ (10**4000) * (10**4000) }}", DIGITS),
    (doubling("ns.v * ns.v", "2"), DIGITS),
    ("{{ 'x' * 10**10 }}", TEXT),
    ("{{ 10**10 * 'x' }}", TEXT),
    ("{{ [1] * 10**10 }}", LIST),
    (doubling("ns.v + ns.v"), TEXT),
    (doubling("ns.v ~ ns.v"), TEXT),
    (doubling("ns.v + ns.v", "[1]"), LIST),
    ("{% set l = [1] %}{% for i in range(100) %}{{ l.extend(l) }}{% endfor %}", LIST),
    ("{{ ('x' * 1000000).replace('x', 'y' * 1000000) }}", TEXT),
    ("{{ ('x' * 1000000) | replace('x', 'y' * 1000000) }}", TEXT),
    ("{{ 'x'.join(['y' * 1000000] * 1000) }}", f"{TEXT}|{STEPS}"),
    ("{{ range(100000) | map('center', 9999) | join }}", TEXT),
    ("{{ ('x\n' * 1000000) | indent(10000) }}", TEXT),
    ("{{ ('\t' * 1000000).expandtabs(10000) }}", TEXT),
    ("{{ ('%s' * 100000) % (('x' * 1000,) * 100000) }}", f"{TEXT}|{STEPS}"),
    ("{{ '%(a)s' * 100000 % {'a': 'x' * 9000000} }}", TEXT),
    ("{{ ('{0}' * 100000).format('x' * 1000000) }}", TEXT),
    ("{{ 'x' | center(10**10) }}", "center accepts at most 10,000"),
    ("{{ 'x'.rjust(10**10) }}", "rjust accepts at most 10,000"),
    ("{{ 1 | round(10**10) }}", "round accepts at most 10,000"),
    ("{{ [1] | batch(10**9, 1) | list }}", "batch accepts at most 10,000"),
    ("{{ [[1]] | tojson(10**9) }}", "tojson indents by at most 16"),
    ("{{ [[[[[1]]]]] | tojson(indent=9999) }}", "tojson indents by at most 16"),
    ("{{ range(60000) | batch(1) | sum(start=[]) }}", STEPS),
    ("{% set x = 'ab' * 4000000 %}{% for i in range(900) %}{{ x.count('b') }}{% endfor %}", STEPS),
    ("{% filter center(10**9) %}x{% endfilter %}", "center accepts at most 10,000"),
    ("{{ ('a' * 1000000) | wordwrap(1) }}", "wordwrap accepts at most 100,000"),
    ("{{ '%1000000000d' % 1 }}", PADS),
    ("{{ '%*d' % (1000000000, 1) }}", PADS),
    ("{{ '%1000000000d' | format(1) }}", PADS),
    ("{{ '{:1000000000}'.format(1) }}", PADS),
    ("{{ '{:{}}'.format(1, 1000000000) }}", PADS),
    ("{{ '{:1000000000}'['format'](1) }}", PADS),
    ("{{ ('{:1000000000}' | attr('format'))(1) }}", PADS),
    ("{{ '{x:1000000000}'.format_map({'x': 1}) }}", "templates may not use"),
    ("{{ (1).to_bytes(10**10, 'big') }}", "templates may not use"),
    ("{{ 'x'.translate({120: 'y'}) }}", "templates may not use"),
    ("{% for i in range(100000) %}{% for j in range(60000) %}{% endfor %}{% endfor %}", STEPS),
    ("{% for i in range(100000) %}{% set x = 'x' * 9000000 %}{% endfor %}", STEPS),
    ("{% for i in range(99999) %}{{ 'x' * 10000 }}{% endfor %}", STEPS),
    ("{% for i in range(99999) %}" + "y" * 10_000 + "{% endfor %}", STEPS),
    ("{{ ([[1] * 1000] * 1000) | sum(start=[]) }}", "takes more than|makes a list"),
    (NESTED + "{{ ns.v }}", STEPS),
    (NESTED + "{{ 'a' ~ ns.v }}", STEPS),
    (NESTED + "{{ ns.v | string }}", STEPS),
    (NESTED + "{{ '%s' % ns.v }}", STEPS),
    (NESTED + "{{ '{}'.format(ns.v) }}", STEPS),
    (NESTED + "{{ ns.v | tojson }}", STEPS),
    (doubling("{'a': ns.v, 'b': ns.v}", "{}", "{{ ns.v }}"), STEPS),
    ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "recursion"),
    ("{% set l = [1] %}{% set _ = l.append(l) %}{{ l }}", "recursion"),
    ("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}", "recursion"),
]


def test_a_result_over_a_limit_is_an_error() -> None:
    wrong = []
    for template, expected in BOMBS:
        with pytest.raises(TemplateError) as caught:
            rendered(template)
        if not any(text in caught.value.message for text in expected.split("|")):
            wrong.append((template, caught.value.message))
    assert wrong == []


def test_a_result_within_the_limits_is_returned() -> None:
    table: list[tuple[str, Any]] = [
        ("{{ 'x' * 1000000 }}", "x" * 1_000_000),
        ("{{ 2 ** 64 }}", 2**64),
        ("{{ 2 ** -1 }}", 0.5),
        ("{{ 10 % 3 }}", 1),
        ("{{ 'a' ~ 1 ~ [2] }}", "a1[2]"),
        ("{{ '%s is %05.1f%%' % ('x', 2) }}", "x is 002.0%"),
        ("{{ '%(a)s' % {'a': 1} }}", "1"),
        ("{{ '%s!' | format(input.prompt) }}", "hi!"),
        ("{{ '{} {:>4} {a}'.format(1, 2, a='b') }}", "1    2 b"),
        ("{{ ', '.join(['a', 'b']) }}", "a, b"),
        ("{{ [1, 2] | join('-') }}", "1-2"),
        ("{{ [{'a': 1}, {'a': 2}] | join(', ', attribute='a') }}", "1, 2"),
        ("{{ 'a-b' | replace('-', '+') }}", "a+b"),
        ("{{ input.items | map('string') | list }}", ["1", "2"]),
        ("{{ input.nope | default(4294967296) }}", 4294967296),
        ("{{ 'x' | center(5) }}", "  x  "),
        ("{{ 1.25 | round(1) }}", 1.2),
        ("{{ 'a\nb' | indent(2) }}", "a\n  b"),
        ("{{ [1, 2, 3] | batch(2) | list }}", [[1, 2], [3]]),
        ("{% for i in [1, 2] %}{{ loop.index }}/{{ loop.length }} {% endfor %}", "1/2 2/2 "),
        ("{% for k, v in {'a': 1}.items() %}{{ k }}{% endfor %}", "a"),
        ("{% for i in 'ab' if i != 'a' %}{{ i }}{% else %}none{% endfor %}", "b"),
        ("{% for i in range(60000) %}{% endfor %}.", "."),
        ("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(1) }}{{ m('b') }}", "<1><b>"),
    ]
    wrong = []
    for template, result in table:
        if rendered(template) != result:
            wrong.append((template, rendered(template)))
    assert wrong == []


def test_an_input_of_many_numbers_may_be_echoed() -> None:
    numbers = [0.5] * 200_000
    assert compile_value("{{ input }}").render({**CONTEXT, "input": numbers}) == numbers


def test_each_rendering_has_its_own_budget() -> None:
    template = "{% for i in range(60000) %}{% endfor %}."
    assert [rendered(template) for _ in range(4)] == ["."] * 4


def test_steps_are_counted_within_a_rendering_and_not_outside() -> None:
    spend(MAX_STEPS + 1)
    with render_budget(), pytest.raises(LimitExceeded, match="steps"):
        spend(MAX_STEPS + 1)


@pytest.mark.parametrize("value", ["x", [1, ["a"]], {"a": {"b": None}}, (1,), None, 1.5])
def test_a_charged_value_is_returned_unchanged(value: Any) -> None:
    assert charge_value(value) is value


SIGNS = st.sampled_from(
    [
        *("9", "9**9", "**", "*", "'x'", "[1]", "~", "+", "%", "(", ")", "10**10", "-", ",", "=="),
        *("|center(", "|replace('x','yy')", "|join", "|list", "range(9999)", "input", ".format("),
        *("|string", "|tojson", "input.n", "'%9999999d'", "'{:99999999}'", "|length", "|batch("),
    ]
)


@given(st.lists(SIGNS, max_size=8))
def test_any_expression_ends_soon(signs: list[str]) -> None:
    template = "{{ " + " ".join(signs) + " }}"
    with contextlib.suppress(TemplateError):
        encode(rendered([template, f"text {template}"]))
