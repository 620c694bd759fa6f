"""Which files hold secrets, and which of their values are worth knowing."""

from __future__ import annotations

import pytest

from ccsync_watch.privacy.known.secret_values import (
    is_secret_file,
    values_in_environment,
    values_in_secret_file,
)


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "/srv/app/.env.production",
        "/srv/app/.env.local",
        "app.env",
        "~/.ssh/id_rsa",
        "/home/bob/.ssh/id_ed25519",
        "/home/bob/.ssh/id_ed25519_work",
        "~/.aws/credentials",
        "~/.netrc",
        "/root/.pgpass",
        "/home/bob/.kube/config",
        "/home/bob/.docker/config.json",
        "~/.config/gh/hosts.yml",
        "C:\\Users\\bob\\.npmrc",
        "server.key",
        "tls/private.pem",
        "store.jks",
        "terraform.tfvars",
        "/run/secrets/db_password",
        "gcp-service-account.json".removeprefix("gcp-"),
        "client_secret_123.json",
        "~/.git-credentials",
        "config/master.key",
        ".dev.vars",
        "~/.config/gcloud/application_default_credentials.json",
        "/home/bob/.m2/settings.xml",
        "k8s/secrets/prod.yaml",
        "/etc/wpa_supplicant/wpa_supplicant.conf",
        "C:\\Users\\bob\\.ssh\\deploy_key",
        "~/.kube/config-prod",
        "/var/lib/rancher/k3s/server/node-token",
    ],
)
def test_a_secret_file_is_known_by_its_path(path: str) -> None:
    """What is read from these is masked whole."""
    assert is_secret_file(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".env.example",
        "src/secrets/index.ts",
        "secrets/README.md",
        "~/.ssh/known_hosts",
        "~/.ssh/config",
        "settings.xml",
        ".env.sample",
        ".env.template",
        "config/.env.dist",
        "id_rsa.pub",
        "/home/bob/.ssh/id_ed25519.pub",
        "cert.pem",
        "ca-bundle.pem",
        "public.key",
        "config.json",
        "src/config",
        "hosts.yml",
        "src/credentials.py",
        "environment.ts",
        "README.md",
        "keyboard.py",
    ],
)
def test_other_files_are_not(path: str) -> None:
    """Templates, public halves and code stay readable."""
    assert not is_secret_file(path)


def test_values_of_an_environment() -> None:
    """Those under a secret's name, and passwords in URLs; not paths and dummy values."""
    env = {
        "API_TOKEN": "blue1owl2flies",
        "HOME": "/root",
        "DATABASE_URL": "postgres://app:red3owl4@db/app",
        "DB_PASSWORD": "changeme",
        "SSH_KEY": "/root/.ssh/key",
        "PWD": "/srv/app",
        "MAX_TOKENS": "4096000",
    }
    assert values_in_environment(env) == {"blue1owl2flies": "env", "red3owl4": "env"}


def test_values_of_a_secret_file() -> None:
    """In the syntaxes that such files have."""
    text = (
        "# comment\nexport DB_PASSWORD='one two 3'\nAPI_KEY=four4five5six # main\nPORT=8080\n"
        '  "client_secret": "seven7eight8",\ntoken: nine9ten10el\n'
        "machine x login bob password twelve12\ndb.io:5432:app:bob:thirteen13\n"
        "https://bob:fourteen14@git.io\n//registry.npmjs.org/:_authToken=fifteen15tok\n"
    )
    assert set(values_in_secret_file(text)) == {
        "one two 3",
        "four4five5six",
        "seven7eight8",
        "nine9ten10el",
        "twelve12",
        "thirteen13",
        "fourteen14",
        "fifteen15tok",
    }
