"""Show the prices of the models that you used and their sources; `update` downloads new ones."""

from __future__ import annotations

import subprocess
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import orjson

from ccsync_watch.accounting import usage_groups
from ccsync_watch.accounting.prices import DATA_NAME, PriceList, run_price_process
from ccsync_watch.accounting.rates import BATCH, FAST, STANDARD
from ccsync_watch.cli.arguments import add_setting_flags
from ccsync_watch.cli.console import printable, say, say_wrapped, show_warnings
from ccsync_watch.cli.session_lookup import open_store
from ccsync_watch.cli.text_table import print_table
from ccsync_watch.config import load
from ccsync_watch.config.setting_checks import check_url
from ccsync_watch.errors import CcsyncError, ConfigError
from ccsync_watch.units import plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from ccsync_watch.accounting.rates import Price, Rates
    from ccsync_watch.config import Settings

ORDER = 85
EXAMPLES = ("prices", "prices --json")
_KINDS = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read", "web_search")
# A model's name with a date.
_MODEL_COLUMNS = 26
_HEADS = ("input", "output", "write 5m", "write 1h", "cache read", "1,000 searches")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the action and the form of the output."""
    add_setting_flags(parser)
    parser.add_argument(
        "action",
        nargs="?",
        choices=["update"],
        metavar="update",
        help="download the current price data of genai-prices; without it nothing is downloaded",
    )
    parser.add_argument("--url", metavar="URL", help="another address of the same data")
    parser.add_argument("--json", action="store_true", help="print every price as JSON")


def main(arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Print the prices in use today; 1 while nothing is stored."""
    settings = load(env, flags)
    show_warnings(settings)
    if arguments.url and arguments.action != "update":
        raise ConfigError(
            "--url is of the address to download from", hint="write `ccsync-watch prices update`"
        )
    if arguments.action == "update":
        _update(settings, _checked_url(arguments.url))
        return 0
    with open_store(settings) as database:
        models = sorted(usage_groups.used_models(database))
    prices = PriceList.from_settings(settings)
    prices.ensure_known(models)
    if arguments.json:
        shown = {model: _as_json(prices, model) for model in models}
        say(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
    else:
        _show(prices, models)
    return 0


def _checked_url(url: str | None) -> str | None:
    try:
        return check_url(url)
    except ValueError:
        raise ConfigError(
            "--url is not an address that can be used",
            hint="set it to an https address without credentials (http only on this machine)",
        ) from None


def _update(settings: Settings, url: str | None) -> None:
    """Download the price data. Raises CcsyncError when that fails."""
    hint = "the prices that were known stay in use; try again later"
    if settings.cache_dir is None:
        raise CcsyncError("the cache folder for the price data is not known", hint=hint)
    target = settings.cache_dir / DATA_NAME
    try:
        result = run_price_process("price_update", {"url": url, "target": str(target)})
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        reason = f"the price data cannot be downloaded ({type(error).__name__})"
        raise CcsyncError(reason, hint=hint) from error
    if "error" in result:
        raise CcsyncError(f"price data: {printable(str(result['error']))}", hint=hint)
    say(f"The price data is up to date: prices of {plural(int(result['models']), 'model')}.")


def _show(prices: PriceList, models: list[str]) -> None:
    today = datetime.now(timezone.utc).date().isoformat()
    rows = []
    for model in models:
        rates = prices.rates(model, today, STANDARD)
        by_kind = [getattr(rates, kind) if rates else None for kind in _KINDS]
        cells = [_usd(price.base) if price else "-" for price in by_kind]
        rows.append([model, *cells, prices.source(model) or "not known"])
        rows += _rows_above(by_kind)
    if rows:
        print_table(
            ("model", *_HEADS, "source"),
            rows,
            has_names=True,
            name_columns=_MODEL_COLUMNS,
            optional=("source", _HEADS[-1]),
        )
        say("")
        say_wrapped("USD per million tokens; a line with > is for prompts of more than so many.")
    else:
        say("No model was used yet.")
    say_wrapped(f"Price data: {prices.data_description()}.")


def _rows_above(by_kind: Sequence[Price | None]) -> list[list[str]]:
    """Return a line for each number of prompt tokens above which a price is another."""
    starts = sorted({start for price in by_kind if price for start, _ in price.steps})
    return [
        [f"  > {start:,}", *(_usd(price.at(start + 1)) if price else "-" for price in by_kind), ""]
        for start in starts
    ]


def _usd(price: Decimal) -> str:
    return f"{price.normalize():f}"


def _as_json(prices: PriceList, model: str) -> dict[str, Any]:
    today = datetime.now(timezone.utc).date().isoformat()
    by_mode = {mode: prices.rates(model, today, mode) for mode in (STANDARD, FAST, BATCH)}
    return {
        "source": prices.source(model),
        **{mode: _rates_as_json(rates) for mode, rates in by_mode.items()},
    }


def _rates_as_json(rates: Rates | None) -> dict[str, Any] | None:
    if rates is None:
        return None
    by_kind = {kind: getattr(rates, kind) for kind in _KINDS}
    return {
        kind: price
        and {
            "usd": float(price.base),
            "above": [{"prompt_tokens": start, "usd": float(usd)} for start, usd in price.steps],
        }
        for kind, price in by_kind.items()
    }
