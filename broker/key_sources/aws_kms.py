"""AWS KMS: `id:aws-kms:<base64>`, the key as KMS encrypted it with the encryption context `broker-key` = id.

Region, credentials and endpoint are found as by every AWS program (`AWS_DEFAULT_REGION`, a role of the machine, ...). To
run, a broker needs kms:Decrypt alone; kms:Encrypt is for who makes a key.
https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
"""

from base64 import b64decode, b64encode
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from broker.key_sources.unopened import Unopened

PATIENCE = Config(connect_timeout=5, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


def unwrap(key_id: str, reference: str) -> str:
    try:
        blob = b64decode(reference, validate=True)
    except ValueError:
        raise Unopened(f"what AWS KMS shall decrypt for the key {key_id} is not base64") from None
    return b64encode(ask("decrypt", key_id, CiphertextBlob=blob)["Plaintext"]).decode()


def wrap(key_id: str, key: str, wrapping_key: str) -> str:
    answer = ask("encrypt", key_id, KeyId=wrapping_key, Plaintext=b64decode(key))
    return b64encode(answer["CiphertextBlob"]).decode()


def ask(action: str, key_id: str, **what: Any) -> dict[str, Any]:
    """One call of KMS. Its error codes are told, its texts are not."""
    try:
        kms = boto3.client("kms", config=PATIENCE)
        answer: dict[str, Any] = getattr(kms, action)(EncryptionContext={"broker-key": key_id}, **what)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "no code")
        raise Unopened(f"AWS KMS refused to {action} the key {key_id} ({code})") from None
    except BotoCoreError as error:
        raise Unopened(
            f"AWS KMS could not be asked to {action} the key {key_id} ({type(error).__name__})"
        ) from None
    return answer
