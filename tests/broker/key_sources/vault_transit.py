"""Vault's transit engine as far as its documentation goes for encrypt and decrypt: a real HTTP server, AES-256-GCM inside.

https://developer.hashicorp.com/vault/api-docs/secret/transit
"""

import json
import secrets
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs.token-of-the-tests"
MOUNTS = ("transit", "secrets/transit")
KEYS = {f"{mount}/broker": AESGCM(secrets.token_bytes(32)) for mount in MOUNTS}


class Transit(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Encrypt or decrypt, or an error in Vault's shape."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status, answer = self.decide(body)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def decide(self, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.headers["x-vault-token"] != TOKEN:
            return 403, {"errors": ["permission denied"]}
        mount, action, name = self.path.removeprefix("/v1/").rsplit("/", 2)
        key = KEYS.get(f"{mount}/{name}")
        if key is None:
            return 400, {"errors": ["encryption key not found"]}
        bound = b64decode(body.get("associated_data", ""))
        if action == "encrypt":
            nonce = secrets.token_bytes(12)
            sealed = nonce + key.encrypt(nonce, b64decode(body["plaintext"]), bound)
            return 200, {"data": {"ciphertext": f"vault:v1:{b64encode(sealed).decode()}", "key_version": 1}}
        try:
            sealed = b64decode(body["ciphertext"].removeprefix("vault:v1:"))
            plaintext = key.decrypt(sealed[:12], sealed[12:], bound)
        except (InvalidTag, ValueError):
            return 400, {"errors": [f"cipher: message authentication failed: {body['ciphertext']}"]}
        return 200, {"data": {"plaintext": b64encode(plaintext).decode()}}

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def running_vault() -> Iterator[str]:
    """Yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Transit)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
