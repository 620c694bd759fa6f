"""The declaration of every setting: one field of `Settings` is all there is to one.

File, environment, flags, plugin options, `status` and the README's table are derived from it. To
add a setting, add a field with `setting(…)`, and a check in `setting_checks` if none fits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from ccsync_watch.config import setting_checks as checks
from ccsync_watch.config.budget_checks import check_budget
from ccsync_watch.config.retention_checks import check_retention
from ccsync_watch.config.setting_values import (
    DashboardSettings,
    DestinationInfo,
    RedactSettings,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccsync_watch.config.setting_values import (
        BudgetSettings,
        ModelPrices,
        ProjectPolicy,
        RetentionSettings,
        Secret,
    )

T = TypeVar("T")

_MAX_OPENSYNC_MESSAGES = 4095
# The public deployment; where the app of another one is, only the settings can say.
_HOSTED_API, _HOSTED_APP = "api.opensync.dev", "https://www.opensync.dev"


@dataclass(frozen=True, slots=True)
class Setting:
    """The declaration of one setting, besides its type.

    `shown_default` is the default as the documentation has it, `variable` the environment variable,
    `option_title` the title of the plugin's option (None: the plugin has no such option).
    """

    name: str
    default: object
    check: Callable[[object], object]
    documentation: str
    shown_default: str
    variable: str | None
    option_title: str | None
    is_flag: bool

    @property
    def flag(self) -> str:
        """Return the name of its flag, if it has one."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def is_switch(self) -> bool:
        """Return whether it is on or off."""
        return isinstance(self.default, bool)

    @property
    def is_secret(self) -> bool:
        """Return whether its value is never shown, and removed from everything stored."""
        return self.check in {checks.check_secret, checks.check_token}

    @property
    def flag_value(self) -> str:
        """Return what stands for the value in the usage of its flag."""
        return "true|false" if self.is_switch else self.name.rpartition("_")[2].upper()


def setting(
    default: T,
    check: Callable[[object], object],
    documentation: str,
    shown_default: str,
    *,
    variable: str | None = None,
    option_title: str | None = None,
    is_flag: bool = False,
) -> T:
    """Declare a setting as a field of `Settings`; see `Setting` for the arguments."""
    declared = (check, documentation, shown_default, variable, option_title, is_flag)
    return field(default=default, metadata={"setting": declared})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the user can choose, and below it where that was read and what it is kept in."""

    convex_url: str | None = setting(
        None,
        checks.check_url,
        "your deployment; without it nothing leaves the machine",
        "none",
        variable="CLAUDE_SYNC_CONVEX_URL",
        option_title="Convex URL",
        is_flag=True,
    )
    app_url: str | None = setting(
        None,
        checks.check_app_url,
        "the address of your OpenSync web app: with it, the page of a session leads to it there",
        "none",
    )
    api_key: Secret | None = setting(
        None,
        checks.check_secret,
        "the deployment's API key; sent to that address only, and never shown",
        "none",
        variable="CLAUDE_SYNC_API_KEY",
        option_title="API key",
    )
    auto_sync: bool = setting(
        default=True,
        check=checks.check_boolean,
        documentation="`false`: upload only on `sync-now`",
        shown_default="`true`",
        variable="CLAUDE_SYNC_AUTO",
        option_title="Auto sync",
        is_flag=True,
    )
    sync_tool_calls: bool = setting(
        default=True,
        check=checks.check_boolean,
        documentation="store and send tool calls and their results",
        shown_default="`true`",
        variable="CLAUDE_SYNC_TOOL_CALLS",
        option_title="Tool calls",
        is_flag=True,
    )
    sync_thinking: bool = setting(
        default=False,
        check=checks.check_boolean,
        documentation="store and send thinking",
        shown_default="`false`",
        variable="CLAUDE_SYNC_THINKING",
        option_title="Thinking",
        is_flag=True,
    )
    sync_host: bool = setting(
        default=False,
        check=checks.check_boolean,
        documentation="send this machine's name and the session's absolute folder, which a public"
        " link shows; without it the folder is sent as a path below your home (`~/…`), or else as"
        " the project's name. Paths in what was said, run and returned are sent as they are",
        shown_default="`false`",
        variable="CLAUDE_SYNC_HOST",
    )
    autostart: bool = setting(
        default=True,
        check=checks.check_boolean,
        documentation="whether the plugin's hooks may start the daemon",
        shown_default="`true`",
        variable="CLAUDE_SYNC_AUTOSTART",
    )
    claude_dirs: tuple[Path, ...] = setting(
        (),
        checks.check_folders,
        "Claude Code's folders; in the variable, separated by commas; unless they are in the file,"
        " those that the plugin's hooks name are read too",
        "`~/.claude`, and `~/.config/claude` if it exists",
        variable="CLAUDE_CONFIG_DIR",
    )
    max_prompt_chars: int = setting(
        4000,
        checks.check_count,
        "longer prompts and commands are cut there; a mark says how much was cut; of a call with "
        "more than 64 KiB of arguments only their sizes are kept",
        "`4000`",
    )
    max_output_chars: int = setting(
        1000, checks.check_count, "the same limit for tool output", "`1000`"
    )
    exclude_projects: tuple[str, ...] = setting(
        (),
        checks.check_strings,
        "globs on a project's folder; those projects and their worktrees are not stored",
        "`[]`",
    )
    projects: tuple[tuple[str, ProjectPolicy], ...] = setting(
        (),
        checks.check_projects,
        "globs with a policy each: `full`, `metadata` (times, tokens, names of tools, outcomes and"
        " sizes; no text) or `off`; the longest glob that matches decides",
        "`{}`",
    )
    redact: RedactSettings = setting(
        RedactSettings(),
        checks.check_redact,
        "your own regular expressions: what else is secret, and what never is",
        '`{"patterns": [], "allow": []}`',
    )
    retention: RetentionSettings | None = setting(
        None,
        check_retention,
        'how long texts are kept here, such as `"90d"`, or `{"age": "90d", "size": "2GB"}` to keep'
        " the database within a size, too; older ones are removed once a day, as by `prune`:"
        " figures, titles and what was uploaded stay, and what is still to be uploaded is kept",
        "forever",
    )
    dashboard: DashboardSettings = setting(
        DashboardSettings(),
        checks.check_dashboard,
        'the page on loopback; `"enabled": false` switches it off; `port` fixes its port, which'
        " otherwise is 8377 if that is free",
        '`{"enabled": true}`',
    )
    metrics_token: Secret | None = setting(
        None,
        checks.check_token,
        "lets Prometheus read `/metrics` on the dashboard's port with this bearer token, of 16"
        " characters or more; it has to run as your user",
        "none: no metrics",
    )
    prices: tuple[tuple[str, ModelPrices], ...] = setting(
        (),
        checks.check_prices,
        "your own prices, by model: an object with `input`, `output`, `cache_write_5m`,"
        " `cache_write_1h`, `cache_read` (USD per million tokens) and `web_search` (per thousand);"
        " they count before all others, and instead of what Claude Code reports",
        "`{}`",
    )
    price_multiplier: float | None = setting(
        None,
        checks.check_multiplier,
        "a factor for all costs, such as `0.85` for a discount of 15 %",
        "none",
    )
    budget: BudgetSettings | None = setting(
        None,
        check_budget,
        'what you want to spend at most, in USD: `{"day": 20, "week": 80, "month": 250}`, and on'
        ' projects, by a folder, its name or a glob: `"projects": {"shop": {"month": 50}}`; shown,'
        " and checked by `stats --check-budget`; nothing is stopped",
        "none",
    )
    # Where `claude_dirs` was set, None for its default; which of them only hook events named, and
    # which folders named by them are not among them, each with the reason.
    claude_dirs_place: str | None = None
    hook_dirs: tuple[Path, ...] = ()
    unread_dirs: tuple[tuple[Path, str], ...] = ()
    state_dir: Path = Path()
    cache_dir: Path | None = None
    managed_dir: Path | None = None
    file: Path = Path()
    warnings: tuple[str, ...] = ()

    @property
    def destination(self) -> DestinationInfo | None:
        """Return where sessions are uploaded to; None when everything stays on this machine."""
        if self.convex_url is None:
            return None
        is_hosted = urlsplit(self.convex_url).hostname == _HOSTED_API
        app_url = self.app_url or (_HOSTED_APP if is_hosted else None)
        return DestinationInfo("OpenSync", self.convex_url, _MAX_OPENSYNC_MESSAGES, app_url)

    @property
    def project_roots(self) -> tuple[Path, ...]:
        """Return the folder of transcripts in each Claude folder that is read."""
        return tuple(folder / "projects" for folder in self.claude_dirs)

    @property
    def secrets(self) -> dict[str, Secret]:
        """Return the values of those secret settings that are set, by their names."""
        values = {
            name: getattr(self, name)
            for name, declared in declared_settings().items()
            if declared.is_secret
        }
        return {name: value for name, value in values.items() if value is not None}


@cache
def declared_settings() -> dict[str, Setting]:
    """Return every setting by its name, in the order of the documentation."""
    return {
        declared.name: Setting(declared.name, declared.default, *declared.metadata["setting"])
        for declared in fields(Settings)
        if declared.metadata
    }
