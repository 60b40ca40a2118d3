"""Texts with secrets that look real, and texts without any that look as if: made from a seed, none was ever valid.

Shapes follow what their issuers document. The secrets are put together here, so that no scanner of repositories takes
this file for a leak.
"""

from __future__ import annotations

import base64
import json
import random
import string
import sysconfig
import uuid
from pathlib import Path
from typing import NamedTuple

_LETTERS = string.ascii_letters + string.digits
_SOURCES = (
    *("tokenize.py", "token.py", "getpass.py", "secrets.py", "netrc.py", "hashlib.py", "hmac.py", "urllib/request.py"),
    *("http/cookies.py", "http/cookiejar.py", "http/client.py", "smtplib.py", "ftplib.py", "imaplib.py", "ssl.py"),
    *("json/decoder.py", "ast.py", "dataclasses.py", "argparse.py", "configparser.py", "logging/__init__.py"),
)


class Secret(NamedTuple):
    """A text, and what in it must not be written.

    Attributes:
        kind: of the secret, and how it stands in the text.
        text: that holds it.
        secret: to be taken out.
        is_source: whether the text is a line of Python.
    """

    kind: str
    text: str
    secret: str
    is_source: bool = False


def _made(random_: random.Random) -> dict[str, str]:
    def letters(n: int, alphabet: str = _LETTERS) -> str:
        return "".join(random_.choices(alphabet, k=n))

    def segment(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    def card(prefix: str, length: int) -> str:
        body = prefix + letters(length - 1 - len(prefix), string.digits)
        total = sum(
            d * 2 - 9 if i % 2 == 0 and d > 4 else d * (2 if i % 2 == 0 else 1)
            for i, d in enumerate(int(c) for c in reversed(body))
        )
        return body + str(-total % 10)

    upper = string.ascii_uppercase + string.digits
    body = "\n".join(letters(64, _LETTERS + "+/") for _ in range(6))
    head = segment({"alg": "HS256", "typ": "JWT"})
    return {
        "jwt": f"{head}.{segment({'sub': letters(8)})}.{letters(43, _LETTERS + '-_')}",
        "aws key id": "AKIA" + letters(16, upper),
        "aws session key id": "ASIA" + letters(16, upper),
        "aws secret": letters(38, _LETTERS + "+/") + "a9",
        "github token": "gh" + "p_" + letters(36),
        "github app token": "gh" + "s_" + letters(36),
        "github fine token": "github_" + "pat_" + letters(22) + "_" + letters(59),
        "gitlab token": "glpat" + "-" + letters(20, _LETTERS + "-_"),
        "slack token": "xoxb" + f"-{letters(12, string.digits)}-{letters(12, string.digits)}-{letters(24)}",
        "stripe key": "sk" + "_live_" + letters(24),
        "google key": "AI" + "za" + letters(35, _LETTERS + "-_"),
        "openai key": "sk" + "-proj-" + letters(40) + "7",
        "anthropic key": "sk" + "-ant-api03-" + letters(60) + "4",
        "npm token": "npm" + "_" + letters(36),
        "pypi token": "pypi" + "-AgEIcHlwaS5vcmc" + letters(60),
        "sendgrid key": f"SG.{letters(22)}.{letters(43)}",
        "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----",
        "openssh key": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----",
        "visa": card("4", 16),
        "mastercard": card("53", 16),
        "amex": card("37", 15),
        "azure key": "AccountKey=" + letters(86, _LETTERS + "+/") + "==",
    }


def _password(random_: random.Random) -> str:
    return "".join(random_.choices(_LETTERS + "!#%*", k=random_.randrange(9, 18))) + "7x"


def secrets(seed: int = 1, times: int = 20) -> list[Secret]:
    """Make texts with secrets.

    Args:
        seed: of all that is random.
        times: how often each kind.
    """
    random_ = random.Random(seed)  # not for security
    found: list[Secret] = []
    for _ in range(times):
        for kind, secret in _made(random_).items():
            core = secret.split("=", 1)[1] if kind == "azure key" else secret
            found.append(Secret(f"{kind}, alone", secret, core))
            found.append(Secret(f"{kind}, in a sentence", f"connecting with {secret} failed", core))
            found.append(Secret(f"{kind}, in a repr", f"Client(name='x', key={secret!r})", core))
        visa = _made(random_)["visa"]
        spaced = " ".join(visa[i : i + 4] for i in range(0, 16, 4))
        found.append(Secret("card with spaces", f"paid by {spaced} today", spaced))
        found.append(Secret("card with dashes", f"paid by {spaced.replace(' ', '-')}.", spaced.replace(" ", "-")))
        for password in (_password(random_) for _ in range(2)):
            plain = "".join(letter for letter in password if letter.isalnum())
            texts = {
                "assignment": f"password={password}",
                "log line": f"2026-01-02 10:11:12 INFO login user=ann password={password} ok",
                "repr of a dict": str({"user": "ann", "db_password": password}),
                "json": json.dumps({"user": "ann", "apiKey": password}),
                "header": f"X-Api-Key: {password}",
                "bearer": f"Authorization: Bearer {plain}",
                "cookie": f"Set-Cookie: sessionid={password.replace('%', '')}; Path=/",
                "url": f"postgresql://ann:{password.replace('#', '')}@db.example.org:5432/shop",
                "url of redis": f"redis://:{password.replace('#', '')}@cache/0",
                "flag": f"mysqldump --password {password} shop",
                "flag with =": f"deploy --auth-token={password} now",
                "yaml": f"database:\n  secret_key: {password}\n",
                "env file": f"DJANGO_SECRET_KEY={password}\nDEBUG=1",
                "dataclass": f"Settings(host='x', client_secret='{password}', port=5)",
                "assertion": f"assert '{password}' == 'x'\n +  where '{password}' = <Client>.token",
                "escaped json": json.dumps(json.dumps({"access_token": password})),
            }
            for kind, text in texts.items():
                cleaned = password
                for odd in "#!%*":
                    if password not in text:
                        cleaned = cleaned.replace(odd, "")
                variants = (password, password.replace("#", ""), password.replace("%", ""), cleaned)
                core = next(variant for variant in variants if variant in text)
                found.append(Secret(f"password, {kind}", text, core))
            lines = {
                "assignment": f'    password = "{password}"',
                "argument": f"login('ann', password='{password}', retries=3)",
                "dict": f'    "api_key": "{password}",',
                "annotated": f'TOKEN: str = "{password}"',
                "comparison": f'assert client.secret == "{password}"',
                "bytes": f"signing_key = b'{password}'",
                "item": f'os.environ["AWS_SECRET_ACCESS_KEY"] = "{password}"',
            }
            found += [Secret(f"source, {kind}", line, password, is_source=True) for kind, line in lines.items()]
    return found


def innocents(seed: int = 2, times: int = 40) -> list[tuple[str, str, bool]]:
    """Make texts without secrets.

    Args:
        seed: of all that is random.
        times: how often each kind.

    Returns:
        Of each its kind, the text, and whether it is Python.
    """
    random_ = random.Random(seed)  # not for security
    found: list[tuple[str, str, bool]] = []

    def hex_(n: int) -> str:
        return "".join(random_.choices("0123456789abcdef", k=n))

    for _ in range(times):
        digits = "".join(random_.choices(string.digits, k=16))
        texts = {
            "git commit": f"checked out {hex_(40)}",
            "sha256": f"sha256:{hex_(64)}",
            "md5 in a path": f"/cache/{hex_(2)}/{hex_(32)}.bin",
            "uuid": f"order {uuid.UUID(int=random_.getrandbits(128))} shipped",
            "microseconds": f"at {1_700_000_000_000_000 + random_.randrange(10**12)}",
            "nanoseconds": f"at {1_700_000_000_000_000_000 + random_.randrange(10**15)}",
            "decimal": f"price 0.{digits}",
            "hex number": f"<Order at 0x{hex_(12)}>",
            "version": f"numpy-{random_.randrange(3)}.{random_.randrange(30)}.{random_.randrange(9)}",
            "url": f"GET https://example.org/items/{random_.randrange(10**6)}?page=3&sort=name",
            "email": f"ann.{hex_(4)}@example.org",
            "path": f"/home/ann/projects/shop/tests/test_token_{hex_(3)}.py:{random_.randrange(500)}",
            "log": f"INFO request took {random_.random():.6f}s status=200 user=ann",
            "tokens": f"prompt_tokens={random_.randrange(5000)} completion_tokens={random_.randrange(900)}",
            "prose": "the token expected here is a keyword, and the password field is required",
            "prose with colon": "password: must have at least eight letters",
            "token type": "token_type=bearer expires_in=3600",
            "token of a parser": f"Token(type=NUMBER, value='{random_.randrange(999)}', line=3)",
            "None": "password=None token=null secret=''",
            "masked": "password=**** api_key=<hidden>",
            "date range": "2026-01-02 10:00:00 - 2026-01-03 11:00:00",
            "phone": f"+41 79 {random_.randrange(100, 999)} {random_.randrange(10, 99)} {random_.randrange(10, 99)}",
            "table": " ".join(f"{random_.random():8.4f}" for _ in range(6)),
            "base64 of little": base64.b64encode(hex_(6).encode()).decode(),
            "assertion": f"assert {random_.randrange(100)} == {random_.randrange(100)}\n +  where 3 = len([1, 2, 3])",
        }
        found += [(kind, text, False) for kind, text in texts.items()]
    stdlib = Path(sysconfig.get_paths()["stdlib"])
    for name in _SOURCES:
        path = stdlib / name
        if path.exists():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            found += [(f"source of {name}", line, True) for line in lines if line.strip()]
    return found
