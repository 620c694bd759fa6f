"""Cloud platforms and hosting: formats from each vendor's documentation."""

from __future__ import annotations

from ccsync_watch.privacy.detect.vendors.rule import vendor, worded

UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

AZURE_MARKS = r"\+ASt|\+ASb|\+AEh|\+ARm|\+ACR|ACDb|AIoT|APIM|AzFu|AzSe|AzCa"

CLOUD = (
    worded("aws-access-key", "AWS access key id", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    vendor(
        "aws-session-token",
        "AWS STS session token",
        r"(?:FwoGZXIvYXdz|IQoJb3JpZ2lu|FQoGZXIvYXdz)[A-Za-z0-9/+=]{60,}",
    ),
    worded("aws-bedrock-key", "AWS Bedrock API key", r"ABSK[A-Za-z0-9+/]{80,}"),
    vendor("aws-bedrock-key", "AWS Bedrock short-term key", r"bedrock-api-key-[A-Za-z0-9+/=]{20,}"),
    vendor("aws-mws-token", "Amazon Marketplace token", r"amzn\.mws\." + UUID),
    worded("gcp-api-key", "Google API key", r"AIza[A-Za-z0-9_-]{35,}"),
    worded("gcp-api-key", "Google API key bound to an account", r"AQ\.Ab8[A-Za-z0-9_-]{30,}"),
    vendor("gcp-oauth-secret", "Google OAuth client secret", r"GOCSPX-[A-Za-z0-9_-]{20,}"),
    worded("gcp-access-token", "Google OAuth access token", r"ya29\.[A-Za-z0-9_.-]{20,}"),
    worded("gcp-refresh-token", "Google OAuth refresh token", r"1//0[A-Za-z0-9_-]{30,}"),
    worded("gcp-hmac-key", "Google storage HMAC id", r"GOOG1?[A-Z0-9]{18,}", "digit"),
    worded("fcm-server-key", "Firebase messaging key", r"AAAA[A-Za-z0-9_-]{7}:[A-Za-z0-9_-]{130,}"),
    worded(
        "azure-client-secret",
        "Entra ID application secret",
        r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,}",
    ),
    vendor(
        "azure-devops-token",
        "Azure DevOps token",
        r"[A-Za-z0-9]{60,80}AZDO[A-Za-z0-9]{4,}",
        anchor="AZDO[A-Za-z0-9]{4}",
    ),
    vendor(
        "azure-key",
        "Azure key with its service's mark (storage, bus, hub, registry, Cosmos)",
        r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{26,80}(?:"
        + AZURE_MARKS
        + r")[A-Za-z0-9+/_-]{4,14}={0,2}(?![A-Za-z0-9+/_-])",
        anchor=r"(?:" + AZURE_MARKS + r")[A-Za-z0-9+/_-]{4}",
    ),
    vendor(
        "azure-key",
        "Azure AI services key",
        r"[A-Za-z0-9]{40,60}JQQJ99[A-Za-z0-9]{20,}",
        anchor="JQQJ99[A-Za-z0-9]{20}",
    ),
    vendor("digitalocean-token", "DigitalOcean token", r"do[oprt]_v1_[a-f0-9]{60,}"),
    worded("digitalocean-spaces", "DigitalOcean Spaces key", r"DO(?:00|801)[A-Z0-9]{15,}"),
    vendor("cloudflare-token", "Cloudflare token", r"cf(?:k|ut|at|st)_[A-Za-z0-9]{32,}"),
    vendor(
        "cloudflare-origin-ca", "Cloudflare origin CA key", r"v1\.0-[0-9a-f]{24}-[0-9a-f]{140,}"
    ),
    vendor("heroku-key", "Heroku key", r"HRKU-[A-Za-z0-9_-]{36,}"),
    vendor("vercel-token", "Vercel token", r"vc[paicrk]_[A-Za-z0-9]{24,}"),
    vendor("vercel-blob-token", "Vercel Blob token", r"vercel_blob_rw_[A-Za-z0-9_]{24,}"),
    vendor("netlify-token", "Netlify token", r"nf[pcoub]_[A-Za-z0-9]{36,}"),
    vendor("fly-token", "Fly.io token", r"fm[12][ra]?_[A-Za-z0-9+/=_-]{60,}"),
    vendor("fly-token", "Fly.io token", r"fo1_[A-Za-z0-9_-]{40,}"),
    worded("render-key", "Render API key", r"rnd_[A-Za-z0-9]{28,}"),
    worded("scaleway-key", "Scaleway access key", r"SCW[A-Z0-9]{17}", "digit"),
    worded("alibaba-key", "Alibaba Cloud access key", r"LTAI[A-Za-z0-9]{12,}", "digit"),
    worded("tencent-key", "Tencent Cloud secret id", r"AKID[A-Za-z0-9]{32,}", "digit"),
    worded("yandex-key", "Yandex Cloud API key", r"AQVN[A-Za-z0-9_-]{35,}"),
    worded(
        "yandex-key",
        "Yandex IAM or session token",
        r"t1\.[A-Z0-9a-z_-]{20,400}={0,2}\.[A-Z0-9a-z_-]{60,}",
    ),
    worded("yandex-key", "Yandex OAuth token", r"y[0-3]_[A-Za-z0-9_-]{50,}"),
    worded("exoscale-key", "Exoscale API key", r"EXO[0-9a-f]{24,}"),
    worded("upcloud-token", "UpCloud token", r"ucat_[A-Z0-9]{26,}"),
    worded("backblaze-key", "Backblaze application key", r"K00[0-9][A-Za-z0-9/+]{27}", "digit"),
    vendor("akamai-token", "Akamai EdgeGrid token", r"akab-[a-z0-9]{16}-[a-z0-9]{16,}"),
    vendor("supabase-key", "Supabase token", r"sbp_(?:oauth_|v0_)?[a-f0-9]{40,}"),
    vendor("supabase-key", "Supabase secret key", r"sb_secret_[A-Za-z0-9_-]{20,}"),
    worded("neon-key", "Neon API key", r"napi_[a-z0-9]{40,}"),
    worded("neon-password", "Neon database password", r"npg_[A-Za-z0-9]{12,}"),
    vendor(
        "planetscale-token",
        "PlanetScale token or password",
        r"pscale_(?:tkn|pw|oauth|api)_[A-Za-z0-9_.=-]{32,}",
    ),
    vendor("aiven-password", "Aiven service password", r"AVNS_[A-Za-z0-9_-]{16,}"),
    vendor("cockroach-key", "CockroachDB Cloud key", r"CCDB1_[A-Za-z0-9]{22}_[A-Za-z0-9]{40,}"),
    vendor("atlas-secret", "MongoDB Atlas service account secret", r"mdb_sa_sk_[A-Za-z0-9_-]{30,}"),
    worded("xata-key", "Xata API key", r"xau_[A-Za-z0-9]{28,}"),
    vendor(
        "convex-key",
        "Convex deploy key",
        r"(?:prod|dev|preview|project):[a-z0-9-]{1,80}(?::[a-z0-9-]{1,80}){0,2}"
        r"\|[A-Za-z0-9+/_=-]{20,}",
    ),
    vendor("opensync-key", "OpenSync API key", r"osk_[A-Za-z0-9_-]{16,}"),
    worded("railway-token", "Railway token", r"rw_[A-Za-z0-9_]{4,16}_[A-Za-z0-9]{24,}"),
    worded("koyeb-token", "Northflank token", r"nf-eyJ[A-Za-z0-9_.-]{40,}"),
    worded("ovh-token", "OVHcloud token", r"EU\.[A-Za-z0-9]{16,24}\.[A-Za-z0-9_-]{20,}"),
    worded("linode-token", "Civo or Cherry token", r"civo_[A-Za-z0-9]{30,}"),
    worded("dnsimple-token", "DNSimple token", r"dnsimple_[auo]_[A-Za-z0-9]{28,}"),
    worded("deno-token", "Deno Deploy token", r"dd[pow]_[A-Za-z0-9]{36,}"),
)
