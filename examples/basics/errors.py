"""Tell what can go wrong, by status.

    AI_GATE_PROJECT_ID=your-project-id python examples/basics/errors.py

It is an example of the product page, word for word. OpenAI has retired the default model, so
pass a current one: `create_session(model="gpt-realtime", ...)`.
"""

from ai_gate import AIGateClient, AIGateError
import os

client = AIGateClient(
    project_id=os.getenv("AI_GATE_PROJECT_ID"),
    debug=True
)

try:
    session = client.create_session()
    print("✅ Session created:", session["id"])

except AIGateError as error:
    if error.status_code == 402:
        print("💰 Quota exceeded!")
        print(f"   Plan: {error.response['usage']['plan']}")
        print(f"   Sessions used: {error.response['usage']['sessionsUsed']}")
        print(f"   Upgrade: {error.response['upgrade_url']}")

    elif error.status_code == 429:
        if error.response.get("error") == "concurrent_limit_exceeded":
            print("🔄 Too many concurrent sessions!")
            print(f"   Current: {error.response['current']}")
            print(f"   Max: {error.response['max']}")
        else:
            print("⏱️ Rate limit exceeded!")
            print(f"   Reset at: {error.response['resetAt']}")

    else:
        print(f"❌ Error: {error}")

except Exception as error:
    print(f"❌ Unexpected error: {error}")

finally:
    client.close()
