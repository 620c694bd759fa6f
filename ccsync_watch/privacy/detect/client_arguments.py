"""Finds passwords among the arguments of particular programs, by position or by their flags."""

from __future__ import annotations

import re

from ccsync_watch.privacy.detect.client_passwords import (
    is_typed_word,
    value_rule,
)
from ccsync_watch.privacy.engine.structural_rule import StructuralRule, pattern_rule
from ccsync_watch.privacy.heuristics.dummy_values import is_passphrase, is_placeholder
from ccsync_watch.privacy.heuristics.gibberish import is_gibberish
from ccsync_watch.privacy.heuristics.password_forms import (
    has_password_form,
    is_drawn_or_phrase,
    is_typed_password,
)
from ccsync_watch.privacy.heuristics.thresholds import LEAST_URL_TOKEN
from ccsync_watch.privacy.heuristics.value_characters import has_digit
from ccsync_watch.privacy.heuristics.value_strength import is_random


def _is_drawn_word(value: str) -> bool:
    """Tell whether an argument is generated or chosen: position alone proves little."""
    if _APP_PASSWORD.fullmatch(value):
        return True
    return is_drawn_or_phrase(value) and is_typed_word(value) and value[0] not in "/.<["


def _is_operand(value: str) -> bool:
    """Tell whether an argument is a password where options may be too."""
    return _is_drawn_word(value) and value[0] not in "- " and len(value) >= _LEAST_OPERAND


def _is_phrase_or_drawn(value: str) -> bool:
    """Tell whether it is a password or a passphrase of words, where nothing else is read."""
    return _is_drawn_word(value) or is_passphrase(value)


def _is_login_password(value: str) -> bool:
    """Tell whether it is a password, and neither a port, a path nor a SQL statement."""
    return _is_drawn_word(value) and not set(value) & set(":/ ")


def _is_braced(value: str) -> bool:
    is_chosen = has_digit(value) or is_gibberish(value)
    is_chosen = is_chosen and not set(value) & set("()[]\"'")
    return is_chosen and is_typed_password(value) and has_password_form(value)


_S = r"[ \t]{1,4}"
_LEAST_OPERAND = 4
_POSITIONS = (
    rf"(?:cargo{_S}login{_S}(?:--registry[ =][^\s]{{1,40}}{_S})?|"
    rf"openssl{_S}passwd{_S}(?:-(?!salt)"
    rf"[156a-z]{{1,10}}{_S}){{0,3}}(?:-salt{_S}[^\s]{{1,20}}{_S})?|"
    rf"mosquitto_passwd{_S}-[a-z]{{0,3}}b[a-z]{{0,3}}{_S}[^\s]{{1,80}}{_S}[^\s]{{1,60}}{_S}|"
    rf"isql{_S}(?:-[a-z]{_S}){{0,2}}[^\s-][^\s]{{0,40}}{_S}[^\s-][^\s]{{0,40}}{_S}|"
    rf"(?:poetry|"
    rf"composer){_S}config{_S}(?:-[^\s]{{1,12}}{_S})?(?:http-basic\.[^\s]{{1,60}}{_S}[^\s]{{1,60}}|"
    rf"pypi-token\.[^\s]{{1,40}}){_S}|"
    rf"bundle{_S}config{_S}(?:set{_S})?(?:--[a-z]{{1,8}}{_S})?[^\s]{{1,80}}{_S}[^\s:]{{1,60}}:|"
    rf"ansible-vault{_S}encrypt_string{_S}|qpdf{_S}--encrypt{_S}|"
    rf"--encrypt{_S}[^\s]{{4,64}}{_S}(?=[^\s]{{4,64}}{_S}256)|"
    rf"etcdctl{_S}put{_S}[^\s]{{0,60}}(?:password|secret|token|key){_S}|"
    rf"consul{_S}acl{_S}set-agent-token{_S}(?:default|agent|recovery|replication){_S}|"
    rf"networksetup{_S}-setairportnetwork{_S}[^\s]{{1,20}}{_S}(?:\\?\"[^\"\n]{{1,32}}\\?\"|"
    rf"[^\s]{{1,32}})"
    rf"{_S}|"
    rf"drush{_S}(?:user:password|user-password|upwd){_S}[^\s]{{1,60}}{_S}(?:--password=)?|"
    rf"(?:wandb|sentry-cli|clearml-init|dvc[ ]studio){_S}login{_S}(?:--relogin{_S})?|"
    rf"keymaterial=|"
    rf"sonar\.(?:login|token)[ ]?=[ ]?|"
    rf"xh{_S}-A{_S}bearer{_S}-a{_S}|https?{_S}-A{_S}bearer{_S}-a{_S}|"
    rf"(?:preshared-key|private-key|auth-user-pass|password-file|passwd-file|pass-file|key-file)"
    rf"[ =]<\((?:echo|printf){_S}(?:-n{_S})?[\"']?(?:[\w.@-]{{1,40}}(?:\\n|\n))?|"
    rf"lftp{_S}(?:-e{_S}[\"']open{_S})?-u{_S}[\w.@-]{{1,40}},|"
    rf"ftp[^\n]{{0,80}}(?:\r?\n|\\n|<<<[ ]?[\"'])user{_S}\w[\w.@-]{{0,39}}{_S}|"
    rf"ftp>{_S}user{_S}\w[\w.@-]{{0,39}}{_S})"
)
_PROGRAMS = (
    rf"(?:cargo{_S}login{_S}|openssl{_S}passwd{_S}|mosquitto_passwd{_S}-|isql{_S}|"
    rf"(?:poetry|composer|bundle){_S}config{_S}|ansible-vault{_S}encrypt_string{_S}|"
    rf"qpdf{_S}--encrypt{_S}|--encrypt{_S}[^\s]{{4}}|etcdctl{_S}put{_S}|"
    rf"consul{_S}acl{_S}set-agent-token{_S}|networksetup{_S}-setairportnetwork{_S}|"
    rf"drush{_S}(?:user:password|user-password|upwd){_S}|"
    rf"(?:wandb|sentry-cli|clearml-init|dvc[ ]studio){_S}login{_S}|keymaterial=|"
    rf"sonar\.(?:login|token)[ ]?=[ ]?|"
    rf"(?:xh|https?){_S}-A{_S}bearer{_S}-a{_S}|"
    rf"(?:preshared-key|private-key|auth-user-pass|password-file|passwd-file|pass-file|key-file)"
    rf"[ =]<\(|lftp{_S}(?:-e{_S}[\"']open{_S})?-u{_S}|"
    rf"ftp[^\n]{{0,80}}(?:\r?\n|\\n|<<<[ ]?[\"'])user{_S}\w|ftp>{_S}user{_S})"
)
"""How the positions' commands begin: the scan looks for no more, since text has few of them."""
_SECURITY = (
    rf"security{_S}(?:(?:add|find)-(?:generic|internet)-password|unlock-keychain|create-keychain|"
    r"set-keychain-password|set-key-partition-list|import)(?:[ \t][^\n\r]{0,160})?"
)
_P = r"[ \t]-[pPwk][ \t=]{1,2}"
_QUOTE_OR_NONE = r"['\"]?"
_APP_PASSWORD = re.compile(r"[a-z]{4}(?:-[a-z]{4}){3}")
"""Apple's password for a program."""
_MORE_CLIENTS = (
    r"(?:isql|tsql|altool|notarytool|az[ ]sql|az[ ]postgres|az[ ]mysql|az[ ]vm|ncftp\w{0,8}|"
    r"rabbitmqadmin|twine|"
    r"(?:docker|podman)[ ]login|mongo\w{0,8}|signtool|schtasks|psexec|"
    r"dotnet[ ]nuget[ ](?:push|add|update)|"
    r"ldappasswd|"
    r"expect|gcloud|nordvpn|protonvpn-cli|mc|b2|sftp|xfreerdp|smbpasswd|pdbedit|restic|kopia|"
    r"knife|steghide|swift|conan)"
)
_JOINING_CLIENTS = r"(?:bcp|sqlcmd|isql|zip|mongo\w{0,8}|osql)"
_REDIS_TRIGGER = (
    r"(?:(?-i:AUTH)[ ](?:[\w.-]{1,32}[ ])?|auth(?:\r\n|\\r\\n)\$\d{1,4}(?:\r\n|\\r\\n)|"
    r"[ ]>[^\s'\"<=>])"
)
"""Without the beginning of a line, and without users, who are in every listing of files."""
_REDIS = (
    r"(?:(?:>[ ]|(?:\n|\\n|^)|redis[^\n]{0,40}[ ])(?-i:AUTH)[ ](?:[\w.-]{1,32}[ ])?|"
    r"(?:AUTH|auth)(?:\r\n|\\r\\n)\$\d{1,4}(?:\r\n|\\r\\n)|"
    r"(?:ACL[ ]SETUSER|user)[ ][\w.-]{1,32}[ ](?:on|off)[ ][^\n]{0,60}?>)"
)
_CONFIGURED = (
    r"(?:masterauth|bindpw|rootpw(?:[ ]--[a-z]{4,12}){0,2}|olcrootpw:|auth_pass|"
    r"stats[ ]auth[ ][\w.-]{1,40}:|"
    r"static:[\w.@-]{1,60}:|"
    r"\]:\d{2,5}[ ]{1,8}[\w.@-]{1,60}:)"
)

_IMPACKET = (
    r"(?:secretsdump|psexec|wmiexec|smbexec|atexec|dcomexec|getuserspns|getnpusers|gettgt|"
    r"lookupsid|samrdump|mssqlclient|rpcdump|impacket-)"
)


def _is_token_argument(value: str) -> bool:
    return len(value) >= LEAST_URL_TOKEN and is_random(value) and not is_placeholder(value)


RULES: tuple[StructuralRule, ...] = (
    value_rule(
        "a token after -t of a client that takes one there",
        r"[ \t]-t[ \t=]",
        context=r"(?:codecov|codacy-coverage-reporter|vercel|influx|doctl|coveralls|flyctl|"
        r"act_runner|gitlab-runner|netlify|surge|snyk|convex|tea[ ]login)[^\n\r]{0,120}",
        quote=_QUOTE_OR_NONE,
        first=r"[^\s'\"-][^\s'\"]{15}",
        kind="secret",
        accept=_is_token_argument,
        reach=60,
    ),
    pattern_rule(
        "password",
        "a password that mkpasswd hashes",
        rf"mkpasswd{_S}(?:-[A-Za-z]{_S}[\w-]{{1,16}}{_S}|--?[a-z][\w-]{{1,12}}(?:="
        rf"[^\s]{{1,24}})?{_S}"
        rf"(?:(?:sha-?(?:256|512)|md5|yescrypt|bcrypt\w{{0,2}}|scrypt){_S})?){{0,3}}"
        r"\\{0,7}['\"]?(?P<secret>[^\s'\"\\;|&-][^\s'\"\\;|&]{3,128})",
        trigger=r"mkpasswd[ \t]",
        reach=24,
        accept=_is_drawn_word,
    ),
    pattern_rule(
        "password",
        "a password in the target of Impacket's programs",
        _IMPACKET + r"[\w.-]{0,20}[ ][^\n\r]{0,120}?(?<=[ '\"])(?:[\w.-]{1,40}/)?[\w.$-]{1,40}:"
        r"(?P<secret>[^\s'\"@/:\\]{4,64})@[\w.-]",
        trigger=_IMPACKET,
        reach=24,
        accept=is_typed_password,
    ),
    value_rule(
        "a password or token that a program takes by position",
        _POSITIONS,
        trigger=_PROGRAMS,
        quote="",
        first="",
        accept=_is_operand,
        reach=320,
    ),
    value_rule(
        "a password for macOS's keychain",
        _P,
        context=_SECURITY,
        first=r"[^\s'\"-][^\s'\"]{2}",
        accept=is_typed_password,
        reach=12,
    ),
    value_rule(
        "a password after -p, -P or -k of more clients",
        _P,
        context=_MORE_CLIENTS + r"(?:[ \t][^\n\r]{0,160})?",
        first=r"[^\s'\"-][^\s'\"]{3}",
        accept=_is_drawn_word,
        reach=12,
    ),
    value_rule(
        "a password joined to -P or -p",
        r"[ \t]-[pP]",
        context=_JOINING_CLIENTS + r"[ \t][^\n\r]{1,160}",
        shortest=_JOINING_CLIENTS + r"[ \t]{0,2}",
        first=r"[^\s'\"-][^\s'\"]{5}",
        accept=_is_drawn_word,
        reach=12,
    ),
    value_rule(
        "a password after -p that follows a user after -u, of any program",
        r"[ \t]-[uU][ \t][\w.@\\-]{1,60}[ \t]-[pP][ \t]{1,2}",
        first=r"[^\s'\"-][^\s'\"]{3}",
        accept=_is_login_password,
        reach=100,
    ),
    value_rule(
        "a new password for ldappasswd or slappasswd",
        r"[ \t]-[sa][ \t]{1,2}",
        context=r"(?:ld|sl)appasswd(?:[ \t][^\n\r]{0,160})?",
        first=r"[^\s'\"-][^\s'\"]{3}",
        accept=_is_drawn_word,
        reach=12,
    ),
    value_rule(
        "a password after a Windows flag",
        r"[ \t]/(?:p|rp|pass|password)[: ]",
        context=r"(?:signtool|schtasks|cmdkey|net|wmic|runas|psexec)[ .][^\n\r]{0,160}",
        first=r"[^\s'\"-][^\s'\"]{3}",
        accept=is_typed_word,
        reach=16,
    ),
    value_rule(
        "a password for snmp, pdftk, sendemail or netsh",
        r"[ \t](?:(?-i:-[AXc])|user_pw|owner_pw|input_pw|-xp|key=)[ ]{0,2}",
        context=r"(?:snmp\w{2,12}|pdftk|sendemail|netsh)[ ][^\n\r]{0,160}",
        first=r"[^\s'\"-][^\s'\"]{3}",
        accept=_is_drawn_word,
        reach=16,
    ),
    value_rule(
        "a password of Redis, in its dialogue, protocol or configuration",
        _REDIS,
        trigger=_REDIS_TRIGGER,
        quote=r"['\"]?",
        accept=_is_drawn_word,
        reach=140,
    ),
    value_rule(
        "a password of a server's configuration",
        _CONFIGURED + r"[ \t]{0,8}",
        first=r"[^\s'\"]{4}",
        accept=_is_drawn_word,
        reach=120,
    ),
    pattern_rule(
        "password",
        "a password in braces in a connection string",
        r"(?:pwd|password)[ ]?=[ ]?\{(?P<secret>(?:[^}\n\r\"]|\}\}){4,128})\}",
        reach=40,
        accept=_is_braced,
    ),
    pattern_rule(
        "password",
        "a user and password after the address of a database",
        r"(?:(?<!\w)(?!https?:)\w{2,12}:|host=|jdbc:|dbi:)"
        r"[^\"'\n]{3,160}\\{0,7}[\"'],[ ]{0,2}\\{0,7}[\"'](?!-)[\w.@-]{1,40}"
        r"\\{0,7}[\"'],[ ]{0,2}\\{0,7}[\"'](?P<secret>[^\"'\\\n]{4,128})\\{0,7}[\"']",
        reach=420,
        accept=_is_drawn_word,
    ),
    pattern_rule(
        "password",
        "a user and password after the host of a database",
        r"(?:mysqli?(?:_p?connect)?|pg_connect|oci_connect|cx_oracle\.connect|oracledb\.connect|"
        r"pymysql\.connect|mysqldb\.connect|db\.auth|ftp_login|ssh2_auth_password|createuser)\("
        r"(?:[^()\n,]{1,80},[ ]?){1,2}\\{0,7}[\"'](?P<secret>[^\"'\\\n]{4,128})\\{0,7}[\"']",
        reach=300,
        accept=_is_drawn_word,
    ),
    pattern_rule(
        "password",
        "a user and password for Oracle's programs",
        r"(?:sqlplus|sqlldr|expdp|impdp|rman|connect|conn|userid=)"
        r"[ ]?(?:-[a-z]{1,2}[ ]){0,3}"
        r"(?:userid=)?[\w$#]{1,40}/\\{0,7}[\"']?(?P<secret>[^\s@'\"\\/]{4,64})(?=\\{0,7}[\"']?@|"
        r"[ ]schemas|"
        r"[ ][a-z]{3,12}=)",
        trigger=r"(?:sqlplus|sqlldr|expdp|impdp|rman|connect|conn|userid=)"
        r"[ ]?(?:-[a-z]{1,2}[ ]){0,3}"
        r"(?:userid=)?[\w$#]{1,40}/\\{0,7}[\"']?[^\s@'\"\\/]{4,64}[\"']?[@ ]",
        reach=160,
        accept=_is_drawn_word,
    ),
    pattern_rule(
        "password",
        "a password piped to a program that asks for one",
        r"(?:echo|printf)[ \t]{1,3}(?:-[ne]{1,3}[ \t])?(?:['\"]?%s(?:\\n)?['\"]?[ \t])?"
        r"\\{0,7}['\"]?"
        r"(?P<secret>[^'\"\n\r|\\]{6,160}?)\\{0,7}['\"]?[ \t]{0,4}\|",
        trigger=r"(?:echo|printf)[ \t][^\n\r|]{6,180}\|[ \t]{0,4}(?:sudo[ ])?(?:kinit|cryptsetup|"
        r"gpg|"
        r"gcloud[ ]secrets|wrangler[ ]secret|mysql_config_editor|keytool|smbpasswd|vncpasswd|"
        r"nmcli|op[ ]|lpass|bw[ ]|keepassxc-cli|saslpasswd2|realm[ ]|adcli|veracrypt|zfs[ ]|age[ ]|"
        r"(?:doctl|hcloud|gh|glab|fly|flyctl|heroku|npm|az|aws|gcloud|vault|convex|ngrok|snyk|tea|"
        r"oc|cf|ibmcloud|firebase|vercel|netlify|sentry-cli|huggingface-cli|hf|wandb)"
        r"[ ](?:[a-z-]{1,20}[ ]){0,2}(?:login|signin|auth|init|unlock|set|put|create|add))",
        reach=240,
        accept=_is_phrase_or_drawn,
    ),
    value_rule(
        "a password by a here-string to a program that asks for one",
        r"<<<[ ]?",
        context=r"(?:cryptsetup|vncpasswd|wrangler[ ]secret|vercel[ ]env|gh[ ]secret|kinit|gpg|"
        r"mysql|mariadb|psql|keytool|secret-tool|gopass|pass[ ]insert|"
        r"ssh-add|hdiutil|veracrypt|lncli|restic|borg|passwd|zpool|zfs|"
        r"keepassxc-cli|gcloud[ ]secrets|lpass|openssl|gocryptfs|systemd-ask-password|"
        r"systemd-creds|ecryptfs|wg[ ](?:pubkey|set)|7z[az]?[ ]|ssh-keygen|bioctl|keyctl|age[ ]-d|"
        r"luksformat|tomb[ ]|vault[ ](?:login|kv)|"
        r"smbpasswd|mysql_config_editor|(?:podman|docker)[ ]secret|argon2|age[ ]-p)[^\n\r]{0,80}",
        quote=r"\$?['\"]?",
        accept=_is_phrase_or_drawn,
        reach=12,
    ),
    value_rule(
        "a password that a command prints for another program",
        r"pass(?:word)?[-_]?(?:command|cmd|eval)[ =]\\{0,7}[\"']?(?:echo|printf)[ ]\\{0,7}['\"]?",
        quote="",
        accept=_is_drawn_word,
        reach=60,
    ),
    value_rule(
        "a password typed by pexpect, or by its line",
        r"send_?line\(\\{0,7}[\"']",
        context=r"",
        quote="",
        first=r"[^\"'\n\\]{6,60}\\{0,7}[\"']\)[ ]{0,4}#[ ]?pass",
        accept=_is_drawn_word,
        reach=120,
    ),
)
