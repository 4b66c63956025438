#!/usr/bin/env python3
"""Writes the seeds: the room that the client gives, then three answers of a token, each a return value, a length, and entries."""
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent / "corpus"
ENTRY_BYTES = 24  # of a CK_ATTRIBUTE
OK, TOO_SMALL, TYPE_INVALID, DEVICE_ERROR = 0, 3, 4, 5
TOKEN, KEY_TYPE, LABEL = 0x001, 0x100, 0x003


def answer(rv, *entries, length=None):
    head = struct.pack(">BH", rv, ENTRY_BYTES * len(entries) if length is None else length)
    return head + b"".join(struct.pack(">IH", kind, size) for kind, size in entries)


def seed(*answers, room=2316):
    return struct.pack(">H", room) + b"".join(answers)


def as_asked(*entries, second=OK, room=2316):
    return seed(answer(OK, length=ENTRY_BYTES * len(entries)), answer(second, *entries), answer(OK, *entries), room=room)


SEEDS = {
    "two": as_asked((TOKEN, 1), (KEY_TYPE, 8)),
    "lengths-told-as-too-small": as_asked((TOKEN, 1), (LABEL, 0), second=TOO_SMALL),
    "none": as_asked(),
    "no-room": as_asked((TOKEN, 1), room=3),
    "longest": as_asked(*((0x80000000 + i, 64) for i in range(32))),
    "too-long": as_asked((LABEL, 2049)),
    "too-many": as_asked(*((0x80000000 + i, 0) for i in range(33))),
    "twice": as_asked((TOKEN, 1), (TOKEN, 1)),
    "within": as_asked((0x40000212, 0)),
    "no-length": as_asked((LABEL, 0xFFFF)),
    "another-length-later": seed(answer(OK, length=ENTRY_BYTES), answer(OK, (LABEL, 8)), answer(OK, (LABEL, 2048))),
    "another-type-later": seed(answer(OK, length=ENTRY_BYTES), answer(OK, (LABEL, 8)), answer(OK, (TOKEN, 8))),
    "longer-later": seed(answer(OK, length=ENTRY_BYTES), answer(OK, (LABEL, 8), length=2 * ENTRY_BYTES)),
    "half-an-entry": seed(answer(OK, length=ENTRY_BYTES - 1)),
    "not-there": seed(answer(TYPE_INVALID, length=0xFFFF)),
    "device": seed(answer(OK, length=ENTRY_BYTES), answer(DEVICE_ERROR, (LABEL, 8))),
    "empty": b"",
}
HERE.mkdir(exist_ok=True)
for name, content in SEEDS.items():
    (HERE / name).write_bytes(content)
