"""Which calls disclose secrets to a conversation, and which values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.privacy.known.secret_reads import MAX_VALUES, classify_call, disclosed_values

if TYPE_CHECKING:
    from ccsync_watch.model import JsonValue

VALUE = "tuv8-Qx4w-9zzP"


@pytest.mark.parametrize(
    "command",
    [
        "cat .env",
        "cat -n ./app/.env.production",
        "sudo cat /root/.ssh/id_rsa",
        "cd app && cat .env",
        "LANG=C cat '.env'",
        "ls; head -3 ~/.aws/credentials | tail -1",
        "/bin/cat ~/.netrc",
        "grep PASS .env",
        "base64 server.key",
        "wc -l < .env",
        "X=$(cat .env)",
        "while read x\ndo echo $x\ndone <.env",
    ],
)
def test_a_command_that_shows_a_secret_file_reads_secrets(command: str) -> None:
    """Whatever precedes it, and wherever in the line."""
    assert classify_call("Bash", {"command": command}) == "secrets"


@pytest.mark.parametrize(
    "command", ["env", "printenv", "export -p", "set", "env | sort", "A=1 env"]
)
def test_a_command_that_lists_variables_is_recognised(command: str) -> None:
    """Its output is kept, without the secrets in it."""
    assert classify_call("Bash", {"command": command}) == "variables"


@pytest.mark.parametrize(
    "command",
    [
        "cat README.md",
        "cat .env.example",
        "docker run --env-file .env app",
        "source .env && npm test",
        "git add .env",
        "chmod 600 ~/.ssh/id_rsa",
        "env FOO=1 make test",
        "echo cat",
        "",
        "''",
    ],
)
def test_other_commands_read_anything(command: str) -> None:
    """Their output is what the user works with: it is kept."""
    assert classify_call("Bash", {"command": command}) == "anything"


def test_a_tool_that_names_a_secret_file_reads_secrets() -> None:
    """Whatever the tool is called."""
    assert classify_call("Read", {"file_path": "/app/.env"}) == "secrets"
    assert classify_call("mcp__fs__get", {"path": "C:\\app\\credentials.json"}) == "secrets"
    assert classify_call("Grep", {"pattern": "x", "path": "/app/.env"}) == "secrets"
    assert classify_call("Grep", {"pattern": "x", "glob": ".env"}) == "secrets"
    assert classify_call("Read", {"file_path": "/app/main.py"}) == "anything"
    assert classify_call("Read", None) == "anything"
    assert classify_call("Bash", {"command": 7}) == "anything"
    assert classify_call("mcp__shell__run", {"cmd": "cat .env"}) == "secrets"
    assert classify_call("mcp__shell__run", {"command": ["cat", "a b/.env"]}) == "secrets"
    assert classify_call("mcp__shell__run", {"command": "cat", "args": [".env"]}) == "secrets"
    assert classify_call("mcp__shell__run", {"command": "ls", "args": ["-l", 7]}) == "anything"
    assert classify_call("mcp__shell__run", {"command": [], "args": ["-l"]}) == "anything"
    assert classify_call("Grep", {"pattern": "x", "glob": ".env*"}) == "secrets"
    assert classify_call("Grep", {"pattern": "x", "glob": "*.json"}) == "anything"
    assert classify_call("mcp__browser__eval", {"function": "() => localStorage"}) == "secrets"
    assert classify_call("mcp__browser__eval", {"function": "() => 1"}) == "anything"


@pytest.mark.parametrize(
    "tool",
    ["mcp__aws__get_secret_value", "mcp__op__read_password", "mcp__browser__list_cookies"],
)
def test_a_server_s_tool_that_returns_secrets_is_known_by_its_name(tool: str) -> None:
    """Its arguments say nothing of it."""
    assert classify_call(tool, {"id": "x"}) == "secrets"


@pytest.mark.parametrize(
    "tool", ["mcp__figma__get_design_tokens", "mcp__x__set_secret", "mcp__secret__list_pages"]
)
def test_other_tools_of_servers_read_anything(tool: str) -> None:
    """Also those of a server that is named like a secret."""
    assert classify_call(tool, {"id": "x"}) == "anything"


@pytest.mark.parametrize(
    "text",
    [
        f"PORT=80\nDB_PASSWORD={VALUE}\n",
        f"     1\tPORT=80\n     2\tDB_PASSWORD={VALUE}\n",
        f"     2→DB_PASSWORD={VALUE}\n",
        f"12:DB_PASSWORD={VALUE}",
        f'export API_TOKEN="{VALUE}"',
        f'{{\n  "client_secret": "{VALUE}",\n  "port": 80\n}}',
        f"machine x login y password {VALUE}",
        f"\n{VALUE}\n",
    ],
)
def test_the_values_of_secrets_are_disclosed(text: str) -> None:
    """As they appear in files, numbered listings and searches."""
    assert list(disclosed_values(text)) == [VALUE]


def test_the_lines_of_a_private_key_are_disclosed() -> None:
    """One of them alone reveals much of the key."""
    lines = ["MIIEowIBAAKCAQEA" + "x4Tz9Qw7" * 6, "Zk3Lm8Np" * 8]
    text = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----"])
    assert list(disclosed_values(text)) == lines


@pytest.mark.parametrize(
    "text", ["", "PORT=80\nHOST=localhost\n", "hello world", "true", "x" * 300_000, "12345678"]
)
def test_text_without_secrets_discloses_nothing(text: str) -> None:
    """A value would be removed everywhere."""
    assert disclosed_values(text) == {}


def test_of_variables_only_named_ones_are_secrets() -> None:
    """Others are what the user works with."""
    text = f"API_TOKEN={VALUE}\nOTHER=b7Kq2mX9pL4vRt8sWz1c\n"
    assert list(disclosed_values(text, "variables")) == [VALUE]


def test_a_long_value_is_known_in_pieces() -> None:
    """An engine rejects a pattern of many thousand characters."""
    value = "".join(f"{number:x}Qz" for number in range(1000, 1700))
    for text in (value, f"API_TOKEN={value}"):
        pieces = disclosed_values(text)
        assert max(map(len, pieces)) == 1000
        assert "".join(pieces) == value


def test_the_number_of_values_of_one_file_is_limited() -> None:
    """A dump of thousands would be searched in every line."""
    text = "\n".join(f"A{number}_TOKEN=q8Wz{number:06}Kp" for number in range(1000))
    assert len(disclosed_values(text)) == MAX_VALUES


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("mcp__files__read_many", {"paths": ["/app/main.py", "/app/.env"]}),
        ("mcp__files__read", {"uri": "file:///app/.env"}),
        ("ReadMcpResourceTool", {"server": "files", "uri": "file:///app/.env"}),
        ("mcp__shell__run", {"argv": ["head", "-3", ".env"]}),
        ("mcp__ssh__exec", {"cmdString": "cat .env"}),
        ("mcp__1password__op_item_get", {"item": "db"}),
        ("mcp__hashicorp__vault_read", {"path": "kv/db"}),
        ("mcp__kube__kubectl_get", {"resourceType": "Secret", "name": "db"}),
    ],
)
def test_a_server_names_files_and_commands_in_its_own_way(
    name: str, arguments: dict[str, JsonValue]
) -> None:
    """Lists, addresses, and words for a command line."""
    assert classify_call(name, arguments) == "secrets"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("mcp__files__read_many", {"paths": ["/app/main.py", 7]}),
        ("mcp__fetch__get", {"uri": "https://example.com/docs/credentials"}),
        ("mcp__notes__get_vault_file", {"path": "todo.md"}),
        ("mcp__kube__kubectl_get", {"resourceType": "pods"}),
        ("WebFetch", {"url": "https://example.com/docs/credentials"}),
    ],
)
def test_other_calls_of_servers_stay_visible(name: str, arguments: dict[str, JsonValue]) -> None:
    """A page about credentials holds none."""
    assert classify_call(name, arguments) == "anything"
