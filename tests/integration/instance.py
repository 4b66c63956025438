"""packaging/instance from Python: a daemon of its own in a folder of its own."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from client import Client

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
INSTANCE = os.path.join(ROOT, "packaging", "instance")
BIN = os.environ["REWRAP_BIN"]

# What a sanitizer says of the daemon or its worker when it ends them: no test that saw one has passed.
SANITIZER = re.compile(r"ERROR: (?:Address|Leak)Sanitizer|runtime error:")


def wait_for(condition, what, deadline_s=30):
    """Waits until condition() is true and returns what it gave; fails with `what` after the deadline."""
    deadline = time.monotonic() + deadline_s
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"waited {deadline_s} s for: {what}"
        time.sleep(0.01)  # between two looks, not instead of one


def children(pid):
    """Processes of a parent by the name of their program."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="ascii") as file:
                text = file.read()
            name = text[text.index("(") + 1 : text.rindex(")")]
            fields = text[text.rindex(")") + 2 :].split()
        except OSError:
            continue  # gone meanwhile
        if int(fields[1]) == pid and fields[0] != "Z":
            found.setdefault(name, []).append(int(entry))
    return found


class Instance:
    """Made in a temporary folder (or the one given), started; remove() stops it and takes the folder away.

    rsa: sealed RSA_2048 pairs, which take seconds; token: softhsm, nss or p11-kit; second_token: a [token second] too."""

    def __init__(self, folder=None, start=True, workers=None, spares=8, rsa=0, token=None, second_token=False):
        # Short: a socket's path has 107 bytes, and pytest's own temporary folders have long names.
        self.to_remove = folder or tempfile.mkdtemp(prefix="rw-", dir="/tmp")
        self.dir = folder or os.path.join(self.to_remove, "i")
        self.env = {}
        if start:
            try:
                self.start("--spares", str(spares), "--rsa", f"{rsa},0,0", *(["--workers", str(workers)] if workers else []),
                           *(["--token", token] if token else []), *(["--second-token"] if second_token else []))
            except BaseException:
                self.remove(check=False)
                raise

    def run(self, *arguments, check=True):
        return subprocess.run([INSTANCE, arguments[0], self.dir, *arguments[1:]], check=check, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=180)

    def start(self, *options):
        if "--rsa" not in options:
            options += ("--rsa", "0")  # a new token's pairs take seconds, and few tests need them
        done = self.run("start", *options, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        self.env = self.read_env()
        return done

    def stop(self):
        done = self.run("stop", check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def read_env(self):
        """The variables as a shell understands them."""
        lines = self.run("env").stdout
        names = re.findall(r"^export (\w+)=", lines, re.MULTILINE)
        told = subprocess.run(["bash", "-c", lines + "".join(f'printf "%s\\0" "${name}"\n' for name in names)],
                              check=True, capture_output=True, text=True).stdout
        return dict(zip(names, told.split("\0")))

    @property
    def socket(self):
        return self.env["REWRAP_SOCKET"].removeprefix("unix:")

    @property
    def pid(self):
        with open(self.env["REWRAP_PID_FILE"], encoding="ascii") as file:
            return int(file.read())

    @property
    def workers(self):
        """Pids of the processes that serve the token."""
        return children(self.pid).get("rewrapd-hsm", [])

    @property
    def log(self):
        with open(self.env["REWRAP_LOG"], encoding="utf-8", errors="replace") as file:
            return file.read()

    def client(self, who="", deadline_s=60):
        """A connection as the root principal of 111122223333, or as alice, root2 or bob."""
        name = "REWRAP_SOCKET" + ("_" + who.upper() if who else "")
        return Client(self.env[name].removeprefix("unix:"), deadline_s)

    def ctl(self, *arguments, check=False, env=None, stdin=None):
        """rewrapctl with this instance's environment."""
        return subprocess.run([os.path.join(BIN, "rewrapctl"), *arguments], check=check, capture_output=True, text=True, input=stdin or "",
                              env={**os.environ, **self.env, **(env or {})}, timeout=120)

    def is_running(self):
        try:
            os.kill(self.pid, 0)
        except (OSError, ValueError):
            return False
        return True

    def configure(self, section, **values):
        """Changes or adds lines of a section of rewrapd.conf; takes effect at the next start or SIGHUP."""
        path = os.path.join(self.dir, "rewrapd.conf")
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        at = lines.index(f"[{section}]")
        for name, value in values.items():
            name = name.replace("_", "-")
            end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith("[")), len(lines))
            there = [i for i in range(at + 1, end) if re.match(rf"{name}\s*=", lines[i])]
            if there:
                lines[there[0]] = f"{name} = {value}"
            else:
                lines.insert(at + 1, f"{name} = {value}")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))

    def remove(self, check=True):
        """Stops, looks for what a sanitizer said, takes the folder away."""
        try:
            if os.path.isdir(self.dir):
                stopped = self.run("stop", check=False)
                if stopped.returncode != 0 and self.is_running():
                    os.kill(self.pid, signal.SIGKILL)
                if check:
                    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
                    found = SANITIZER.search(self.log)
                    assert not found, self.log[found.start() - 200:][:6000]
        finally:
            shutil.rmtree(self.to_remove, ignore_errors=True)
