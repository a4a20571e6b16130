"""An Apple developer team that nobody has: what an admin would copy from its console."""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

KEY = ec.generate_private_key(ec.SECP256R1())
CREDENTIALS = {
    "team_id": "TEAM123456",
    "key_id": "KEY7654321",
    "private_key": KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
}
