"""Addresses that are secrets: hooks, calendars, endpoints."""

from __future__ import annotations

from ccsync_watch.privacy.detect.vendors.rule import Vendor, vendor

ADDRESSES: tuple[Vendor, ...] = (
    vendor(
        "pagerduty-webhook",
        "PagerDuty integration in an address",
        r"events\.pagerduty\.com/integration/(?P<secret>[0-9a-f]{32})",
        "https://support.pagerduty.com/main/docs/services-and-integrations",
        "https://events.pagerduty.com/integration/«{h:32}»/enqueue",
        "https://events.pagerduty.com/v2/enqueue",
    ),
    vendor(
        "google-calendar-address",
        "Google Calendar's secret address",
        r"calendar\.google\.com/calendar/ical/[A-Za-z0-9@%._-]{1,100}/private-(?P<secret>["
        r"0-9a-f]{20,})",
        "https://support.google.com/calendar/answer/37648",
        "https://calendar.google.com/calendar/ical/anna%40acme.io/private-«{h:32}»/basic.ics",
        "https://calendar.google.com/calendar/ical/anna%40acme.io/public/basic.ics",
    ),
    vendor(
        "netlify-webhook",
        "Netlify build hook",
        r"api\.netlify\.com/build_hooks/(?P<secret>[0-9a-f]{24})",
        "https://docs.netlify.com/configure-builds/build-hooks/",
        "https://api.netlify.com/build_hooks/«{h:24}»",
        "https://api.netlify.com/build_hooks/",
    ),
    vendor(
        "vercel-webhook",
        "Vercel deploy hook",
        r"api\.vercel\.com/v1/integrations/deploy/prj_[A-Za-z0-9]{20,32}/(?P<secret>[A-Za-"
        r"z0-9]{8,})",
        "https://vercel.com/docs/deploy-hooks",
        "https://api.vercel.com/v1/integrations/deploy/prj_{a:28}/«{a:10}»",
        "https://api.vercel.com/v1/integrations/deploy/",
    ),
    vendor(
        "render-webhook",
        "Render deploy hook",
        r"api\.render\.com/deploy/srv-[a-z0-9]{10,24}\?key=(?P<secret>[A-Za-z0-9_-]{8,})",
        "https://render.com/docs/deploy-hooks",
        "https://api.render.com/deploy/srv-{l:20}?key=«{w:11}»",
        "https://api.render.com/deploy/srv-",
    ),
    vendor(
        "sumologic-webhook",
        "Sumo Logic HTTP source",
        r"sumologic\.com/receiver/v1/http/(?P<secret>[A-Za-z0-9_-]{40,})",
        "https://help.sumologic.com/docs/send-data/hosted-collectors/http-source/",
        "https://endpoint4.collection.sumologic.com/receiver/v1/http/«{w:86}»==",
        "https://endpoint4.collection.sumologic.com/receiver/v1/http/",
    ),
    vendor(
        "victorops-webhook",
        "Splunk On-Call REST endpoint",
        r"alert\.victorops\.com/integrations/generic/[0-9]{6,10}/alert/(?P<secret>[0-9a-f-"
        r"]{36})",
        "https://help.victorops.com/knowledge-base/rest-endpoint-integration-guide/",
        "https://alert.victorops.com/integrations/generic/20131114/alert/«{uuid}»/team",
        "https://alert.victorops.com/integrations/generic/20131114/alert/",
    ),
    vendor(
        "feishu-webhook",
        "Feishu or Lark bot's hook",
        r"open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/(?P<secret>[0-9a-f-]{3"
        r"6})",
        "https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot",
        "https://open.feishu.cn/open-apis/bot/v2/hook/«{uuid}» https://open.larksuite.com/ope"
        "n-apis/bot/v2/hook/«{uuid}»",
        "https://open.feishu.cn/open-apis/bot/v2/hook/",
    ),
    vendor(
        "wecom-webhook",
        "WeCom bot's hook",
        r"qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=(?P<secret>[0-9a-f-]{36})",
        "https://developer.work.weixin.qq.com/document/path/91770",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=«{uuid}»",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=KEY",
    ),
    vendor(
        "quicknode-endpoint",
        "QuickNode endpoint",
        r"\.quiknode\.pro/(?P<secret>[0-9a-f]{40})",
        "https://www.quicknode.com/docs/",
        "https://cool-node.solana-mainnet.quiknode.pro/«{h:40}»/",
        "https://cool-node.quiknode.pro/docs",
    ),
    vendor(
        "ankr-endpoint",
        "Ankr endpoint",
        r"rpc\.ankr\.com/(?:[a-z0-9_]{2,30}/){1,2}(?P<secret>[0-9a-f]{64})",
        "https://www.ankr.com/docs/rpc-service/",
        "https://rpc.ankr.com/eth/«{h:64}»",
        "https://rpc.ankr.com/eth",
    ),
    vendor(
        "nodereal-endpoint",
        "NodeReal endpoint",
        r"\.nodereal\.io/v1/(?P<secret>[0-9a-f]{32})",
        "https://docs.nodereal.io/docs",
        "https://bsc-mainnet.nodereal.io/v1/«{h:32}»",
        "https://bsc-mainnet.nodereal.io/v1/",
    ),
    vendor(
        "blast-endpoint",
        "Blast endpoint",
        r"\.blastapi\.io/(?P<secret>[0-9a-f]{8}-[0-9a-f-]{27})",
        "https://docs.blastapi.io/",
        "https://eth-mainnet.blastapi.io/«{uuid}»",
        "https://eth-mainnet.blastapi.io/docs",
    ),
    vendor(
        "infura-endpoint",
        "Infura endpoint",
        r"\.infura\.io/(?:ws/)?v3/(?P<secret>[0-9a-f]{32})",
        "https://docs.metamask.io/services/get-started/endpoints/",
        "https://mainnet.infura.io/v3/«{h:32}» wss://sepolia.infura.io/ws/v3/«{h:32}»",
        "https://mainnet.infura.io/v3/",
    ),
    vendor(
        "alchemy-endpoint",
        "Alchemy endpoint",
        r"\.alchemy(?:api)?\.(?:com|io)/(?:nft/)?v[23]/(?P<secret>[A-Za-z0-9_-]{20,})",
        "https://www.alchemy.com/docs/reference/ethereum-api-quickstart",
        "https://eth-mainnet.g.alchemy.com/v2/«{w:32}»",
        "https://eth-mainnet.g.alchemy.com/v2/demo",
    ),
    vendor(
        "outlook-calendar-address",
        "Outlook's address of a published calendar",
        r"outlook\.(?:office365?|live)\.com/owa/calendar/[^\s/]{8,120}/(?P<secret>[0-9a-f]{32,})",
        "https://support.microsoft.com/en-us/office/353ed2c1-3ec5-449d-8c73-6931a0adab88",
        "https://outlook.office365.com/owa/calendar/{h:32}@acme.io/«{h:40}»/calendar.ics",
        "https://outlook.office365.com/owa/calendar/group/acme.io/Team",
    ),
)
