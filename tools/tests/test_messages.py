"""What is printed of an answer, of a message and of a process that ended: no secret, and all that helps."""

import json
import unittest

from backend.common import stacks
from backend.common.web import Answer
from backend.deploy import redrive, smoke
from backend.deploy.redrive import summary
from backend.local.processes import ending

UPLOAD_EVENTS, PURGE, MODERATION = (
    queue for queue in stacks.queues() if queue.name in ("upload-events", "purge", "moderation")
)
USER = "u" + "a" * 26


def answer(status: int, body: object, media_type: str = "application/problem+json") -> Answer:
    return Answer(status, {"content-type": f"{media_type}; charset=utf-8"}, json.dumps(body).encode())


class Smoke(unittest.TestCase):
    def test_a_token_is_never_shown(self) -> None:
        for media_type in ("application/json", "application/problem+json"):
            let_in = answer(200, {"access_token": "eyJsecret", "code": "eyJ.secret-9"}, media_type)
            for check in (smoke.login, smoke.unauthorized, smoke.no_route, lambda a: smoke.ping(a, "1")):
                said = check(let_in)
                self.assertIsNotNone(said)
                self.assertIn("200", said or "")
                self.assertNotIn("secret", said or "")

    def test_right_answers_pass(self) -> None:
        self.assertIsNone(smoke.login(answer(401, {"code": "wechat_code_invalid"})))
        self.assertIsNone(smoke.unauthorized(answer(401, {"code": "unauthorized"})))
        self.assertIsNone(smoke.no_route(answer(404, {})))
        self.assertIsNone(smoke.ping(answer(200, {"message": "pong", "version": "1"}, "application/json"), "1"))

    def test_wrong_answers_say_what_to_do(self) -> None:
        self.assertIn("WECHAT=1", smoke.login(answer(502, {"code": "wechat_config"})) or "")
        self.assertIn("code not_found", smoke.unauthorized(answer(404, {"code": "not_found"})) or "")
        self.assertIn("release 2, and not 1", smoke.ping(answer(200, {"message": "pong", "version": "2"}), "1") or "")


class DeadLetters(unittest.TestCase):
    def test_ids_that_we_made_are_shown(self) -> None:
        key = f"u/{USER}/{'0' * 26}.jpg"
        notification = {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": key}}}]}
        self.assertEqual(summary(UPLOAD_EVENTS, json.dumps(notification)), f"ObjectCreated:Put {key}")
        deleted = json.dumps({"uid": USER, "epoch": 2})
        self.assertIn(USER, summary(PURGE, deleted))
        stored = json.dumps({"task": "media_stored", "key": key, "version": "v"})
        self.assertEqual(summary(MODERATION, stored), f"media_stored {key}")
        verdict = json.dumps({"task": "media_verdict", "trace_id": "t", "verdict": "pass"})
        self.assertEqual(summary(MODERATION, verdict), "media_verdict")

    def test_what_a_person_wrote_is_not(self) -> None:
        notification = {"Records": [{"eventName": "my name", "s3": {"object": {"key": "my/secret"}}}]}
        for queue, body in (
            (UPLOAD_EVENTS, json.dumps(notification)),
            (UPLOAD_EVENTS, "my secret"),
            (PURGE, json.dumps({"uid": "my secret", "epoch": 1})),
            (PURGE, "[]"),
            (MODERATION, json.dumps({"task": "my secret", "key": "my/secret"})),
            (MODERATION, json.dumps({"task": "account_cancelled", "openid": "my secret"})),
        ):
            self.assertNotIn("secret", summary(queue, body))

    def test_ages_are_in_the_largest_unit(self) -> None:
        self.assertEqual([redrive.age(s) for s in (-1, 59, 60, 7200, 172800)], ["0 s", "59 s", "1 min", "2 h", "2 d"])


class Processes(unittest.TestCase):
    def test_an_ending_names_status_or_signal(self) -> None:
        self.assertEqual(ending(3), "ended with exit status 3")
        self.assertEqual(ending(-9), "was killed by SIGKILL (exit status 137)")
