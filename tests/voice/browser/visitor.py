"""Somebody in front of the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

# What the page does, kept where a test can look at it.
WATCH = """
window.connections = [];
window.messages = [];
window.microphones = [];
window.RTCPeerConnection = class extends window.RTCPeerConnection {
  constructor(...settings) {
    super(...settings);
    window.connections.push(this);
  }
  createDataChannel(...settings) {
    const channel = super.createDataChannel(...settings);
    channel.addEventListener("message", ({ data }) => window.messages.push(data));
    return channel;
  }
};
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await open(wanted);
  window.microphones.push(...stream.getTracks());
  return stream;
};
"""
STILL = """
() => {
  const states = window.microphones.map((one) => one.readyState);
  return states.length > 0 && states.every((state) => state === "ended");
}
"""
FAIL = """
() => {
  const [connection] = window.connections;
  Object.defineProperty(connection, "connectionState", { value: "failed" });
  connection.dispatchEvent(new Event("connectionstatechange"));
}
"""
STORED = "JSON.stringify([document.cookie, localStorage, sessionStorage])"
SOUND = """
async () => {
  const stats = [...(await window.connections[0].getStats()).values()];
  return stats.some((one) => one.type === "inbound-rtp" && one.totalAudioEnergy > 0);
}
"""
PAIR = """
async () => {
  const stats = await window.connections[0].getStats();
  const transport = [...stats.values()].find((one) => one.type === "transport");
  const pair = stats.get(transport.selectedCandidatePairId);
  return [pair.localCandidateId, pair.remoteCandidateId].map((id) => stats.get(id).candidateType);
}
"""


class Visitor:
    """Somebody who sees and does what a page offers, and waits for it, 15 s at most.

    Args:
        page: An empty page.
        url: Where the app is.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url
        self._answers: list[Response] = []
        self._requests: list[str] = []
        self._console: list[str] = []
        self._complaints: list[str] = []
        page.set_default_timeout(15_000)
        page.add_init_script(WATCH)
        page.on("response", self._keep_answer)
        page.on("request", self._keep_request)
        page.on("console", self._keep_console)
        page.on("pageerror", self._keep_complaint)

    def open(self, query: str = "") -> None:
        """Go to the page."""
        self.page.goto(f"{self._url}/{query}")

    def press(self, button: str) -> None:
        """Press the button with this text."""
        self.page.get_by_role("button", name=button, exact=True).click()

    def say(self, text: str) -> None:
        """Type a text and send it."""
        self.page.get_by_label("Text to the model").fill(text)
        self.press("Send")

    def sees_state(self, text: str) -> None:
        """Wait until the state begins like this."""
        beginning = re.compile("^" + re.escape(text))
        self.page.get_by_role("status").filter(has_text=beginning).wait_for()

    def sees_line(self, text: str) -> None:
        """Wait until the transcript has such a line."""
        self.page.get_by_role("log").locator("li", has_text=text).wait_for()

    def sees_problem(self, text: str) -> None:
        """Wait until the page tells such a problem."""
        self.page.get_by_role("alert").filter(has_text=text).wait_for()

    def sees_no_problem(self) -> None:
        """Check that the page tells of none, and that its code has raised nothing."""
        assert self.page.get_by_role("alert").all_inner_texts() == []
        assert self._complaints == []

    def sees_level(self, label: str) -> None:
        """Wait until a level is well above silence."""
        meter = self.page.get_by_role("meter", name=label, exact=True).element_handle()
        self.page.wait_for_function("(meter) => meter.ariaValueNow > 0.3", arg=meter)

    def hears_sound(self) -> None:
        """Wait until sound has come."""
        self.page.wait_for_function(SOUND)

    def stops_listening(self) -> None:
        """Wait until every microphone that was opened is closed."""
        self.page.wait_for_function(STILL)

    def is_at(self, button: str) -> None:
        """Check that the keyboard is at the button with this text."""
        here = self.page.locator(":focus")
        assert (here.get_attribute("id"), here.inner_text()) == ("call", button)

    def gives_the_connection_up(self) -> None:
        """Have the browser say that the connection has failed."""
        self.page.evaluate(FAIL)

    def pair(self) -> list[str]:
        """The types of the candidates in use, the browser's own first."""
        pair: list[str] = self.page.evaluate(PAIR)
        return pair

    def everything_received(self) -> bytes:
        """All that came: addresses, headers and bodies of answers, the page, messages."""
        parts: list[Any] = [self.page.content(), *self.page.evaluate("window.messages")]
        for answer in self._answers:
            parts += [answer.url, answer.all_headers(), answer.text()]
        return "\n".join(map(str, parts)).encode()

    def everything_left(self) -> str:
        """Where others could read it: addresses, the console, the page, what it has stored."""
        parts = [self.page.url, self.page.content(), self.page.evaluate(STORED)]
        return "\n".join([*parts, *self._requests, *self._console])

    def leave(self) -> None:
        """Close the page; its calls first, so that the TURN server hears of it."""
        self.page.evaluate("window.connections?.forEach((one) => one.close())")
        self.page.close()

    def _keep_answer(self, answer: Response) -> None:
        self._answers.append(answer)

    def _keep_request(self, request: Request) -> None:
        self._requests.append(request.url)

    def _keep_console(self, message: ConsoleMessage) -> None:
        self._console.append(message.text)

    def _keep_complaint(self, error: Error) -> None:
        self._complaints.append(str(error))
