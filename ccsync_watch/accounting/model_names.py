"""What a model's name in a transcript says: the model, and who bills it; pure.

Clouds, gateways and the client decorate names: a region, an ARN, the provider's name as a path, a
date, a version, the size of the context window. The tables here take that off; the name as it is
written stays what people see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# By the first parts of a name's path: the provider in the price data that bills under it, None
# where it is the model's own vendor or is not known.
_PATH_PROVIDERS: dict[str, str | None] = {
    "anthropic": "anthropic",
    "azure": "azure",
    "azure_ai": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "cerebras": "cerebras",
    "databricks": "databricks",
    "fireworks": "fireworks",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "github_copilot": "github-copilot",
    "groq": "groq",
    "litellm": None,
    "litellm_proxy": None,
    "models": None,
    "novita": "novita",
    "openrouter": "openrouter",
    "ovhcloud": "ovhcloud",
    "sagemaker": None,
    "together": "together",
    "together_ai": "together",
    "vertex": "google",
    "vertex_ai": "google",
}
# Path parts inside those, such as `bedrock/converse/…` or `publishers/anthropic/models/…`.
_PATH_NOISE = frozenset({"converse", "invoke", "locations", "models", "projects", "publishers"})
# By the first parts of a name like vendor/model: the vendor's provider in the price data.
_VENDOR_PROVIDERS = {
    "cohere": "cohere",
    "deepseek": "deepseek",
    "deepseek-ai": "deepseek",
    "google": "google",
    "minimax": "minimax",
    "minimaxai": "minimax",
    "mistral": "mistral",
    "mistralai": "mistral",
    "moonshot": "moonshotai",
    "moonshotai": "moonshotai",
    "openai": "openai",
    "perplexity": "perplexity",
    "x-ai": "x-ai",
    "xai": "x-ai",
    "z-ai": "zai",
    "zai": "zai",
    "zai-org": "zai",
    "zhipuai": "zhipuai",
}
# Vendors that sell in several countries, at prices of each: who has what the first has not.
_OTHER_SELLERS = {"glm": "zai"}
# Vendors whose models OpenRouter lists, by the beginning of a model's name.
_OPENROUTER_VENDORS = {
    "codestral": "mistralai", "command": "cohere", "deepseek": "deepseek", "devstral": "mistralai",
    "ernie": "baidu", "gemini": "google", "gemma": "google", "glm": "z-ai", "gpt": "openai",
    "grok": "x-ai", "hermes": "nousresearch", "hunyuan": "tencent", "kimi": "moonshotai",
    "llama": "meta-llama", "longcat": "meituan", "magistral": "mistralai", "mercury": "inception",
    "mimo": "xiaomi", "minimax": "minimax", "ministral": "mistralai", "mistral": "mistralai",
    "nemotron": "nvidia", "nova": "amazon", "phi": "microsoft", "qwen": "qwen", "qwq": "qwen",
    "seed": "bytedance-seed", "step": "stepfun",
}  # fmt: skip

# How some gateways separate the provider from the name: before a comma it can have any name.
_SEPARATED = re.compile(r"([\w.-]+)([,:])\s*(?=[^\s,])")
_WINDOW = re.compile(r"\[[^\[\]]*\]$")
_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]*:\d*:([a-z-]+)/(.+)")
# Resources whose last part is a model's name; the others' is an id that says nothing.
_NAMED_RESOURCES = frozenset({"foundation-model", "inference-profile"})
# A continent, a country or a region of AWS; not a vendor, which follows it.
_REGION = r"(?:global|apac|[a-z]{2}(?:-[a-z]+)*(?:-\d)?)"
_BEDROCK = re.compile(
    rf"(?:({_REGION})\.)?((?:ai21|amazon|anthropic|cohere|deepseek|google|meta|minimax|mistral"
    r"|moonshot|moonshotai|nvidia|openai|qwen|stability|twelvelabs|writer|zai)\.[a-z0-9].*)"
)
_AWS_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")
_BEDROCK_VERSION = re.compile(r"-v\d+(?::\d+)*(?::\d+k)?$|:\d+(?::\d+k)?$")
_CLAUDE_DECORATION = re.compile(r"(?:(?<!claude)-v\d+)?(?::[a-z0-9:]*)?$|@(?:default|latest)$")
_CLAUDE_SUFFIX = re.compile(r"-(?:thinking|reasoning|latest|preview|1m)$")
# OpenRouter's variants that cost nothing, whatever the model costs otherwise.
FREE = ":free"
_CLAUDE_PREFIX = re.compile(r"^(?:databricks-|snowflake-|anthropic--|anthropic[.:])")
# Names with the version before the family, as SAP, OpenRouter and the models up to 3 have them.
_VERSION_FIRST = re.compile(r"claude-(\d+(?:[.-]\d{1,2})?)-(opus|sonnet|haiku|fable|mythos)(.*)")
_DATE = re.compile(r"[-@]20\d{6}$")
# Models that Bedrock offered before it began to charge for keeping requests in a region.
_WITHOUT_REGIONAL_PRICE = re.compile(
    r"claude-(?:v\d|2|3|instant|(?:opus-4|sonnet-4|4-opus|4-sonnet)(?:-[01])?(?:-20\d{6})?$"
    r"|4[.-]1-opus|opus-4\.1|(?:opus|sonnet)-4\.0)"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A model as the price data may know it: by this name at this provider.

    `provider` is None where the name alone decides.
    """

    provider: str | None
    name: str


@dataclass(frozen=True, slots=True)
class ModelName:
    """A name without its decoration; `references` are where to look it up, the best first.

    `is_regional`: requests are kept in a region, which costs more than anywhere in the world.
    """

    plain: str
    references: tuple[Reference, ...]
    is_regional: bool = False


def read_name(written: str) -> ModelName:
    """Return what a model's name says; without references if it does not name a model."""
    name = _WINDOW.sub("", written.strip().lower()).strip()
    provider: str | None = None
    separated = _SEPARATED.match(name)
    if separated and separated[1] in _PATH_PROVIDERS:
        name = f"{separated[1]}/{name[separated.end() :]}"
    elif separated and separated[2] == ",":
        provider, name = _VENDOR_PROVIDERS.get(separated[1]), name[separated.end() :]
    if ":" not in name.partition("/")[0]:  # an ARN has paths of its own
        by_path, name = _without_path(name)
        provider = by_path or provider
    if name.startswith("arn:"):
        arn = _ARN.fullmatch(name)
        if arn is None or arn[1] not in _NAMED_RESOURCES:
            return ModelName(name, ())
        provider, name = "aws", arn[2]
    bedrock = _BEDROCK.fullmatch(name) if provider in {None, "aws"} and "/" not in name else None
    if "claude" in name:
        return _claude(name, bedrock, is_at_bedrock=provider == "aws")
    if bedrock:
        return _other_at_bedrock(name, bedrock)
    return _other(name, provider)


def plain_key(written: str) -> str:
    """Return the name by which prices that somebody wrote down match: without a date, too.

    All spellings of a version are one: `claude-sonnet-4-5`, `claude-sonnet-4.5`,
    `claude-4.5-sonnet`.
    """
    name = read_name(written)
    is_claude = name.plain.startswith("claude-") and name.references
    key = _DATE.sub("", name.references[-1].name if is_claude else name.plain)
    return key.removesuffix("-0") if is_claude else key


def _without_path(name: str) -> tuple[str | None, str]:
    """Return the provider that the first parts of a path name, and the name after them."""
    provider: str | None = None
    first, slash, rest = name.partition("/")
    while slash and first in _PATH_PROVIDERS:
        provider, name = _PATH_PROVIDERS[first] or provider, rest
        first, slash, rest = name.partition("/")
        while slash and (
            first in _PATH_NOISE or (provider == "aws" and _AWS_REGION.fullmatch(first))
        ):
            name = rest
            first, slash, rest = name.partition("/")
    return provider, name


def _claude(name: str, bedrock: re.Match[str] | None, *, is_at_bedrock: bool) -> ModelName:
    region = bedrock[1] if bedrock else None
    # Whatever path stands before it: gateways have names of their own.
    name = (bedrock[2] if bedrock else name).rpartition("/")[2]
    name = _CLAUDE_PREFIX.sub("", name)
    if name.endswith(FREE):
        return ModelName(name, ())
    name = _CLAUDE_DECORATION.sub("", name)
    while _CLAUDE_SUFFIX.search(name):
        name = _CLAUDE_SUFFIX.sub("", name)
    name = name.replace("@", "-")
    if not name.startswith("claude-"):
        return ModelName(name, ())
    is_regional = (
        (bedrock is not None or is_at_bedrock)
        and region != "global"
        and not _WITHOUT_REGIONAL_PRICE.match(name)
    )
    spellings = [name, name.replace(".", "-")]
    version_first = _VERSION_FIRST.fullmatch(name)
    if version_first:
        version, family, rest = version_first.groups()
        spellings.append(f"claude-{family}-{version.replace('.', '-')}{rest}")
    references = (Reference("anthropic", spelling) for spelling in dict.fromkeys(spellings))
    return ModelName(name, tuple(references), is_regional)


def _other_at_bedrock(name: str, bedrock: re.Match[str]) -> ModelName:
    without_region = bedrock[2]
    plain = _BEDROCK_VERSION.sub("", without_region.partition(".")[2])
    references = (Reference("aws", name), Reference("aws", without_region))
    return ModelName(plain, references)


def _other(name: str, provider: str | None) -> ModelName:
    vendor, slash, rest = name.partition("/")
    plain = name.rpartition("/")[2]
    if not plain:
        return ModelName(name, ())
    references = []
    if provider:
        references.append(Reference(provider, name))
    if slash:
        references.append(Reference("openrouter", name))
        if vendor in _VENDOR_PROVIDERS:
            references.append(Reference(_VENDOR_PROVIDERS[vendor], rest))
    references.append(Reference(None, plain))
    if provider and plain != name:
        references.append(Reference(provider, plain))
    references += [
        Reference(seller, plain)
        for start, seller in _OTHER_SELLERS.items()
        if plain.startswith(start)
    ]
    listed = next((v for start, v in _OPENROUTER_VENDORS.items() if plain.startswith(start)), None)
    if listed:
        references.append(Reference("openrouter", f"{listed}/{plain}"))
    return ModelName(plain, tuple(dict.fromkeys(references)))
