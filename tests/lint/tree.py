"""What the lints share: which files there are, and how they report."""
import os
import re
import subprocess
import sys

# Bad on purpose: each lint is shown its own folder of them by a test of its own.
SAMPLES = os.path.join("tests", "lint", "samples")


def files(root, *suffixes):
    """The project's own files below root, relative to it: tracked and new ones, not what git ignores; all files when root is no checkout."""
    if os.path.exists(os.path.join(root, ".git")):
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                check=True, capture_output=True, text=True).stdout.split("\0")
    else:
        listed = [os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root) for name in names]
    return sorted(path for path in set(listed)
                  if path.endswith(suffixes) and not path.startswith(SAMPLES) and os.path.isfile(os.path.join(root, path)))


def code(text):
    """C source with comments and the content of strings blanked, line numbers kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)

    def blank(match):
        found = match.group(0)
        if found.startswith(("//", "/*")):
            return "".join("\n" if c == "\n" else " " for c in found)
        return found[0] + " " * (len(found) - 2) + found[-1]

    return pattern.sub(blank, text)


def finish(problems, looked_at):
    """Prints the problems and leaves: 1 with any. A lint that looked at nothing has not passed."""
    for problem in problems:
        print(problem)
    if looked_at == 0:
        sys.exit("there was nothing to look at")
    print(f"{len(problems)} problems in {looked_at}")
    sys.exit(1 if problems else 0)
