"""Microsoft: keys with a mark inside, that their services check before they look them up."""

from __future__ import annotations

from ccsync_watch.privacy.detect.vendors.rule import vendor, worded

_MODELS = "https://github.com/microsoft/security-utilities/tree/main/GeneratedRegexPatterns"

_MARKS = r"\+ASt|\+ASb|\+AEh|\+ARm|\+ACR|\+ABa|/AM7|ACDb|AIoT|APIM|AzFu|AzSe|AzCa|AZEG"

AZURE = (
    worded(
        "azure-client-secret",
        "Entra ID application secret",
        r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,}",
        _MODELS,
        "{a:3}8Q~{a:34} {a:3}7Q~{a:31}",
        "abc8Q~short",
    ),
    vendor(
        "azure-devops-token",
        "Azure DevOps personal token",
        r"[A-Za-z0-9]{60,80}AZDO[A-Za-z0-9]{4,}",
        "https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/use-personal-acces"
        "s-tokens-to-authenticate",
        "{a:76}AZDO{a:4}",
        "AZDOPIPELINE",
        anchor="AZDO[A-Za-z0-9]{4}",
    ),
    vendor(
        "azure-key",
        "Azure key with its service's mark: storage, bus, hub, registry, search, functions …",
        r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{26,80}(?:"
        + _MARKS
        + r")[A-Za-z0-9+/_-]{4,14}={0,2}(?![A-Za-z0-9+/_-])",
        _MODELS,
        "{b:76}+ASt{a:6}== {b:76}ACDb{a:6}== {b:76}+ABa{a:6}== {b:76}/AM7{a:6}== "
        "{b:76}APIM{a:6}== {b:33}+ARm{a:6}= {b:33}+AEh{a:6}= {b:33}+ASb{a:6}= {b:33}AIoT{a:6}= "
        "{b:33}AzCa{a:6}= {b:33}AZEG{a:6}= {b:42}AzSe{a:6} {b:42}+ACR{a:6} {w:44}AzFu{a:6}==",
        "APIM-gateway-for-the-internal-network-of-the-company",
        anchor=r"(?:" + _MARKS + r")[A-Za-z0-9+/_-]{4}",
    ),
    vendor(
        "azure-key",
        "Azure key of 84 characters: AI services, maps, communication …",
        r"[A-Za-z0-9]{40,60}JQQJ9[9DH][A-Za-z0-9]{20,}",
        _MODELS,
        "{a:52}JQQJ99{a:26} {a:52}JQQJ9D{a:26} {a:52}JQQJ9H{a:30}",
        "JQQJ99",
        anchor="JQQJ9[9DH][A-Za-z0-9]{20}",
    ),
    vendor(
        "teams-webhook",
        "Microsoft Teams webhook",
        r"webhook\.office\.com/webhookb2/(?P<secret>[0-9a-f@-]{36,80}/IncomingWebhook/[0-9a-f]"
        r"{32}/[0-9a-zA-Z-]{30,})",
        "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to"
        "/add-incoming-webhook",
        "https://acme.webhook.office.com/webhookb2/«{uuid}@{uuid}/IncomingWebhook/{h:32}/{uuid}»",
        "https://acme.webhook.office.com/webhookb2/IncomingWebhook",
    ),
    vendor(
        "teams-webhook",
        "Office 365 connector",
        r"outlook\.office(?:365)?\.com/webhook/(?P<secret>[0-9a-f@-]{36,80}/IncomingWebhook/"
        r"[0-9a-f]{32}/[0-9a-zA-Z-]{30,})",
        "https://learn.microsoft.com/en-us/outlook/actionable-messages/send-via-connectors",
        "https://outlook.office.com/webhook/«{uuid}@{uuid}/IncomingWebhook/{h:32}/{uuid}»",
        "https://outlook.office.com/webhook/",
    ),
)
