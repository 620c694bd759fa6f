"""The language of the search: how a text is read, and what is said of one that cannot be."""

from __future__ import annotations

import pytest

from ccsync_watch.errors import QueryError
from ccsync_watch.store.search_language import parse_query
from ccsync_watch.store.search_nodes import And, Not, OperatorField, Or, Words, quoted

NAMES = ("project", "is", "since")


def _shape(node: object) -> object:
    """Return a query as nested tuples, without places."""
    if isinstance(node, Words):
        return f'"{node.text}"' if node.is_quoted else node.text + (">" if node.is_last else "")
    if isinstance(node, OperatorField):
        return (node.name, node.value)
    if isinstance(node, Not):
        return ("-", _shape(node.node))
    if isinstance(node, And):
        return tuple(map(_shape, node.nodes))
    if isinstance(node, Or):
        return {"or": tuple(map(_shape, node.nodes))}
    return node


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("", None),
        (" ?! ", None),
        ("one two", ("one", "two>")),
        ("one two ", ("one", "two")),
        ("one AND two ", ("one", "two")),
        ('"a phrase" word ', ('"a phrase"', "word")),
        ("\u201ca phrase\u201d", '"a phrase"'),
        ("one -two ", ("one", ("-", "two"))),
        ("one NOT two", ("one", ("-", "two"))),
        ("one is:error", ("one", ("is", "error"))),
        ("(one)", "one"),
        ('-"a b" -(c d) ', (("-", '"a b"'), ("-", ("c", "d")))),
        ("a b OR c ", {"or": (("a", "b"), "c")}),
        ("a (b OR c) ", ("a", {"or": ("b", "c")})),
        ("(a)) ", "a"),
        ("project:api word", (("project", "api"), "word>")),
        ('PROJECT:"my app" ', ("project", "my app")),
        ("-is:error", ("-", ("is", "error"))),
        ("(project:a OR project:b) x ", ({"or": (("project", "a"), ("project", "b"))}, "x")),
        # What people paste is words.
        ("main() ", "main()"),
        ("(see main()) ", ("see", "main()")),
        ("std::vector<int> ", "std::vector<int>"),
        ("https://host/a?b=c ", "https://host/a?b=c"),
        ("--force -> -5 C:\\Users ", ("--force", "-5", "C:\\Users")),
        ("or and not ", ("or", "and", "not")),
        ("ORDER ANDES NOTE ", ("ORDER", "ANDES", "NOTE")),
        ("colour:red ", "colour:red"),
    ],
)
def test_a_text_is_read(text: str, shape: object) -> None:
    """By the rules that the pages explain."""
    assert _shape(parse_query(text, NAMES).root) == shape


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('say "this', 'the quote of "this'),
        ("a (b c", "the parenthesis of (b c"),
        ("a OR", "OR has nothing"),
        ("OR a", "OR has nothing"),
        ("(a OR) b", "OR has nothing"),
        ("project:", "project: has no value"),
        ("project: api", "project: has no value"),
        ('project:""', "project: has no value"),
        ("project:(a OR b)", "project: is of one value"),
        ("(" * 50 + "a", "too many parentheses"),
        ("中a" * 501, "more than 1000 characters"),
        ("a " * 31, "more than 30 words"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, named: str) -> None:
    """With how to write it instead."""
    with pytest.raises(QueryError) as failure:
        parse_query(text, NAMES)
    assert named in failure.value.message
    assert failure.value.hint


def test_each_part_can_be_taken_out() -> None:
    """As the page's chips do; what is left means the same as before."""
    query = parse_query('one  project:"my app" -(two three) (x OR y)', NAMES)
    shown = [query.text_of(part) for part in query.parts]
    assert shown == ["one", 'project:"my app"', "-(two three)", "(x OR y)"]
    assert query.without(query.parts[1]) == "one -(two three) (x OR y)"
    assert query.without(query.parts[3]) == 'one project:"my app" -(two three)'


@pytest.mark.parametrize("value", ["api", "my app", "a(b", 'say "x"', '"', 'a"b', ""])
def test_a_value_is_written_so_that_it_is_read_again(value: str) -> None:
    """A quote within it is written twice."""
    field = parse_query(f"project:{quoted(value or 'x')}", NAMES).root
    assert isinstance(field, OperatorField)
    assert field.value == (value or "x")


def test_names_that_are_no_operators_are_reported() -> None:
    """They are words, but may be meant as operators."""
    assert parse_query("projects:api a:b error: x", NAMES).unknown == ("projects",)
