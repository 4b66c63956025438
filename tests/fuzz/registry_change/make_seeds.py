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


def key(token=b"main", description="invoices – 2024".encode(), numbers=(1, 1, 1, 1), materials=1, tags=()):
    return (KEY_ID + ACCOUNT + text(token) + text(description) + bytes(numbers) + struct.pack(">Q", 1700000000123)
            + struct.pack(">H", materials) + b"".join(bytes([i]) * 32 + struct.pack(">Q", i) for i in range(materials))
            + struct.pack(">H", len(tags)) + b"".join(text(k) + text(v) for k, v in tags))


def alias(name=b"alias/payroll"):
    return ACCOUNT + text(name) + KEY_ID + struct.pack(">QQ", 1700000000123, 1700000000124)


SEEDS = {
    "key_add": frame(1, key(tags=[(b"a", b""), (b"zone", "€".encode())])),
    "key_add_plain": frame(1, key(description=b"")),
    "key_row_rotated": frame(17, key(numbers=(4, 1, 3, 2), materials=3)),
    "alias_add": frame(2, alias()),
    "alias_retarget": frame(3, alias(b"alias/a/b_c-d:e")),
    "alias_remove": frame(4, alias()),
    "key_read": frame(5, KEY_ID),
    "alias_read": frame(6, alias()),
    "done": frame(16, b"\x00" + text(b"")),
    "done_store": frame(16, b"\x04" + text(b"database or disk is full")),
    "alias_row": frame(18, alias()),
    "no_row": frame(19),
    "ready": frame(20, sequence=0),
    "failed": frame(21, b"\x04" + text(b"disk I/O error"), sequence=0),
    "stream": frame(1, key()) + frame(2, alias(), 2) + frame(5, KEY_ID, 3) + frame(16, b"\x01" + text(b"is there already"), 4),
    "bad_duplicate_tag": frame(1, key(tags=[(b"a", b""), (b"a", b"")])),
    "bad_duplicate_material": frame(1, key(materials=1)[:-2 - 42] + struct.pack(">H", 2) + (b"m" * 32 + bytes(8)) * 2 + b"\0\0"),
    "bad_utf8": frame(1, key(description=b"\xed\xa0\x80")),
    "bad_name": frame(2, alias(b"alias/a b")),
    "bad_length": struct.pack(">I", 0xFFFFFFFF),
}

for name, seed in SEEDS.items():
    (CORPUS / name).write_bytes(seed)
