"""WeChat's message push: its keys, and the signature by which its console verifies an address."""

import hashlib
import re
import secrets
import string
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from backend.common.console import CommandError
from backend.common.constants import PLACEHOLDER

PATH = "/v1/wechat/push"
TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
LETTERS_AND_DIGITS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class PushKeys:
    """The Token and the EncodingAESKey."""

    token: str
    aes_key: str

    @classmethod
    def new(cls) -> "PushKeys":
        """Keys that nobody has yet."""
        return cls(_random(32), _random(43))

    @classmethod
    def given(cls, environment: Mapping[str, str]) -> "PushKeys | None":
        """What PUSH_TOKEN and PUSH_AES_KEY give, if WeChat's console takes it; nothing if neither is set."""
        token, aes_key = environment.get("PUSH_TOKEN", ""), environment.get("PUSH_AES_KEY", "")
        if not token and not aes_key:
            return None
        if not TOKEN.fullmatch(token):
            raise CommandError("PUSH_TOKEN has to be the Token in WeChat's console: 3 to 32 letters and digits.")
        if not AES_KEY.fullmatch(aes_key):
            raise CommandError("PUSH_AES_KEY has to be the EncodingAESKey in WeChat's console: 43 letters and digits.")
        return cls(token, aes_key)

    @classmethod
    def of_document(cls, document: Mapping[str, object]) -> "PushKeys | None":
        """What a secret holds; nothing if it has not been filled in."""
        token, aes_key = document.get("push_token", PLACEHOLDER), document.get("push_aes_key", PLACEHOLDER)
        return None if PLACEHOLDER in (token, aes_key) else cls(str(token), str(aes_key))

    def document(self) -> dict[str, str]:
        """What the secret is to hold."""
        return {"push_token": self.token, "push_aes_key": self.aes_key}

    def verification(self, echo: str) -> str:
        """The path and query with which WeChat's console asks an address to send `echo` back."""
        moment, nonce = str(int(time.time())), _random(10)
        digest = hashlib.sha1("".join(sorted((self.token, moment, nonce))).encode(), usedforsecurity=False)
        query = {"signature": digest.hexdigest(), "timestamp": moment, "nonce": nonce, "echostr": echo}
        return f"{PATH}?{urlencode(query)}"


def _random(length: int) -> str:
    return "".join(secrets.choice(LETTERS_AND_DIGITS) for _ in range(length))
