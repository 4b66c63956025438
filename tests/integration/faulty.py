"""An instance whose token fails on command: tests/faults/module/README.md."""
import fcntl
import os
import itertools

from instance import BIN, Instance

RECORD_BYTES = 64


class FaultyInstance(Instance):
    """The ceremony is held on the token itself, the daemon reaches it through libfaulty.so."""

    def __init__(self, workers=1, **token):
        super().__init__()
        try:
            self.stop()
            self.control = os.path.join(self.dir, "script")
            self.serial = itertools.count()
            self.configure("token main", module=os.path.join(BIN, "libfaulty.so"), init_args=f"faulty: control={self.control}",
                           workers=workers, **token)
            self.script("")
            self.start()
        except BaseException:
            self.remove(check=False)
            raise

    def script(self, text):
        """Another script; its calls are counted from now on. The same text again is another script."""
        with open(self.control + ".new", "w", encoding="ascii") as file:
            file.write(f"{text}\n# {next(self.serial)}\n")
        os.rename(self.control + ".new", self.control)

    def count(self, function):
        """Calls since the first one that saw the script in force."""
        with open(self.control + ".state", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            for line in file.read().splitlines()[1:]:
                name, _, since = line.split()
                if name == function:
                    return int(since)
        raise KeyError(function)
