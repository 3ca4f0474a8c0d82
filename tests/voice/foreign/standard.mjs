// A peer made of the standard's RTCPeerConnection: libwebrtc's in Node, and Chromium's.

/**
 * Answer one offer. The peer sends each event back, plays a tone, and tells what it hears.
 *
 * @param {string} url Where the offer waits and the answer goes.
 * @param {RTCPeerConnection} connection A new connection.
 * @param {MediaStreamTrack} tone What the peer plays.
 * @param {(track: MediaStreamTrack) => () => number} listen Returns a function that tells the
 *   frequency of what is heard.
 */
export async function answer(url, connection, tone, listen) {
  let hertz = () => 0;
  connection.ontrack = ({ track }) => {
    hertz = listen(track);
  };
  connection.ondatachannel = ({ channel }) => {
    channel.onmessage = ({ data }) => {
      const { type } = JSON.parse(data);
      // Not as soon as it is open: Chromium says so before it can send.
      if (type === "peer.hello") channel.send(JSON.stringify({ type: "session.created" }));
      else if (type === "peer.hang_up") connection.close();
      else if (type === "peer.hear") channel.send(JSON.stringify({ type, hertz: hertz() }));
      else channel.send(data);
    };
    channel.onclose = () => fetch(`${url}/closed`, { method: "POST" });
  };
  const offer = await (await fetch(`${url}/offer`)).text();
  await connection.setRemoteDescription({ type: "offer", sdp: offer });
  connection.addTrack(tone);
  await connection.setLocalDescription(await connection.createAnswer());
  while (connection.iceGatheringState !== "complete") {
    await new Promise((resolve) => (connection.onicegatheringstatechange = resolve));
  }
  await fetch(`${url}/answer`, { method: "POST", body: connection.localDescription.sdp });
}

/** Tell the frequency of a tone by how often it rises through zero. */
export function frequency(samples, rate) {
  const crossings = [];
  for (let place = 1; place < samples.length; place += 1) {
    if (samples[place - 1] < 0 && samples[place] >= 0) crossings.push(place);
  }
  const gaps = crossings.slice(1).map((place, index) => place - crossings[index]);
  return gaps.length ? rate / gaps.sort((one, other) => one - other)[gaps.length >> 1] : 0;
}
