"""Chat, social networks, webhooks, mail and SMS."""

from __future__ import annotations

from ccsync_watch.privacy.detect.vendors.rule import vendor, worded

CHAT = (
    vendor("slack-token", "Slack token", r"xox[abcdeoprs]-[A-Za-z0-9-]{10,}"),
    vendor("slack-token", "Slack cookie", r"xoxd-[A-Za-z0-9%+/_=-]{20,}"),
    vendor("slack-token", "Slack rotating token", r"xoxe(?:\.xox[bp])?-[0-9]-[A-Za-z0-9-]{20,}"),
    vendor(
        "slack-token", "Slack app token", r"xapp-[0-9]-[A-Z0-9]{4,20}-[0-9]{4,20}-[A-Za-z0-9]{20,}"
    ),
    vendor(
        "slack-webhook",
        "Slack webhook or workflow",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9+/_-]{20,})",
    ),
    vendor(
        "slack-webhook",
        "Slack webhook on a government or percent-encoded host",
        r"hooks\.slack[a-z.-]{1,16}(?:%2F|/)services(?:%2F|/)(?P<secret>[A-Za-z0-9+/_%-]{20,})",
    ),
    vendor(
        "discord-webhook",
        "Discord webhook",
        r"discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/(?P<secret>[0-9]{15,20}/[A-Za-z0-9_-"
        r"]{50,})",
    ),
    worded(
        "discord-token",
        "Discord bot or user token",
        r"[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
    ),
    worded("discord-token", "Discord MFA token", r"mfa\.[A-Za-z0-9_-]{80,}"),
    worded("telegram-token", "Telegram bot token", r"[0-9]{8,10}(?::|%3A)AA[A-Za-z0-9_-]{32,}"),
    vendor(
        "telegram-token",
        "Telegram bot token in a URL",
        r"/bot(?P<secret>[0-9]{8,10}:[A-Za-z0-9_-]{34,})",
    ),
    vendor(
        "teams-webhook",
        "Microsoft Teams webhook",
        r"webhook\.office\.com/webhookb2/(?P<secret>[0-9a-f@-]{36,80}/IncomingWebhook/[0-9a-f]{32}/"
        r"[0-9a-zA-Z-]{30,})",
    ),
    vendor(
        "teams-webhook",
        "Office 365 connector",
        r"outlook\.office(?:365)?\.com/webhook/(?P<secret>[0-9a-f@-]{36,80}/IncomingWebhook/"
        r"[0-9a-f]{32}/[0-9a-zA-Z-]{30,})",
    ),
    vendor(
        "google-chat-webhook",
        "Google Chat webhook",
        r"chat\.googleapis\.com/v1/spaces/[A-Za-z0-9_-]{4,40}/messages\?(?P<secret>[^\s\"'<>]{30,"
        r"})",
    ),
    vendor(
        "zapier-webhook",
        "Zapier hook",
        r"hooks\.zapier\.com/hooks/catch/(?P<secret>[0-9]{4,12}/[A-Za-z0-9]{5,})",
    ),
    vendor(
        "make-webhook",
        "Make or Integromat hook",
        r"hook(?:\.[a-z0-9]{2,5})?\.(?:make|integromat)\.com/(?P<secret>[a-z0-9]{24,})",
    ),
    vendor(
        "ifttt-key",
        "IFTTT webhook key",
        r"maker\.ifttt\.com/trigger/[A-Za-z0-9_-]{1,60}/(?:json/)"
        r"?with/key/(?P<secret>[A-Za-z0-9_-]{20,})",
    ),
    vendor(
        "pipedream-webhook", "Pipedream hook", r"(?P<secret>eo[a-z0-9]{12,18})\.m\.pipedream\.net"
    ),
    vendor(
        "monitor-webhook",
        "Heartbeat or check-in URL",
        r"(?:hc-ping\.com|uptime\.betterstack\.com/api/v1/heartbeat|cronitor\.link/p)/"
        r"(?P<secret>[0-9A-Za-z-]{20,})",
    ),
    worded("twitch-token", "Twitch OAuth token", r"oauth:[a-z0-9]{30,}"),
    worded(
        "meta-token",
        "Facebook, Instagram, WhatsApp token",
        r"(?:EAA|IGQ|IGAA|THAA)[A-Za-z0-9_-]{70,}",
        "mixed",
    ),
    worded("meta-token", "Facebook app token", r"[0-9]{15,17}(?:\||%7C)[A-Za-z0-9_-]{27}"),
    worded("twitter-token", "X bearer token", r"AAAAAAAAAAAAAAAAAAAA[A-Za-z0-9%]{40,}"),
    worded("linkedin-secret", "LinkedIn client secret", r"WPL_AP[01]\.[A-Za-z0-9.=+/]{16,}"),
    worded("linkedin-token", "LinkedIn access token", r"AQ[UVWXEF][A-Za-z0-9_-]{100,}", "mixed"),
    worded("ntfy-token", "ntfy token", r"tk_[a-z0-9]{29}", "digit"),
    worded(
        "line-token",
        "Vonage, Line or Zoom bot token",
        r"(?:xbot|zbot|wh|wabot)_[A-Za-z0-9_-]{32,}",
        "mixed",
    ),
    worded(
        "matrix-token", "Matrix access token", r"syt_[A-Za-z0-9=]{2,80}_[A-Za-z]{20}_[A-Za-z0-9]{6}"
    ),
    worded(
        "reddit-token",
        "Pinterest or TikTok token",
        r"(?:pina|act)[_.][A-Za-z0-9_!.-]{40,}",
        "mixed",
    ),
    worded("vk-token", "VK token", r"vk1\.a\.[A-Za-z0-9_-]{60,}"),
    vendor("sendgrid-key", "SendGrid key", r"SG\.[A-Za-z0-9_-]{16,24}\.[A-Za-z0-9_-]{30,}"),
    worded("mailgun-key", "Mailgun key", r"key-[0-9a-z]{32}", "digit"),
    worded("mailgun-key", "Mailgun sending key", r"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}"),
    worded("mailchimp-key", "Mailchimp key", r"[0-9a-f]{32}-us[0-9]{1,2}"),
    worded("mandrill-key", "Mandrill key", r"md-[A-Za-z0-9_-]{22,}", "mixed"),
    vendor("brevo-key", "Brevo key", r"x(?:key|smtp)sib-[0-9a-f]{60,68}-[A-Za-z0-9]{16,}"),
    worded("resend-key", "Resend key", r"re_[A-Za-z0-9]{6,10}_[A-Za-z0-9]{18,}", "mixed"),
    worded("mailersend-key", "MailerSend key", r"mlsn\.[0-9a-f]{60,}"),
    worded("klaviyo-key", "Klaviyo private key", r"pk_(?:[A-Za-z0-9]{6}_)?[0-9a-f]{34}"),
    worded("courier-key", "Courier key", r"(?:pk|dk)_(?:prod|test)_[A-Z0-9]{26,}"),
    worded("twilio-key", "Twilio API key", r"SK[0-9a-f]{32}"),
    worded("twilio-key", "Twilio account", r"AC[0-9a-f]{32}"),
    worded("telnyx-key", "Telnyx key", r"KEY[0-9A-F]{32}_[A-Za-z0-9]{20,}"),
    worded(
        "knock-key",
        "Knock, Novu or OneSignal key",
        r"(?:os_v2_(?:app|org)|sk_(?:stg|dev)|knock)_[A-Za-z0-9_]{30,}",
    ),
    worded("loops-key", "SparkPost or Plunk key", r"(?:plunk|sparkpost)_[A-Za-z0-9]{24,}"),
)
