"""Settings: declared in `settings`, put together by `load`, frozen from then on."""

from ccsync_watch.config.folders import CONFIG_NAME, config_path, home, state_folder
from ccsync_watch.config.hook_folders import add_hook_folder, hook_folders_path
from ccsync_watch.config.loading import hide_secrets, load, setting_places
from ccsync_watch.config.plugin_options import options_path
from ccsync_watch.config.setting_values import (
    BudgetSettings,
    DashboardSettings,
    ModelPrices,
    ProjectPolicy,
    RedactSettings,
    RetentionSettings,
    Secret,
)
from ccsync_watch.config.settings import Setting, Settings, declared_settings
from ccsync_watch.config.settings_file import read_file, save
from ccsync_watch.config.shown_settings import (
    changed_settings,
    printable_path,
    short_path,
    shown_settings,
)

__all__ = [
    "CONFIG_NAME",
    "BudgetSettings",
    "DashboardSettings",
    "ModelPrices",
    "ProjectPolicy",
    "RedactSettings",
    "RetentionSettings",
    "Secret",
    "Setting",
    "Settings",
    "add_hook_folder",
    "changed_settings",
    "config_path",
    "declared_settings",
    "hide_secrets",
    "home",
    "hook_folders_path",
    "load",
    "options_path",
    "printable_path",
    "read_file",
    "save",
    "setting_places",
    "short_path",
    "shown_settings",
    "state_folder",
]
