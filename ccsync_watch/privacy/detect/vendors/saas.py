"""Everything else that people script: documents, design, CRM, maps, media, security tools."""

from __future__ import annotations

from ccsync_watch.privacy.detect.vendors.cloud import UUID
from ccsync_watch.privacy.detect.vendors.rule import vendor, worded

SAAS = (
    vendor("notion-token", "Notion token", r"ntn_[0-9A-Za-z]{40,}"),
    worded("notion-token", "Notion legacy token", r"secret_[A-Za-z0-9]{40,}"),
    worded("airtable-token", "Airtable token", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{60,}"),
    worded("airtable-token", "Airtable legacy key", r"key[A-Za-z0-9]{14}", "mixed"),
    vendor("linear-key", "Linear key", r"lin_(?:api|oauth|wh)_[A-Za-z0-9]{32,}"),
    worded("asana-token", "Asana token", r"[0-2]/[0-9]{12,20}(?:/[0-9]{12,20})?:[0-9a-f]{32}"),
    vendor("figma-token", "Figma token", r"fig[a-z]{1,2}_[A-Za-z0-9_-]{36,}"),
    vendor("contentful-token", "Contentful token", r"CFPAT-[A-Za-z0-9_-]{40,}"),
    worded("hubspot-token", "HubSpot token", r"pat-[a-z]{2}[0-9]-" + UUID),
    worded("salesforce-token", "Salesforce session", r"00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{60,}"),
    worded("salesforce-token", "Salesforce refresh token", r"5Aep861[A-Za-z0-9._]{40,}"),
    worded("clickup-token", "ClickUp token", r"pk_[0-9]{4,12}_[A-Z0-9]{32}"),
    vendor("trello-token", "Trello token", r"ATTA[0-9a-f]{60,}"),
    worded("dropbox-token", "Dropbox token", r"sl\.(?:u\.)?[A-Za-z0-9_-]{60,}"),
    worded("typeform-token", "Typeform token", r"tfp_[A-Za-z0-9_.=-]{40,}"),
    worded(
        "mapbox-token",
        "Mapbox secret token",
        r"[st]k\.eyJ[A-Za-z0-9_-]{20,200}\.[A-Za-z0-9_-]{20,}",
    ),
    vendor("postman-key", "Postman key", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    vendor("readme-key", "ReadMe key", r"rdme_[a-z0-9]{60,}"),
    worded("calcom-key", "Cal.com key", r"cal_(?:live_|test_)?[0-9a-f]{32}"),
    worded("retool-token", "Retool token", r"retool_[0-9a-z]{2}[a-z0-9]{24,}"),
    worded("sanity-token", "Sanity token", r"sk[A-Za-z0-9]{78,}", "mixed"),
    worded(
        "rapidapi-key", "RapidAPI key", r"[0-9a-f]{10}msh[0-9a-f]{15}p1[0-9a-f]{5,7}jsn[0-9a-f]{12}"
    ),
    worded("maxmind-key", "MaxMind licence key", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    worded("adobe-secret", "Adobe client secret", r"p8e-[A-Za-z0-9_-]{32}"),
    worded("frameio-token", "Frame.io token", r"fio-u-[A-Za-z0-9_=-]{60,}"),
    worded("beamer-token", "Beamer token", r"b_[A-Za-z0-9=_-]{44}", "mixed"),
    worded("wakatime-key", "WakaTime key", r"waka_(?:tok_[A-Za-z0-9]{40,80}|" + UUID + r")"),
    worded(
        "ably-key", "Ably key", r"[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{6}:[A-Za-z0-9_-]{43}", "mixed"
    ),
    worded("pubnub-key", "PubNub secret", r"sec-c-[A-Za-z0-9=_-]{36,}"),
    worded("deepl-key", "DeepL key", UUID + r":fx"),
    worded("settlemint-token", "SettleMint token", r"sm_(?:aat|pat|sat)_[A-Za-z0-9]{16,}"),
    worded(
        "lokalise-token",
        "Mapping, search or media key",
        r"(?:skimdb|algolia|typesense|meili)_[A-Za-z0-9_-]{32,}",
        "mixed",
    ),
    vendor(
        "atlassian-connect",
        "Bitbucket, Opsgenie, Statuspage Data Center token",
        r"(?:BBDC|OPS|STP)-[A-Za-z0-9+/@_=-]{40,}",
    ),
    worded("zoho-token", "Zoho token", r"1000\.[0-9a-f]{32}\.[0-9a-f]{32}"),
    worded("pipedrive-token", "Close key", r"api_[A-Za-z0-9]{22}\.[A-Za-z0-9]{22}"),
    worded("intercom-token", "Intercom token", r"dG9rO[A-Za-z0-9+/=]{40,}"),
    worded(
        "freshbooks-token",
        "Front, Attio, Affinity or Copper token",
        r"(?:attio|front|folk|affinity)_[A-Za-z0-9_-]{30,}",
        "mixed",
    ),
    worded(
        "coda-token",
        "Coda, Codat, Grist token",
        r"(?:coda|grist|nocodb|baserow)_[A-Za-z0-9_-]{30,}",
        "mixed",
    ),
    worded(
        "duo-secret",
        "Hackerone, Shodan or VirusTotal key",
        r"(?:h1|vt|shodan)_[A-Za-z0-9]{30,}",
        "mixed",
    ),
    worded("doubleclick-key", "Unkey key", r"unkey_[A-Za-z0-9]{20,}"),
    worded("tinybird-token", "Tinybird token", r"p\.eyJ[A-Za-z0-9_-]{20,200}\.[A-Za-z0-9_-]{30,}"),
    worded(
        "liveblocks-key",
        "Liveblocks, Ably, Stream secret",
        r"sk_(?:dev|prod|stg|preview|live|test)_[A-Za-z0-9_-]{24,}",
    ),
    worded(
        "instant-key",
        "WorkOS, Dub, Resend-like key",
        r"(?:dub|workos|lago|hookdeck|svix|testsk|testpk|sksvix)_[A-Za-z0-9._-]{20,}",
        "mixed",
    ),
    worded(
        "otp-secret",
        "Two-factor seed in a provisioning URL",
        r"otpauth(?::|%3A)(?:/|%2F){2}[a-z]{3,5}(?:/|%2F)[^\s\"'<>]{1,200}?secret(?:=|%3D)"
        r"(?P<secret>[A-Za-z2-7]{12,})",
    ),
)
