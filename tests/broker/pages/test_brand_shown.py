"""A broker with a brand: name, logo and colour on its pages, and nothing of it that runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import RunningBroker, running_broker
from tests.valkey import running_valkey

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture(scope="module")
def branded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    logo = tmp_path_factory.mktemp("brand") / "logo.svg"
    logo.write_text(SVG)
    brand = {"BRAND_NAME": "Acme <b>&co", "BRAND_LOGO": str(logo), "BRAND_COLOUR": "#00aa55"}
    with running_valkey() as url, running_broker(url, **brand) as running:
        yield running


def test_on_a_page(branded: RunningBroker):
    """The logo stands on the page, with the name as its words, and the colour's stylesheet before the page's own."""
    page = branded.get("/logout").text
    assert '<img src="/assets/logo" alt="Acme &lt;b&gt;&amp;co">' in page
    assert page.index("/assets/brand.css") < page.index("/assets/broker.css")
    assert "--brand:#00aa55" in branded.get("/assets/brand.css").text


def test_a_logo_runs_nothing(branded: RunningBroker):
    """An SVG opened by itself runs no script of its own."""
    answer = branded.get("/assets/logo")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "sandbox" in answer.headers["content-security-policy"]


def test_without_a_brand(broker: RunningBroker):
    """Without one there is nothing of it, and no request for it."""
    assert "brand.css" not in broker.get("/logout").text
    assert broker.get("/assets/logo").status_code == 404


def test_wrong_settings_are_named(tmp_path: Path):
    """A logo that is not there, and a colour that is none, stop the start by name."""
    for wrong in ({"BRAND_LOGO": str(tmp_path / "none.svg")}, {"BRAND_COLOUR": "red"}):
        with (
            pytest.raises(RuntimeError, match=f"BROKER_{next(iter(wrong))}"),
            running_valkey() as url,
            running_broker(url, **wrong),
        ):
            pass


def test_assets_are_packed(broker: RunningBroker):
    """A browser that takes it gets the stylesheet packed, one that does not gets it plain."""
    plain = broker.get("/assets/broker.css", headers={"accept-encoding": "identity"})
    packed = broker.get("/assets/broker.css", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < 5_000
