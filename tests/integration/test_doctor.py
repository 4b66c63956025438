"""rewrapctl doctor: a service that is well is said to be, and each thing that is broken is found."""
import json
import os
import shutil
import sqlite3
import subprocess

import pytest

import client as c
from instance import Instance, wait_for

OK, WARNING, FAULT = 0, 1, 2


@pytest.fixture
def own():
    """An instance of its own, to be broken."""
    instance = Instance(spares=4)
    yield instance
    instance.remove(check=False)


def doctor(instance, *options):
    """The exit code and the answer, which agree."""
    done = instance.ctl("doctor", "--output", "json", *options)
    assert done.returncode in (OK, WARNING, FAULT), (done.returncode, done.stdout, done.stderr)
    answer = json.loads(done.stdout)
    assert ["OK", "WARNING", "FAULT"][done.returncode] == answer["Verdict"]
    return done.returncode, answer


def findings(answer, verdict):
    return [(f["Check"], f["Subject"]) for f in answer["Findings"] if f["Verdict"] == verdict]


def test_a_healthy_instance(own):
    code, answer = doctor(own, "--config", os.path.join(own.dir, "rewrapd.conf"))
    assert code == OK, answer
    assert not findings(answer, "WARNING") and not findings(answer, "FAULT")
    assert ("configuration", os.path.join(own.dir, "rewrapd.conf")) in findings(answer, "OK")
    token = answer["Tokens"][0]
    assert token["Reachable"] and token["ProtectionLevel"] == "sealed" and token["Model"] == "SoftHSM v2"
    assert {"KeySpec": "SYMMETRIC_DEFAULT", "Spares": 4} in token["Stock"]
    text = own.ctl("doctor")
    assert text.returncode == OK and text.stdout.endswith("All is well.\n"), text


def test_files(own):
    pin = own.env["REWRAP_PIN_FILE"]
    os.chmod(pin, 0o644)
    code, answer = doctor(own)
    assert code == FAULT and findings(answer, "FAULT") == [("PIN file modes", pin)]
    os.chmod(pin, 0o600)
    registry = os.path.join(own.dir, "state", "registry.db")
    os.chmod(registry, 0o640)
    code, answer = doctor(own)
    assert code == WARNING and findings(answer, "WARNING") == [("file modes", registry)]


def test_a_bad_configuration_and_no_daemon(own, tmp_path):
    bad = tmp_path / "bad.conf"
    bad.write_text("[service]\nnonsense = 1\n")
    code, answer = doctor(own, "--config", str(bad))
    assert code == FAULT and findings(answer, "FAULT") == [("configuration", str(bad))]
    own.stop()
    code, answer = doctor(own)
    assert code == FAULT and findings(answer, "FAULT") == [("daemon", "rewrapd")]


def test_a_drained_stock(own):
    with own.client() as client:
        for _ in range(4):
            c.create_key(client)
    code, answer = doctor(own)
    assert code == WARNING and findings(answer, "WARNING") == [("stock", "main")]


@pytest.mark.skipif(shutil.which("pkcs11-tool") is None, reason="no pkcs11-tool (opensc)")
def test_an_object_that_somebody_deleted(own):
    with own.client() as client:
        key = c.create_key(client, boundary="OPEN")
    material = key.current_key_material_id
    with open(own.env["REWRAP_PIN_FILE"], encoding="ascii") as file:
        pin = file.read().strip()
    subprocess.run(["pkcs11-tool", "--module", own.env["REWRAP_MODULE"], "--token-label", "rewrapd", "--login", "--pin", "env:PIN",
                    "--delete-object", "--type", "secrkey", "--id", material], check=True, capture_output=True, timeout=60,
                   env={**os.environ, **own.env, "PIN": pin})
    code, answer = doctor(own)
    assert code == FAULT and findings(answer, "FAULT") == [("registry", key.arn)], answer
    assert material in answer["Findings"][0]["Text"]


def test_an_open_object_that_no_key_has(own):
    with own.client() as client:
        key = c.create_key(client, boundary="OPEN")
    own.stop()
    with sqlite3.connect(os.path.join(own.dir, "state", "registry.db")) as registry:
        for table in ("materials", "keys"):
            registry.execute(f"DELETE FROM {table}")
    registry.close()
    own.start()
    code, answer = doctor(own)
    assert code == WARNING and findings(answer, "WARNING") == [("objects", key.current_key_material_id)], answer


def test_a_token_that_is_gone(own):
    tokens = os.path.join(own.dir, "tokens")
    os.rename(tokens, tokens + ".away")
    try:
        def found():
            code, answer = doctor(own)
            return code == FAULT and any(subject == "main" for _, subject in findings(answer, "FAULT"))
        wait_for(found, "the token to be missed")
    finally:
        os.rename(tokens + ".away", tokens)


def test_others_may_not(own):
    alice = os.path.join(os.path.dirname(own.socket), "alice.sock")
    done = own.ctl("doctor", "--endpoint", f"unix:{alice}")
    assert done.returncode == 254 and "rewrapd:Doctor" in done.stderr, done
