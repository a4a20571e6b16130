"""HashiCorp Vault's transit engine: `id:vault:<transit key>:vault:v1:...`, the key as transit encrypted it.

The id is bound in as associated data, so the transit key must be of an AEAD type (aes256-gcm96, Vault's default). The
transit key may have its mount in front: `id:vault:secrets/transit/broker:vault:v1:...`. Address and token are Vault's
own settings (`VAULT_ADDR`, `VAULT_TOKEN` or ~/.vault-token, `VAULT_CACERT`); for AppRole and the like let Vault Agent
log in and keep the token. To run, a broker needs `update` on transit/decrypt alone.
https://developer.hashicorp.com/vault/api-docs/secret/transit
"""

from base64 import b64encode
from typing import Any

import hvac
from hvac.exceptions import VaultError
from requests.exceptions import RequestException

from broker.key_sources.unopened import Unopened

PATIENCE = 10  # seconds


def unwrap(key_id: str, reference: str) -> str:
    transit_key, _, ciphertext = reference.partition(":")
    if not ciphertext.startswith("vault:"):
        raise Unopened(f"the key {key_id} is written id:vault:transit key:vault:v1:...")
    plaintext = ask("decrypt_data", key_id, transit_key, ciphertext=ciphertext).get("plaintext")
    return plaintext if isinstance(plaintext, str) else ""


def wrap(key_id: str, key: str, wrapping_key: str) -> str:
    return f"{wrapping_key}:{ask('encrypt_data', key_id, wrapping_key, plaintext=key)['ciphertext']}"


def ask(action: str, key_id: str, transit_key: str, **what: str) -> dict[str, Any]:
    """One call of Vault. The kind of an error is told, its text is not."""
    mount, _, name = transit_key.rpartition("/")
    bound = b64encode(f"broker-key:{key_id}".encode()).decode()
    try:
        transit = hvac.Client(timeout=PATIENCE).secrets.transit
        answer = getattr(transit, action)(name, mount_point=mount or "transit", associated_data=bound, **what)
    except (VaultError, RequestException) as error:
        kind = type(error).__name__
        raise Unopened(f"Vault did not {action.partition('_')[0]} the key {key_id} ({kind})") from None
    data = answer.get("data") if isinstance(answer, dict) else None  # a web page with status 200 is none
    if not isinstance(data, dict):
        raise Unopened("what answers at VAULT_ADDR is not Vault")
    return data
