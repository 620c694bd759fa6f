"""Finds what commands printed that print secrets, in a terminal's session that was pasted.

A line is a command if a shell's prompt is before it. What it prints is read by
`known.command_lines`; the values in the lines below are those that `known.printed_values` finds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccsync_watch.privacy.engine.rank import Rank
from ccsync_watch.privacy.engine.spans import Span
from ccsync_watch.privacy.engine.structural_rule import (
    StructuralRule,
    at_each_hit,
)
from ccsync_watch.privacy.heuristics.gibberish import is_drawn
from ccsync_watch.privacy.heuristics.password_forms import is_positional_secret
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.known.command_lines.command_reader import read_command
from ccsync_watch.privacy.known.printed_values import drawn_values, printed_values

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_PROMPT = 120
_LONGEST_COMMAND = 512
_LONGEST_OUTPUT = 2048
_MOST_LINES = 24
_SIGN = r"(?:[$%]|\xe2\x9d\xaf|\xe2\x9e\x9c|[a-z0-9_-]{1,40}@[^\s]{1,60}#|ps [^>\n]{1,80}>)"
_DOS = r"[a-z]:\\[^>\n]{0,80}>"
_SIGN_END = r"(?:[$%]|[^\s]#|[^\s-]>|\xe2\x9d\xaf|\xe2\x9e\x9c)"
"""What a prompt ends with: enough for the scan, without comments and arrows."""
_PROGRAM = (
    r"(?:sudo )?(?:pass|gopass|op|bw|rbw|lpass|security|secret-tool|"
    r"keyring|vault|bao|aws|gcloud|az|doppler|infisical|chamber|conjur|credstash|sops|age|gpg|"
    r"ansible-vault|gh|glab|doctl|fly|flyctl|heroku|netlify|railway|npm|kubectl|oc|argocd|"
    r"headscale|nomad|kubeadm|age-keygen|supabase|vercel|wrangler|convex|influx|rclone|step|passage|"
    r"bws|apg|mix|composer|rbw|tailscale|hcloud|scw|eksctl|aws-vault|k3s|bin/console|caddy|"
    r"terraform|tofu|pulumi|docker|podman|wg|openssl|pwgen|mkpasswd|htpasswd|consul|etcdctl|"
    r"redis-cli|rails|bin/rails|bundle|php|python3?|node|ruby|ssh|cat|head|tail|less|bat|grep|"
    r"echo|printf|printenv|base64|Get-Content|gc|type|git|bash|sh|keepassxc-cli|dotenvx?|"
    r"diceware|xkcdpass|makepasswd|gpw|pwqgen|pwmake|genpass|passgen|slappasswd|rndc-confgen|"
    r"tsig-keygen|kwallet-query|kwalletcli|dcli|nordpass|protonpass|pass-cli|spass|nmcli|netsh|"
    r"elasticsearch-[a-z-]{8,24}|bin/elasticsearch-[a-z-]{8,24}|plesk|tr|dd|xxd|od|strings|jq|yq|"
    r"psql|mysql|sqlite3|eb|cf|dokku|sst|stripe|turso|pscale|neonctl|databricks|airflow|flux|helm|"
    r"talosctl|k3d|k0s|systemd-creds|keyctl|virsh|defaults|reg|mise|direnv|chezmoi|eyaml|ejson|"
    r"teller|akeyless|phase|keeper|ksm|berglas|oci|ibmcloud|yc|aliyun|confluent|ngrok|cloudflared|"
    r"tctl|snow|huggingface-cli|hf|buildkite-agent|pip|poetry|dotnet|symfony|wp|drush|"
    r"solana-keygen|cast|geth|jwt|certutil|make|firebase|bitcoin-cli|ykman|oathtool|totp-cli|"
    r"mintotp|rabbitmqctl|ldapsearch|sed|awk|cut|xargs|find|env|cp|wsl|powershell|pwsh)"
)
_PROMPT = re.compile(
    (
        rf"[ \t]{{0,8}}(?:(?:[^\n]{{0,80}}? )?[^\s]{{0,60}}?{_SIGN}[ \t]{{1,3}}|{_DOS}[ \t]{{0,3}})"
        r"(?P<command>[^\s][^\n]{0,511})"
    ).encode("latin-1"),
    re.IGNORECASE,
)
_PRINTERS = (
    r"(?:pass show|gopass show|lpass show|rbw get|bw get password|op read|secret-tool lookup|"
    r"keyring get|security find-(?:generic|internet)-password|headscale preauthkeys create|"
    r"argocd admin initial-password|heroku auth:token|yc iam create-token|gh auth token|"
    r"vault kv get|vault read|bao kv get|kubectl get secret|oc get secret|chamber read|"
    r"gcloud secrets versions access|gcloud auth print-access-token|az keyvault secret show|"
    r"aws secretsmanager get-secret-value|aws ssm get-parameter|kubeadm token create|"
    r"openssl rand|consul keygen|wg genkey|wg genpsk|mix phx\.gen\.secret|doppler secrets get|"
    r"infisical secrets get|terraform output -raw|"
    r"tofu output -raw|credstash get|fly auth token|flyctl auth token|rails secret|"
    r"ansible-vault view|ansible-vault decrypt|sops -d|sops --decrypt|sops decrypt|eyaml decrypt|"
    r"gpg -d|gpg --decrypt|age -d|age --decrypt|doppler secrets|chamber export|chamber env|"
    r"heroku config|bw get item|aws ssm get-parameters|"
    r"cat [\w./~-]{0,60}(?:\.env|secrets?|vault|credentials)[\w.-]{0,24})"
)
"""Commands that are recognised without a prompt: nothing else begins with these words."""
_PRINTER = re.compile(rf"[ \t]{{0,8}}(?P<command>{_PRINTERS}[ \n][^\n]{{0,511}})".encode())
_PRINTED_WORD = re.compile(rb"[^\s\"'`]{8,2048}(?=[ \r]{0,2}(?:\n|\Z))")
_ANY_PROMPT = re.compile(
    rf"[^\n]{{0,80}}{_SIGN}(?:[ \t]|\Z)|{_DOS}".encode("latin-1"), re.IGNORECASE
)
_FENCE = b"```"


@at_each_hit
def find_printed(data: bytes, end: int, since: int) -> Iterator[Span]:
    """Yield the values below a command that prints secrets; each line is read once."""
    low = max(0, end - _LONGEST_PROMPT - _LONGEST_COMMAND)
    start = data.rfind(b"\n", low, end) + 1
    if since > start or start < low:
        return
    line_end = data.find(b"\n", end, end + _LONGEST_COMMAND)
    match = _PROMPT.match(data, start, line_end) if line_end > 0 else None
    if match is None:
        return
    output_end = _output_end(data, line_end + 1)
    output = data[line_end + 1 : output_end].decode("utf-8", "replace")
    if not output.strip():
        return
    command = match["command"].decode("utf-8", "replace")
    if command.rstrip().endswith("\\") or read_command(command).reads != "secrets":
        return  # what follows a backslash is still the command
    yield from _spans_of(printed_values(output), data, line_end, output_end)


def _spans_of(values: set[str], data: bytes, start: int, stop: int) -> Iterator[Span]:
    """Yield where values are in a range."""
    for value in values:
        secret = value.encode("utf-8", "surrogatepass")
        at = data.find(secret, start, stop)
        while at >= 0:
            yield Span(at, at + len(secret), "secret", Rank.NAMED_FIELD)
            at = data.find(secret, at + len(secret), stop)


@at_each_hit
def find_printed_word(data: bytes, end: int, _since: int) -> Iterator[Span]:
    """Yield the only word below a command that prints a secret, though no prompt is before it.

    Or the values below that look drawn, whatever their names.
    """
    start = data.rfind(b"\n", max(0, end - _LONGEST_PROMPT), end - 1) + 1
    line_end = data.find(b"\n", end - 1, end + _LONGEST_COMMAND)
    command = _PRINTER.match(data, start, line_end + 1) if line_end >= 0 else None
    if command is None:
        return
    line = command["command"].decode("utf-8", "replace").rstrip()
    word = _PRINTED_WORD.match(data, line_end + 1)
    if line.endswith("\\") or read_command(line).reads != "secrets":
        return
    output_end = _output_end(data, line_end + 1)
    output = data[line_end + 1 : output_end].decode("utf-8", "replace")
    yield from _spans_of(drawn_values(output), data, line_end, output_end)
    value = word[0].decode("utf-8", "replace") if word else ""
    if word is not None and is_positional_secret(value) and (has_digit(value) or is_drawn(value)):
        yield Span(*word.span(), "secret", Rank.NAMED_FIELD)


def _output_end(data: bytes, start: int) -> int:
    """Return where the output ends: at a blank line, a fence, the next prompt, or far enough."""
    at = start
    limit = min(len(data), start + _LONGEST_OUTPUT)
    for _ in range(_MOST_LINES):
        line_end = data.find(b"\n", at, limit)
        line_end = limit if line_end < 0 else line_end
        line = data[at:line_end]
        if not line.strip() or line.lstrip().startswith(_FENCE) or _ANY_PROMPT.match(line):
            return at
        at = line_end + 1
        if at >= limit:
            return limit
    return at


RULES: tuple[StructuralRule, ...] = (
    StructuralRule(
        "secret",
        "what a command printed that prints secrets, in a pasted session",
        rf"{_SIGN_END} {_PROGRAM} ",
        find_printed,
        is_caseless=False,  # a tenth faster
    ),
    StructuralRule(
        "secret",
        "what a command printed that prints secrets, after a prompt of Windows",
        r"[\\\w]>(?:type|more) ",  # apart: joined with the other, the scan is a tenth slower
        find_printed,
        is_caseless=False,
    ),
    StructuralRule(
        "secret",
        "the only word that a command printed that prints a secret, without a prompt",
        rf"{_PRINTERS}[ \n]",
        find_printed_word,
        is_caseless=False,
    ),
)
