"""The accessibility checker axe-core, installed from npm once per machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from support.claude_client.install import ClientUnavailable, cache_root, npm_install

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Page

AXE_VERSION = "4.10.3"
_IS_CI = os.environ.get("CI") == "true"
_RUN = """async (impacts) => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter((violation) => impacts.includes(violation.impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}"""


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the checker's source; skip without npm, but fail in CI."""
    try:
        return load_axe()
    except ClientUnavailable as error:
        reason = f"axe-core is missing: {error}"
        if _IS_CI:
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def load_axe() -> str:
    """Return the checker's source. Raises ClientUnavailable without npm."""
    script = cache_root() / f"axe-{AXE_VERSION}.js"
    script.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{script}.lock"):
        if not script.is_file():
            _install(script)
    return script.read_text()


def _install(script: Path) -> None:
    with tempfile.TemporaryDirectory(dir=script.parent) as staging:
        npm_install(f"axe-core@{AXE_VERSION}", Path(staging))
        shutil.move(Path(staging, "node_modules", "axe-core", "axe.min.js"), script)


def serious_violations(page: Page, axe: str) -> list[str]:
    """Return the accessibility violations of this page that are serious or critical."""
    return find_violations(page, axe, ("serious", "critical"))


def find_violations(
    page: Page, axe: str, impacts: Sequence[str] = ("minor", "moderate", "serious", "critical")
) -> list[str]:
    """Return the accessibility violations of this page that have one of these impacts."""
    # As the browser's own tools would: the page's policy lets no script of ours in.
    page.evaluate(axe)
    violations: list[str] = page.evaluate(_RUN, list(impacts))
    return violations
