"""Signing keys and refresh keys, and what a rotation keeps of them."""

import json
import stat
import tempfile
import unittest
from pathlib import Path

from backend.common import keys
from backend.common.console import CommandError


class SigningKeys(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.directory = Path(folder.name) / "keys"

    def test_a_rotation_keeps_the_previous_public_key(self) -> None:
        first = keys.read_pair(keys.rotate(self.directory))
        second = keys.read_pair(keys.rotate(self.directory))
        third = keys.read_pair(keys.rotate(self.directory))
        self.assertEqual(list(second.public), [second.current, first.current])
        self.assertEqual(list(third.public), [third.current, second.current])

    def test_a_leaked_key_is_forgotten(self) -> None:
        keys.rotate(self.directory)
        pair = keys.read_pair(keys.rotate(self.directory, kept=1))
        self.assertEqual(list(pair.public), [pair.current])

    def test_only_the_owner_can_read_the_private_key(self) -> None:
        files = keys.ensure(self.directory)
        self.assertEqual(stat.S_IMODE(files.private_jwk.stat().st_mode), 0o600)
        self.assertNotIn('"d"', files.public_jwks.read_text())
        self.assertEqual(keys.ensure(self.directory), files)

    def test_halves_that_do_not_belong_together_are_refused(self) -> None:
        files = keys.rotate(self.directory)
        old = files.private_jwk.read_text()
        keys.rotate(self.directory, kept=1)
        public = keys.public_keys(files.public_jwks.read_text())
        with self.assertRaisesRegex(CommandError, "not one of the public keys"):
            keys.checked_private_key(old, public)
        forged = json.dumps({**json.loads(old), "kid": next(iter(public))})
        with self.assertRaisesRegex(CommandError, "not the half"):
            keys.checked_private_key(forged, public)

    def test_what_is_no_key_is_refused_without_being_shown(self) -> None:
        for private in ("secret-text", None, {"kid": "a"}, {"kid": 1, "d": "AA"}, {"kid": "a", "d": "AA"}):
            with self.assertRaises(CommandError) as refused:
                keys.checked_private_key(private, {"a": "b"})
            self.assertEqual(str(refused.exception), "The private key is no Ed25519 JWK.")
        for public in ("", "{}", '{"keys":[]}', '{"keys":[{"kid":"a","crv":"Ed25519","x":"AA"}]}'):
            with self.assertRaises(CommandError):
                keys.public_keys(public)

    def test_a_private_key_among_the_public_ones_counts_as_leaked(self) -> None:
        private = json.loads(keys.rotate(self.directory).private_jwk.read_text())
        with self.assertRaisesRegex(CommandError, "LEAKED=1"):
            keys.public_keys(json.dumps({"keys": [private]}))


class RefreshKeys(unittest.TestCase):
    def test_a_rotation_keeps_two_more(self) -> None:
        first = keys.RefreshKeys.new()
        second, third = first.rotated(), first.rotated().rotated()
        self.assertEqual(second.previous, (first.current,))
        self.assertEqual(len(third.rotated().previous), 2)
        self.assertNotIn(first.current, third.rotated().previous)

    def test_documents_are_read_as_they_are_written(self) -> None:
        refresh = keys.RefreshKeys.new().rotated()
        self.assertEqual(keys.RefreshKeys.of_document(refresh.document()), refresh)
        alone = keys.RefreshKeys.of_document("k" * 32)
        self.assertEqual(alone, keys.RefreshKeys("k" * 32))

    def test_what_is_no_key_is_none(self) -> None:
        for document in (None, 1, {}, "short", {"current": "short"}, {"current": "k" * 32, "previous": ["short"]}):
            self.assertIsNone(keys.RefreshKeys.of_document(document), document)
