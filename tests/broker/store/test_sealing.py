"""Sealed records."""

import pytest

from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.store.sealing import SealBroken, Sealer

OLD, NEW = new_encryption_key("old"), new_encryption_key("new")


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(EncryptionKeys.parse(OLD))


def test_tv_01_sealed_and_opened(sealer: Sealer):
    """TV-01: what was sealed opens under its name, hides its content, and never looks the same twice."""
    one, two = (sealer.seal(b"provider token", "tokens:1") for _ in range(2))
    assert sealer.open(one, "tokens:1") == b"provider token"
    assert b"provider token" not in one
    assert one != two


def test_tv_01_swapped_records_do_not_open(sealer: Sealer):
    """TV-01: a record moved under another name does not open."""
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(b"x", "tokens:{user_1}:google:eac_1"), "tokens:{user_2}:google:eac_1")


def test_tv_02_every_flipped_byte_is_noticed(sealer: Sealer):
    """TV-02: a record with any one byte changed does not open."""
    sealed = sealer.seal(b"secret", "name")
    for at in range(len(sealed)):
        broken = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(SealBroken):
            sealer.open(broken, "name")


def test_tv_02_every_cut_is_noticed(sealer: Sealer):
    """TV-02: a record cut anywhere, or empty, does not open."""
    sealed = sealer.seal(b"secret", "name")
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealer.open(sealed[:length], "name")


def test_the_newest_key_writes_and_all_read(sealer: Sealer):
    """After a new key is put in front, old records open and new ones need the new key."""
    ring = Sealer(EncryptionKeys.parse(f"{NEW},{OLD}"))
    assert ring.open(sealer.seal(b"x", "n"), "n") == b"x"
    with pytest.raises(SealBroken):
        sealer.open(ring.seal(b"x", "n"), "n")


UNUSABLE = {
    "nothing": "",
    "no key": "k1",
    "an empty key": "k1:",
    "a short key": "k1:AAAA",
    "an id in capitals": "K1:" + OLD[4:],
    "an id twice": f"{OLD},{OLD}",
    "a sample key": "k1:" + "A" * 43 + "=",
    "a key twice": f"{OLD},k2:{OLD[4:]}",
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_rings_are_refused(text: str):
    """A ring with a missing, short, sample, repeated or misnamed key is refused without showing it."""
    with pytest.raises(ValueError, match=r"key|id") as refusal:
        EncryptionKeys.parse(text)
    assert OLD[4:] not in str(refusal.value)
