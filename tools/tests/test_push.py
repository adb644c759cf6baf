"""The message push: its keys, and what a release needs."""

import contextlib
import io
import unittest
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from backend.common.console import CommandError
from backend.common.push import PushKeys
from backend.common.stacks import DeployedStack
from backend.deploy.doctor.push import check_push
from backend.deploy.doctor.subject import Subject
from backend.deploy.findings import Findings

CHECKS = {"ContentCheckMedia": "enforce", "ContentCheckText": "log"}


def found(parameters: dict[str, str]) -> tuple[int, str]:
    """How many problems there are with these parameters, and what is said."""
    findings = Findings()
    stack = DeployedStack("stack", "CREATE_COMPLETE", {}, parameters)
    subject = Subject(findings, cast(Any, None), stack, "https://api.example", Path("keys"))
    with contextlib.redirect_stdout(io.StringIO()) as said:
        check_push(subject, None)
    return findings.problems, said.getvalue()


class Release(unittest.TestCase):
    def test_whoever_does_not_check_is_told_what_a_release_needs(self) -> None:
        for parameters, off in (
            ({}, "ContentCheckMedia, ContentCheckText"),
            (CHECKS | {"ContentCheckMedia": "off"}, "ContentCheckMedia"),
            (CHECKS | {"ContentCheckText": "off"}, "ContentCheckText"),
        ):
            _, said = found(parameters)
            self.assertIn(f"ARE OFF ({off})", said)
            self.assertIn("BEFORE A RELEASE", said)

    def test_pictures_cannot_be_checked_without_the_push(self) -> None:
        self.assertEqual(found({})[0], 0)
        problems, said = found(CHECKS)
        self.assertEqual(problems, 1, said)
        self.assertIn("set MessagePush to true", said)
        self.assertIn("ContentCheckMedia=enforce, ContentCheckText=log", said)


class Keys(unittest.TestCase):
    def test_what_wechats_console_does_not_take_is_refused(self) -> None:
        aes_key = "A" * 43
        for token, key in (("", aes_key), ("ab", aes_key), ("a b", aes_key), ("a" * 33, aes_key), ("abc", "A" * 42)):
            with self.assertRaises(CommandError):
                PushKeys.given({"PUSH_TOKEN": token, "PUSH_AES_KEY": key})
        self.assertEqual(PushKeys.given({"PUSH_TOKEN": "abc", "PUSH_AES_KEY": aes_key}), PushKeys("abc", aes_key))
        self.assertIsNone(PushKeys.given({}))

    def test_new_keys_are_taken_and_differ(self) -> None:
        one, other = PushKeys.new(), PushKeys.new()
        self.assertNotEqual(one, other)
        self.assertEqual(PushKeys.given({"PUSH_TOKEN": one.token, "PUSH_AES_KEY": one.aes_key}), one)

    def test_a_secret_is_filled_in_whole_or_not_at_all(self) -> None:
        keys = PushKeys("abc", "A" * 43)
        self.assertEqual(PushKeys.of_document(keys.document()), keys)
        for member in ("push_token", "push_aes_key"):
            self.assertIsNone(PushKeys.of_document(keys.document() | {member: "replace-me"}))

    def test_the_signature_is_wechats(self) -> None:
        # From its page on the message push.
        with (
            patch("time.time", return_value=1714036504.9),
            patch("backend.common.push._random", lambda _: "1514711492"),
        ):
            target = PushKeys("AAAAA", "A" * 43).verification("4375120948345356249")
        self.assertIn("signature=f464b24fc39322e44b38aa78f5edd27bd1441696&", target)
