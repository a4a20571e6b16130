"""Sealed records."""

import pytest

from broker.core.encryption_keys import EncryptionKeys, new_encryption_key
from broker.store.sealing import SealBroken, Sealer, key_id_of

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


HOME = "grant:{user_1}:google:eac_1"
ELSEWHERE = {
    "another user": "grant:{user_2}:google:eac_1",
    "another connection": "grant:{user_1}:github:eac_1",
    "another account": "grant:{user_1}:google:eac_2",
    "another field": "grant:{user_1}:google:eac_1:refresh",
    "a longer name": "grant:{user_1}:google:eac_11",
    "no name": "",
}


@pytest.mark.parametrize("name", ELSEWHERE.values(), ids=ELSEWHERE)
def test_tv_01_moved_records_do_not_open(sealer: Sealer, name: str):
    """TV-01: a record moved to another user, connection, account or field does not open."""
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(b"x", HOME), name)


def test_tv_01_parts_cannot_be_exchanged(sealer: Sealer):
    """TV-01: the wrapped data key of one record and the content of another are no record, even under one name."""
    one, two = sealer.seal(b"one", HOME), sealer.seal(b"two", HOME)
    content = 2 + len("old") + 12 + 48
    for sealed in (one[:content] + two[content:], two[:content] + one[content:]):
        with pytest.raises(SealBroken):
            sealer.open(sealed, HOME)


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


def test_tv_02_every_flipped_bit_of_the_head_is_noticed(sealer: Sealer):
    """TV-02: another version, another length or another key id in front, and the record does not open."""
    ring = Sealer(EncryptionKeys.parse(f"{NEW},{OLD}"))
    sealed = sealer.seal(b"secret", "name")
    for at in range(2 + len("old")):
        for bit in range(8):
            with pytest.raises(SealBroken):
                ring.open(sealed[:at] + bytes([sealed[at] ^ 1 << bit]) + sealed[at + 1 :], "name")


def test_tv_02_lengthened_records_do_not_open(sealer: Sealer):
    """TV-02: what was added to a record, in front or behind, is noticed."""
    sealed = sealer.seal(b"secret", "name")
    for longer in (sealed + b"x", b"x" + sealed, sealed + sealed, sealed + bytes(16)):
        with pytest.raises(SealBroken):
            sealer.open(longer, "name")


def test_tv_01_the_key_id_is_bound(sealer: Sealer):
    """TV-01: a record does not open under another id, even if that id has the same key."""
    renamed = Sealer(EncryptionKeys.parse(f"new:{OLD[4:]}"))
    sealed = sealer.seal(b"secret", "name")
    with pytest.raises(SealBroken):
        renamed.open(sealed.replace(b"old", b"new", 1), "name")


def test_the_key_id_is_read_from_the_head(sealer: Sealer):
    """Which key a record needs stands in front of it, and nothing that is no record names one."""
    assert key_id_of(sealer.seal(b"x", "n")) == "old"
    assert [key_id_of(odd) for odd in (b"", b"\x01", b"\x02\x03old", b"{}")] == [""] * 4


def test_rewrapped_records_need_the_newest_key(sealer: Sealer):
    """A rewrapped record opens with the newest key alone, under its old name; what does not open is not rewrapped."""
    ring = Sealer(EncryptionKeys.parse(f"{NEW},{OLD}"))
    sealed = sealer.seal(b"secret", "name")
    again = ring.rewrap(sealed, "name")
    assert key_id_of(again) == "new"
    assert Sealer(EncryptionKeys.parse(NEW)).open(again, "name") == b"secret"
    for broken, name in ((sealed[:-1], "name"), (sealed, "other")):
        with pytest.raises(SealBroken):
            ring.rewrap(broken, name)


def test_marks_tell_keys_apart():
    """The mark of a key names its id, differs for another key under the same id, and shows nothing of the key."""
    ring = EncryptionKeys.parse(f"{NEW},{OLD}")
    assert [mark.partition(".")[0] for mark in ring.marks] == ["new", "old"]
    assert ring.marks == EncryptionKeys.parse(f"{NEW},{OLD}").marks
    assert EncryptionKeys.parse(new_encryption_key("old")).marks[0] != ring.marks[1]
    assert not [
        mark for mark, key in zip(ring.marks, ring.keys.values(), strict=True) if key.hex()[:8] in mark
    ]


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
    "a source where none are taken": "k1:file:/run/secrets/k1",
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_rings_are_refused(text: str):
    """A ring with a missing, short, sample, repeated or misnamed key is refused without showing it."""
    with pytest.raises(ValueError, match=r"key|id") as refusal:
        EncryptionKeys.parse(text)
    assert OLD[4:] not in str(refusal.value)
