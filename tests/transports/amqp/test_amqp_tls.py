"""AMQP over TLS: whom the engine trusts, and who it can be by a certificate of its own."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.bench.servers import free_port
from tests.broker import ADMIN, HOST, PASSWORD, Api, Broker
from tests.transports.amqp.conftest import needed
from tests.transports.amqp.home import Client, Home
from tests.transports.polling import until

pytestmark = pytest.mark.slow


class Authority:
    """Makes certificates, each with its key in a file of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.pem"
        own = self._certificate(name, self._key, authority=True)
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Files with a certificate for this name, and with its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, private = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        certificate.write_bytes(self._certificate(name, key).public_bytes(serialization.Encoding.PEM))
        form = serialization.PrivateFormat.TraditionalOpenSSL
        private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        return certificate, private

    def _certificate(self, name: str, key: ec.EllipticCurvePrivateKey, *, authority: bool = False) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        addresses = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST)), x509.DNSName("localhost")])
        return (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(self._name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(addresses, critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"), "trusted")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, trusted: Authority) -> Iterator[int]:
    """The port at which a broker speaks TLS."""
    needed()
    port = free_port()
    certificate, key = trusted.issue("broker")
    broker = Broker(
        tmp_path_factory.mktemp("broker"),
        f"listeners.ssl.1 = {HOST}:{port}\n"
        f"ssl_options.cacertfile = {trusted.file}\nssl_options.certfile = {certificate}\n"
        f"ssl_options.keyfile = {key}\nssl_options.verify = verify_peer\n"
        "ssl_options.fail_if_no_peer_cert = false\n"
        "auth_mechanisms.1 = EXTERNAL\nauth_mechanisms.2 = PLAIN\nssl_cert_login_from = common_name\n",
    )
    try:
        broker.start()
        api = Api(broker.api_port)
        api.make_user("engine")
        api.permit("/", "engine")
        yield port
    finally:
        broker.stop()


async def works(settings: dict[str, Any]) -> None:
    """An engine with these settings gets an event, and knows that it came over TLS."""
    async with Home.opened({}, settings) as home:
        await home.connected()
        eci = await home.seer()
        await home.event(eci, "test", "seen", n=0)
        session = await home.transport._link.session()
        assert session.tls
        assert session.incoming.transport is not None


async def test_a_broker_with_a_trusted_certificate_is_spoken_to(secure: int, trusted: Authority) -> None:
    await works({"url": f"amqps://{ADMIN}:{PASSWORD}@{HOST}:{secure}/", "ca_file": str(trusted.file)})


async def test_a_broker_that_nobody_vouches_for_is_not(secure: int, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")

    async with Home.opened(
        {}, {"url": f"amqps://{ADMIN}:{PASSWORD}@{HOST}:{secure}/", "ca_file": str(other.file)}
    ) as home:
        await until(lambda: "certificate" in home.transport._link.trouble.lower())
        assert home.transport.state == "reconnecting"


async def test_an_engine_may_be_known_by_its_certificate(secure: int, trusted: Authority) -> None:
    certificate, key = trusted.issue("engine")

    await works(
        {
            "url": f"amqps://{HOST}:{secure}/?auth=external",
            "ca_file": str(trusted.file),
            "cert_file": str(certificate),
            "key_file": str(key),
        }
    )


async def test_a_certificate_of_a_stranger_opens_nothing(secure: int, trusted: Authority) -> None:
    certificate, key = trusted.issue("stranger")
    settings = {
        "url": f"amqps://{HOST}:{secure}/?auth=external",
        "ca_file": str(trusted.file),
        "cert_file": str(certificate),
        "key_file": str(key),
    }

    async with Home.opened({}, settings) as home:
        await until(lambda: home.transport._link.trouble)
        assert home.transport.state == "reconnecting"


async def test_events_come_over_tls(secure: int, trusted: Authority) -> None:
    url = f"amqps://{ADMIN}:{PASSWORD}@{HOST}:{secure}/"
    async with Home.opened({}, {"url": url, "ca_file": str(trusted.file)}) as home:
        await home.connected()
        eci = await home.seer()
        async with Client(f"{url}?cafile={trusted.file}") as client:
            await client.send(f"event.{eci}.test.seen", {"n": 1})

        await until(lambda: home.seen(eci))
