"""What failed, and what a person can do about it, by an exception's cause."""

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime

import httpx

from ai_gate._config import DASHBOARD
from ai_gate._http.tls import CA_SETTINGS
from ai_gate.errors import (
    AIGateError,
    ConcurrentLimitError,
    InvalidResponseError,
    QuotaExceededError,
    RateLimitError,
)
from ai_gate.webrtc import errors as rtc

BASE_URL = "the base URL"
REALTIME_URL = "the URL where calls begin (--realtime-url)"
SWALLOWED = "A firewall may swallow what is sent: ask whoever runs the network"
ANOTHER = (
    "Something else answers in the gate's place: check the base URL, and whether this network has "
    "a proxy or a page to sign in on."
)
LOGIN = (
    "Put the login into the variable that names the proxy, as http://USER:PASSWORD@HOST:PORT, with "
    "other characters than letters and digits percent-encoded."
)
LATER = (
    "If it stays so for minutes, tell support@ai-gate.dev the time and the request's ID, if any."
)
DROPPED = (
    "Check the scheme and the port of {what}; else a firewall or a proxy on the way has ended it: "
    "ask whoever runs the network."
)
FILTER = "A firewall or a proxy on the way may have ended it: ask whoever runs the network."
STATUSES = {
    400: "Check the model, the voice and the other fields.",
    401: f"Check the project's ID, and that there is an OpenAI key in its vault: {DASHBOARD}",
    402: f"Change the plan: {DASHBOARD}",
    403: "A firewall in front of the gate refuses: ask whoever runs the network, or support.",
    407: LOGIN,
    429: "Wait, or let requests take turns with a limiter.",
    511: ANOTHER,
}
"""What to do about a response, by its status; for others it goes by the hundred."""
PROXY = {
    r"40[17]|username|authentication|credentials": LOGIN,
    r"^(403|405)|not allowed": (
        "The proxy refuses the gate's host: have it allowed, or name it in NO_PROXY if there is a "
        "direct way."
    ),
    "": "The proxy can't reach the gate: check the base URL, and ask whoever runs the proxy.",
}
"""What to do about what a proxy says, by a pattern."""
CERTIFICATE = {
    9: "Set the clock of this machine, or wait until the certificate begins.",
    10: "Let the certificate be renewed, and set the clock of this machine if it is wrong.",
    62: f"The certificate is for another name. {ANOTHER}",
    64: f"The certificate is for another address. {ANOTHER}",
}
"""What to do about a certificate, by OpenSSL's code."""
UNTRUSTED = (2, 18, 19, 20, 21)
"""OpenSSL's codes of a certificate whose authority isn't known."""
CALLS: dict[type[Exception], str] = {
    rtc.ClientSecretExpiredError: "Check the clock of this machine.",
    rtc.SDPRefusedError: "Check the model and the voice, or try again later if it is no 4xx.",
    rtc.NoPathError: "Say ai-gate turn --probe to see which servers can be reached from here.",
    rtc.OpenTimeoutError: "Try again; ai-gate doctor --call tells more.",
    rtc.ConnectionLostError: "Try again; ai-gate doctor --call tells more.",
}
"""What to do about a call that failed, by the class of its error."""
OFFERS = {
    401: "Check the clock of this machine: a client secret is good for a minute.",
    404: "Check the model, and where calls begin (--realtime-url).",
    429: "OpenAI's limit for the account of the key in the vault is reached: try again later.",
}
"""What to do about a refusal of OpenAI's, by its status."""
TLS = {
    "WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH|RECORD_LAYER": (
        "No TLS is spoken there: check the scheme and the port of the base URL, or the proxy's."
    ),
    "PROTOCOL|VERSION_TOO|SIGALG": (
        "The other side offers no TLS 1.2 or newer, or this Python's OpenSSL doesn't: let the "
        "older one be updated."
    ),
    "CERTIFICATE_REQUIRED": "The other side wants a certificate of this one, which has none.",
    "EOF": FILTER,
    "CERTIFICATE_OR_CRL|PEM": "",
    "": "The other side agrees to no TLS with this Python: ask whoever runs it, or the network.",
}
"""What to do about TLS, by a pattern of OpenSSL's reason; nothing if it is about a file."""
NUMBERS = {
    errno.ECONNREFUSED: "Nothing listens there: check the host and the port of {what}.",
    errno.ECONNRESET: FILTER,
    errno.EPIPE: FILTER,
    errno.ENETUNREACH: "This machine has no way there: check its network and its VPN.",
    errno.EHOSTUNREACH: "This machine has no way there: check its network and its VPN.",
    errno.EADDRNOTAVAIL: "This machine has no way there: check its network and its VPN.",
    errno.EACCES: "A firewall of this machine forbids it.",
    errno.EPERM: "A firewall of this machine forbids it.",
}


def told(error: BaseException) -> str:
    """Return what an error says to a person, or if it has no words, what caused it."""
    if isinstance(error, AIGateError) or getattr(error, "filename", None):
        return str(error).replace(" What came is in `body`.", "")
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return f"no answer in time ({type(error).__name__})"
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)
    text = getattr(error, "strerror", None) or str(error)
    text = re.sub(r"\[(SSL|Errno).*?\] | \(_ssl.*?\)", "", text)
    cause = error.__cause__ or error.__context__
    return text or (told(cause) if cause else type(error).__name__)


def advice_on(error: BaseException, *, proxy: str = "") -> str | None:
    """Return a sentence on what a person can do about an error, if there is something.

    Args:
        error: What was raised.
        proxy: What the proxy is called that the way goes through, if it does.
    """
    what = proxy or (REALTIME_URL if "SDP offer" in str(error) else BASE_URL)
    found = (_advice(link, what) for link in causes(error))
    advice = next((one.replace("{what}", what) for one in found if one), None)
    if advice and what is REALTIME_URL:
        advice = advice.replace("the gate's", "OpenAI's").replace(BASE_URL, what)
    return advice


def moment(when: datetime) -> str:
    """Return a date and a time of day with its zone, as the reader's clock shows it."""
    return f"{when.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Give an exception, those that it is a group of, and what caused it."""
    while error is not None:
        yield error
        for part in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
            yield from causes(part)
        error = error.__cause__ or error.__context__


def _advice(error: BaseException, what: str) -> str | None:
    found = None
    match error:
        case AIGateError():
            found = _refusal_advice(error)
        case httpx.ProxyError():
            found = _matching(PROXY, str(error))
        case ssl.SSLError():
            found = _tls_advice(error)
        case httpx.ConnectError():
            found = _connect_advice(error)
        case httpx.ConnectTimeout() | TimeoutError():
            is_direct = what in (BASE_URL, REALTIME_URL)
            found = SWALLOWED + (
                "; if it wants a proxy, name it in HTTPS_PROXY." if is_direct else "."
            )
        case OSError():
            found = _system_advice(error)
        case httpx.TimeoutException() | httpx.RemoteProtocolError():
            found = _waiting_advice(error)
    return found


def _refusal_advice(error: AIGateError) -> str | None:
    found, status = None, error.status_code or 0
    match error:
        case rtc.WebRTCError():
            is_moved = 300 <= status < 400 or status == 511
            found = OFFERS.get(status) or (ANOTHER if is_moved else CALLS.get(type(error)))
        case QuotaExceededError(upgrade_url=str(url)):
            found = f"Upgrade: {url}"
        case RateLimitError(reset_at=datetime() as when):
            found = f"Again at {moment(when)}"
        case ConcurrentLimitError(hint=str(hint)):
            found = hint
        case InvalidResponseError(body=body):
            # What isn't even the begin of JSON isn't the gate's.
            found = LATER if body.lstrip()[:1] in (b"", b"{") else ANOTHER
        case _ if status >= 500:
            found = STATUSES.get(status, LATER)
        case _ if status >= 300:
            # The gate refuses with JSON. A proxy's login is asked for without.
            is_its_own = error.response or status == 407
            found = STATUSES.get(status, ANOTHER) if is_its_own else ANOTHER
    return found


def _tls_advice(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        code = error.verify_code
        return _authority() if code in UNTRUSTED else CERTIFICATE.get(code, TLS[""])
    # Each Python has names for some of OpenSSL's reasons only, and of the others the words.
    return _matching(TLS, error.reason or str(error)) or _unreadable()


def _waiting_advice(error: httpx.TransportError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return LATER
    return DROPPED if "disconnected" in str(error) else ANOTHER


def _connect_advice(error: httpx.ConnectError) -> str | None:
    number = re.search(r"\[Errno (-?\d+)\]", str(error))
    if number is None:
        return None
    # Behind a proxy httpcore cuts off what caused it.
    kind = socket.gaierror if number[1].startswith("-") else OSError
    return _system_advice(kind(int(number[1]), ""))


def _system_advice(error: OSError) -> str | None:
    found = NUMBERS.get(error.errno or 0)
    match error:
        case OSError() if error.filename:
            # A file that was named on the command line, of which the error says enough.
            found = None
        case FileNotFoundError() | IsADirectoryError():
            found = _unreadable()
        case PermissionError() if not _can_read_authorities():
            found = _unreadable()
        case socket.gaierror(errno=socket.EAI_AGAIN):
            found = "No name can be looked up now: check the network and its DNS servers."
        case socket.gaierror():
            found = "Check the host of {what}, and that this machine can look up names."
    return found


def _matching(table: dict[str, str], text: str) -> str:
    return next(one for pattern, one in table.items() if re.search(pattern, text, re.IGNORECASE))


def _authority() -> str:
    if name := _ca_setting():
        return f"Only what {name} names is trusted: add the authority of the certificate there."
    # The SDK's own errors say it in these words.
    return "If your network has a certificate authority of its own, name it in SSL_CERT_FILE."


def _ca_setting() -> str:
    """Return the variable that names the CA certificates: httpx reads the first alone."""
    return next((name for name in CA_SETTINGS if os.environ.get(name)), "")


def _can_read_authorities() -> bool:
    return os.access(os.environ.get(_ca_setting(), os.curdir), os.R_OK)


def _unreadable() -> str:
    return f"{_ca_setting() or 'SSL_CERT_FILE'} must name what can be read: certificates as PEM."
