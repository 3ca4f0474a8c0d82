// The page: the state, the transcript, the levels, and what one can do.

import { Call } from "./voice.js";

const find = (id) => document.getElementById(id);
const [state, problem, transcript, text] = ["state", "problem", "transcript", "text"].map(find);
const [callButton, sendButton, audio, log] = ["call", "send", "audio", "log"].map(find);

const RELAY_ONLY = new URLSearchParams(location.search).get("relay") === "1";
// OpenAI's present names, and those of its beta.
const DELTAS = new Set([
  "response.output_audio_transcript.delta",
  "response.audio_transcript.delta",
  "response.output_text.delta",
  "response.text.delta",
]);

/** What belongs to the call that runs, or null. */
let running = null;

callButton.onclick = () => (running ? end("Not connected") : start());
find("ask").onsubmit = (event) => {
  event.preventDefault();
  ask(text.value.trim());
  text.value = "";
};
addEventListener("pagehide", () => running && end("Not connected"));

async function start() {
  const mine = { call: null, microphone: null, sounds: null, ending: new AbortController() };
  running = mine;
  transcript.replaceChildren();
  showProblem("");
  show("waiting", "Asking for the microphone …");
  try {
    // Made here, since a browser lets a page play sound that a click has asked for.
    mine.sounds = new AudioContext();
    // The secret of a session is good for a minute, so people are asked first.
    await openMicrophone(mine);
    show("waiting", "Creating a session …");
    const session = await createSession(mine.ending.signal);
    show("waiting", "Connecting …");
    await connect(mine, session);
  } catch (error) {
    release(mine);
    if (running === mine) end("Failed", error.message);
  }
}

async function openMicrophone(mine) {
  try {
    mine.microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    // No device, no permission, or no https: one can type all the same.
    mine.ending.signal.throwIfAborted();
    showProblem("There is no microphone, so only typing works.");
    return;
  }
  mine.ending.signal.throwIfAborted();
  watch(mine, mine.microphone, find("own-level"));
}

async function createSession(signal) {
  const response = await fetch("session", { method: "POST", signal });
  const body = await response.json().catch(() => ({}));
  const told = body.message ?? body.detail;  // FastAPI says "detail".
  if (!response.ok) throw new Error(told ?? `The app answered ${response.status}.`);
  return body;
}

async function connect(mine, session) {
  const call = new Call(session.ice_servers, mine.microphone, RELAY_ONLY);
  mine.call = call;
  call.onEvent = (event) => hear(mine, event);
  call.onState = (now) => running === mine && showConnection(mine, now);
  call.onEnd = (reason) => running === mine && end(reason);
  call.onSound = (stream) => {
    audio.srcObject = stream;
    watch(mine, stream, find("model-level"));
  };
  await call.open(session);
  mine.isOpen = true;
  await showConnection(mine, "connected");
  text.focus();
}

async function showConnection(mine, now) {
  if (now === "disconnected") show("waiting", "Connection interrupted …");
  if (now !== "connected" || !mine.isOpen) return;
  const path = await mine.call.path();
  if (running === mine) show("connected", path === "relay" ? "Connected by relay" : "Connected");
}

function hear(mine, event) {
  if (DELTAS.has(event.type)) {
    write("model", event.delta, event.item_id);
  } else if (event.type === "conversation.item.input_audio_transcription.completed") {
    write("own", event.transcript, event.item_id);
  } else if (event.type === "response.created") {
    mine.isAnswering = true;
  } else if (event.type === "response.done") {
    mine.isAnswering = false;
    const failure = event.response.status_details?.error?.message;
    if (failure) showProblem(failure);
    if (mine.isAsking) answer(mine);
  } else if (event.type === "error") {
    showProblem(event.error.message);
  }
}

function ask(words) {
  if (!words || !running?.isOpen) return;
  showProblem("");
  write("own", words);
  const content = [{ type: "input_text", text: words }];
  running.call.send({
    type: "conversation.item.create",
    item: { type: "message", role: "user", content },
  });
  if (running.isAnswering) {
    // The model gives one answer at a time: this one ends, and then the next is asked for.
    running.isAsking = true;
    running.call.send({ type: "response.cancel" });
    running.call.send({ type: "output_audio_buffer.clear" });
  } else {
    answer(running);
  }
}

function answer(mine) {
  mine.isAsking = false;
  mine.call.send({ type: "response.create" });
}

function end(now, failure = "") {
  const mine = running;
  running = null;
  release(mine);
  audio.srcObject = null;
  for (const id of ["own-level", "model-level"]) showLevel(find(id), 0);
  // What is disabled loses the keyboard.
  const isTyping = document.activeElement === text || document.activeElement === sendButton;
  show(failure ? "failed" : "idle", now);
  if (isTyping) callButton.focus();
  if (failure) showProblem(failure);
}

function release(mine) {
  mine.ending.abort();
  mine.call?.close();
  mine.microphone?.getTracks().forEach((track) => track.stop());
  mine.sounds?.close();
  mine.sounds = null;
}

/** Shows how loud a stream is for as long as the call runs. */
function watch(mine, stream, meter) {
  const analyser = mine.sounds.createAnalyser();
  mine.sounds.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const step = () => {
    if (running !== mine) return;
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    // From -60 dB, which is as good as silence, to 0 dB.
    showLevel(meter, power ? Math.max(0, 1 + Math.log10(power) / 6) : 0);
    requestAnimationFrame(step);
  };
  step();
}

function showLevel(meter, level) {
  meter.ariaValueNow = level.toFixed(2);
  meter.style.setProperty("--level", level);
}

function show(kind, words) {
  state.dataset.state = kind;
  state.textContent = words;
  callButton.dataset.action = running ? "hang-up" : "start";
  callButton.textContent = running ? "Hang up" : "Start a call";
  text.disabled = sendButton.disabled = !running?.isOpen;
}

function showProblem(words) {
  problem.textContent = words;
  problem.hidden = !words;
}

/** Adds words to an item of the transcript, or without a known ID begins one. */
function write(who, words, id) {
  const items = [...transcript.children];
  let item = id && items.find((one) => one.dataset.id === id);
  if (!item) {
    item = document.createElement("li");
    item.className = who;
    if (id) item.dataset.id = id;
    const speaker = document.createElement("span");
    speaker.className = "unseen";
    speaker.textContent = who === "own" ? "You: " : "Model: ";
    item.append(speaker);
    transcript.append(item);
  }
  item.append(words);
  log.scrollTop = log.scrollHeight;
}
