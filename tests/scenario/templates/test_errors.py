"""Template errors are worded the same whatever the version of Jinja says."""

from __future__ import annotations

import pytest
from jinja2 import Environment, TemplateSyntaxError
from jinja2.exceptions import SecurityError, TemplateRuntimeError, UndefinedError

from fakefal.scenario.templates.errors import (
    LimitExceeded,
    RenderError,
    load_problem,
    render_problem,
    syntax_problem,
)

ENVIRONMENT = Environment()


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("unexpected end of template, expected 'end of print statement'.", "a tag is not closed"),
        ("unexpected 'end of template'", "a tag is not closed"),
        ("Missing end of comment tag", "a tag is not closed"),
        (
            "Unexpected end of template. Jinja was looking for the following tags: 'endfor' or "
            "'else'. The innermost block that needs to be closed is 'for'.",
            "{% for %} has no {% endfor %}",
        ),
        ("Encountered unknown tag 'nope'.", 'unknown tag "nope"'),
        ("Expected an expression, got 'end of print statement'", "an expression is missing"),
        ("expected an expression, but the statement ends here", "an expression is missing"),
        ("words that no version of Jinja has used yet", "syntax error"),
        ("", "syntax error"),
        (None, "syntax error"),
    ],
)
def test_a_syntax_error_has_our_words(message: str, text: str) -> None:
    assert syntax_problem(TemplateSyntaxError(message, 1), None, ENVIRONMENT).startswith(text)


def test_an_unknown_syntax_error_names_its_line() -> None:
    error = TemplateSyntaxError("words of the future", 3)
    assert syntax_problem(error, None, ENVIRONMENT) == "syntax error in line 3"


def test_an_unknown_filter_is_named_from_the_template_and_not_from_the_message() -> None:
    error = TemplateSyntaxError("words of the future", 1)
    tree = ENVIRONMENT.parse("{{ a | upper | nope }}")
    assert syntax_problem(error, tree, ENVIRONMENT) == 'unknown filter "nope"'
    tree = ENVIRONMENT.parse("{{ a is nope }}")
    assert syntax_problem(error, tree, ENVIRONMENT) == 'unknown test "nope"'
    assert syntax_problem(error, ENVIRONMENT.parse("{{ a }}"), ENVIRONMENT) == "syntax error"


def test_a_template_that_loads_another_has_a_problem() -> None:
    assert load_problem(ENVIRONMENT.parse("{% extends 'x' %}")) == "{% extends %} is not supported"
    assert load_problem(ENVIRONMENT.parse("{{ a }}")) == ""


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RenderError("returns a set"), "returns a set"),
        (LimitExceeded("takes more than 5 steps"), "takes more than 5 steps"),
        (RecursionError("maximum recursion depth exceeded"), "endless or too deep recursion"),
        (ZeroDivisionError("float division by zero"), "division by zero"),
        (OverflowError("Range too big."), "a number or range is too large"),
        (SecurityError("x is not safely callable"), "the sandbox does not allow this"),
        (UndefinedError("words of Jinja"), "it cannot be rendered"),
        (TemplateRuntimeError("words of Jinja"), "it cannot be rendered"),
        (TypeError("can only concatenate str"), "TypeError: can only concatenate str"),
    ],
)
def test_a_rendering_error_has_our_words_or_those_of_python(error: Exception, text: str) -> None:
    assert render_problem(error) == text
