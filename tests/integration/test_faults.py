"""A token that hangs, crashes, is slow, loses its sessions or is drawn: what a caller sees, and when."""
import re
import time

import pytest

from client import Refused, create_key, decrypt, encrypt
from faulty import FaultyInstance
from instance import wait_for

DEADLINE_MS = 1500  # of the token
# A worker is looked at eight times in its deadline; the rest is for a machine that does other things besides.
SLACK_S = 2.0


@pytest.fixture
def faulty():
    made = FaultyInstance(deadline_ms=DEADLINE_MS)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def lasting():
    """For tests that leave the token well."""
    made = FaultyInstance(deadline_ms=DEADLINE_MS, max_queue=4)
    yield made
    made.script("")
    made.remove()


class Traffic:
    """A connection with two open keys and a blob, and the request that is made again and again."""

    def __init__(self, instance):
        self.connection = instance.client()
        self.source = create_key(self.connection, boundary="OPEN")
        self.destination = create_key(self.connection, boundary="OPEN")
        self.blob = encrypt(self.connection, self.source.key_id, b"kept")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def send(self, **members):
        return self.connection.send("ReEncrypt", ciphertext_blob=self.blob, destination_key_id=self.destination.key_id, **members)

    def answers(self, count):
        """(answer, seconds from now) for each."""
        begun = time.monotonic()
        return [(self.connection.receive()[1], time.monotonic() - begun) for _ in range(count)]

    def ask(self, **members):
        self.send(**members)
        return self.answers(1)[0]

    def is_served(self):
        answer, _ = self.ask()
        return not isinstance(answer, Refused)

    def check(self, answers):
        """The answers that are not refused are right; returns the refused."""
        refused = [(answer, took) for answer, took in answers if isinstance(answer, Refused)]
        for answer, _ in answers:
            if not isinstance(answer, Refused):
                assert answer.key_id == self.destination.arn
        return refused


def test_a_hang_costs_one_request_which_is_told_at_the_deadline(faulty):
    with Traffic(faulty) as traffic:
        (worker,) = faulty.workers
        faulty.script("C_WrapKey 3 hang")
        for _ in range(8):
            traffic.send()
        answers = traffic.answers(8)
        ((refused, took),) = traffic.check(answers)
        assert refused.code == "DependencyTimeoutException" and refused.retryable, str(refused)
        assert DEADLINE_MS / 1000 * 0.9 <= took <= DEADLINE_MS / 1000 * 1.125 + SLACK_S
        assert decrypt(traffic.connection, answers[-1][0].ciphertext_blob) == b"kept"
        assert faulty.workers != [worker]
    assert re.search(rf"worker {worker} is past deadline-ms", faulty.log)


def test_a_caller_is_answered_at_his_own_deadline_when_that_is_earlier(lasting):
    with Traffic(lasting) as traffic:
        lasting.script(f"C_WrapKey 1 slow={DEADLINE_MS - 500}ms")
        refused, took = traffic.ask(timeout_ms=200)
        assert isinstance(refused, Refused) and refused.code == "DependencyTimeoutException", str(refused)
        assert took < 0.2 + 0.7, took
        wait_for(traffic.is_served, "the worker to be free again")


def test_a_crash_costs_one_request(faulty):
    with Traffic(faulty) as traffic:
        (worker,) = faulty.workers
        faulty.script("C_UnwrapKey 3 crash")
        for _ in range(8):
            traffic.send()
        ((refused, _),) = traffic.check(traffic.answers(8))
        assert refused.code == "KeyUnavailableException" and refused.retryable, str(refused)
        assert faulty.workers != [worker]
    assert re.search(rf"worker {worker} was killed by signal 11", faulty.log)


@pytest.mark.parametrize("loss", ["C_WrapKey 5 lose-session", "C_UnwrapKey 5 lose-login", "C_WrapKey 5 renumber", "C_DestroyObject 5 lose-session",
                                  "C_UnwrapKey 5 rv=CKR_DEVICE_REMOVED", "C_DestroyObject 5 rv=CKR_GENERAL_ERROR"])
def test_a_lost_session_login_or_handle_is_not_seen(lasting, loss):
    with Traffic(lasting) as traffic:
        (worker,) = lasting.workers
        lasting.script(loss)
        for _ in range(4):
            for _ in range(3):  # the queue takes four
                traffic.send()
            assert traffic.check(traffic.answers(3)) == []
        assert lasting.workers == [worker]
        assert lasting.count(loss.split()[0]) >= 12


def test_what_does_not_fit_into_the_queue_is_refused_at_once(lasting):
    with Traffic(lasting) as traffic:
        lasting.script("C_WrapKey 1+ slow=100ms")
        for _ in range(40):
            traffic.send()
        answers = traffic.answers(40)
        lasting.script("")
        refused = traffic.check(answers)
        assert 0 < len(refused) < 40
        assert {answer.code for answer, _ in refused} == {"ThrottlingException"}
        assert all(answer.retryable for answer, _ in refused)
        # None of them waited for the token, which takes 100 ms for each that it does.
        served = [took for answer, took in answers if not isinstance(answer, Refused)]
        assert max(took for _, took in refused) < max(served)
        assert max(took for _, took in refused) < 0.5


def test_a_token_that_is_drawn_and_put_back(lasting):
    with Traffic(lasting) as traffic:
        before = len(lasting.log)
        lasting.script("* 1 lose-token")
        wait_for(lambda: not traffic.is_served(), "a refusal")
        wait_for(lambda: "is down, requests are refused" in lasting.log[before:], "the log to say so")
        for _ in range(5):
            answer, took = traffic.ask()
            assert isinstance(answer, Refused) and answer.code == "KeyUnavailableException" and answer.retryable, str(answer)
            assert took < 1
        # What does not need the token goes on.
        assert traffic.connection.call("DescribeKey", key_id=traffic.source.key_id).key_metadata.arn == traffic.source.arn
        lasting.script("")
        wait_for(traffic.is_served, "service without a restart", deadline_s=60)
        assert "is up again" in lasting.log[before:]


def test_a_pin_that_is_no_longer_right_is_tried_once(faulty):
    """A lost session is renewed with a login; when that is refused nobody tries again, until the PIN file changes."""
    with Traffic(faulty) as traffic:
        before = len(faulty.log)
        faulty.script("C_WrapKey 1 lose-session\nC_Login 1+ rv=CKR_PIN_INCORRECT")
        assert not traffic.is_served()
        wait_for(lambda: "PIN" in faulty.log[before:], "the log to tell of the PIN")
        asked_until = time.monotonic() + 3
        asked = 0
        while time.monotonic() < asked_until:
            answer, took = traffic.ask()
            assert isinstance(answer, Refused) and answer.code == "KeyUnavailableException", str(answer)
            assert took < 1
            asked += 1
        assert asked > 5
        assert faulty.count("C_Login") == 1

        faulty.script("")
        pin_file = faulty.env["REWRAP_PIN_FILE"]
        with open(pin_file, encoding="ascii") as file:
            pin = file.read()
        with open(pin_file, "w", encoding="ascii") as file:
            file.write(pin)
        wait_for(traffic.is_served, "service after the PIN file was written", deadline_s=60)
        assert "the PIN file has changed" in faulty.log[before:]
