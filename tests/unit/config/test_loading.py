"""Settings: where they come from, which source wins, and how a mistake is reported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from ccsync_watch.config import ModelPrices, Secret, changed_settings, load, shown_settings
from ccsync_watch.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    Write: TypeAlias = Callable[[bytes | dict[str, Any]], Path]

URL = "https://happy-otter-123.convex.cloud"


def error_of(env: dict[str, str], flags: dict[str, object] | None = None) -> str:
    """Return the one line in which `load` fails."""
    with pytest.raises(ConfigError) as caught:
        load(env, flags)
    text = str(caught.value)
    assert "\n" not in text
    return text


class TestSources:
    """File, then environment, then flags."""

    def test_defaults_are_as_documented(self, env: dict[str, str], tmp_path: Path) -> None:
        """Without a file everything has the documented default."""
        settings = load(env)
        assert settings.convex_url is None
        assert settings.api_key is None
        assert (settings.auto_sync, settings.sync_tool_calls, settings.sync_thinking) == (
            True,
            True,
            False,
        )
        assert (settings.max_prompt_chars, settings.max_output_chars) == (4000, 1000)
        assert settings.claude_dirs == (tmp_path / ".claude",)
        assert settings.state_dir == tmp_path / ".local" / "state" / "ccsync-watch"
        assert settings.warnings == ()

    def test_a_later_source_overrides(self, write: Write, env: dict[str, str]) -> None:
        """A flag overrides a variable, which overrides the file."""
        write({"auto_sync": True, "sync_thinking": False, "convex_url": URL})
        env["CLAUDE_SYNC_AUTO"] = "false"
        env["CLAUDE_SYNC_THINKING"] = "yes"
        assert load(env).auto_sync is False
        assert load(env).sync_thinking is True
        assert load(env, {"sync_thinking": "off", "convex_url": None}).sync_thinking is False
        assert load(env).convex_url == URL

    def test_every_key_of_the_file_is_read(
        self, write: Write, env: dict[str, str], tmp_path: Path
    ) -> None:
        """Each documented key reaches its setting."""
        write(
            {
                "convex_url": f" {URL}/ ",
                "api_key": "osk_0123456789abcdef",
                "sync_tool_calls": False,
                "claude_dirs": [str(tmp_path / "a"), str(tmp_path / "b")],
                "max_prompt_chars": 0,
                "max_output_chars": 7,
                "exclude_projects": ["/secret/**"],
                "projects": {"/work": "metadata", "/work/open": "full"},
                "redact": {"patterns": ["a+"], "allow": ["b"]},
                "dashboard": {"enabled": False, "port": 0},
            },
        )
        settings = load(env)
        assert settings.convex_url == URL
        assert settings.api_key == Secret("osk_0123456789abcdef")
        assert settings.sync_tool_calls is False
        assert settings.claude_dirs == (tmp_path / "a", tmp_path / "b")
        assert (settings.max_prompt_chars, settings.max_output_chars) == (0, 7)
        assert settings.exclude_projects == ("/secret/**",)
        assert settings.projects == (("/work", "metadata"), ("/work/open", "full"))
        assert (settings.redact.patterns, settings.redact.allow) == (("a+",), ("b",))
        assert (settings.dashboard.enabled, settings.dashboard.port) == (False, 0)

    def test_a_second_claude_folder_is_found(self, env: dict[str, str], tmp_path: Path) -> None:
        """`~/.config/claude` counts where it exists; a named folder replaces both."""
        second = tmp_path / ".config" / "claude"
        second.mkdir(parents=True)
        assert load(env).claude_dirs == (tmp_path / ".claude", second)
        env["CLAUDE_CONFIG_DIR"] = f"{tmp_path}/x, {tmp_path}/y"
        assert load(env).claude_dirs == (tmp_path / "x", tmp_path / "y")

    def test_folders_are_absolute(self, env: dict[str, str]) -> None:
        """A relative folder means the same wherever the next command is run."""
        env |= {"CLAUDE_CONFIG_DIR": "claude", "CCSYNC_WATCH_HOME": "state"}
        settings = load(env)
        assert settings.claude_dirs == (Path.cwd() / "claude",)
        assert settings.state_dir == Path.cwd() / "state"

    def test_the_state_folder_follows_the_environment(
        self, env: dict[str, str], tmp_path: Path
    ) -> None:
        """Our own variable wins over XDG's, of which a relative one counts as none."""
        env["XDG_STATE_HOME"] = "relative"
        assert load(env).state_dir == tmp_path / ".local" / "state" / "ccsync-watch"
        env["XDG_STATE_HOME"] = str(tmp_path / "xdg")
        assert load(env).state_dir == tmp_path / "xdg" / "ccsync-watch"
        env["CCSYNC_WATCH_HOME"] = str(tmp_path / "own")
        assert load(env).state_dir == tmp_path / "own"

    def test_an_empty_variable_is_ignored(self, env: dict[str, str]) -> None:
        """`CLAUDE_SYNC_AUTO= ccsync-watch` means nothing."""
        env |= {"CLAUDE_SYNC_AUTO": " ", "CLAUDE_SYNC_CONVEX_URL": ""}
        assert load(env).auto_sync is True

    def test_a_byte_order_mark_is_accepted(self, write: Write, env: dict[str, str]) -> None:
        """Windows editors write one."""
        write(b'\xef\xbb\xbf{"auto_sync": false}')
        assert load(env).auto_sync is False

    def test_settings_compare_by_value(self, write: Write, env: dict[str, str]) -> None:
        """The daemon restarts only when a changed file has other values."""
        write({"api_key": "osk_0123456789abcdef"})
        first = load(env)
        write({"api_key": "osk_0123456789abcdef", "auto_sync": True})
        assert load(env) == first
        write({"api_key": "osk_0123456789abcdeX"})
        assert load(env) != first


class TestMistakes:
    """Each is one line: the place, the key, the value, and what is allowed."""

    @pytest.mark.parametrize(
        ("content", "place"),
        [
            (b'{"auto_sync": true,\n "sync_thinking" false}', "line 2, column 18"),
            (b'{"auto_sync": tru}', "line 1, column 15"),
            (b"", "line 1, column 1"),
            (b"\xff\xfe{\x00}\x00", "line 1, column 1"),
        ],
    )
    def test_bad_json_is_located(
        self, write: Write, env: dict[str, str], content: bytes, place: str
    ) -> None:
        """The message says which line and column to look at."""
        path = write(content)
        text = error_of(env)
        assert text.startswith(f"{path}, {place}: not valid JSON")
        assert text.endswith("correct that line")

    def test_own_prices_are_read(self, write: Write, env: dict[str, str]) -> None:
        """By model; what is left out is not 0."""
        row = {"input": 4, "output": 20.5, "cache_read": 0.4, "web_search": 0}
        write({"prices": {"claude-opus-5": row}, "price_multiplier": 0.85})
        settings = load(env)
        assert settings.prices == (
            ("claude-opus-5", ModelPrices(4, 20.5, cache_read=0.4, web_search=0)),
        )
        assert settings.price_multiplier == 0.85
        shown = shown_settings(settings)
        assert shown["prices"] == {"claude-opus-5": row}
        assert changed_settings(shown) == {
            "prices": {"claude-opus-5": row},
            "price_multiplier": 0.85,
        }

    @pytest.mark.parametrize("content", [b"[]", b'"text"', b"null"])
    def test_the_file_must_hold_an_object(
        self, write: Write, env: dict[str, str], content: bytes
    ) -> None:
        """The message for anything else has an example."""
        path = write(content)
        assert error_of(env) == (
            f'{path} is not a JSON object: write it as {{"convex_url": "https://…"}}'
        )

    @pytest.mark.parametrize(
        ("key", "value", "shown", "allowed"),
        [
            ("convex_url", 7, "7", "a string, or leave it out"),
            ("api_key", ["x"], "(not shown)", "a string, or leave it out"),
            ("api_key", "osk key", "(not shown)", "a key without spaces"),
            ("api_key", "osk_schlüssel", "(not shown)", "a key without spaces"),
            ("auto_sync", "maybe", '"maybe"', "true or false"),
            ("auto_sync", 1, "1", "true or false"),
            ("auto_sync", None, "null", "true or false"),
            ("sync_tool_calls", [], "[]", "true or false"),
            ("sync_thinking", {}, "{}", "true or false"),
            ("prices", [], "[]", 'an object like {"claude-opus-5"'),
            ("prices", {"m": 5}, '{"m":5}', 'an object like {"claude-opus-5"'),
            ("prices", {"m": {"input": 5}}, '{"m":{"input":5}}', 'an object like {"claude-opus-5"'),
            (
                "prices",
                {" ": {"input": 1, "output": 1}},
                '{" ":{"input":1,"output":1}}',
                "an object",
            ),
            (
                "prices",
                {"m": {"input": -1, "output": 1}},
                '{"m":{"input":-1,"output":1}}',
                "an obje",
            ),
            (
                "prices",
                {"m": {"input": "5", "output": 1}},
                '{"m":{"input":"5","output":1}}',
                "an ob",
            ),
            (
                "prices",
                {"m": {"input": True, "output": 1}},
                '{"m":{"input":true,"output":1}}',
                "an",
            ),
            (
                "prices",
                {"m": {"input": 1, "output": 1, "cache": 1}},
                '{"m":{"input":1,"output":1,"cache":1}}',
                "an object",
            ),
            ("price_multiplier", 0, "0", "a number above 0"),
            ("price_multiplier", -1, "-1", "a number above 0"),
            ("price_multiplier", "2", '"2"', "a number above 0"),
            ("price_multiplier", True, "true", "a number above 0"),
            ("claude_dirs", 1, "1", "a list of strings"),
            ("claude_dirs", [""], '[""]', "a list of folders"),
            ("claude_dirs", ["a\0b"], '["a\\u0000b"]', "a list of folders"),
            ("claude_dirs", ["~nobody-here/x"], '["~nobody-here/x"]', "a list of folders"),
            ("max_prompt_chars", -1, "-1", "a whole number, 0 or more"),
            ("max_prompt_chars", "4k", '"4k"', "a whole number, 0 or more"),
            ("max_output_chars", 1.5, "1.5", "a whole number, 0 or more"),
            ("max_output_chars", True, "true", "a whole number, 0 or more"),
            ("exclude_projects", "x", '"x"', "a list of strings"),
            ("exclude_projects", [1], "[1]", "a list of strings"),
            ("projects", ["/x"], '["/x"]', 'an object like {"~/work/secret": "metadata"}'),
            ("projects", {"/x": "none"}, '{"/x":"none"}', "an object like"),
            ("projects", {" ": "off"}, '{" ":"off"}', "an object like"),
            ("redact", [], "[]", "an object like"),
            ("redact", {"pattern": []}, '{"pattern":[]}', "an object like"),
            ("redact", {"patterns": "x"}, '{"patterns":"x"}', "an object like"),
            ("dashboard", 1, "1", "an object like"),
            ("dashboard", {"port": 65536}, '{"port":65536}', "an object like"),
            ("dashboard", {"port": True}, '{"port":true}', "an object like"),
            ("dashboard", {"enabled": 1}, '{"enabled":1}', "an object like"),
            ("dashboard", {"prot": 1}, '{"prot":1}', "an object like"),
        ],
    )
    def test_a_wrong_value_is_shown(
        self, write: Write, env: dict[str, str], key: str, value: object, shown: str, allowed: str
    ) -> None:
        """As it stands in the file, and with what may stand there."""
        path = write({key: value})
        assert error_of(env).startswith(f"{path}: {key} is {shown}: set it to {allowed}")

    @pytest.mark.parametrize(
        "url",
        [
            "not a url",
            "happy-otter.convex.cloud",
            "ftp://happy-otter.convex.cloud",
            "https://",
            "https:///path",
            "https://[::1",
            "https://host:port",
            "https://host:99999",
            "https://a..b",
            "https://.convex.cloud",
            "https://exa mple.com",
            "https://exa\tmple.com",
            "https://b\u00fccher.example",
            f"{URL}?key=value",
            f"{URL}#part",
            f"{URL}/pa th",
        ],
    )
    def test_a_value_that_is_not_an_address_is_an_error(
        self, write: Write, env: dict[str, str], url: str
    ) -> None:
        """Before any request could fail on it."""
        write({"convex_url": url})
        assert "set it to an address like https://your-deployment.convex.cloud" in error_of(env)

    @pytest.mark.parametrize(
        ("url", "is_allowed"),
        [
            ("http://127.0.0.1:3210", True),
            ("http://localhost:3210", True),
            ("http://[::1]:3210", True),
            ("http://happy-otter.convex.cloud", False),
            ("http://192.168.1.5:3210", False),
            ("http://127.0.0.1.example.com", False),
            ("https://convex.example.com/base", True),
        ],
    )
    def test_plain_http_stays_on_this_machine(
        self, write: Write, env: dict[str, str], url: str, *, is_allowed: bool
    ) -> None:
        """The key would be sent in the clear otherwise."""
        write({"convex_url": url})
        if is_allowed:
            assert load(env).convex_url == url
        else:
            assert error_of(env).endswith("(http only on this machine)")

    @pytest.mark.parametrize(
        ("url", "secret"),
        [
            ("https://me:hunter2@happy-otter.convex.cloud", "hunter2"),
            ("https://me:of/hunter2@happy@happy-otter.convex.cloud", "hunter2"),
            ("https://osk_verysecret@happy-otter.convex.cloud", "verysecret"),
            (f"{URL}#verysecret", "verysecret"),
            ("osk_0123456789abcdefghijklmnop", "0123456789"),
            (f"{URL}/osk_0123456789abcdefghijklmnop", "0123456789"),
            ("https://OSK_0123456789-verysecret.convex.cloud", "verysecret"),
            (f"{URL}?api_key=verysecret", "verysecret"),
        ],
    )
    @pytest.mark.parametrize("key", ["convex_url", "app_url"])
    def test_a_secret_in_the_url_is_not_repeated(
        self, write: Write, env: dict[str, str], key: str, url: str, secret: str
    ) -> None:
        """A pasted key or password does not end in a log."""
        write({key: url})
        text = error_of(env)
        assert secret not in text
        assert key in text

    def test_the_place_is_where_the_value_came_from(self, env: dict[str, str]) -> None:
        """A wrong variable is not blamed on the file, nor a wrong flag on a variable."""
        env["CLAUDE_SYNC_AUTO"] = "perhaps"
        assert error_of(env).startswith(
            'environment variable CLAUDE_SYNC_AUTO: auto_sync is "perhaps": set it to true or false'
        )
        del env["CLAUDE_SYNC_AUTO"]
        assert error_of(env, {"auto_sync": "perhaps"}).startswith("--auto-sync: auto_sync is ")

    def test_bytes_that_are_not_utf8_are_shown_escaped(self, env: dict[str, str]) -> None:
        """An environment variable may hold anything."""
        env["CLAUDE_SYNC_CONVEX_URL"] = os.fsdecode(b"https://\xff.example")
        assert "'https://\\udcff.example'" in error_of(env)

    def test_a_long_value_is_cut(self, write: Write, env: dict[str, str]) -> None:
        """One readable line, whatever the file holds."""
        write({"auto_sync": "x" * 500})
        assert len(error_of(env)) < 250

    def test_an_unknown_key_is_a_warning(self, write: Write, env: dict[str, str]) -> None:
        """It names the nearest known key, and the other keys count."""
        path = write({"convexUrl": URL, "zzz\n": 1, "auto_sync": False})
        settings = load(env)
        assert settings.auto_sync is False
        assert settings.warnings == (
            f'{path}: unknown key "convexUrl": ignored; did you mean convex_url?',
            f'{path}: unknown key "zzz\\n": ignored',
        )

    def test_a_key_that_is_there_twice_is_a_warning(
        self, write: Write, env: dict[str, str]
    ) -> None:
        """It names both lines and says which one counts, which is the one that is used."""
        path = write({})
        path.write_text('{\n  "auto_sync": true,\n  "sync_host": true,\n  "auto_sync": false\n}\n')
        settings = load(env)
        assert settings.auto_sync is False
        (warning,) = settings.warnings
        assert warning == (
            f"{path}: auto_sync is there 2 times, in lines 2 and 4: the one in line 4 counts,"
            " remove the other"
        )
        path.write_text('{"auto_sync": true,\n "auto_sync": false,\n "auto_sync": true}')
        assert (
            load(env)
            .warnings[0]
            .endswith("in lines 1, 2 and 3: the one in line 3 counts, remove the others")
        )

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (
                '{"auto_sync": true, "auto_sync": false}',
                "2 times, in line 1: the last counts, remove the other",
            ),
            (
                '{"auto_sync": true,\n"auto_sync": true, "auto_sync": true}',
                "3 times, in lines 1 and 2: the last counts, remove the others",
            ),
            (
                '{"auto_sync": true, "auto_sync": true,\n"auto_sync": true}',
                "3 times, in lines 1 and 2: the one in line 2 counts, remove the others",
            ),
        ],
    )
    def test_a_line_that_has_a_key_twice_is_named_once(
        self, write: Write, env: dict[str, str], text: str, words: str
    ) -> None:
        """Its number alone would not say which one counts."""
        path = write({})
        path.write_text(text)
        assert load(env).warnings == (f"{path}: auto_sync is there {words}",)

    def test_an_unreadable_file_is_named(self, env: dict[str, str], tmp_path: Path) -> None:
        """A folder or a circle of links where the file should be."""
        path = tmp_path / ".claude-code-sync.json"
        path.mkdir()
        assert error_of(env) == (
            f"cannot read {path}: Is a directory: make it a file that you can read"
        )
        path.rmdir()
        path.symlink_to(path)
        assert error_of(env).startswith(f"cannot read {path}: ")

    def test_an_unknown_user_in_the_state_folder(self, env: dict[str, str]) -> None:
        """`~somebody` without such an account."""
        env["CCSYNC_WATCH_HOME"] = "~nobody-here/state"
        assert error_of(env) == (
            'environment variable CCSYNC_WATCH_HOME is "~nobody-here/state": set it to a folder'
        )

    def test_a_missing_home_folder_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither HOME nor an account: one line says so."""

        def unknown(_user_id: int) -> object:
            raise KeyError

        monkeypatch.delenv("HOME")
        monkeypatch.setattr("pwd.getpwuid", unknown)
        assert error_of({}) == "the home folder is not known: set HOME and try again"
