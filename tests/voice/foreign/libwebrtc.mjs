// libwebrtc in Node. Arguments: where the offer waits, and the frequency of the tone.
import wrtc from "@roamhq/wrtc";

import { answer, frequency } from "./standard.mjs";

const { RTCAudioSink, RTCAudioSource } = wrtc.nonstandard;
const [url, hertz] = process.argv.slice(2);
const rate = 48000;

const source = new RTCAudioSource();
const samples = new Int16Array(rate / 100);
let played = 0;
setInterval(() => {
  // A timer comes late now and then, and the tone must not fall behind.
  for (const due = performance.now() / 10; played < due; played += 1) {
    for (let place = 0; place < samples.length; place += 1) {
      const time = (played * samples.length + place) / rate;
      samples[place] = 8000 * Math.sin(2 * Math.PI * hertz * time);
    }
    source.onData({ samples, sampleRate: rate, bitsPerSample: 16, channelCount: 1 });
  }
}, 10);

let sink;
function listen(track) {
  let heard = 0;
  sink = new RTCAudioSink(track);
  sink.ondata = (data) => {
    const one = data.samples.filter((_, place) => place % data.channelCount === 0);
    heard = [...heard.slice?.(-4 * one.length) ?? [], ...one];
    heard.rate = data.sampleRate;
  };
  return () => frequency(heard, heard.rate);
}

await answer(url, new wrtc.RTCPeerConnection({ iceServers: [] }), source.createTrack(), listen);
