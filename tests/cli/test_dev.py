"""`broker dev`: nothing to configure, nothing lost, nothing left behind."""

import json
import os
import re
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from broker.providers import CATALOGUE
from tests.cli.command import DevelopmentBroker, development_broker, run_bare
from tests.phone import Phone
from tests.running import BROKER, RunningBroker, clean_environment

SIMULATED = [*CATALOGUE]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dev") / "data"


@pytest.fixture(scope="module")
def dev(folder: Path) -> Iterator[DevelopmentBroker]:
    with development_broker(folder) as running:
        yield running


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=20, follow_redirects=False) as client:
        yield client


def phone_of(dev: DevelopmentBroker, folder: Path, browser: httpx2.Client) -> Phone:
    """An app with the client and redirect URI that `broker dev` printed."""
    issuer = dev.ready["issuer"]
    broker = RunningBroker(issuer, issuer, "", dev.process, folder, {})  # type: ignore[arg-type]
    return Phone(
        broker, dev.ready["client_id"], dev.ready["redirect_uri"], provider="google", browser=browser
    )


def sign_in(phone: Phone) -> dict[str, str]:
    """Through the simulated Google and the return page."""
    page = phone.follow(phone.authorize()).response
    form = {"persona": "ada", "outcome": "approve"}
    back = phone.follow(phone.browser.post(str(page.request.url), data=form))
    answer = phone.exchange(phone.press(back.response)["code"])
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_first_line_is_the_contract(dev: DevelopmentBroker):
    """The first line for scripts holds exactly the five names, and the broker answers when it is out."""
    assert set(dev.ready) == {"issuer", "client_id", "redirect_uri", "secret_key", "dashboard"}
    assert dev.ready["dashboard"] == f"{dev.ready['issuer']}/dashboard"
    discovery = httpx2.get(f"{dev.ready['issuer']}/.well-known/openid-configuration").json()
    assert discovery["issuer"] == dev.ready["issuer"]
    assert dev.admin("GET", "/v1/clients").status_code == 200


def test_what_it_prints_signs_in(dev: DevelopmentBroker, folder: Path, browser: httpx2.Client):
    """The printed client and redirect URI carry a whole sign-in, with no provider configured by anybody."""
    assert sign_in(phone_of(dev, folder, browser))["token_type"] == "Bearer"
    offered = {each["id"] for each in dev.admin("GET", "/v1/providers").json() if each["offered"]}
    assert offered == set(SIMULATED)


def test_secrets_are_for_their_owner(dev: DevelopmentBroker, folder: Path):
    """Nobody else on the machine reads the keys or reaches the data."""
    for path, mode in ((folder, 0o700), (folder / "keys.env", 0o600), (folder / "valkey.sock", 0o700)):
        assert stat.S_IMODE(path.stat().st_mode) == mode, path


def test_second_on_the_same_data_is_refused(dev: DevelopmentBroker, folder: Path):
    """A second broker on one data folder would ruin its file: it says so and leaves the first alone."""
    second = run_bare(["dev", "--port", "0", "--data-dir", str(folder)], folder)
    assert second.code == 1
    assert "--data-dir" in second.error
    assert "another `broker dev`" in second.error
    assert dev.admin("GET", "/v1/clients").status_code == 200


def test_admin_commands_find_it(dev: DevelopmentBroker, folder: Path, tmp_path: Path):
    """Beside a `.broker` folder the other commands need no variable: they use that broker's keys and data."""
    (tmp_path / ".broker").symlink_to(folder)
    assert run_bare(["allowlist", "add", "com.example.beside:/cb"], tmp_path).code == 0
    urls = [entry["url"] for entry in dev.admin("GET", "/v1/redirect_urls?limit=100").json()]
    assert "com.example.beside:/cb" in urls


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_restart_loses_nothing(tmp_path: Path, browser: httpx2.Client, end: str):
    """After an orderly end, and after SIGKILL of broker and Valkey alike: same keys, allowlist, user and session."""
    with development_broker(tmp_path / "d") as first:
        assert first.admin("POST", "/v1/redirect_urls", {"url": "com.example.kept:/cb"}).status_code == 200
        phone = phone_of(first, tmp_path, browser)
        tokens = sign_in(phone)
        user = phone.userinfo(tokens["access_token"]).json()["sub"]
        published = httpx2.get(f"{first.ready['issuer']}/.well-known/jwks.json").json()
        if end == "kill":
            first.kill()
    with development_broker(tmp_path / "d") as second:
        assert second.ready["secret_key"] == first.ready["secret_key"]
        assert httpx2.get(f"{second.ready['issuer']}/.well-known/jwks.json").json() == published
        entries = second.admin("GET", "/v1/redirect_urls?limit=100").json()
        assert sum(entry["url"] == "com.example.kept:/cb" for entry in entries) == 1
        again = phone_of(second, tmp_path, browser)
        assert again.refresh(tokens["refresh_token"]).status_code == 200
        assert again.userinfo(sign_in(again)["access_token"]).json()["sub"] == user


def test_valkey_ends_with_a_killed_parent(tmp_path: Path):
    """A broker that is killed leaves no Valkey behind."""
    with development_broker(tmp_path / "d") as dev:
        valkey = dev.valkey()
        dev.process.kill()
        dev.process.wait(10)
        gone, alive = psutil.wait_procs([valkey], timeout=5)
        assert gone
        assert not alive


def test_ctrl_c_ends_it_quietly(tmp_path: Path):
    """Ctrl-C, which reaches the whole terminal group, ends broker and Valkey in order."""
    process = subprocess.Popen(
        [*BROKER, "dev", "--port", "0", "--data-dir", str(tmp_path / "d"), "--json"],
        env=clean_environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    json.loads(process.stdout.readline())
    os.killpg(process.pid, 2)
    _, said = process.communicate(timeout=15)
    assert "Traceback" not in said
    assert process.returncode in {0, 1, 130, -2}


def test_too_long_a_path(tmp_path: Path):
    """A data folder whose socket path the kernel would cut is refused before anything is written."""
    long = tmp_path / ("long" * 25)
    told = run_bare(["dev", "--port", "0", "--data-dir", str(long)], tmp_path)
    assert told.code == 1
    assert "--data-dir" in told.error
    assert "too long" in told.error
    assert not long.exists()


def test_data_dir_is_a_file(tmp_path: Path):
    """A file where the folder should be is named, and stays as it was."""
    file = tmp_path / "data"
    file.write_text("mine")
    told = run_bare(["dev", "--port", "0", "--data-dir", str(file)], tmp_path)
    assert told.code == 2
    assert "--data-dir" in told.error
    assert file.read_text() == "mine"


def test_port_in_use(tmp_path: Path):
    """A port that is taken is named, with the option to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = run_bare(["dev", "--port", port, "--data-dir", str(tmp_path / "d")], tmp_path)
    assert told.code == 1
    assert re.search(rf"--port {port}: .*in use", told.error)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--port", "http"], "--port"),
        (["--port", "65536"], "--port"),
        (["--prot", "1"], "--prot"),
        (["nonsense"], "nonsense"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: list[str], word: str):
    """A mistyped option or value is named, with exit code 2, and no folder is made."""
    told = run_bare(["dev", *arguments], tmp_path)
    assert told.code == 2
    assert word in told.error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "nonsense", "BROKER_SECRET_KEYS=hush-hush"])
def test_damaged_keys_file(tmp_path: Path, content: str):
    """A damaged keys file is never replaced by new keys, which could not open the old data; its value is not shown."""
    keys = tmp_path / "keys.env"
    keys.write_text(content)
    told = run_bare(["dev", "--port", "0", "--data-dir", str(tmp_path)], tmp_path)
    assert told.code == 1
    assert "keys.env" in told.error
    assert "hush-hush" not in told.everything
    assert keys.read_text() == content


def test_mistyped_variable(tmp_path: Path):
    """The embedded broker too refuses a variable that does not exist."""
    told = run_bare(["dev", "--port", "0", "--data-dir", "d"], tmp_path, {"BROKER_GOOGEL_CLIENT_ID": "hush"})
    assert told.code == 1
    assert "BROKER_GOOGEL_CLIENT_ID: there is no such setting" in told.error
