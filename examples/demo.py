"""Create a session against the embedded mock gate: `make demo`."""

from ai_gate import AIGateClient
from ai_gate.testing import MockGate


def main() -> None:
    with MockGate() as gate, AIGateClient("proj_demo", base_url=gate.url) as client:
        session = client.create_session(
            model="gpt-realtime",
            voice="marin",
            instructions="You are a helpful assistant",
        )
        print("Session created by the mock gate at", gate.url)
        print("  OpenAI's session:  ", session["id"])
        print("  The gate's session:", session["session_id"])
        print("  Model:             ", session["metadata"]["model"])
        print("  Voice:             ", session["metadata"]["voice"])
        print("  Secret expires at: ", session["client_secret"]["expires_at"])
        print("  ICE servers:")
        for server in session["turn_credentials"]["iceServers"]:
            print("   ", server["urls"])
        if client.rate_limit:
            print("  Requests left:     ", client.rate_limit.remaining)


if __name__ == "__main__":
    main()
