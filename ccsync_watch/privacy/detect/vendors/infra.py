"""Infrastructure, secret stores, networking, observability, feature flags."""

from __future__ import annotations

from ccsync_watch.privacy.detect.vendors.cloud import UUID
from ccsync_watch.privacy.detect.vendors.rule import vendor, worded

INFRA = (
    vendor("vault-token", "HashiCorp Vault token", r"hv[sbr]\.[A-Za-z0-9_-]{20,}"),
    worded("vault-token", "HashiCorp Vault legacy token", r"s\.[A-Za-z0-9]{24,}", "mixed"),
    vendor(
        "terraform-token", "Terraform Cloud token", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{50,}"
    ),
    vendor("pulumi-token", "Pulumi token", r"pul-[a-f0-9]{40}"),
    worded(
        "doppler-token",
        "Doppler token",
        r"dp\.(?:pt|st|ct|sa|scim|audit|said)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{36,}",
    ),
    worded(
        "infisical-token", "Infisical token", r"st\.[0-9a-f-]{20,40}\.[0-9a-f]{32}\.[0-9a-f]{32}"
    ),
    vendor("onepassword-token", "1Password service account", r"ops_eyJ[A-Za-z0-9+/=_-]{100,}"),
    vendor(
        "onepassword-key",
        "1Password secret key",
        r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})"
        r"-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
    ),
    worded(
        "bitwarden-token",
        "Bitwarden machine token",
        r"0\." + UUID + r"\.[A-Za-z0-9]{24,40}:[A-Za-z0-9+/=]{20,}",
    ),
    vendor("age-key", "age secret key", r"AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{50,}"),
    vendor("newrelic-key", "New Relic key", r"NR(?:AK|AA|II|IQ|SP|RA|JS|BR)-[A-Za-z0-9_-]{19,}"),
    worded("newrelic-key", "New Relic licence key", r"[0-9a-fx]{36}(?:NRAL|FFFFNRAL)"),
    vendor(
        "grafana-token", "Grafana service account token", r"glsa_[A-Za-z0-9]{30,34}_[0-9a-fA-F]{8}"
    ),
    vendor("grafana-token", "Grafana Cloud token", r"glc_[A-Za-z0-9+/=_-]{30,}"),
    worded("grafana-token", "Grafana API key", r"eyJrIjoi[A-Za-z0-9+/=_-]{40,}"),
    vendor("sentry-token", "Sentry organisation token", r"sntrys_[A-Za-z0-9+/=_-]{60,}"),
    vendor("sentry-token", "Sentry user or app token", r"sntry[uas]_[a-f0-9]{60,}"),
    vendor("honeycomb-key", "Honeycomb key", r"hc[abx][ilm][kc]_[a-z0-9]{30,}"),
    worded("dynatrace-token", "Dynatrace token", r"dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{50,}"),
    worded("datadog-key", "Datadog key with its mark", r"dd(?:api|app|pat|sak)_[A-Za-z0-9]{30,}"),
    vendor("prefect-key", "Prefect key", r"pn[ub]_[A-Za-z0-9]{36,}"),
    worded(
        "databricks-token",
        "Databricks token",
        r"d(?:api|ose|keai|kea|sapi)[0-9a-f]{32}(?:-[0-9]{1,2})?",
    ),
    vendor("launchdarkly-key", "LaunchDarkly key", r"(?:api|sdk|mob|rel)-" + UUID),
    vendor("posthog-key", "PostHog personal or feature key", r"ph[xsar]_[A-Za-z0-9]{36,}"),
    worded(
        "statsig-key",
        "Statsig or Stytch secret",
        r"secret-(?:live-|test-)?[A-Za-z0-9_=-]{32,}",
        "mixed",
    ),
    worded("uptimerobot-key", "UptimeRobot key", r"[um][0-9]{4,12}-[0-9a-f]{24}"),
    vendor(
        "tailscale-key",
        "Tailscale key",
        r"tskey-(?:[a-z]{3,12}-)?[A-Za-z0-9]{8,40}-[A-Za-z0-9]{16,}",
    ),
    vendor("tailscale-key", "Tailscale short key", r"tskey-[a-z]{3,12}-[A-Za-z0-9]{14,}"),
    worded("cloudflared-token", "Cloudflare tunnel token", r"eyJhIjoi[A-Za-z0-9+/=_-]{100,}"),
    worded("ory-token", "Ory token", r"ory_[a-z]{2,7}_[A-Za-z0-9_.-]{30,}"),
    worded(
        "planetscale-token",
        "Auth provider's key",
        r"(?:fga|kinde|logto|zitadel)_[A-Za-z0-9_-]{30,}",
        "mixed",
    ),
    worded("elastic-key", "Elastic Cloud key", r"essu_[A-Za-z0-9+/=]{40,}"),
    worded("axiom-token", "Axiom token", r"xa[aip]t-" + UUID),
    worded("logfire-token", "Logfire token", r"pylf_v[0-9]_[a-z]{2,7}_[A-Za-z0-9]{36,}"),
    worded("checkly-key", "Checkly key", r"cu_[0-9a-f]{32}"),
    worded(
        "betterstack-key", "Highlight or Baselime key", r"(?:incident|hyperdx|bsl)_[A-Za-z0-9]{28,}"
    ),
    worded(
        "gremlin-token",
        "Trigger.dev or Inngest key",
        r"(?:tr_(?:dev|prod|stg|preview)_|signkey-(?:prod|test|branch)-)[A-Za-z0-9]{20,}",
    ),
    worded("resin-token", "Teleport, Netmaker or Netbird token", r"nbp_[A-Za-z0-9]{36,}"),
    worded(
        "defined-key", "Defined Networking key", r"dnkey-[A-Za-z0-9=_-]{26}-[A-Za-z0-9=_-]{50,}"
    ),
    worded("infracost-key", "Infracost key", r"ico-[A-Za-z0-9]{32}"),
    worded(
        "configcat-key",
        "ConfigCat SDK key",
        r"configcat-sdk-1/[A-Za-z0-9_-]{20,24}/[A-Za-z0-9_-]{20,}",
    ),
    worded("flagsmith-key", "Flagsmith server key", r"ser\.[A-Za-z0-9]{20,}", "mixed"),
    worded("wireguard-key", "Hasura or Tyk key", r"hasura_[A-Za-z0-9]{30,}"),
    worded("spacelift-key", "Spacelift, Scalr, env0 key", r"scalr_[A-Za-z0-9]{30,}"),
    worded("cribl-key", "Kong token", r"(?:kpat|spat|npat)_[A-Za-z0-9]{40,}"),
    worded("rancher-token", "Rancher token", r"token-[a-z0-9]{5}:[a-z0-9]{50,}"),
    worded("k3s-token", "k3s token", r"K10[0-9a-f]{64}::[a-z]{2,20}:[0-9a-zA-Z]{16,}"),
    worded("openshift-token", "OpenShift token", r"sha256~[A-Za-z0-9_-]{43}"),
    worded("swarm-token", "Docker Swarm join token", r"SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}"),
)
