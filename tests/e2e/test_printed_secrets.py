"""Clean: of a hundred ways to print a secret, none shows one, with and without tool calls.

The real client runs them in a shell. Programs that are not installed are stubs, which print one
canary each time, in the form in which the program prints it; files and variables are real.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import pytest

from support.canaries import Canaries
from support.ccsync_program.program import Program
from support.ccsync_program.written_bytes import written_bytes
from support.claude_client.client import SKIP_PERMISSIONS
from support.claude_client.script import reply, say, sealed_prompt, tool
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.claude_client.client import ClaudeHome
    from support.claude_client.terminal import Terminal
    from support.opensync_double.server import OpenSyncDouble

pytestmark = pytest.mark.client

PRINTED = {
    "aws": lambda value: json.dumps({"SecretString": json.dumps({"password": value}), "Name": "x"}),
    "az": lambda value: json.dumps({"value": value, "name": "x"}),
    "docker": lambda value: f"HOSTNAME=c1\nDB_PASSWORD={value}",
    "doppler": lambda value: f"┌──────┬───────┐\n│ NAME │ VALUE │\n│ LIVE │ {value} │\n└──────┘",
    "heroku": lambda value: f"=== app Config Vars\nDB_PASSWORD: {value}",
    "kubectl": lambda value: f"data:\n  password: {_base64(value)}\nkind: Secret",
    "terraform": lambda value: f'db_password = "{value}"\nregion = "eu"',
    "vault": lambda value: f"Key         Value\n---         -----\npassword    {value}",
}
"""What the stubs print; others the value alone."""

OF_STUBS = """
pass show github
pass show web/mail | head -1
gopass show -o db
op read op://Private/db/password
op item get db --reveal --fields label=password
bw get password github
rbw get github
lpass show --password x
security find-generic-password -w -s x
secret-tool lookup service x
keyring get system user
vault kv get secret/db
vault kv get -field=password secret/db
vault read database/creds/app
aws secretsmanager get-secret-value --secret-id db
aws ssm get-parameter --name /x --with-decryption
aws configure get aws_secret_access_key
aws --profile p ecr get-login-password | cat
gcloud secrets versions access latest --secret=db
gcloud auth print-access-token
az keyvault secret show --name x --vault-name v
az account get-access-token
doppler secrets
doppler run -- printenv DB_PASSWORD
infisical export
chamber read svc key
sops -d secrets.yaml
age -d -i key.txt file.age
gpg --decrypt file.gpg 2>/dev/null
ansible-vault view vault.yml
gh auth token
gh auth status --show-token
glab config get token
doctl auth token
flyctl auth token
heroku config
heroku config:get DB
npm config get //registry.npmjs.org/:_authToken
netlify env:get KEY
railway variables
kubectl get secret db -o yaml
kubectl get secret db -o jsonpath='{.data.password}'
kubectl exec deploy/api -- cat /srv/.env
kubectl create token sa
argocd admin initial-password
terraform output
terraform output -raw db_password
pulumi config get db:password
docker inspect web
docker exec web printenv
docker exec -it web sh -c 'cat /srv/.env'
docker compose config
wg genkey
openssl rand -hex 32
openssl genpkey -algorithm ed25519
openssl enc -d -aes-256-cbc -in x
pwgen 20 1
mkpasswd -m sha-512
consul kv get app/db
etcdctl get /app/password
redis-cli CONFIG GET requirepass
psql -c 'select * from pg_shadow'
rails credentials:show
ssh host 'cat /srv/app/.env'
ssh host printenv API_KEY
sudo cat /root/.netrc
powershell -Command "Get-Content .env"
echo "$(gh auth token)"
T=$(pass show x); echo "it is $T"
cat <(op read op://a/b/c)
bash -c 'pass show x'
pass show y > note.txt; cat note.txt
gh auth token | tee t.txt
true && (vault print token)
""".strip().splitlines()

OF_FILES = """
cat {}
cat < {}
head -5 {}
tail -n 3 {} | cat
sed -n 1,5p {}
awk -F= '{{print $2}}' {}
cut -d= -f2 {}
grep PASSWORD {}
sort {} | uniq
od -c {} && cat {}
tac {}
nl {}
strings {} || cat {}
dd if={} 2>/dev/null
python3 -c "print(open('{}').read())"
perl -pe '' {}
bash -c 'cat {}'
sh -c "cat {}"
eval "cat {}"
cp {} copy.txt && cat copy.txt
f={}; cat "$f"
for f in {}; do cat "$f"; done
find . -path './{}' -exec cat {{}} +
find . -path './{}' | xargs cat
while read -r line; do echo "$line"; done < {}
echo "$(<{})"
echo `cat {}`
(cat {})
cat $(dirname {})/.en*
cat $(dirname {})/.e?v
diff {} /dev/null
git show HEAD:{}
git diff --no-index /dev/null {}
git log -p -- {}
git blame {}
timeout 5 cat {}
env A=b cat {}
curl -s file://$PWD/{}
tar -cf - {} | tar -xOf - {}
cat <<< "$(cat {})"
""".strip().splitlines()
"""Of a file of its own each."""

OF_VARIABLES = """
echo ${}
echo "is ${{{}}}"
printf '%s\\n' "${}"
printenv {}
python3 -c "import os; print(os.environ['{}'])"
cat <<< "${}"
echo ${} | rev | rev
bash -c 'echo ${}'
env | grep {}
set | grep ^{}
""".strip().splitlines()
"""Of a variable of its own each."""

TYPED = ("pass show typed", "gh auth token")
"""In the user's own shell."""
STUB = """#!/bin/sh
# Print the next text of this program's folder.
for file in "$STUBS/{0}"/*; do
  mv "$file" "$STUBS/used/{0}-${{file##*/}}" 2>/dev/null && exec cat "$STUBS/used/{0}-${{file##*/}}"
done
"""


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _stubbed(line: str, programs: set[str]) -> str:
    """Return the stub that a line runs: the first of its words that is one."""
    words = line.replace("(", " ").replace('"', " ").replace("'", " ").split()
    return next(word for word in words if word in programs)


def _programs() -> set[str]:
    words = shlex.split(" ".join(OF_STUBS).replace("'", "").replace('"', ""), posix=False)
    return set(words) & {line.split()[0] for line in OF_STUBS} - {"echo", "cat", "bash", "true"}


def _write_stubs(folder: Path, canaries: Canaries, lines: list[str]) -> None:
    """Write a stub for each program, with as many canaries as the lines print."""
    programs = _programs()
    (folder / "bin").mkdir(parents=True)
    (folder / "used").mkdir()
    for program, count in Counter(_stubbed(line, programs) for line in lines).items():
        stub = folder / "bin" / program
        stub.write_text(STUB.format(program))
        stub.chmod(0o755)
        (folder / program).mkdir()
        for number in range(count):
            text = PRINTED.get(program, str)(canaries.password())
            (folder / program / f"{number:03}").write_text(f"{text}\n")


def _write_files(folder: Path, canaries: Canaries) -> list[str]:
    """Write a secret file for each line, commit them, and return the lines."""
    for number, _line in enumerate(OF_FILES):
        (folder / f"w{number}").mkdir()
        (folder / f"w{number}" / ".env").write_text(f"DB_PASSWORD={canaries.password()}\n")
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", *who, *words], cwd=folder, check=True)
    return [
        line.format(*[f"w{number}/.env"] * line.count("{}")) for number, line in enumerate(OF_FILES)
    ]


@pytest.fixture
def other_program(watching_program: Program) -> Iterator[Program]:
    """Return a second program, which reads the same transcripts into a folder of its own."""
    other = Program(watching_program.root / "other", watching_program.claude_dir)
    yield other
    other.kill()


def _has_outputs(terminal: Terminal, count: int) -> bool:
    outputs = [row for row in terminal.rows() if row.get("type") == "user"]
    return sum("<bash-stdout>" in str(row.get("message")) for row in outputs) == count


def _wait_until_done(program: Program) -> None:
    def is_done() -> bool:
        status = program.status()
        return not status["bytes_behind"] and not status["totals"]["rows_pending"]

    wait_until(is_done, "everything is stored and sent")


def test_no_way_to_print_a_secret_shows_it(
    claude_home: ClaudeHome,
    watching_program: Program,
    other_program: Program,
    opensync: OpenSyncDouble,
    open_terminal: Callable[..., Terminal],
) -> None:
    """Neither the output nor what Claude says of it, wherever it is kept, shown or sent."""
    canaries = Canaries(seed=20261128)
    stubs = claude_home.root / "stubs"
    _write_stubs(stubs, canaries, [*OF_STUBS, *TYPED])
    lines = [*OF_STUBS, *_write_files(claude_home.workdir, canaries)]
    variables = {f"W{number}_TOKEN": canaries.password() for number in range(len(OF_VARIABLES))}
    lines += [line.format(name) for line, name in zip(OF_VARIABLES, variables, strict=True)]
    lines.append(f"echo {_base64(canaries.password())} | base64 -d")
    assert len(lines) >= 100
    path = f"{stubs / 'bin'}{os.pathsep}{os.environ['PATH']}"
    home = claude_home.with_env(PATH=path, STUBS=str(stubs), **variables)
    settings = {"convex_url": opensync.url, "api_key": opensync.api_key}
    watching_program.configure(**settings)
    watching_program.start()
    calls = [tool("Bash", command=line) for line in lines]
    replies = [reply(*calls[at : at + 20]) for at in range(0, len(calls), 20)]
    run = home.run(sealed_prompt("Print them.", *replies, say("Done.")), SKIP_PERMISSIONS)
    terminal = open_terminal(SKIP_PERMISSIONS, "--resume", run.session_id, home=home)
    for count, line in enumerate(TYPED, 1):
        terminal.submit(f"! {line}")
        wait_until(partial(_has_outputs, terminal, count), f"{line} has run")
    terminal.exit()
    secrets = [*canaries.planted]
    said = "\n".join(f"It says {secret} there." for secret in secrets)
    home.run(
        sealed_prompt("And now?", say(f"{said}\nAll said.")),
        SKIP_PERMISSIONS,
        "--resume",
        run.session_id,
    )
    left = [path for path in stubs.glob("*/[0-9]*") if path.parent.name != "used"]
    assert not left, "some programs did not run"
    on_disk = b"".join(path.read_bytes() for path in claude_home.transcripts())
    assert all(on_disk.count(secret.encode()) >= 2 for secret in variables.values())
    other_program.configure(**settings, sync_tool_calls=False)
    other_program.start()
    forms = {form for secret in secrets for form in (secret, _base64(secret))}
    for program in (watching_program, other_program):
        _wait_until_done(program)
        for place, data in written_bytes(program, opensync).items():
            leaked = [form for form in forms if form.encode() in data]
            assert not leaked, f"{len(leaked)} secrets are in {place}: {leaked[:5]}"
    assert any("All said." in (row.text_content or "") for row in opensync.backend.all_messages())
