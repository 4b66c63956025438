#!/usr/bin/env python3
"""Writes the seeds of this target with an encoder of its own (daemon/registry/src/wire.h). Usage: make_seeds.py"""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
ACCOUNT = b"111122223333"
KEY_ID = bytes(range(16))


def text(value):
    return struct.pack(">H", len(value)) + value


def frame(kind, body=b"", sequence=1):
    return struct.pack(">IQB", 9 + len(body), sequence, kind) + body


def material(n, origin):
    return bytes([n]) * 32 + struct.pack(">QB", n, origin)


def key(token=b"main", description="invoices – 2024".encode(), numbers=(1, 1, 1, 1), deletion=0, rotation=(0, 0),
        revision=1, materials=(material(0, 1),), tags=()):
    return (KEY_ID + ACCOUNT + text(token) + text(description) + bytes(numbers) + struct.pack(">Q", 1700000000123)
            + struct.pack(">QHQQ", deletion, *rotation, revision)
            + struct.pack(">H", len(materials)) + b"".join(materials)
            + struct.pack(">H", len(tags)) + b"".join(text(k) + text(v) for k, v in tags))


def removal(revision=3, retired=1700000000123):
    return KEY_ID + struct.pack(">QQ", revision, retired)


def retired(n, numbers=(1, 1)):
    return bytes([n]) * 32 + KEY_ID + ACCOUNT + text(b"main") + bytes(numbers) + struct.pack(">Q", 1700000000123)


def alias(name=b"alias/payroll"):
    return ACCOUNT + text(name) + KEY_ID + struct.pack(">QQ", 1700000000123, 1700000000124)


ROTATED = (material(0, 1), material(1, 3), material(2, 2))
DELETION = 1700604800123

SEEDS = {
    "key_add": frame(1, key(tags=[(b"a", b""), (b"zone", "€".encode())])),
    "key_add_plain": frame(1, key(description=b"")),
    "key_replace": frame(5, key(revision=7, rotation=(365, 1731536000123), materials=ROTATED)),
    "key_remove": frame(6, removal()),
    "retired_remove": frame(7, bytes(32)),
    "alias_add": frame(2, alias()),
    "alias_retarget": frame(3, alias(b"alias/a/b_c-d:e")),
    "alias_remove": frame(4, alias()),
    "key_read": frame(64, KEY_ID),
    "alias_read": frame(65, alias()),
    "retired_read": frame(66, bytes(32)),
    "done": frame(128, b"\x00" + text(b"")),
    "done_store": frame(128, b"\x05" + text(b"database or disk is full")),
    "done_conflict": frame(128, b"\x03" + text(b"the key was changed meanwhile")),
    "key_row_rotated": frame(129, key(numbers=(1, 1, 3, 2), deletion=DELETION, materials=ROTATED)),
    "key_row_rsa": frame(129, key(numbers=(4, 1, 2, 1))),
    "key_gone": frame(130, KEY_ID + struct.pack(">H", 2) + retired(1) + retired(2, (4, 2))),
    "key_gone_empty": frame(130, KEY_ID + b"\0\0"),
    "alias_row": frame(131, alias()),
    "retired_row": frame(132, retired(1)),
    "no_row": frame(133),
    "ready": frame(134, sequence=0),
    "failed": frame(135, b"\x05" + text(b"disk I/O error"), sequence=0),
    "stream": (frame(1, key()) + frame(2, alias(), 2) + frame(64, KEY_ID, 3)
               + frame(128, b"\x01" + text(b"is there already"), 4) + frame(6, removal(), 5)),
    "bad_duplicate_tag": frame(1, key(tags=[(b"a", b""), (b"a", b"")])),
    "bad_duplicate_material": frame(5, key(materials=(material(0, 1), material(0, 3)))),
    "bad_origin": frame(5, key(materials=(material(0, 1), material(1, 1)))),
    "bad_rsa_rotation": frame(5, key(numbers=(2, 1, 1, 1), materials=ROTATED)),
    "bad_deletion": frame(5, key(deletion=DELETION)),
    "bad_rotation": frame(5, key(rotation=(89, DELETION))),
    "bad_revision": frame(6, removal(revision=0)),
    "bad_retired": frame(132, retired(1, (5, 1))),
    "bad_retired_count": frame(130, KEY_ID + b"\xff\xff" + retired(1)),
    "bad_utf8": frame(1, key(description=b"\xed\xa0\x80")),
    "bad_name": frame(2, alias(b"alias/a b")),
    "bad_length": struct.pack(">I", 0xFFFFFFFF),
}

for name, seed in SEEDS.items():
    (CORPUS / name).write_bytes(seed)
