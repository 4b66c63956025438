#!/usr/bin/env python3
"""Writes the seeds: templates as hsm/remote/src/template.h has them, and what is wrong with others."""
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent / "corpus"
MARK = struct.pack("<Q", 0x014C504D54415752)
YES, NO = b"\1", b"\0"
CLASS, KEY_TYPE, TOKEN, SENSITIVE, EXTRACTABLE = 0x000, 0x100, 0x001, 0x103, 0x162


def number(value):
    return struct.pack("<Q", value)


def template(*attributes, mark=MARK, count=None):
    body = b"".join(struct.pack(">II", kind, len(value)) + value for kind, value in attributes)
    return mark + struct.pack(">I", len(attributes) if count is None else count) + body


PAYLOAD = ((CLASS, number(4)), (KEY_TYPE, number(16)), (TOKEN, NO), (SENSITIVE, YES), (EXTRACTABLE, YES))
SEEDS = {
    "none": template(),
    "payload": template(*PAYLOAD),
    "empty-value": template((0x102, b""), (0x003, b"label")),
    "longest": template(*((0x80000000 + i, b"v" * 64) for i in range(32))),
    "too-long": template(*((0x80000000 + i, b"v" * 65) for i in range(32))),
    "too-many": template(*((0x80000000 + i, b"") for i in range(33))),
    "twice": template((TOKEN, NO), (TOKEN, YES)),
    "within": template((0x40000212, b"")),
    "wire-type-within": template((0x92570212, b"")),
    "other-machine": template(*PAYLOAD, mark=MARK[::-1]),
    "more-than-there-are": template(*PAYLOAD, count=6),
    "fewer-than-there-are": template(*PAYLOAD, count=4),
    "length-beyond": template()[:8] + struct.pack(">III", 1, CLASS, 0xFFFFFFFF) + b"x",
    "empty": b"",
}
HERE.mkdir(exist_ok=True)
for name, seed in SEEDS.items():
    (HERE / name).write_bytes(seed)
