"""A rule's trigger is derived from its pattern."""

from __future__ import annotations

import pytest

from ccsync_watch.privacy.engine.pattern_syntax import width
from ccsync_watch.privacy.engine.trigger_derivation import trigger_of


@pytest.mark.parametrize(
    ("pattern", "trigger"),
    [
        (r"key: (?P<secret>[a-z]{4,99})", r"key: (?:[a-z]{4})"),
        (r"key: (?P<secret>[a-z]{8,}={0,2})", r"key: (?:[a-z]{8})"),
        (r"key: (?P<secret>0x[0-9a-f]{64})(?![0-9a-f]) end", r"key: (?:0x[0-9a-f]{64})"),
        (r"(?<!-)a(?=b)[^\n]{0,9}?(?P<secret>x+)", r"a[^\n]{0,9}(?:x)"),
        (r"(?P<q>['\"])(?P<secret>[^'\"]{3,9})(?P=q)", r"(?:['\"])(?:[^'\"]{3})"),
        (r"(?:a|(?-i:B)(?P<secret>x{3,9})y|c)d", r"(?:a|(?-i:B)(?:x{3})|c)"),
        (r"(?P<secret>aa{2,}|b{1,3})", r"(?:aa{2}|b)"),
        (r"(?P<secret>a?)", r"(?:)"),
        (r"no (?P<other>group)[\])]+\x41\|", r"no (?:group)[\])]+\x41\|"),
    ],
)
def test_a_trigger_is_the_pattern_up_to_the_least_of_its_secret(pattern: str, trigger: str) -> None:
    """Without what some engine has not: names, lookarounds, back references, lazy repeats."""
    assert trigger_of(pattern) == trigger


def test_another_group_can_end_the_trigger() -> None:
    """A pattern that finds a name and a value has a group for each."""
    assert trigger_of(r"(?P<user>\w{2,9})/(?P<value>\w{5,9})!", "value") == r"(?:\w{2,9})/(?:\w{5})"


@pytest.mark.parametrize("pattern", ["a)", "(a", "[a"])
def test_an_unbalanced_pattern_raises(pattern: str) -> None:
    """It is a mistake in the rule."""
    with pytest.raises(ValueError, match="unbalanced"):
        trigger_of(pattern)


def test_an_unbounded_repeat_before_the_secret_is_left_to_be_rejected() -> None:
    """No trigger may have one."""
    with pytest.raises(ValueError, match="unbounded"):
        width(trigger_of("a*(?P<secret>b)"))
