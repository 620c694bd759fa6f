"""The redactor's contract: what it removes, what it leaves, and how it says so."""

from __future__ import annotations

import json
import random
import re
import sys
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.errors import ConfigError, RedactorUnavailable
from ccsync_watch.privacy import Redactor
from ccsync_watch.privacy.engine import scanner
from support.redaction_corpus.shared import build_redactor
from support.redaction_corpus.vendors import ALNUM, HEX, drawn, token

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from ccsync_watch.model import JsonValue

PLACEHOLDER = re.compile(r"\[REDACTED:([a-z0-9-]+):[0-9a-f]{8}\]")


@pytest.fixture(scope="module")
def shared() -> Redactor:
    """One redactor for all tests that add nothing to it."""
    return build_redactor()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Chance that is the same in every run of a test."""
    return random.Random(request.node.name)  # noqa: S311 - repeatable, not secret


def test_a_placeholder_names_the_kind_and_the_text_around_it_stays(
    shared: Redactor, rng: random.Random
) -> None:
    """Only the secret is replaced."""
    secret = token("ghp_{a:36}", rng)
    text = shared.redact(f"use {secret}, please")
    match = PLACEHOLDER.search(text)
    assert match is not None
    assert match[1] == "github-token"
    assert text == f"use {match[0]}, please"


def test_equal_secrets_have_equal_placeholders(shared: Redactor, rng: random.Random) -> None:
    """A reader can follow one secret through a session."""
    first, second = token("sk_live_{a:24}", rng), token("sk_live_{a:24}", rng)
    one, again, other = shared.redact(f"{first} {first} {second}").split()
    assert one == again != other


def test_placeholders_depend_on_the_installation(rng: random.Random) -> None:
    """Two people's placeholders of one secret cannot be matched."""
    secret = token("npm_{a:36}", rng)
    here, there = build_redactor(b"a" * 32), build_redactor(b"b" * 32)
    assert here.redact(secret) != there.redact(secret)
    assert here.redact(secret) == build_redactor(b"a" * 32).redact(secret)


def test_clean_text_is_returned_itself(shared: Redactor) -> None:
    """Nothing is copied when there is nothing to remove."""
    text = "def get_token(self) -> str:\n    return self._token\n"
    assert shared.redact(text) is text
    value: JsonValue = {"a": [1, "password: str"], "b": {"c": None}}
    assert shared.redact_value(value) is value


def test_counts_are_taken_once(rng: random.Random) -> None:
    """The ledger gets each replacement once, by kind."""
    here = build_redactor()
    here.redact(f"{token('ghp_{a:36}', rng)} {token('ghp_{a:36}', rng)} password=hunter22")
    assert here.take_counts() == {"github-token": 2, "password": 1}
    assert here.take_counts() == {}


def test_userinfo_stays_a_url(shared: Redactor, rng: random.Random) -> None:
    """Brackets would break the parsers of URLs, so the form inside userinfo has none."""
    text = shared.redact(f"postgres://app:{drawn(ALNUM, 12, rng)}@db:5432/app")
    assert re.fullmatch(r"postgres://app:REDACTED-url-password-[0-9a-f]{8}@db:5432/app", text)
    assert shared.redact(text) == text


@pytest.mark.parametrize("escapes", [0, 1, 2, 3])
def test_json_stays_json_however_often_escaped(
    shared: Redactor, rng: random.Random, escapes: int
) -> None:
    """A tool's output holds JSON in JSON; each layer still parses afterwards."""
    secret = drawn(ALNUM, 32, rng)
    text = json.dumps({"api_key": secret, "path": "C:\\temp", "n": [1, 2]})
    for _ in range(escapes):
        text = json.dumps({"body": text})
    result = shared.redact(text)
    assert secret not in result
    for _ in range(escapes):
        result = json.loads(result)["body"]
    assert PLACEHOLDER.fullmatch(json.loads(result)["api_key"])


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ({"password": "sunshine"}, "sunshine"),
        ({"db": {"PASSWORD": "a b1 c"}}, "a b1 c"),
        ({"apiKey": "x1y2z3w4v5"}, "x1y2z3w4v5"),
        ({"headers": {"Authorization": "Bearer abc123def"}}, "abc123def"),
        ({"headers": {"cookie": "sid=abcdefgh"}}, "abcdefgh"),
        ({"passwords": ["hunter22", "sw0rdfish"]}, "sw0rdfish"),
        ({"env": [{"name": "DB_PASSWORD", "value": "hunter22"}]}, "hunter22"),
        ({"argv": ["tool", "--password", "hunter22"]}, "hunter22"),
        ({"pin": 48_213}, "48213"),
        ({"db_password": {"sensitive": True, "value": "hunter22"}}, "hunter22"),
    ],
)
def test_a_key_makes_its_value_secret(shared: Redactor, value: JsonValue, secret: str) -> None:
    """Under a name that says so, a value is secret whatever it looks like."""
    assert secret not in json.dumps(shared.redact_value(value))


@pytest.mark.parametrize(
    "value",
    [
        {"password": ""},
        {"password": None},
        {"password": {"type": "string"}},
        {"password": "${DB_PASSWORD}"},
        {"password": "********"},
        {"api_key": "YOUR_API_KEY"},
        {"max_tokens": 4096},
        {"token": 7},
        {"token_type": "bearer"},
        {"publicKey": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"},
        {"tool_use_id": "toolu_01AbCdEfGhIjKlMnOpQrStUv"},
        {"name": "colour", "value": "blue-1234"},
        {"argv": ["tool", "--token-file", "/run/token"]},
    ],
)
def test_a_key_alone_makes_nothing_secret(shared: Redactor, value: JsonValue) -> None:
    """Dummy values, types, counts, ids and paths stay readable under any name."""
    assert shared.redact_value(value) == value


def test_keys_are_redacted_too(shared: Redactor, rng: random.Random) -> None:
    """A secret used as a key is a secret."""
    secret = token("sk-ant-api03-{w:93}AA", rng)
    assert secret not in json.dumps(shared.redact_value({"seen": {secret: 1}}))


def test_a_string_is_read_apart_from_its_neighbours(shared: Redactor) -> None:
    """The one scan over all strings joins nothing that the value keeps apart."""
    value: JsonValue = {"a": "the password is", "b": "hunter22 and more"}
    assert shared.redact_value(value) == value


def test_what_is_nested_too_deep_is_replaced_unread(shared: Redactor) -> None:
    """A value built to exhaust the stack neither stops the pipeline nor passes."""
    value: JsonValue = "password=hunter22"
    for _ in range(2000):
        value = {"a": [value]}
    result = json.dumps(shared.redact_value([{"note": "kept"}, value]))
    assert "kept" in result
    assert "[REDACTED:nested:" in result
    assert "hunter22" not in result


def test_surrogates_pass(shared: Redactor) -> None:
    """JSON can hold half a character; it comes back as it was."""
    assert shared.redact("\ud800 password=hunter22").startswith("\ud800 password=[REDACTED:")


@pytest.mark.parametrize("encoding", ["plain", "json", "url", "base64", "inside base64"])
def test_a_known_value_is_removed_in_every_encoding(encoding: str) -> None:
    """A value from a secret file is found wherever and however it occurs."""
    import base64  # noqa: PLC0415 - only here
    from urllib.parse import quote  # noqa: PLC0415 - as above

    value = 'blue "owl" & co/7'
    here = build_redactor()
    here.add_known(value, "file")
    written = {
        "plain": value,
        "json": json.dumps(value)[1:-1],
        "url": quote(value, safe=""),
        "base64": base64.b64encode(value.encode()).decode(),
        "inside base64": base64.b64encode(f"x{value}yz".encode()).decode()[2:-4],
    }[encoding]
    result = here.redact(f"seen {written} again")
    assert "[REDACTED:file:" in result
    assert written[4:-4] not in result


def test_known_values_are_passed_at_once_or_added_later() -> None:
    """The environment is known at the start, files as they are read."""
    here = build_redactor(known={"blueowlflies": "env"})
    assert here.redact("x blueowlflies x") != "x blueowlflies x"
    assert here.redact("x redowlflies x") == "x redowlflies x"
    here.add_known("redowlflies", "file")
    assert PLACEHOLDER.sub("", here.redact("x redowlflies x")) == "x  x"
    here.add_known("abc", "file")
    assert here.redact("abc") == "abc"


def test_the_users_patterns_are_added() -> None:
    """A pattern of the configuration removes what it matches, with a kind of its own."""
    here = build_redactor(patterns=[r"ACME-\d{6}"])
    assert PLACEHOLDER.sub("<\\1>", here.redact("see ACME-123456 there")) == "see <custom> there"
    assert here.redact_value(["ACME-123456"]) != ["ACME-123456"]


def test_what_the_user_allows_stays() -> None:
    """An allowance must match the secret whole, so that a short one lets nothing through."""
    here = build_redactor(allow=[r"hunter\d+"])
    assert here.redact("password=hunter22") == "password=hunter22"
    assert here.redact("password=hunter22x") != "password=hunter22x"


@pytest.mark.parametrize("pattern", ["(", "a*", "(a+)+b", "((x*)y)*", "[z-a]"])
@pytest.mark.parametrize("setting", ["patterns", "allow"])
def test_a_bad_pattern_is_named(pattern: str, setting: str) -> None:
    """An invalid pattern, or one that matches nothing or could take forever, is an error."""
    with pytest.raises(ConfigError) as caught:
        Redactor(key=b"k", **{setting: [pattern]})  # type: ignore[arg-type]
    assert pattern in str(caught.value)
    assert f"redact.{setting}" in str(caught.value)


def test_it_fails_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A redactor that cannot be built is an error, never one that lets everything pass."""

    def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("no engine")

    monkeypatch.setattr(scanner, "build", broken)
    with pytest.raises(RedactorUnavailable, match="no engine"):
        Redactor(key=b"k")


def test_compiled_rules_are_kept_in_the_callers_folder(tmp_path: Path) -> None:
    """A second start loads them; a damaged file or a missing folder is not a failure."""
    pytest.importorskip("hyperscan")
    triggers = [scanner.Trigger("ab[0-9]", is_caseless=False)]
    first = scanner.build(triggers, cache=tmp_path).scan(b"ab1")
    (kept,) = tmp_path.glob("rules-*.hs")
    assert scanner.build(triggers, cache=tmp_path).scan(b"ab1") == first
    kept.write_bytes(b"damaged")
    assert scanner.build(triggers, cache=tmp_path).scan(b"ab1") == first
    assert scanner.build(triggers, cache=tmp_path / "missing").scan(b"ab1") == first


def test_a_secret_goes_whole_when_rules_overlap(shared: Redactor, rng: random.Random) -> None:
    """A token inside a longer value leaves no edges behind, and no placeholder in a placeholder."""
    secret = f"{drawn(HEX, 12, rng)}{token('ghp_{a:36}', rng)}{drawn(HEX, 12, rng)}"
    result = shared.redact(f'{{"password": "{secret}"}}')
    assert PLACEHOLDER.sub("#", result) == '{"password": "#"}'


@pytest.mark.parametrize("before", [0, 1 << 20, (1 << 20) - 20, 7 << 17])
def test_a_long_text_is_read_whole(shared: Redactor, rng: random.Random, before: int) -> None:
    """It is read in pieces, whose edges neither hide a secret nor make one."""
    secret = token("ghp_{a:36}", rng)
    text = "x " * (before // 2) + f"{secret}\npassword=hunter22 " + "x " * (1 << 20)
    assert PLACEHOLDER.sub("#", shared.redact(text)) == text.replace(secret, "#").replace(
        "hunter22", "#"
    )
    assert shared.redact_value(["a", text]) == ["a", shared.redact(text)]


def test_long_work_can_be_paused(rng: random.Random) -> None:
    """Whoever needs the redactor meanwhile can have it, and it forgets nothing of the work."""
    here = build_redactor()
    paused: list[str] = []

    def use() -> None:
        here.set_pause(lambda: None)
        here.add_known("blue owl flies", "file")
        paused.append(here.redact(f"{token('npm_{a:36}', rng)} blue owl flies"))

    here.set_pause(use)
    assert here.redact_value([{"a": "password=hunter22"}, "x"]) != [{"a": "password=hunter22"}, "x"]
    assert PLACEHOLDER.sub("#", paused[0]) == "# #"
    assert here.redact_value([{"blue owl flies": 1}]) != [{"blue owl flies": 1}]


@pytest.mark.parametrize("secret", ["", "hunter22-"], ids=["innocent", "secret"])
def test_a_container_of_many_members_is_left_often(secret: str) -> None:
    """However many members it has, no more than some are read between two pauses."""
    here = build_redactor()
    calls = most = 0

    def count(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls  # one scan is of a bounded part of the row
        calls += event == "call" and frame.f_code.co_name != "on_match"

    def pause() -> None:
        nonlocal calls, most
        calls, most = 0, max(calls, most)

    here.set_pause(pause)
    row: dict[str, JsonValue] = {
        f"password{number}": f"{secret}{number % 10}" for number in range(12_000)
    }
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        here.redact_value([row, [{key: 1} for key in list(row)[:4_000]]])
    finally:
        sys.setprofile(before)
    assert 0 < max(most, calls) < len(row)


def test_a_pause_may_change_what_keys_are_known() -> None:
    """Keys that are forgotten or found meanwhile are still those of the value that is read."""
    here = build_redactor()
    others = iter(range(1_000_000))

    def use() -> None:
        here.set_pause(lambda: None)
        here.redact_value({"name": 1, f"other{next(others)}": 2})
        here.redact_value({f"other{next(others)}": 1 for _ in range(50)})
        if next(others) % 3 == 0:
            here.add_known(f"blue owl {next(others)}", "file")
        here.set_pause(use)

    here.set_pause(use)
    rows: list[JsonValue] = [
        {"name": "a", "note": "password=hunter22", f"k{n % 90}": "b"} for n in range(500)
    ]
    for row, redacted in zip(rows, json.loads(json.dumps(here.redact_value(rows))), strict=True):
        assert isinstance(row, dict)
        assert list(redacted) == list(row)
        assert PLACEHOLDER.sub("#", redacted["note"]) == "password=#"
        assert {redacted[key] for key in row if key != "note"} == {"a", "b"}


@pytest.mark.parametrize("option", ["--token", "--password", "--secret "])
def test_an_option_is_not_a_comment(option: str) -> None:
    """What is before it is not the value that it speaks of; after two hyphens a comment has one."""
    value = "Rk4mTz81qLw0"
    assert build_redactor().redact(f"deploy {value} now {option}") == f"deploy {value} now {option}"
    assert value not in build_redactor().redact(f"SELECT '{value}' -- {option.strip(' -')}")


@pytest.mark.parametrize("mark", [">", "|-", ""])
def test_a_long_dotted_name_keeps_its_block_secret(mark: str) -> None:
    """Settings of frameworks have names of many parts."""
    name = (
        "spring.cloud.stream.binders.orders-kafka.environment.spring.kafka.ssl.key-store-password"
    )
    text = f"{name}: {mark}\n  Rk4mTz81qLw\n"
    assert "Rk4mTz81qLw" not in build_redactor().redact(text)
