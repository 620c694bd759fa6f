"""Where source code is kept and reviewed."""

from __future__ import annotations

from ccsync_watch.privacy.detect.vendors.rule import (
    BETTERLEAKS,
    CREDSWEEPER,
    PUBLIC_CODE,
    SEMGREP,
    vendor,
    worded,
)

_GITHUB = "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github"
_GITLAB = "https://docs.gitlab.com/security/tokens/"

SOURCE_HOSTING = (
    vendor(
        "github-token",
        "GitHub token: classic, OAuth, user, installation, refresh",
        r"gh[pousr]_[A-Za-z0-9]{30,}",
        _GITHUB,
        "ghp_{a:36} gho_{a:36} ghu_{a:36} ghs_{a:36} ghr_{a:76}",
        "ghp_token",
    ),
    vendor(
        "github-token",
        "GitHub fine-grained token",
        r"github_pat_[A-Za-z0-9_]{36,}",
        _GITHUB,
        "github_pat_{a:22}_{a:59}",
        "github_pat_token",
    ),
    vendor(
        "github-token",
        "GitHub installation token with claims",
        r"ghs_[0-9]{1,20}_eyJ[A-Za-z0-9_.-]{30,}",
        SEMGREP,
        "ghs_{d:6}_eyJ{a:40}.eyJ{a:90}.{w:43}",
        "ghs_1_eyJ",
    ),
    worded(
        "github-token",
        "GitHub app installation token",
        r"v1\.[0-9a-f]{40,}",
        _GITHUB,
        "v1.{h:40}",
        "v1.0.0",
    ),
    vendor(
        "gitlab-token",
        "GitLab personal, project or group token",
        r"glpat-[A-Za-z0-9_.-]{18,}",
        _GITLAB,
        "glpat-{w:20} glpat-{w:27}.01.{l:9} glpat-{w:40}.01.{l:9}",
        "glpat-token",
    ),
    vendor(
        "gitlab-token",
        "GitLab deploy, runner, CI job, trigger, feed, mail, agent, OAuth, SCIM, workspace token",
        r"gl(?:dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|oas|ffct|wt)-[A-Za-z0-9_.-]{18,}",
        _GITLAB,
        "gldt-{w:20} glrt-{w:20} glrt-t1_{w:27}.01.{l:9} glrtr-{w:20} glcbt-{a:2}_{w:20} "
        "glptt-{h:40} glft-{w:20} glimt-{w:25} glagent-{w:50} glsoat-{w:20} gloas-{h:64} "
        "glffct-{w:20} glwt-{w:20}",
        "glrt-token",
    ),
    worded(
        "gitlab-token",
        "GitLab runner registration token",
        r"GR1348941[A-Za-z0-9_-]{18,}",
        _GITLAB,
        "GR1348941{w:20}",
        "GR1348941",
    ),
    worded(
        "bitbucket-token",
        "Bitbucket app password or access token",
        r"ATBB[A-Za-z0-9]{24,}",
        CREDSWEEPER,
        "ATBB{a:32} ATBB{a:24}{H:8}",
        "ATBBuildConfigurationOfTheServer",
    ),
    vendor(
        "bitbucket-token",
        "Bitbucket Data Center token",
        r"BBDC-[A-Za-z0-9+/@_=-]{40,}",
        CREDSWEEPER,
        "BBDC-MDM0{b:40} BBDC-{b:44}",
        "BBDC-token",
    ),
    vendor(
        "atlassian-token",
        "Atlassian API, access, service or one-time token",
        r"AT(?:ATT|CTT|STT|OTT)3xFfG[A-Za-z0-9_=-]{20,}",
        "https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassia"
        "n-account/",
        "ATATT3xFfGF0{w:180}={H:8} ATCTT3xFfGN0{w:170}={H:8} ATSTT3xFfGF0{w:170}={H:8}",
        "ATATT3xFfG",
    ),
    vendor(
        "sourcegraph-token",
        "Sourcegraph token",
        r"(?:sgp|sgd|sgs|sgas|sgph)_(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40,}",
        "https://sourcegraph.com/docs/cli/how-tos/creating_an_access_token",
        "sgp_{h:40} sgp_{h:16}_{h:40} sgp_local_{h:40} sgd_{h:64}",
        "sgp_local_token",
    ),
    vendor(
        "sourcegraph-token",
        "Sourcegraph licence or Cody key",
        r"sl[kg]_[a-f0-9]{64,}",
        PUBLIC_CODE,
        "slk_{h:64} slg_{h:64}",
        "slk_key",
    ),
    vendor(
        "amp-token",
        "Amp user token",
        r"sgamp_user_[0-9A-Z]{26}_[0-9a-f]{64,}",
        SEMGREP,
        "sgamp_user_{u:26}_{h:64}",
        "sgamp_user_token",
    ),
    worded(
        "phabricator-token",
        "Phabricator or Phorge Conduit token",
        r"(?:api|cli)-[a-z2-7]{28,}",
        "https://we.phorge.it/conduit/login/",
        "api-{32:28} cli-{32:28}",
        "api-gatewayconfigurationoftheserver",
    ),
    worded(
        "coderabbit-key",
        "CodeRabbit key",
        r"cr-[0-9a-f]{58,}",
        "https://docs.coderabbit.ai/cli",
        "cr-{h:58}",
        "cr-abcdef",
    ),
    vendor(
        "mergify-key",
        "Mergify application key",
        r"mergify_application_key_[A-Za-z0-9_-]{40,}",
        BETTERLEAKS,
        "mergify_application_key_{w:60}",
        "mergify_application_key_name",
    ),
    worded(
        "jetbrains-token",
        "YouTrack or Hub permanent token",
        r"perm[:-][A-Za-z0-9+/=]{2,80}\.[A-Za-z0-9+/=]{2,80}\.[A-Za-z0-9]{20,}",
        "https://www.jetbrains.com/help/youtrack/server/manage-permanent-token.html",
        "perm:cm9vdA==.{b:8}.{a:30} perm-cm9vdA==.{b:8}=.{a:30}",
        "perm:root.name.value",
    ),
)
