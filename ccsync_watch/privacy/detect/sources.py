"""Where the places that structural rules know were seen, as `Vendor.source` says it of formats.

By what a rule is about: the address of the documentation that shows the place. Of all other rules
of a module the module's line says where they were observed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODE = "observed in public repositories, in source code"
_FILES = "observed in public repositories, in configuration files"
_COMMANDS = "observed in the manuals of programs, in their examples"
_OUTPUT = "observed in what programs print"
_PROSE = "observed in public issues, messages and manuals, in sentences"
_MYSQL = "https://dev.mysql.com/doc/refman/8.4/en/"
_ORACLE = "https://docs.oracle.com/en/database/oracle/oracle-database/19/"
_POSTGRES = "https://www.postgresql.org/docs/current/"
_RFC = "https://www.rfc-editor.org/rfc/"
_KUBERNETES = "https://kubernetes.io/docs/"
_MICROSOFT = "https://learn.microsoft.com/en-us/"
_MAN = "https://man7.org/linux/man-pages/"

OBSERVED: Mapping[str, str] = {
    "account_lines": _FILES,
    "account_pairs": _PROSE,
    "account_sentences": _PROSE,
    "adjacent": _FILES,
    "asides": _PROSE,
    "build_logs": _OUTPUT,
    "byte_arrays": _CODE,
    "call_arguments": _CODE,
    "client_arguments": _COMMANDS,
    "client_passwords": _COMMANDS,
    "commands": _COMMANDS,
    "commented_values": _CODE,
    "config_files": _FILES,
    "directives": _FILES,
    "echoed_answers": _OUTPUT,
    "form_fills": _CODE,
    "framework_keys": _CODE,
    "headers": _CODE,
    "grouped_secrets": _OUTPUT,
    "issued_codes": _OUTPUT,
    "message_codes": _PROSE,
    "named_keys": _CODE,
    "named_values": _CODE,
    "nearby_tokens": _OUTPUT,
    "network_devices": _FILES,
    "note_lines": _PROSE,
    "one_time_codes": _OUTPUT,
    "owned_secrets": _CODE,
    "paired_keys": _FILES,
    "password_lists": _FILES,
    "password_shapes": _OUTPUT,
    "pasted_sessions": _OUTPUT,
    "private_keys": _FILES,
    "prose": _PROSE,
    "proxy_accounts": _COMMANDS,
    "replaced_values": _COMMANDS,
    "reversed_names": _CODE,
    "secret_blocks": _FILES,
    "secret_calls": _CODE,
    "secret_lists": _FILES,
    "sentences": _PROSE,
    "server_files": _FILES,
    "shown_passwords": _OUTPUT,
    "special_syntaxes": _FILES,
    "sql": _CODE,
    "stated_values": _FILES,
    "stored_variables": _COMMANDS,
    "tables": _OUTPUT,
    "tried_passwords": _OUTPUT,
    "urls": _FILES,
    "usages": _COMMANDS,
    "wallet_keys": _FILES,
    "windows_tools": _COMMANDS,
}
"""Of each module with rules: where its places were observed."""

DOCUMENTED: Mapping[str, str] = {
    "a password for macOS's keychain": "https://ss64.com/mac/security-password.html",
    "a password of Redis, in its dialogue, protocol or configuration":
        "https://redis.io/docs/latest/commands/auth/",
    "a user and password for Oracle's programs":
        f"{_ORACLE}sqpug/starting-SQL-Plus.html",
    "a user and password for Oracle": f"{_ORACLE}sqpug/starting-SQL-Plus.html",
    "a password by a here-string to a program that asks for one":
        "https://www.gnu.org/software/bash/manual/html_node/Redirections.html",
    "a password typed by pexpect, or by its line":
        "https://pexpect.readthedocs.io/en/stable/api/pexpect.html",
    "a password for sshpass": "https://linux.die.net/man/1/sshpass",
    "a password joined to -p for MySQL and MariaDB": f"{_MYSQL}connecting.html",
    "a password joined to -p for MySQL and MariaDB, first among its flags":
        f"{_MYSQL}connecting.html",
    "a new key's passphrase": "https://man.openbsd.org/ssh-keygen.1",
    "a password in the spelling of openssl":
        "https://docs.openssl.org/master/man1/openssl-passphrase-options/",
    "a password for openssl enc": "https://docs.openssl.org/master/man1/openssl-enc/",
    "a user and password for Samba":
        "https://www.samba.org/samba/docs/current/man-html/smbclient.1.html",
    "a literal for kubectl create secret": f"{_KUBERNETES}concepts/configuration/secret/",
    "a cookie for curl": "https://curl.se/docs/manpage.html",
    "a user and password for curl and similar programs": "https://curl.se/docs/manpage.html",
    "plain text made a secure string":
        f"{_MICROSOFT}powershell/module/microsoft.powershell.security/convertto-securestring",
    "plain text made a secure string, without quotes":
        f"{_MICROSOFT}powershell/module/microsoft.powershell.security/convertto-securestring",
    "a user and password for IMAP": f"{_RFC}rfc9051",
    "a variable set by a command or a Dockerfile, the value after a space":
        "https://docs.docker.com/reference/dockerfile/",
    "a secret stored by a cloud's command line":
        "https://docs.aws.amazon.com/cli/latest/reference/secretsmanager/create-secret.html",
    "a parameter named like a secret, or stored as one, by a cloud's command line":
        "https://docs.aws.amazon.com/cli/latest/reference/ssm/put-parameter.html",
    "a secret stored by a source host's command line":
        "https://cli.github.com/manual/gh_secret_set",
    "a JSON web token, signed, unsigned or encrypted": f"{_RFC}rfc7519",
    "a bearer token": f"{_RFC}rfc6750",
    "Basic credentials in base64": f"{_RFC}rfc7617",
    "a password in a netrc file":
        "https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html",
    "a line of .pgpass": f"{_POSTGRES}libpq-pgpass.html",
    "a password's hash: crypt, bcrypt, argon2, scrypt, PBKDF2, LDAP": f"{_MAN}man5/crypt.5.html",
    "the data of a Kubernetes Secret": f"{_KUBERNETES}concepts/configuration/secret/",
    "a value in a patch of a Kubernetes Secret": f"{_KUBERNETES}concepts/configuration/secret/",
    "the key with which events are sent to PagerDuty":
        "https://developer.pagerduty.com/docs/events-api-v2-overview",
    "a session of Bitwarden's program": "https://bitwarden.com/help/cli/",
    "a key or salt of WordPress": "https://developer.wordpress.org/apis/wp-config-php/",
    "the key of Rails' credentials, after the name of its file":
        "https://guides.rubyonrails.org/security.html",
    "the first password of Jenkins, after the name of its file":
        "https://www.jenkins.io/doc/book/installing/linux/",
    "a bearer token that code joins to the scheme": f"{_RFC}rfc6750",
    "the proof in a header whose credential is a list: Digest, Hawk, OAuth": f"{_RFC}rfc7616",
    "a cookie in a browser's jar, in the format of Netscape":
        "https://curl.se/docs/http-cookies.html",
    "a cookie that a program sets": f"{_RFC}rfc6265",
    "a secret of pppd's chap-secrets": "https://ppp.samba.org/pppd.html",
    "a key of an IPsec state": f"{_MAN}man8/ip-xfrm.8.html",
    "a secret access key near its id, of AWS or of Google's compatible storage":
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
    "the key of an Azure storage account or database, next to a word for it":
        f"{_MICROSOFT}azure/storage/common/storage-account-keys-manage",
    "the private members of a JSON web key": f"{_RFC}rfc7517",
    "a user and password in curl's configuration": "https://curl.se/docs/manpage.html",
    "the first user and password of Neo4j":
        "https://neo4j.com/docs/operations-manual/current/docker/introduction/",
    "a user and key of Kaggle": "https://www.kaggle.com/docs/api",
    "a list of users and their passwords for chpasswd": f"{_MAN}man8/chpasswd.8.html",
    "a private key block, whole or cut off, however escaped or numbered": f"{_RFC}rfc7468",
    "the end of a private key block whose beginning is missing": f"{_RFC}rfc7468",
    "PuTTY's private lines":
        "https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html",
    "a bare PKCS or OpenSSH private key in base64": f"{_RFC}rfc5958",
    "a password in SQL": f"{_MYSQL}create-user.html",
    "a password in SQL without quotes": f"{_ORACLE}sqlrf/CREATE-USER.html",
    "a password given to crypt of pgcrypto": f"{_POSTGRES}pgcrypto.html",
    "a key given to pgp_sym_encrypt": f"{_POSTGRES}pgcrypto.html",
    "the key that kubeadm shares certificates with":
        f"{_KUBERNETES}reference/setup-tools/kubeadm/kubeadm-init/",
    "a password in a URL's userinfo": f"{_RFC}rfc3986",
    "a token alone in a URL's userinfo": f"{_RFC}rfc3986",
    "a password in a percent-encoded URL": f"{_RFC}rfc3986",
    "a password in a data source's name of Go's driver for MySQL":
        "https://github.com/go-sql-driver/mysql",
    "a key that unseals a vault": "https://developer.hashicorp.com/vault/docs/concepts/seal",
    "a private key in the format in which wallets import it":
        "https://en.bitcoin.it/wiki/Wallet_import_format",
    "a secret seed of a Stellar account":
        "https://github.com/stellar/stellar-protocol/blob/master/ecosystem/sep-0023.md",
    "twelve words or more of the list of seed phrases":
        "https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki",
    "a wallet's seed phrase": "https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki",
    "a value that a command writes into the registry":
        f"{_MICROSOFT}windows-server/administration/windows-commands/reg-add",
    "a value of the registry, as a query prints it":
        f"{_MICROSOFT}windows-server/administration/windows-commands/reg-query",
}  # fmt: skip
"""Of rules whose place has a documentation: its address."""
