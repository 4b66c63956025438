"""What is in the memory of another process: /proc/PID/mem (proc(5)). Needs CAP_SYS_PTRACE when the process is not dumpable."""
import os
import re

CHUNK_BYTES = 1 << 20
PIECE_BYTES = 16
PRESENT_OR_SWAPPED = 0x40  # of the highest byte of an entry of pagemap
# The address sanitizer's shadow, which says what may be accessed and holds none of it. Nothing else is as large.
SHADOW_MIN_BYTES = 1 << 36


def family(pid):
    """The process and everything below it."""
    found = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
            for child in file.read().split():
                found += family(int(child))
    return found


def program(pid):
    return os.path.basename(os.readlink(f"/proc/{pid}/exe"))


def pieces(secret):
    """Enough of its parts to find every run of 31 bytes of it, wherever in the secret it begins."""
    return {secret[at:at + PIECE_BYTES] for at in (*range(0, len(secret) - PIECE_BYTES + 1, PIECE_BYTES), len(secret) - PIECE_BYTES)}


def mappings(pid):
    """(first, end, name) of what can be read."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
        for line in file:
            first, end, mode, name = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()
            if mode[0] == "r" and name not in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                yield int(first, 16), int(end, 16), name


class Memory:
    """What was seen of one process: how much was read, and where pieces of the secrets are."""

    def __init__(self, pid, secrets):
        self.pid = pid
        self.read_bytes = 0
        self.shadow_bytes = 0
        self.found = {secret: [] for secret in secrets}
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._pieces = {piece: secret for secret in secrets for piece in pieces(secret)}
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as self._mem, open(f"/proc/{pid}/pagemap", "rb", buffering=0) as self._pagemap:
            for first, end, name in mappings(pid):
                if end - first >= SHADOW_MIN_BYTES:
                    self.shadow_bytes += end - first
                else:
                    self._search(first, end, name)

    def _search(self, first, end, name):
        before = b""
        for at in range(first, end, CHUNK_BYTES):
            length = min(CHUNK_BYTES, end - at)
            if not self._is_there(at, length, name):
                before = b""
                continue
            try:
                data = os.pread(self._mem.fileno(), length, at)
            except OSError:  # a device, or a file that became shorter
                before = b""
                continue
            self.read_bytes += len(data)
            seen = before + data  # a piece may lie across two chunks
            for piece, secret in self._pieces.items():
                if piece in seen:
                    self.found[secret].append((name, hex(at + seen.find(piece) - len(before))))
            before = data[-PIECE_BYTES + 1:]

    def _is_there(self, at, length, name):
        """Whether a page of an anonymous mapping was ever touched; of a file, every page is."""
        if name.startswith("/"):
            return True
        entries = os.pread(self._pagemap.fileno(), length // self._page * 8, at // self._page * 8)
        return not entries or max(entries[7::8]) >= PRESENT_OR_SWAPPED
