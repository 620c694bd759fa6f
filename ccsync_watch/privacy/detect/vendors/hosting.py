"""Source hosting, CI and package registries."""

from __future__ import annotations

from ccsync_watch.privacy.detect.vendors.rule import vendor, worded

HOSTING = (
    vendor(
        "github-token",
        "GitHub token: classic, OAuth, app, installation, refresh",
        r"gh[pousr]_[A-Za-z0-9]{30,}",
    ),
    vendor("github-token", "GitHub fine-grained token", r"github_pat_[A-Za-z0-9_]{36,}"),
    worded("github-token", "GitHub app installation token", r"v1\.[0-9a-f]{40}", "digit"),
    vendor("gitlab-token", "GitLab personal, project or group token", r"glpat-[A-Za-z0-9_.-]{18,}"),
    vendor(
        "gitlab-token",
        "GitLab deploy, runner, CI, trigger, feed, mail, agent, OAuth, SCIM",
        r"gl(?:dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|oas|ffct|wt)-[A-Za-z0-9_.-]{18,}",
    ),
    worded("gitlab-token", "GitLab runner registration", r"GR1348941[A-Za-z0-9_-]{18,}"),
    worded("bitbucket-token", "Bitbucket app password or access token", r"ATBB[A-Za-z0-9]{24,}"),
    vendor(
        "atlassian-token", "Atlassian API token", r"AT(?:ATT|CTT|STT|OTT)3xFfG[A-Za-z0-9_=-]{20,}"
    ),
    vendor(
        "sourcegraph-token",
        "Sourcegraph token",
        r"(?:sgp|sgd|sgs|sgas|sgph)_(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40,}",
    ),
    vendor("sourcegraph-token", "Sourcegraph licence or Cody key", r"sl[kg]_[a-f0-9]{64}"),
    worded("gitea-token", "Gitea or Forgejo runner token", r"gta_[A-Za-z0-9]{36,}"),
    vendor("buildkite-token", "Buildkite token", r"bk(?:u|c|ct|r)?[at]?_[a-z0-9]{36,}"),
    vendor("circleci-token", "CircleCI token", r"CCI(?:PAT|PRJ)_[A-Za-z0-9]{20,24}_[a-f0-9]{40,}"),
    vendor("snyk-token", "Snyk token", r"snyk_[a-z]{2,5}\.[0-9a-f]{8}\.[A-Za-z0-9_.-]{20,}"),
    vendor("sonar-token", "SonarQube token", r"sq[apu]_[a-f0-9]{40,}"),
    worded(
        "harness-token",
        "Harness token",
        r"[ps]at\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20,}",
    ),
    worded("octopus-key", "Octopus Deploy key", r"API-[A-Z0-9]{25,}", "digit"),
    vendor(
        "teamcity-token",
        "TeamCity token",
        r"eyJ0eXAiOiAiVENWMiJ9\.[A-Za-z0-9_-]{20,400}(?:\.[A-Za-z0-9_-]{10,200})?",
    ),
    worded("depot-token", "Depot token", r"depot_(?:project|org|user)_[a-z0-9]{40,}"),
    worded("codecov-token", "CodeRabbit token", r"cr-[0-9a-f]{58,}"),
    vendor("npm-token", "npm token", r"npm_[A-Za-z0-9]{30,}"),
    vendor("pypi-token", "PyPI or TestPyPI token", r"pypi-Ag[A-Za-z0-9_-]{40,}"),
    vendor("rubygems-key", "RubyGems key", r"rubygems_[0-9a-f]{40,}"),
    worded("crates-token", "crates.io token", r"cio[A-Za-z0-9]{32}", "digit"),
    worded("nuget-key", "NuGet key", r"oy2[a-z0-9]{43}"),
    vendor("docker-token", "Docker Hub token", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{24,}"),
    worded("jfrog-token", "JFrog API key", r"AKCp[A-Za-z0-9]{60,}"),
    worded("jfrog-token", "JFrog reference token", r"cmVmdGtu[A-Za-z0-9]{40,}"),
    vendor("clojars-token", "Clojars token", r"CLOJARS_[A-Za-z0-9]{50,}"),
    vendor("packagist-token", "Packagist token", r"packagist_[a-z]{2,4}_[A-Za-z0-9]{36,}"),
    vendor("cargo-token", "Cloudsmith or Shipyard token", r"csa_[A-Za-z0-9]{30,}"),
    worded(
        "anaconda-token",
        "Anaconda token",
        r"(?:co|an)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}"
        r"-[0-9a-f]{4}-[0-9a-f]{12}",
    ),
    worded("hex-key", "Hex or Nix cache token", r"cachix_[A-Za-z0-9]{30,}"),
    worded("jsr-token", "JSR token", r"jsr[pdt]_[A-Za-z0-9]{30,}"),
    worded("nx-token", "Expo or EAS token", r"expo_[A-Za-z0-9_-]{36,}"),
    worded("swift-token", "Codemagic or Bitrise token", r"bitpat_[A-Za-z0-9_-]{30,}"),
    worded("grafbase-token", "Tea or Radicle token", r"tea_[a-f0-9]{40,}"),
    worded("graphite-token", "Graphite token", r"gtt?_[A-Za-z0-9]{40,}", "mixed"),
)
