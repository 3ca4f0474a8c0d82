// A call from the browser to OpenAI, with the TURN servers of the session.

const CHANNEL = "oai-events";
const OPEN_SECONDS = 15;
// A dead TURN server holds up gathering for many seconds. The peer learns of candidates that come
// later by the checks from them.
const GATHERING_SECONDS = 1;
// What a server answers that doesn't have the path at all, so that no call can have begun.
const NOT_THERE = [404, 405];

export class Call {
  /** What is told: an event of the model, its sound, the state of the connection, the end. */
  onEvent = () => {};
  onSound = () => {};
  onState = () => {};
  onEnd = () => {};

  #connection;
  #channel;
  #ending = new AbortController();
  #turnProblems = new Set();

  /** `microphone` is a MediaStream, or null for a call in which one only types. */
  constructor(iceServers, microphone, relayOnly) {
    this.#connection = new RTCPeerConnection({
      iceServers,
      iceTransportPolicy: relayOnly ? "relay" : "all",
      bundlePolicy: "max-bundle",
    });
    const [track] = microphone?.getAudioTracks() ?? [];
    if (track) this.#connection.addTrack(track, microphone);
    else this.#connection.addTransceiver("audio", { direction: "recvonly" });
    this.#channel = this.#connection.createDataChannel(CHANNEL);
    this.#listen();
  }

  /** Connects, or throws an Error that says why it can't. */
  async open(session) {
    try {
      await this.#connection.setLocalDescription();
      await this.#within(GATHERING_SECONDS, this.#gathered()).catch(() => {});
      const offer = this.#connection.localDescription.sdp;
      const sdp = await exchange(session, offer, this.#ending.signal);
      await this.#connection.setRemoteDescription({ type: "answer", sdp });
      await this.#within(OPEN_SECONDS, this.#opened());
    } catch (error) {
      const reasons = error instanceof NoPathError ? [...this.#turnProblems] : [];
      this.close();
      throw reasons.length ? new Error([error.message, ...reasons].join("\n")) : error;
    }
  }

  /** Sends an event. */
  send(event) {
    this.#channel.send(JSON.stringify(event));
  }

  /** Hangs up. Doing it again does nothing. */
  close() {
    this.#ending.abort();
    this.#connection.close();
  }

  /** Tells how this side reaches the other one: `host`, `srflx`, `prflx` or `relay`. */
  async path() {
    const stats = await this.#connection.getStats();
    for (const report of stats.values()) {
      const pair = report.type === "transport" && stats.get(report.selectedCandidatePairId);
      if (pair) return stats.get(pair.localCandidateId).candidateType;
    }
    return null;
  }

  #listen() {
    this.#channel.onmessage = ({ data }) => this.onEvent(JSON.parse(data));
    this.#channel.onclose = () => this.#end("The other side hung up.");
    this.#connection.ontrack = ({ track }) => this.onSound(new MediaStream([track]));
    this.#connection.onicecandidateerror = ({ url, errorCode, errorText }) =>
      this.#turnProblems.add(`${url}: ${errorText || errorCode}`);
    this.#connection.onconnectionstatechange = () => {
      const state = this.#connection.connectionState;
      this.onState(state);
      if (state === "failed") this.#end("The connection was lost.");
    };
  }

  #end(reason) {
    const isOver = this.#ending.signal.aborted;
    // While it connects, open() tells what goes wrong.
    if (isOver || this.#channel.readyState === "connecting") return;
    this.close();
    this.onEnd(reason);
  }

  #gathered() {
    return new Promise((resolve) => {
      const look = () => this.#connection.iceGatheringState === "complete" && resolve();
      this.#connection.addEventListener("icegatheringstatechange", look);
      look();
    });
  }

  #opened() {
    return new Promise((resolve, reject) => {
      if (this.#channel.readyState === "open") resolve();
      this.#channel.onopen = resolve;
      this.#connection.addEventListener("connectionstatechange", () => {
        if (this.#connection.connectionState === "failed") reject(new NoPathError());
      });
    });
  }

  #within(seconds, promise) {
    return new Promise((resolve, reject) => {
      const signal = this.#ending.signal;
      signal.throwIfAborted();
      const timer = setTimeout(() => reject(new NoPathError()), seconds * 1000);
      signal.addEventListener("abort", () => reject(signal.reason));
      promise.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}

class NoPathError extends Error {
  constructor() {
    super("No path to the model was found.");
  }
}

/** Swaps the SDP: today's protocol first, that of the beta where the server doesn't have it. */
async function exchange({ realtime_url: url, model, client_secret: secret }, offer, signal) {
  const post = (where) =>
    fetch(where, {
      method: "POST",
      headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/sdp" },
      body: offer,
      signal,
    });
  let response = await post(`${url}/calls`);
  if (NOT_THERE.includes(response.status)) {
    response = await post(`${url}?${new URLSearchParams({ model })}`);
  }
  if (!response.ok) throw new Error(await refusal(response));
  return response.text();
}

async function refusal(response) {
  const body = await response.json().catch(() => null);
  const reason = body?.error?.message ?? response.statusText;
  return `The call was refused (${response.status}): ${reason}`;
}
