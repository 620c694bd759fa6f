"""Install the real Claude Code client, once per machine, into a cache folder outside the repo.

The versions are pinned in `versions`. Of a native client only the platform's npm package is
installed, so that no install script runs and Node is not needed afterwards.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from support.claude_client.versions import CLIENT_VERSION, is_native
from support.waiting import WAIT_SECONDS

INSTALL_SECONDS = 240.0

_NODE_PACKAGE = "@anthropic-ai/claude-code"
_SCRIPT = Path(_NODE_PACKAGE, "cli.js")

# The environment before any test changed HOME.
_REAL_ENVIRONMENT = dict(os.environ)


class ClientUnavailable(RuntimeError):  # noqa: N818 - a condition of the machine, not a defect
    """The client is not installed here and could not be; the message says what to do."""


def installed_client(version: str = CLIENT_VERSION) -> Path:
    """Return the path of a client's program, after installing it if necessary.

    Several processes may call this at once: one installs, the others wait for it.
    """
    folder = cache_root() / f"claude-{version}"
    binary = folder / ("claude" if is_native(version) else _SCRIPT)
    if binary.is_file():
        return binary
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{folder}.lock", timeout=INSTALL_SECONDS):
            if not binary.is_file():
                _install(folder, version)
    except Timeout as error:
        raise ClientUnavailable(
            f"another process has been installing the client for {INSTALL_SECONDS:.0f} s: "
            f"remove {error.lock_file} if none is running"
        ) from error
    return binary


def real_environment() -> dict[str, str]:
    """Return the environment of the test run, with the user's own home."""
    return dict(_REAL_ENVIRONMENT)


def platform_package() -> str:
    """Return the npm package that holds the client for this machine."""
    system = {"linux": "linux", "darwin": "darwin"}.get(sys.platform)
    machine = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}.get(
        platform.machine().lower()
    )
    if system is None or machine is None:
        raise ClientUnavailable(
            f"the client does not exist for {sys.platform} on {platform.machine()}: "
            "run the client's tests on Linux or macOS"
        )
    libc = "-musl" if system == "linux" and platform.libc_ver()[0] != "glibc" else ""
    return f"@anthropic-ai/claude-code-{system}-{machine}{libc}"


def cache_root() -> Path:
    """Return the folder for what the tests download."""
    folder = _REAL_ENVIRONMENT.get("CCSYNC_TEST_CACHE")
    if folder:
        return Path(folder)
    caches = _REAL_ENVIRONMENT.get("XDG_CACHE_HOME")
    home = Path(_REAL_ENVIRONMENT.get("HOME") or Path.home())
    return (Path(caches) if caches else home / ".cache") / "ccsync-watch-tests"


def _install(folder: Path, version: str) -> None:
    """Install next to `folder` and rename, so that an incomplete client is never used."""
    package = platform_package() if is_native(version) else _NODE_PACKAGE
    # A folder without the binary is left from a failed installation and would block the rename.
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as staging:
        npm_install(f"{package}@{version}", Path(staging))
        if is_native(version):
            whole, binary = Path(staging, "node_modules", package), "claude"
        else:
            # With the packages that it needs.
            whole, binary = Path(staging, "node_modules"), str(_SCRIPT)
            (whole / _SCRIPT).chmod(0o755)
        _check(whole / binary, version, home=Path(staging))
        whole.rename(folder)


def npm_install(package: str, prefix: Path) -> None:
    """Install a package below `prefix`, without its scripts; raise ClientUnavailable."""
    npm = shutil.which("npm", path=_REAL_ENVIRONMENT.get("PATH"))
    if npm is None:
        raise ClientUnavailable(
            f"npm is not on PATH: install Node.js with npm, which fetches {package} for the tests"
        )
    switches = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--no-save"]
    try:
        completed = subprocess.run(
            [npm, "install", "--prefix", prefix, *switches, package],
            env=_REAL_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ClientUnavailable(
            f"npm took longer than {INSTALL_SECONDS:.0f} s over {package}: "
            "check that the npm registry can be reached from here"
        ) from error
    if completed.returncode != 0:
        raise ClientUnavailable(
            f"npm could not install {package} (exit {completed.returncode}): "
            "check that the npm registry can be reached from here. npm printed:\n"
            + completed.stderr.strip()[-1500:]
        )


def _check(binary: Path, version: str, *, home: Path) -> None:
    """Start the binary once, so that a wrong platform is reported here and not by every test."""
    try:
        completed = subprocess.run(
            [binary, "--version"],
            # A script needs Node, which is on PATH.
            env={
                "HOME": str(home),
                "PATH": _REAL_ENVIRONMENT.get("PATH", os.defpath),
                "DISABLE_AUTOUPDATER": "1",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ClientUnavailable(f"the installed client does not run here: {error}") from error
    if version not in completed.stdout:
        raise ClientUnavailable(
            f"the installed client prints another version than {version}: "
            f"{completed.stdout.strip()} {completed.stderr.strip()}"
        )
