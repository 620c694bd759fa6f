"""The HTTP client on networks as users have them: far, slow, behind a proxy, with their own CA."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from ccsync_watch.clock import SystemClock
from ccsync_watch.config import Secret
from ccsync_watch.errors import Unsent
from ccsync_watch.model import Redacted
from ccsync_watch.opensync import wire
from ccsync_watch.opensync.http_client import OpenSyncClient
from support.network import Proxy, make_certificate, relayed
from support.opensync_double.samples import message, session
from support.opensync_double.server import OpenSyncDouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.network import Relay

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture
def opensync() -> Iterator[OpenSyncDouble]:
    """Have the double on a socket."""
    with OpenSyncDouble() as opensync:
        yield opensync


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what the environment of the tests says of networks."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opensync: OpenSyncDouble
) -> Iterator[Relay]:
    """Have the double behind TLS, with a certificate that SSL_CERT_FILE makes valid."""
    certificate, context = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with relayed(opensync.url, tls=context) as relay:
        yield relay


def _use(opensync: OpenSyncDouble, url: str, *, seconds: float = 30.0, rows: int = 3) -> None:
    """Check the address, then send a session and some messages, and find them there."""
    client = OpenSyncClient(
        wire.endpoint(url),
        Secret(opensync.api_key),
        clock=SystemClock(),
        timeout_seconds=seconds,
    )
    try:
        skew_seconds = client.check().clock_skew_seconds
        assert skew_seconds is not None
        assert abs(skew_seconds) < 1
        client.put_session(Redacted(session()))
        client.put_message(Redacted(message("m0")))
        client.put_batch([Redacted(message(f"b{number}")) for number in range(rows)])
    finally:
        client.close()
    assert len(opensync.backend.all_messages()) == rows + 1


def test_a_far_backend(opensync: OpenSyncDouble) -> None:
    """300 ms of latency cost time, and one connection serves all requests."""
    with relayed(opensync.url, delay_seconds=0.15) as relay:
        _use(opensync, f"http://127.0.0.1:{relay.port}")
        assert relay.connections == 1


def test_a_slow_uplink(opensync: OpenSyncDouble) -> None:
    """A batch of hundreds of kilobytes at 1 MB/s takes longer than the wait for an answer may."""
    with relayed(opensync.url, bytes_per_second=1_000_000) as relay:
        _use(opensync, f"http://127.0.0.1:{relay.port}", rows=90)


def test_a_backend_on_ipv6(opensync: OpenSyncDouble) -> None:
    """Its address is written in brackets."""
    with relayed(opensync.url, host="::1") as relay:
        assert wire.endpoint(f"http://[::1]:{relay.port}").host == f"[::1]:{relay.port}"
        _use(opensync, f"http://[::1]:{relay.port}")
        assert relay.connections == 1


@needs_openssl
class TestTls:
    """A backend with a certificate of the user's own."""

    def test_a_ca_bundle_is_taken_from_the_environment(
        self, opensync: OpenSyncDouble, tls: Relay
    ) -> None:
        """SSL_CERT_FILE names it; one handshake serves all requests."""
        _use(opensync, f"https://127.0.0.1:{tls.port}")
        assert tls.connections == 1

    def test_without_it_nothing_is_sent(
        self, opensync: OpenSyncDouble, tls: Relay, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The error says what is wrong with the certificate."""
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(Unsent, match=r"TLS: self.signed certificate"):
            _use(opensync, f"https://127.0.0.1:{tls.port}")
        assert opensync.backend.calls == []

    def test_a_certificate_for_another_name_is_none(
        self, opensync: OpenSyncDouble, tls: Relay
    ) -> None:
        """Also of an authority that is trusted; nothing is sent, the key neither."""
        with (
            relayed(opensync.url, tls=tls.tls, host="127.0.0.2") as relay,
            pytest.raises(Unsent, match=r"TLS: IP address mismatch"),
        ):
            _use(opensync, f"https://127.0.0.2:{relay.port}")
        assert opensync.backend.calls == []

    def test_a_slow_handshake(self, opensync: OpenSyncDouble, tls: Relay) -> None:
        """It takes time; one that takes too long has sent nothing."""
        tls.hello_seconds = 0.8
        _use(opensync, f"https://127.0.0.1:{tls.port}")
        before = len(opensync.backend.calls)
        with pytest.raises(Unsent, match="timed out"):
            _use(opensync, f"https://127.0.0.1:{tls.port}", seconds=0.2)
        assert len(opensync.backend.calls) == before

    def test_a_proxy_is_used_for_https(
        self, opensync: OpenSyncDouble, tls: Relay, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is asked for a tunnel, and sees neither the key nor a row."""
        with Proxy(("", 0)) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            _use(opensync, f"https://127.0.0.1:{tls.port}")
            assert proxy.targets == [f"127.0.0.1:{tls.port}"]

    def test_no_proxy_names_what_is_reached_directly(
        self, opensync: OpenSyncDouble, tls: Relay, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As other programs understand it."""
        with Proxy(("", 0)) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            _use(opensync, f"https://127.0.0.1:{tls.port}")
            assert (proxy.targets, proxy.connections) == ([], 0)

    def test_a_proxy_that_is_down_has_sent_nothing(
        self, opensync: OpenSyncDouble, tls: Relay, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The rows stay certain."""
        with Proxy(("", 0)) as proxy:
            port = proxy.port
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        with pytest.raises(Unsent, match="connection refused"):
            _use(opensync, f"https://127.0.0.1:{tls.port}")

    @pytest.mark.parametrize(
        "no_proxy",
        ["127.0.0.0/8", "10.0.0.0/8, 127.0.0.1/32,fd00::/8", "[::1],fe80::/10,127.0.0.1", "*"],
    )
    def test_no_proxy_may_name_networks(
        self,
        opensync: OpenSyncDouble,
        tls: Relay,
        monkeypatch: pytest.MonkeyPatch,
        no_proxy: str,
    ) -> None:
        """Of both kinds of addresses."""
        with Proxy(("", 0)) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("NO_PROXY", no_proxy)
            _use(opensync, f"https://127.0.0.1:{tls.port}")
            assert proxy.connections == 0

    @pytest.mark.parametrize("no_proxy", ["10.0.0.0/8", "fe80::/10,::1", "[fd00::1]"])
    def test_other_networks_do_not_count(
        self,
        opensync: OpenSyncDouble,
        tls: Relay,
        monkeypatch: pytest.MonkeyPatch,
        no_proxy: str,
    ) -> None:
        """The proxy is asked."""
        with Proxy(("", 0)) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.port}")
            monkeypatch.setenv("NO_PROXY", no_proxy)
            _use(opensync, f"https://127.0.0.1:{tls.port}")
            assert proxy.targets == [f"127.0.0.1:{tls.port}"]

    def test_a_proxy_for_https_counts_before_one_for_all(
        self, opensync: OpenSyncDouble, tls: Relay, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Many set both, the other one for SOCKS."""
        with Proxy(("", 0)) as proxy:
            monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
            monkeypatch.setenv("HTTP_PROXY", "nonsense://127.0.0.1:9")
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            _use(opensync, f"https://127.0.0.1:{tls.port}")
            assert proxy.targets == [f"127.0.0.1:{tls.port}"]

    @pytest.mark.parametrize(
        ("variable", "value", "reason"),
        [
            ("ALL_PROXY", "socks5h://user:hidden@127.0.0.1:9", "ALL_PROXY: SOCKS"),
            ("HTTPS_PROXY", "ftp://127.0.0.1:9", "HTTPS_PROXY: not the address"),
            ("HTTPS_PROXY", "http://127.0.0.1:port", "HTTPS_PROXY: not the address"),
            ("SSL_CERT_FILE", "/missing/hidden.pem", "SSL_CERT_FILE: no such file"),
            ("SSL_CERT_FILE", __file__, "SSL_CERT_FILE: no certificate or crl"),
        ],
    )
    def test_what_cannot_be_used_is_an_error_of_each_request(
        self,
        opensync: OpenSyncDouble,
        tls: Relay,
        monkeypatch: pytest.MonkeyPatch,
        variable: str,
        value: str,
        reason: str,
    ) -> None:
        """It is said without what the variable contains, and nothing was sent."""
        monkeypatch.setenv(variable, value)
        monkeypatch.setitem(sys.modules, "socksio", None)
        with pytest.raises(Unsent, match=re.escape(f"({reason}")) as caught:
            _use(opensync, f"https://127.0.0.1:{tls.port}")
        assert variable.partition("_")[2] in caught.value.hint
        assert "hidden" not in str(caught.value)
        assert opensync.backend.calls == []
