// libdatachannel. Argument: where the offer waits. It sends each event and each packet of audio back.
import libdatachannel from "node-datachannel";

const [url] = process.argv.slice(2);
const connection = new libdatachannel.PeerConnection("peer", {
  iceServers: [],
  bindAddress: "127.0.0.1",
});
const kept = [];

connection.onTrack((track) => {
  kept.push(track);
  // RTCP comes here too (RFC 5761, section 4).
  const isRtcp = (packet) => packet[1] >= 192 && packet[1] < 224;
  track.onMessage((packet) => isRtcp(packet) || track.sendMessageBinary(packet));
});
connection.onDataChannel((channel) => {
  kept.push(channel);
  const greet = () => channel.sendMessage(JSON.stringify({ type: "session.created" }));
  if (channel.isOpen()) greet();
  else channel.onOpen(greet);
  channel.onMessage((data) => {
    const { type } = JSON.parse(data);
    if (type === "peer.hang_up") connection.close();
    else if (type !== "peer.hello") channel.sendMessage(data);
  });
  channel.onClosed(() => fetch(`${url}/closed`, { method: "POST" }));
});

const offer = await (await fetch(`${url}/offer`)).text();
const gathered = new Promise((resolve) => {
  connection.onGatheringStateChange((state) => state === "complete" && resolve());
});
connection.setRemoteDescription(offer, "offer");
await gathered;
await fetch(`${url}/answer`, { method: "POST", body: connection.localDescription().sdp });
setInterval(() => kept, 1000);
