"""The places in a transcript where a secret is met; each puts a named value into a text."""

# ruff: noqa: E501 - a text of the table stays on one line

from __future__ import annotations

import json
import random
from collections.abc import Callable
from urllib.parse import quote

from support.redaction_corpus.dressed import DRESSED

Context = Callable[[str, str, random.Random], str]


def camel(name: str) -> str:
    """Return `DB_PASSWORD` as `dbPassword`."""
    head, *rest = name.lower().split("_")
    return head + "".join(word.title() for word in rest)


def kebab(name: str) -> str:
    """Return `DB_PASSWORD` as `db-password`."""
    return name.lower().replace("_", "-")


def _shell(value: str) -> str:
    return f"'{value}'" if set(value) & set(' $&!#;|<>()*?`"\\') else value


NAMED: dict[str, Context] = {
    "env file": lambda n, v, r: f"NODE_ENV=production\n{n}={_shell(v)}\nPORT={r.randrange(9999)}\n",
    "export": lambda n, v, _: f"$ export {n}={_shell(v)} && npm start",
    "quoted export": lambda n, v, _: f'export {n}="{v}"',
    "json": lambda n, v, _: json.dumps({"debug": True, camel(n): v, "retries": 3}, indent=2),
    "json snake": lambda n, v, _: json.dumps({n.lower(): v, "region": "eu-west-1"}),
    "escaped json": lambda n, v, _: json.dumps({"body": json.dumps({n: v, "ok": True})}),
    "twice escaped json": lambda n, v, _: json.dumps(json.dumps(json.dumps({camel(n): v}))),
    "yaml": lambda n, v, _: (
        f"service:\n  port: 80\n  {n.lower()}: {json.dumps(v) if ' ' in v or '#' in v else v}\n  tls: true\n"
    ),
    "yaml quoted": lambda n, v, _: f'env:\n  - name: {n}\n    value: "{v}"\n',
    "toml": lambda n, v, _: f'[auth]\n{n.lower()} = "{v}"\nttl = 60\n',
    "ini": lambda n, v, _: f"[default]\nregion = us-east-1\n{n.lower()} = {v}\noutput = json\n",
    "python": lambda n, v, _: f"import os\n\n{n} = '{v}'\nclient = Client({n})\n",
    "python keyword": lambda n, v, _: (
        f"client = Client(\n    region='eu',\n    {n.lower()}='{v}',\n)"
    ),
    "javascript": lambda n, v, _: f"const {camel(n)} = '{v}';\nmodule.exports = {{ {camel(n)} }};",
    "typescript": lambda n, v, _: f'const {camel(n)}: string = "{v}";',
    "go": lambda n, v, _: f'\t{camel(n)} := "{v}"\n\tfmt.Println(len({camel(n)}))',
    "default": lambda n, v, _: f"key = os.environ.get('{n}', '{v}')",
    "markdown table": lambda n, v, _: f"| variable | value |\n|---|---|\n| `{n}` | `{v}` |\n",
    "plain table": lambda n, v, _: f"| {n} | {v} |",
    "markdown bold": lambda n, v, _: f"- **{n}:** `{v}`\n- **PORT:** 80",
    "colours": lambda n, v, _: f"\x1b[36m{n}\x1b[0m=\x1b[32m{v}\x1b[0m",
    "escaped colours": lambda n, v, _: f"\\u001b[36m{n}\\u001b[39m=\\u001b[32m{v}\\u001b[39m",
    "docker": lambda n, v, _: f"docker run -d -e {n}={_shell(v)} -p 80:80 app:latest",
    "dockerfile": lambda n, v, _: f"FROM alpine\nENV {n}={_shell(v)}\nRUN true\n",
    "compose": lambda n, v, _: f"    environment:\n      - {n}={v}\n      - TZ=UTC\n",
    "powershell": lambda n, v, _: f'$env:{n} = "{v}"',
    "xml": lambda n, v, _: f'<add key="{n}" value="{v.replace("&", "&amp;")}" />',
    "terraform": lambda n, v, _: (
        f'variable "x" {{}}\nresource "a" "b" {{\n  {n.lower()} = "{v}"\n}}'
    ),
    "printenv": lambda n, v, _: f"HOME=/root\n{n}={v}\nLANG=C\n",
    "diff": lambda n, v, _: f"--- a/.env\n+++ b/.env\n@@ -1 +1 @@\n-{n}=\n+{n}={v}\n",
    "numbered": lambda n, v, _: f"     1\tPORT=80\n     2\t{n}={v}\n     3\tDEBUG=1",
    "grep": lambda n, v, _: f"config/app.env:12:{n}={v}",
    "flag": lambda n, v, _: f"deploy --{kebab(n)} {_shell(v)} --region eu",
    "flag equals": lambda n, v, _: f"deploy --{kebab(n)}={_shell(v)} --dry-run",
    "configured": lambda n, v, _: f"ERROR: invalid config {{{n.lower()}: '{v}', retries: 3}}",
    "ruby": lambda n, v, _: f":{n.lower()} => '{v}',",
    "php": lambda n, v, _: f"define('{n}', '{v}');",
    "java properties": lambda n, v, _: f"app.{kebab(n)}={v}\napp.debug=false\n",
    "helm": lambda n, v, _: f"helm upgrade x ./x --set auth.{camel(n)}={_shell(v)}",
    "heroku": lambda n, v, _: f"heroku config:set {n}={_shell(v)} -a my-app",
}

ANYWHERE: dict[str, Context] = {
    **NAMED,
    **DRESSED,
    "prose": lambda _n, v, _: f"Here is the key you asked for: {v}. Please keep it safe",
    "prose quoted": lambda _n, v, _: f"Use '{v}' to sign in.",
    "alone": lambda _n, v, _: v,
    "line": lambda _n, v, _: f"done\n{v}\nnext",
    "parentheses": lambda _n, v, _: f"the old one ({v}) was revoked",
    "backticks": lambda _n, v, _: f"I set it to `{v}`, as asked",
    "angle brackets": lambda _n, v, _: f"<code>{v}</code>",
    "list": lambda _n, v, _: json.dumps(["a", v, "b"]),
    "escaped newline": lambda _n, v, _: f'{{"stdout": "ok\\n{v}\\nbye"}}',
    "colour before": lambda _n, v, _: f"\x1b[1;33m{v}\x1b[0m",
    "query": lambda _n, v, _: (
        f"GET https://api.test.io/v1/x?page=2&access_token={quote(v, safe='')}&sort=asc"
    ),
    "comma": lambda _n, v, _: f"alice,{v},2024-01-01",
    "bearer": lambda _n, v, _: f"curl -H 'Authorization: Bearer {v}' https://api.test.io",
    "header": lambda _n, v, _: f"> X-Api-Key: {v}\n> Accept: */*",
    "error": lambda _n, v, _: f"401 Unauthorized: token {v} has expired",
}
