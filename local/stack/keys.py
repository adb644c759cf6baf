"""Ed25519 keys that sign and check access tokens."""

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# The key that signs, and the one before it, whose tokens have yet to expire.
KEYS_KEPT = 2


@dataclass(frozen=True)
class KeyFiles:
    """Where the two halves lie."""

    private_jwk: Path
    public_jwks: Path


def files_in(directory: Path) -> KeyFiles:
    """The names of the key files in a directory."""
    return KeyFiles(private_jwk=directory / "private.jwk.json", public_jwks=directory / "jwks.json")


def ensure(directory: Path) -> KeyFiles:
    """The keys in the directory, made when there are none."""
    files = files_in(directory)
    return files if files.private_jwk.exists() and files.public_jwks.exists() else rotate(directory)


def rotate(directory: Path) -> KeyFiles:
    """Puts a new signing key into the directory; the previous public key stays beside the new one."""
    files = files_in(directory)
    directory.mkdir(parents=True, exist_ok=True)
    previous = json.loads(files.public_jwks.read_text())["keys"] if files.public_jwks.exists() else []
    public, secret = _generate()
    _write_private(files.private_jwk, _compact(public | {"d": secret}))
    files.public_jwks.write_text(_compact({"keys": [public, *previous][:KEYS_KEPT]}))
    return files


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


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
