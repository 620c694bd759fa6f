"""The values in what commands print that print secrets."""

from __future__ import annotations

import pytest

from ccsync_watch.privacy.known.printed_values import decoded_values, drawn_values, printed_values

VALUE = "tuv8-Qx4w-9zzP"
TOKEN = "b7Kq2mX9pL4vRt8sWz1c"
UUID = "3f2b8a10-1111-2222-3333-444455556666"


@pytest.mark.parametrize(
    "text",
    [
        VALUE,
        f"{VALUE}\nusername: bob\nurl: https://x.example\n",
        f"\x1b[32m{VALUE}\x1b[0m\n",
        f"Key         Value\n---         -----\npassword    {VALUE}\nttl         768h",
        f"Key\tValue\nusername\tappuser\npassword\t{VALUE}",
        f"| name | password |\n|---|---|\n| bob | {VALUE} |",
        f"Name         SlotSetting  Value\nDB_PASSWORD  False        {VALUE}\nNODE  False  18",
        f"name,password\nbob,{VALUE}",
        f'"name","password"\n"bob","{VALUE}"',
        f"export API_TOKEN='{VALUE}'",
        f'declare -x FOO_SECRET="{VALUE}"\ndeclare -x HOME="/root"',
        f"set -gx API_TOKEN {VALUE}\nAPI_TOKEN={VALUE}",
        f'db_password = "{VALUE}"\nurl = "https://x.example.com/path"',
        f'{{"name": "bob", "password": "{VALUE}"}}',
        f'[{{"name": "DB_PASSWORD", "value": "{VALUE}"}}, {{"name": "NODE", "value": "~18"}}]',
        f'{{"SecretString": "{{\\"password\\": \\"{VALUE}\\"}}", "VersionId": "{UUID}"}}',
        f'{{"data": {{"data": {{"password": "{VALUE}"}}, "metadata": {{"version": 1}}}}}}',
        f'[{{"Config": {{"Env": ["PATH=/bin", "DB_PASSWORD={VALUE}"]}}}}]',
        f"  - Token: {VALUE}\n  - Scopes: 'repo'",
        f"-DB_PASSWORD={VALUE}\n context\n+PORT=80",
        f"github.com: {VALUE}\npassword: {VALUE}",
    ],
)
def test_a_value_is_recognised_by_its_place(text: str) -> None:
    """And nothing around it is."""
    assert printed_values(text) == {VALUE}


@pytest.mark.parametrize(
    "text",
    [
        f"NAME         VALUE\nSTRIPE_LIVE  {TOKEN}\nAPP_ENV      production",
        f"┌─────┬─────┐\n│ NAME │ VALUE │\n├─────┼─────┤\n│ LIVE │ {TOKEN} │\n└─────┴─────┘",
        f"ANYTHING={TOKEN}\nPORT=80\nREGION=eu-west-1\nBUILD_ID=f{TOKEN[1:15]}",
        f"hello {TOKEN} world\nand more",
        f"one\ntwo\n{TOKEN}\nthree",
        f'{{"items": [{{"x": "{TOKEN}"}}]}}',
        f"interface: wg0\n  public key: A{TOKEN}\n  private key: {TOKEN}",
    ],
)
def test_what_looks_random_is_a_value(text: str) -> None:
    """Such a command prints secrets under any name."""
    assert printed_values(text) == {TOKEN}


def test_what_a_value_is_base64_of_is_known_too() -> None:
    """As in a Secret of Kubernetes; but not a name in it."""
    text = "data:\n  DB_PASS: dHV2OC1ReDR3LTl6elA=\n  user: YWRtaW4=\nkind: Secret"
    assert printed_values(text) == {VALUE, "dHV2OC1ReDR3LTl6elA="}
    text = '{"data": {"p": "dHV2OC1ReDR3LTl6elA=", "user": "YWRtaW4="}, "kind": "Secret"}'
    assert printed_values(text) == {VALUE, "dHV2OC1ReDR3LTl6elA="}


def test_what_a_command_decodes_is_known_before_it_is_printed() -> None:
    """Its base64 stands in the command."""
    assert decoded_values("echo dHV2OC1ReDR3LTl6elA= | base64 -d") == {VALUE}
    assert decoded_values("echo dHV2OC1ReDR3LTl6elA= | cat") == set()
    assert decoded_values("base64 -d image.txt") == set()


def test_a_passphrase_stands_alone() -> None:
    """Of words, as generators print it."""
    assert printed_values("correct horse battery staple\n") == {"correct horse battery staple"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "true",
        "/usr/bin/pass",
        "README.md",
        "https://x.example/path",
        "item not found",
        "Permission denied",
        'Error: pass store is empty. Try "pass init".',
        "PORT=80\nHOST=localhost\nREGION=eu-west-1\nLOG_LEVEL=debug",
        f"uid: {UUID}\nid: {UUID}",
        "commit 4ab9f1d2c3e4f5a6b7c8d9e0f1a2b3c4d5e6f708\nAuthor: Jo <jo@x.example>",
        '{"name": "prod/db", "arn": "arn:aws:secretsmanager:eu:1:secret:x-AbCdEf"}',
        "MODEL=claude-3-5-sonnet-20241022\nQUEUE=default_queue_v2\nCRON='0 5 * * *'",
        "NAME   VALUE\nAPP    production\nTIER   standard",
        "{not json",
        "[" * 50_000,
        "[" * 50 + "]" * 50,
    ],
)
def test_other_output_has_no_values(text: str) -> None:
    """A value would be removed everywhere."""
    assert printed_values(text) == set()


@pytest.mark.parametrize(
    ("value", "is_known"),
    [
        ("092cef0bedfc13429e460ff6fed57afa", True),
        ("EKIS8cCYN/DqleCcHsxo1YEMI0uvGGIUhu3VqjoJ", True),
        ("registry.io/a1b2c3/app:1.2.3", False),
        ("my-app-prod-eu1-v2-x3", False),
    ],
)
def test_a_mixed_value_under_a_plain_name_is_known(value: str, *, is_known: bool) -> None:
    """Also one that happens to hold syllables."""
    assert (value in printed_values(f"SIGNING={value}")) is is_known


@pytest.mark.parametrize("name", ["_", "__1", "_1.2", "1", "é"])
def test_a_name_without_a_letter_is_read_as_any_other(name: str) -> None:
    """It says nothing of its value; an error here would keep the whole session from the store."""
    text = f"{name}: aB3xY9kQ2mZp\nvault_mysql_root: a7SnNFxD2yQ9"
    assert drawn_values(text) == {"a7SnNFxD2yQ9"}
    assert printed_values(text) == {"a7SnNFxD2yQ9"}
