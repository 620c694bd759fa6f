"""Which calls bring secrets into a conversation, and which values those are."""

from __future__ import annotations

import pytest

from ccsync_watch.privacy.known.secret_reads import MAX_VALUES, reads, values_told

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
    """Whatever stands before it, and wherever in the line."""
    assert reads("Bash", {"command": command}) == "secrets"


@pytest.mark.parametrize(
    "command", ["env", "printenv", "export -p", "set", "env | sort", "A=1 env"]
)
def test_a_command_that_lists_variables_is_known(command: str) -> None:
    """Its output is shown, without what is secret in it."""
    assert reads("Bash", {"command": command}) == "variables"


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
    """Their output is what the user works with: it stays."""
    assert reads("Bash", {"command": command}) == "anything"


def test_tools_of_files_tell_by_their_path() -> None:
    """Whatever the tool is called."""
    assert reads("Read", {"file_path": "/app/.env"}) == "secrets"
    assert reads("mcp__fs__get", {"path": "C:\\app\\credentials.json"}) == "secrets"
    assert reads("Grep", {"pattern": "x", "path": "/app/.env"}) == "secrets"
    assert reads("Grep", {"pattern": "x", "glob": ".env"}) == "secrets"
    assert reads("Read", {"file_path": "/app/main.py"}) == "anything"
    assert reads("Read", None) == "anything"
    assert reads("Bash", {"command": ["cat", ".env"]}) == "anything"


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
def test_the_values_of_secrets_are_told(text: str) -> None:
    """As files, numbered listings and searches show them."""
    assert list(values_told(text)) == [VALUE]


def test_the_lines_of_a_private_key_are_told() -> None:
    """One of them alone gives much of the key away."""
    lines = ["MIIEowIBAAKCAQEA" + "x4Tz9Qw7" * 6, "Zk3Lm8Np" * 8]
    text = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----"])
    assert list(values_told(text)) == lines


@pytest.mark.parametrize(
    "text", ["", "PORT=80\nHOST=localhost\n", "hello world", "true", "x" * 300_000, "12345678"]
)
def test_what_is_no_secret_is_not_told(text: str) -> None:
    """It would be removed from everywhere."""
    assert values_told(text) == {}


def test_no_more_than_a_file_of_credentials_holds_is_told() -> None:
    """A dump of thousands would be looked for in every line."""
    text = "\n".join(f"A{number}_TOKEN=q8Wz{number:06}Kp" for number in range(1000))
    assert len(values_told(text)) == MAX_VALUES
