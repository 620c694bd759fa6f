"""Secrets known by their place: each family draws a secret and the whole text round it."""

# ruff: noqa: E501 - one text a line

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from urllib.parse import quote

from support.redaction_corpus.vendors import ALNUM, B64, HEX, LOWER, URL64, drawn

Family = Callable[[random.Random], Iterator[tuple[str, str]]]

NAMES = ("admin", "alice", "bob", "deploy", "svc_app", "root", "reporting", "ci-bot")
HOSTS = (
    "db.internal",
    "10.0.3.7",
    "localhost",
    "prod-db.acme.io",
    "cache",
    "mq.eu-west-1.acme.net",
)
WORDS = (
    "summer",
    "dragon",
    "coffee",
    "winter",
    "tiger",
    "orange",
    "monkey",
    "falcon",
    "purple",
    "rocket",
)

SEED = [
    "abandon",
    "ability",
    "able",
    "about",
    "above",
    "absent",
    "absorb",
    "abstract",
    "absurd",
    "abuse",
    "access",
    "accident",
    "account",
    "accuse",
    "achieve",
    "acid",
    "acoustic",
    "acquire",
    "across",
    "act",
    "action",
    "actor",
    "actress",
    "actual",
    "adapt",
    "add",
    "addict",
    "address",
    "adjust",
    "admit",
    "adult",
    "advance",
    "advice",
    "aerobic",
    "affair",
    "afford",
    "afraid",
    "again",
    "age",
    "agent",
    "agree",
    "ahead",
    "aim",
    "air",
    "airport",
    "aisle",
    "alarm",
    "album",
    "alcohol",
    "alert",
    "alien",
    "all",
    "alley",
    "allow",
    "almost",
    "alone",
    "alpha",
    "zebra",
    "zero",
    "zone",
    "zoo",
    "young",
    "youth",
    "yellow",
    "year",
    "wrist",
    "wrong",
    "yard",
    "wrap",
    "wood",
    "wool",
    "world",
    "worry",
]


def password(rng: random.Random) -> str:
    """Return what a person or a generator would choose."""
    style = rng.randrange(6)
    word = rng.choice(WORDS)
    if style == 0:
        return f"{word.title()}{rng.randrange(1980, 2030)}!"
    if style == 1:
        return f"{word}{rng.randrange(10, 999)}"
    if style == 2:
        return "".join(rng.choice(ALNUM + "!@#$%^*_-+") for _ in range(rng.randint(10, 20))) + "9a"
    if style == 3:
        return drawn(ALNUM, rng.randint(8, 24), rng)
    if style == 4:
        return (
            f"{word[0].upper()}{word[1:].replace('o', '0').replace('e', '3')}#{rng.randrange(99)}"
        )
    return drawn(LOWER, 12, rng) + "7"


def simple(rng: random.Random) -> str:
    """Return a password that no shell or URL needs to quote."""
    style = rng.randrange(3)
    if style == 0:
        return f"{rng.choice(WORDS)}{rng.randrange(10, 9999)}"
    return drawn(ALNUM, rng.randint(8, 24), rng)


def pem(
    rng: random.Random, label: str = "RSA PRIVATE KEY", lines: int = 12
) -> tuple[str, list[str]]:
    """Return a made-up key block and its body's lines."""
    body = [drawn(B64, 64, rng) for _ in range(lines)] + [drawn(B64, 40, rng) + "=="]
    dashes = "-" * 5
    return "\n".join(
        [f"{dashes}BEGIN {label}{dashes}", *body, f"{dashes}END {label}{dashes}"]
    ), body


def _pem(label: str, change: Callable[[str], str] = lambda text: text) -> Family:
    def family(rng: random.Random) -> Iterator[tuple[str, str]]:
        block, body = pem(rng, label)
        yield change(block), body[3]

    return family


def _numbered(arrow: str) -> Callable[[str], str]:
    return lambda text: "\n".join(
        f"{i:6}{arrow}{line}" for i, line in enumerate(text.split("\n"), 1)
    )


def one(
    template: Callable[[random.Random, str], str], draw: Callable[[random.Random], str] = simple
) -> Family:
    """Return a family of one secret a text."""

    def family(rng: random.Random) -> Iterator[tuple[str, str]]:
        secret = draw(rng)
        yield template(rng, secret), secret

    return family


def url(scheme: str, tail: str = "/app") -> Family:
    """Return connection URLs of a scheme, with users and hosts of all kinds."""

    def family(rng: random.Random) -> Iterator[tuple[str, str]]:
        secret = simple(rng) if rng.random() < 0.6 else quote(password(rng), safe="!*_-+")
        text = f"{scheme}://{rng.choice([*NAMES, ''])}:{secret}@{rng.choice(HOSTS)}:{rng.randint(1000, 9999)}{tail}"
        wrap = rng.choice(
            [
                f"DATABASE_URL={text}",
                f'"url": "{text}"',
                f"connecting to {text} ...",
                f"psql '{text}'",
                json.dumps(json.dumps({"dsn": text})),
                f"<{text}>",
                f"url: {text}\nname: x",
                f"\x1b[32m{text}\x1b[0m",
                f"Error: could not connect to {text}: timeout",
                f"| db | {text} |",
            ]
        )
        yield wrap, secret

    return family


def basic(rng: random.Random) -> str:
    """Return Basic credentials."""
    return base64.b64encode(f"{rng.choice(NAMES)}:{password(rng)}".encode()).decode()


def b64(text: str) -> str:
    """Return `text` in base64."""
    return base64.b64encode(text.encode()).decode()


def opaque(rng: random.Random) -> str:
    """Return a token without a form."""
    return drawn(URL64, rng.randint(24, 64), rng)


_PRINTING = (
    "pass show {0}/{1}",
    "op read op://{0}/{1}/password",
    "bw get password {0}.{1}",
    "gh auth token",
    "vault kv get -field=value {0}/{1}",
    "aws secretsmanager get-secret-value --secret-id {0} --query SecretString --output text",
    "gcloud auth print-access-token",
    "az keyvault secret show -n {0} --vault-name {1} --query value -o tsv",
    "kubectl get secret {0} -o jsonpath='{{.data.{1}}}' | base64 -d",
    "security find-generic-password -w -s {0}",
    "terraform output -raw {0}",
    "openssl rand -hex 16 | tee {0}",
    "printenv {0}_TOKEN",
    "cat /run/secrets/{0}",
    "docker exec {0} printenv {1}_PASSWORD",
    'ssh {0} "cat ~/.pgpass"',
    "heroku config:get {0} -a {1}",
)
_PROMPTS = ("$ ", "~/app $ ", "bob@host:~$ ", "root@c1:/# ", "% ", "\u276f ", "(venv) me@x % ")


def _pasted(r: random.Random) -> Iterator[tuple[str, str]]:
    """Yield commands that print a secret, with what they printed."""
    secret = drawn(ALNUM, r.randrange(14, 40), r)
    command = r.choice(_PRINTING).format(r.choice(WORDS), r.choice(WORDS))
    yield f"{r.choice(_PROMPTS)}{command}\n{secret}\n", secret
    yield f"I ran\n\n$ ls\nREADME.md\n$ {command}\n{secret}\n$ pwd\n/srv/app\n", secret


FAMILIES: dict[str, Family] = {
    "pasted session": _pasted,
    "pem rsa": _pem("RSA PRIVATE KEY"),
    "pem pkcs8": _pem("PRIVATE KEY"),
    "pem ec": _pem("EC PRIVATE KEY"),
    "pem openssh": _pem("OPENSSH PRIVATE KEY"),
    "pem encrypted": _pem("ENCRYPTED PRIVATE KEY"),
    "pem pgp": _pem("PGP PRIVATE KEY BLOCK"),
    "pem escaped": _pem(
        "PRIVATE KEY", lambda t: json.dumps({"private_key": t + "\n", "client_id": "1"})
    ),
    "pem twice escaped": _pem("PRIVATE KEY", lambda t: json.dumps(json.dumps({"private_key": t}))),
    "pem numbered": _pem("RSA PRIVATE KEY", _numbered("\t")),
    "pem arrows": _pem("RSA PRIVATE KEY", _numbered("→")),
    "pem indented": _pem(
        "PRIVATE KEY", lambda t: "key: |\n" + "\n".join("    " + line for line in t.split("\n"))
    ),
    "pem quoted mail": _pem(
        "PRIVATE KEY", lambda t: "\n".join("> " + line for line in t.split("\n"))
    ),
    "pem diff": _pem("EC PRIVATE KEY", lambda t: "\n".join("+" + line for line in t.split("\n"))),
    "pem windows": _pem("PRIVATE KEY", lambda t: t.replace("\n", "\r\n")),
    "pem one line": _pem("PRIVATE KEY", lambda t: t.replace("\n", " ")),
    "pem cut off": _pem("RSA PRIVATE KEY", lambda t: t[: len(t) // 2]),
    "pem beginning lost": _pem("RSA PRIVATE KEY", lambda t: t[t.index("\n") + 40 :]),
    "pem array": _pem("PRIVATE KEY", lambda t: json.dumps(t.split("\n"))),
    "pem env": _pem("PRIVATE KEY", lambda t: 'KEY="' + t.replace("\n", "\\n") + '"'),
    "pem concatenated": _pem(
        "PRIVATE KEY", lambda t: " +\n".join(f'"{line}\\n"' for line in t.split("\n"))
    ),
    "pem headers": _pem(
        "RSA PRIVATE KEY",
        lambda t: t.replace(
            "KEY-----\n",
            "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B2C3D4E5F\n\n",
            1,
        ),
    ),
    "url postgres": url("postgres"),
    "url postgresql": url("postgresql+asyncpg"),
    "url mysql": url("mysql"),
    "url mongodb": url("mongodb+srv", "/app?retryWrites=true&w=majority"),
    "url redis": url("redis", "/0"),
    "url amqp": url("amqps", "/vhost"),
    "url https": url("https", "/repo.git"),
    "url ftp": url("sftp", "/files"),
    "url mssql": url("mssql+pyodbc", "/app?driver=ODBC"),
    "url smtp": url("smtp", ""),
    "url clickhouse": url("clickhouse", "/default"),
    "url proxy": one(lambda r, s: f"HTTPS_PROXY=http://{r.choice(NAMES)}:{s}@proxy.acme.io:3128"),
    "url token": one(lambda r, s: f"git clone https://oauth2:{s}@git.acme.io/x/y.git", opaque),
    "url slash in password": one(
        lambda r, s: f"postgres://app:{s}@db:5432/app",
        lambda r: drawn(ALNUM, 6, r) + "/" + drawn(ALNUM, 5, r),
    ),
    "url at in password": one(
        lambda r, s: f"mongodb://app:{s}@db.acme.io:27017/app",
        lambda r: drawn(ALNUM, 6, r) + "@" + drawn(ALNUM, 5, r),
    ),
    "url encoded": one(lambda r, s: "next=" + quote(f"postgres://app:{s}@db:5432/app", safe="")),
    "jdbc": one(lambda r, s: f"jdbc:postgresql://db:5432/app?user=app&password={s}&ssl=true"),
    "jdbc mssql": one(
        lambda r, s: f"jdbc:sqlserver://db:1433;databaseName=app;user=sa;password={s};encrypt=true"
    ),
    "ado": one(
        lambda r, s: f"Server=tcp:db,1433;Initial Catalog=app;User ID=sa;Password={s};Encrypt=True;"
    ),
    "ado pwd": one(lambda r, s: f'connectionString="Data Source=db;Uid=sa;Pwd={s}"'),
    "odbc": one(lambda r, s: f"DRIVER={{ODBC Driver 18}};SERVER=db;UID=sa;PWD={s}"),
    "libpq": one(
        lambda r, s: f"host=db port=5432 dbname=app user=app password={s} sslmode=require"
    ),
    "azure storage string": one(
        lambda r, s: (
            f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={s};EndpointSuffix=core.windows.net"
        ),
        lambda r: drawn(B64, 86, r) + "==",
    ),
    "service bus string": one(
        lambda r, s: (
            f"Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={s}"
        ),
        lambda r: drawn(B64, 43, r) + "=",
    ),
    "azure sas": one(
        lambda r, s: (
            f"https://acme.blob.core.windows.net/c/b?sv=2022-11-02&se=2030-01-01&sr=b&sp=r&sig={s}"
        ),
        lambda r: quote(drawn(B64, 43, r) + "=", safe=""),
    ),
    "s3 presigned": one(
        lambda r, s: (
            f"https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20240101T000000Z&X-Amz-Expires=900&X-Amz-Signature={s}&X-Amz-SignedHeaders=host"
        ),
        lambda r: drawn(HEX, 64, r),
    ),
    "gcs signed": one(
        lambda r, s: f"https://storage.googleapis.com/b/o?X-Goog-Expires=900&X-Goog-Signature={s}",
        lambda r: drawn(HEX, 256, r),
    ),
    "cloudfront signed": one(
        lambda r, s: (
            f"https://d1.cloudfront.net/x?Expires=1700000000&Signature={s}&Key-Pair-Id=APKA"
        ),
        lambda r: drawn(ALNUM + "~-", 200, r),
    ),
    "query key": one(
        lambda r, s: f"https://maps.test.io/api?q=a+b&key={s}&v=3", lambda r: drawn(ALNUM, 32, r)
    ),
    "query apikey": one(
        lambda r, s: f"GET /v1/data?apikey={s} HTTP/1.1", lambda r: drawn(HEX, 32, r)
    ),
    "query token": one(lambda r, s: f"https://app.test.io/reset?token={s}", opaque),
    "bearer header": one(lambda r, s: f"Authorization: Bearer {s}", opaque),
    "bearer curl": one(
        lambda r, s: f'curl -sS -H "Authorization: Bearer {s}" https://x.io', opaque
    ),
    "bearer json": one(
        lambda r, s: json.dumps({"headers": {"Authorization": f"Bearer {s}"}}), opaque
    ),
    "bearer escaped": one(
        lambda r, s: json.dumps(json.dumps({"authorization": f"Bearer {s}"})), opaque
    ),
    "bearer code": one(lambda r, s: f"headers={{'Authorization': 'Bearer {s}'}}", opaque),
    "token header": one(lambda r, s: f"Authorization: token {s}", lambda r: drawn(HEX, 40, r)),
    "basic header": one(lambda r, s: f"Authorization: Basic {s}", basic),
    "basic proxy": one(lambda r, s: f"Proxy-Authorization: Basic {s}\r\n", basic),
    "raw authorization": one(lambda r, s: f"Authorization: {s}", lambda r: drawn(ALNUM, 40, r)),
    "signature v4": one(
        lambda r, s: (
            f"Authorization: AWS4-HMAC-SHA256 Credential=x/20240101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature={s}"
        ),
        lambda r: drawn(HEX, 64, r),
    ),
    "api key header": one(lambda r, s: f"curl -H 'x-api-key: {s}' https://x.io", opaque),
    "vault header": one(lambda r, s: f"X-Vault-Token: {s}", opaque),
    "gitlab header": one(
        lambda r, s: f'--header "PRIVATE-TOKEN: {s}"', lambda r: drawn(ALNUM, 20, r)
    ),
    "auth token header": one(lambda r, s: f"X-Auth-Token: {s}", lambda r: drawn(HEX, 32, r)),
    "azure header": one(
        lambda r, s: f"Ocp-Apim-Subscription-Key: {s}", lambda r: drawn(HEX, 32, r)
    ),
    "cookie": one(
        lambda r, s: f"Cookie: theme=dark; sessionid={s}; lang=en", lambda r: drawn(LOWER, 32, r)
    ),
    "set-cookie": one(lambda r, s: f"Set-Cookie: session={s}; Path=/; HttpOnly", opaque),
    "cookie curl": one(lambda r, s: f"curl -b 'session={s}; a=1' https://x.io", opaque),
    "cookie json": one(lambda r, s: json.dumps({"cookie": f"_gh_sess={s}; logged_in=yes"}), opaque),
    "curl user": one(lambda r, s: f"curl -u {r.choice(NAMES)}:{s} https://x.io/api"),
    "curl user quoted": one(
        lambda r, s: f"curl --user '{r.choice(NAMES)}:{s}' https://x.io/api", password
    ),
    "flag password": one(lambda r, s: f"tool login --username bob --password {s} --verbose"),
    "flag password quoted": one(lambda r, s: f"tool login --password '{s}'", password),
    "flag password equals": one(lambda r, s: f"wget --user=bob --password={s} https://x.io/f"),
    "flag pass": one(lambda r, s: f"./run.sh --pass {s}"),
    "flag token": one(lambda r, s: f"tool deploy --token {s}", opaque),
    "flag api key": one(lambda r, s: f"tool --api-key {s} list", opaque),
    "flag secret": one(lambda r, s: f"tool --client-secret={s} list", opaque),
    "flag argv": one(lambda r, s: json.dumps(["tool", "--password", s, "--quiet"])),
    "flag single dash": one(lambda r, s: f"keytool -list -storepass {s} -keystore k.jks"),
    "java property": one(lambda r, s: f"java -Ddb.password={s} -jar app.jar"),
    "sshpass": one(lambda r, s: f"sshpass -p {s} ssh root@10.0.0.1 uptime"),
    "sshpass quoted": one(lambda r, s: f"sshpass -p '{s}' scp a b:c", password),
    "sshpass joined": one(lambda r, s: f"sshpass -p{s} ssh root@10.0.0.1"),
    "mysql": one(lambda r, s: f"mysql -h db -u root -p{s} app -e 'select 1'"),
    "mysqldump": one(
        lambda r, s: f"mysqldump --single-transaction -uroot -p'{s}' app > d.sql", simple
    ),
    "mysql long": one(lambda r, s: f"mysql --user=root --password={s} app"),
    "pgpassword": one(lambda r, s: f"PGPASSWORD={s} psql -h db -U app -c 'select 1'"),
    "pgpassword quoted": one(lambda r, s: f"PGPASSWORD='{s}' pg_dump app", password),
    "docker login": one(lambda r, s: f"docker login -u bob -p {s} registry.acme.io"),
    "redis-cli": one(lambda r, s: f"redis-cli -h cache -a {s} ping"),
    "mongosh": one(lambda r, s: f"mongosh --host db -u root -p {s} --authenticationDatabase admin"),
    "ldapsearch": one(lambda r, s: f"ldapsearch -x -D cn=admin -w {s} -b dc=acme"),
    "sqlcmd": one(lambda r, s: f"sqlcmd -S db -U sa -P {s} -Q 'select 1'"),
    "openssl": one(lambda r, s: f"openssl enc -aes-256-cbc -in a -out b -pass pass:{s}"),
    "zip": one(lambda r, s: f"zip -r -P {s} out.zip dir"),
    "sudo": one(lambda r, s: f"echo {s} | sudo -S apt update"),
    "sudo quoted": one(lambda r, s: f"echo '{s}' | sudo -S true", password),
    "chpasswd": one(lambda r, s: f"echo 'bob:{s}' | chpasswd"),
    "password stdin": one(lambda r, s: f'echo "{s}" | docker login -u bob --password-stdin'),
    "htpasswd command": one(lambda r, s: f"htpasswd -bc .htpasswd bob {s}"),
    "rabbitmqctl": one(lambda r, s: f"rabbitmqctl add_user bob {s}"),
    "net user": one(lambda r, s: f"net user bob {s} /add"),
    "aws configure": one(
        lambda r, s: f"aws configure set aws_secret_access_key {s}", lambda r: drawn(B64, 40, r)
    ),
    "convex env": one(lambda r, s: f"npx convex env set AUTH_SECRET {s}", opaque),
    "kubectl literal": one(
        lambda r, s: f"kubectl create secret generic db --from-literal=password={s}"
    ),
    "netrc": one(lambda r, s: f"machine api.acme.io\n  login bob\n  password {s}\n"),
    "netrc one line": one(lambda r, s: f"machine api.acme.io login bob password {s}"),
    "pgpass": one(lambda r, s: f"db.acme.io:5432:app:bob:{s}\n"),
    "pgpass star": one(lambda r, s: f"*:*:*:postgres:{s}"),
    "htpasswd": one(
        lambda r, s: f"bob:{s}\n",
        lambda r: "$apr1$" + drawn(ALNUM, 8, r) + "$" + drawn(ALNUM + "./", 22, r),
    ),
    "bcrypt": one(lambda r, s: f"admin:{s}", lambda r: "$2y$10$" + drawn(ALNUM + "./", 53, r)),
    "shadow": one(
        lambda r, s: f"root:{s}:19000:0:99999:7:::",
        lambda r: "$6$" + drawn(ALNUM, 16, r) + "$" + drawn(ALNUM + "./", 86, r),
    ),
    "argon2": one(
        lambda r, s: f"hash: {s}",
        lambda r: "$argon2id$v=19$m=65536,t=3,p=4$" + drawn(B64, 22, r) + "$" + drawn(B64, 43, r),
    ),
    "django hash": one(
        lambda r, s: f"'{s}'",
        lambda r: "pbkdf2_sha256$600000$" + drawn(ALNUM, 22, r) + "$" + drawn(B64, 43, r) + "=",
    ),
    "docker auths": one(
        lambda r, s: json.dumps({"auths": {"ghcr.io": {"auth": s}}}, indent=1), basic
    ),
    "kubeconfig key": one(
        lambda r, s: f"users:\n- name: admin\n  user:\n    client-key-data: {s}\n",
        lambda r: b64(pem(r)[0]),
    ),
    "kubeconfig token": one(lambda r, s: f"users:\n- name: ci\n  user:\n    token: {s}\n", opaque),
    "kubernetes secret": one(
        lambda r, s: (
            f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n  username: YWRtaW4=\n  value: {s}\n"
        ),
        lambda r: b64(password(r)),
    ),
    "kubernetes secret json": one(
        lambda r, s: json.dumps({"kind": "Secret", "data": {"pw": s}}), lambda r: b64(password(r))
    ),
    "jwk": one(
        lambda r, s: json.dumps({"kty": "EC", "crv": "P-256", "x": drawn(URL64, 43, r), "d": s}),
        lambda r: drawn(URL64, 43, r),
    ),
    "npmrc": one(lambda r, s: f"//registry.npmjs.org/:_authToken={s}", lambda r: drawn(HEX, 36, r)),
    "npmrc auth": one(lambda r, s: f"//npm.acme.io/:_auth={s}", basic),
    "pypirc": one(lambda r, s: f"[pypi]\nusername = bob\npassword = {s}\n"),
    "git credentials": one(lambda r, s: f"https://bob:{s}@github.com", opaque),
    "maven": one(
        lambda r, s: (
            f"<server>\n  <id>x</id>\n  <username>bob</username>\n  <password>{s}</password>\n</server>"
        )
    ),
    "xml attribute": one(lambda r, s: f'<user name="bob" password="{s}" role="a"/>'),
    "android": one(lambda r, s: f'<string name="api_key">{s}</string>', opaque),
    "plist": one(lambda r, s: f"<key>Password</key>\n<string>{s}</string>"),
    "wordpress": one(lambda r, s: f"define( 'DB_PASSWORD', '{s}' );", simple),
    "wireguard": one(
        lambda r, s: f"[Interface]\nPrivateKey = {s}\nAddress = 10.0.0.2/32",
        lambda r: drawn(B64, 43, r) + "=",
    ),
    "wifi": one(lambda r, s: f'network={{\n  ssid="home"\n  psk="{s}"\n}}'),
    "otpauth": one(
        lambda r, s: f"otpauth://totp/Acme:bob?secret={s}&issuer=Acme",
        lambda r: drawn("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32, r),
    ),
    "sql": one(lambda r, s: f"CREATE USER app IDENTIFIED BY '{s}';"),
    "sql role": one(lambda r, s: f"ALTER ROLE app WITH LOGIN PASSWORD '{s}';"),
    "aws csv": one(
        lambda r, s: (
            f"User name,Access key ID,Secret access key\nbob,AKIA{drawn('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16, r)},{s}\n"
        ),
        lambda r: drawn(B64, 40, r),
    ),
    "aws pair": one(
        lambda r, s: f"AKIA{drawn('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16, r)} / {s}",
        lambda r: drawn(B64, 40, r),
    ),
    "aws credentials file": one(
        lambda r, s: (
            f"[default]\naws_access_key_id = AKIA{drawn('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16, r)}\naws_secret_access_key = {s}\n"
        ),
        lambda r: drawn(B64, 40, r),
    ),
    "prose is": one(lambda r, s: f"The password is {s}.", password),
    "prose admin": one(
        lambda r, s: f"the admin password for staging is {s}, don't share it", simple
    ),
    "prose my": one(lambda r, s: f"my password is {s} and I can't log in", simple),
    "prose quoted": one(lambda r, s: f'log in as bob with password "{s}" please', password),
    "prose backticks": one(lambda r, s: f"use the password `{s}` for the test account", password),
    "prose colon": one(lambda r, s: f"Password: {s}", simple),
    "prose user pair": one(lambda r, s: f"username: bob, password: {s}", simple),
    "prose slash": one(lambda r, s: f"credentials: admin / {s}", simple),
    "prose set to": one(lambda r, s: f"I changed the root password to {s} yesterday", simple),
    "prose key": one(lambda r, s: f"our API key is {s}, it expires soon", opaque),
    "prose token": one(lambda r, s: f"the access token for the bot: {s}", opaque),
    "prose passcode": one(lambda r, s: f"the PIN is {s}", lambda r: str(r.randrange(1000, 999999))),
    "prose with": one(lambda r, s: f"ssh in with user deploy and password {s}", simple),
    "seed phrase": one(
        lambda r, s: f"seed phrase: {s}", lambda r: " ".join(r.choice(SEED) for _ in range(12))
    ),
    "mnemonic env": one(
        lambda r, s: f'MNEMONIC="{s}"', lambda r: " ".join(r.choice(SEED) for _ in range(24))
    ),
    "base64 env file": one(
        lambda r, s: json.dumps({"encoding": "base64", "content": s}),
        lambda r: b64(f"PORT=80\nDB_PASSWORD={simple(r)}\nAPI_KEY={drawn(HEX, 32, r)}\n"),
    ),
    "base64 pem": one(lambda r, s: f"echo {s} | base64 -d > key.pem", lambda r: b64(pem(r)[0])),
    "base64 token": one(lambda r, s: f"value: {s}", lambda r: b64("ghp_" + drawn(ALNUM, 36, r))),
    "base64 url": one(
        lambda r, s: f"data = '{s}'", lambda r: b64(f"postgres://app:{simple(r)}@db:5432/app")
    ),
    "auth tuple": one(lambda r, s: f"requests.get(url, auth=('bob', '{s}'))"),
    "auth call": one(lambda r, s: f'HTTPBasicAuth("bob", "{s}")'),
    "expect": one(lambda r, s: f'expect "assword:"\nsend "{s}\\r"'),
    "secure string": one(
        lambda r, s: f'ConvertTo-SecureString "{s}" -AsPlainText -Force', password
    ),
    "ansible": one(lambda r, s: f"10.0.0.5 ansible_user=root ansible_password={s}"),
    "smb": one(lambda r, s: f"smbclient //fs/share -U bob%{s}"),
    "typed": one(lambda r, s: f'password: str = "{s}"'),
    "dataclass kwargs": one(lambda r, s: f"Database(host='db', user='app', password='{s}')"),
    "ruby hash": one(lambda r, s: f"{{ user: 'app', password: '{s}' }}"),
    "rust": one(lambda r, s: f'let api_secret: &str = "{s}";', opaque),
    "csharp": one(lambda r, s: f'private const string ApiKey = "{s}";', opaque),
    "setter": one(lambda r, s: f'config.setPassword("{s}");'),
    "key in list": one(
        lambda r, s: json.dumps({"name": "Authorization", "value": f"Bearer {s}"}), opaque
    ),
    "repr": one(lambda r, s: f"Config(host='x', token='{s}', debug=True)", opaque),
    "nested yaml": one(
        lambda r, s: f'db:\n  auth:\n    user: app\n    password: "{s}"\n    ssl: true', password
    ),
    "log": one(lambda r, s: f"2024-01-01T00:00:00Z DEBUG auth user=bob password={s} ok=true"),
    "url hash token": one(
        lambda r, s: f"https://app.io/cb#access_token={s}&token_type=bearer", opaque
    ),
    "log in brackets": one(lambda r, s: f"INFO login user=[bob], password=[{s}], ip=[10.0.0.7]"),
    "form": one(
        lambda r, s: f"curl -d 'grant_type=password&username=bob&password={s}' https://x.io/token"
    ),
    "multipart": one(lambda r, s: f"curl -F client_secret={s} https://x.io", opaque),
}
