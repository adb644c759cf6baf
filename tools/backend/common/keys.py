"""Ed25519 keys that sign and check access tokens, and the keys that refresh tokens derive from."""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.common.console import CommandError

# The key that signs, and the one before it, whose tokens have yet to expire.
KEYS_KEPT = 2
# Sessions take the newest refresh key when they are renewed, and end after 30 days without that.
REFRESH_KEYS_KEPT = 3
# What `login` takes for a refresh key.
SHORTEST_REFRESH_KEY = 32


@dataclass(frozen=True)
class KeyFiles:
    """Where the two halves lie."""

    private_jwk: Path
    public_jwks: Path


@dataclass(frozen=True)
class Pair:
    """The name of the key that signs, and every public key by its name, the current one first."""

    current: str
    public: Mapping[str, str]


@dataclass(frozen=True)
class RefreshKeys:
    """The keys that sessions derive from. One that is left out ends the sessions that name it."""

    current: str
    previous: tuple[str, ...] = ()
    # Whether sessions that name no key go on. They are from before there was one, and derive from the signing key.
    unnamed: bool = True

    @staticmethod
    def new() -> "RefreshKeys":
        """A key of its own, and none before it."""
        return RefreshKeys(secrets.token_urlsafe(32))

    @staticmethod
    def of_document(document: Any) -> "RefreshKeys | None":
        """What the member `refresh_key` of a secret holds; nothing if there is no usable key."""
        if isinstance(document, str):
            document = {"current": document}
        try:
            keys = RefreshKeys(document["current"], tuple(document.get("previous", ())), document.get("unnamed", True))
            usable = all(len(key) >= SHORTEST_REFRESH_KEY for key in (keys.current, *keys.previous))
        except (TypeError, KeyError, AttributeError):
            return None
        return keys if usable else None

    def document(self) -> dict[str, Any]:
        """What the member `refresh_key` of a secret is to hold."""
        return {"current": self.current, "previous": list(self.previous), "unnamed": self.unnamed}

    def rotated(self) -> "RefreshKeys":
        """A new key; sessions of those before it go on."""
        previous = (self.current, *self.previous)[: REFRESH_KEYS_KEPT - 1]
        return replace(RefreshKeys.new(), previous=previous, unnamed=self.unnamed)


def files_in(directory: Path) -> KeyFiles:
    """The names of the key files in a directory."""
    return KeyFiles(private_jwk=directory / "private.jwk.json", public_jwks=directory / "jwks.json")


def ensure(directory: Path) -> KeyFiles:
    """The keys in the directory, made when there are none."""
    files = files_in(directory)
    return files if files.private_jwk.exists() and files.public_jwks.exists() else rotate(directory)


def rotate(directory: Path, kept: int = KEYS_KEPT) -> KeyFiles:
    """Puts a new signing key into the directory; previous public keys stay beside it, as many as are kept in all."""
    files = files_in(directory)
    directory.mkdir(parents=True, exist_ok=True)
    previous = json.loads(files.public_jwks.read_text())["keys"] if files.public_jwks.exists() else []
    public, secret = _generate()
    _write_private(files.private_jwk, _compact(public | {"d": secret}))
    files.public_jwks.write_text(_compact({"keys": [public, *previous][:kept]}))
    return files


def read_pair(files: KeyFiles) -> Pair:
    """Reads both files, and checks that they belong together."""
    try:
        public, private = public_keys(files.public_jwks.read_text()), files.private_jwk.read_text()
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be read: {error.strerror}.") from error
    current = checked_private_key(private, public)
    if current != next(iter(public)):
        raise CommandError("The private key is not that of the first public key.")
    return Pair(current, public)


def public_keys(jwks: str) -> dict[str, str]:
    """The keys of a JWKS document, by their names."""
    try:
        listed = json.loads(jwks)["keys"]
        found = {key["kid"]: key["x"] for key in listed if key["crv"] == "Ed25519"}
        if not all(len(_from_base64url(x)) == 32 for x in found.values()):
            raise ValueError
    except (ValueError, TypeError, KeyError):
        raise CommandError("The public keys are no JWKS document of Ed25519 keys.") from None
    if not found:
        raise CommandError("There is no public key.")
    if any("d" in key for key in listed):
        raise CommandError("The public keys hold a private one (d), which counts as leaked (LEAKED=1).")
    return found


def checked_private_key(private: Any, public: Mapping[str, str]) -> str:
    """The name of a private key, given as an object or as text, once it is sure that it is the private half of one of
    the public keys."""
    try:
        jwk = json.loads(private) if isinstance(private, str) else private
        kid, secret = jwk["kid"], _from_base64url(jwk["d"])
        if not isinstance(kid, str):
            raise TypeError
        x = _base64url(Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())
    except (ValueError, TypeError, KeyError):
        # Without the cause, which may quote the key.
        raise CommandError("The private key is no Ed25519 JWK.") from None
    if kid not in public:
        raise CommandError("The private key is not one of the public keys.")
    if public[kid] != x:
        raise CommandError("The private key is not the half of the public key of its name.")
    return kid


def _generate() -> tuple[dict[str, Any], str]:
    key = Ed25519PrivateKey.generate()
    x = _base64url(key.public_key().public_bytes_raw())
    public = {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": _thumbprint(x), "x": x}
    return public, _base64url(key.private_bytes_raw())


def _thumbprint(x: str) -> str:
    """RFC 7638: the digest of the members that make the key, in alphabetical order."""
    return _base64url(hashlib.sha256(_compact({"crv": "Ed25519", "kty": "OKP", "x": x}).encode()).digest())


def _write_private(path: Path, content: str) -> None:
    """Writes a file that only its owner ever could read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
