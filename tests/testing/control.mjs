// The mock gate in a test of a service that isn't written in Python.
import assert from "node:assert/strict";

const gate = process.argv[2];
const headers = { "Content-Type": "application/json" };

async function control(method, path, body) {
  const response = await fetch(`${gate}/__mock__${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.equal(response.status, 200);
  return response.json();
}
const session = () =>
  fetch(`${gate}/session`, { method: "POST", headers, body: '{"project_id": "proj_js"}' });

await control("POST", "/faults", { fault: "quota_exceeded", times: 1 });
assert.equal((await session()).status, 402);
assert.equal((await session()).status, 200);
await control("POST", "/faults", { fault: "reset", times: 1 });
await assert.rejects(session());
assert.equal((await control("GET", "")).sessions_created, 1);
assert.equal((await control("GET", "/received")).requests.length, 3);
