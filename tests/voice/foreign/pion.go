// pion with ICE-lite. Arguments: where the offer waits, and "tcp" if it takes TCP alone. It sends each event and each packet of audio
// back; RTCP it never sends.
package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	"github.com/pion/webrtc/v3"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func get(url string) string {
	response := must(http.Get(url))
	defer response.Body.Close()
	return string(must(io.ReadAll(response.Body)))
}

func post(url, body string) {
	must(http.Post(url, "application/sdp", strings.NewReader(body)))
}

func main() {
	url := os.Args[1]
	settings := webrtc.SettingEngine{}
	settings.SetLite(true)
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	if len(os.Args) > 2 {
		listener := must(net.Listen("tcp4", "127.0.0.1:0"))
		settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
		settings.SetICETCPMux(webrtc.NewICETCPMux(nil, listener, 64))
	}
	codecs := &webrtc.MediaEngine{}
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		panic(err)
	}
	api := webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(codecs))
	connection := must(api.NewPeerConnection(webrtc.Configuration{}))

	var hushed atomic.Bool
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}
	back := must(webrtc.NewTrackLocalStaticRTP(opus, "audio", "realtimeapi"))
	must(connection.AddTrack(back))
	connection.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			packet, _, err := track.ReadRTP()
			if err != nil || hushed.Load() {
				return
			}
			_ = back.WriteRTP(packet)
		}
	})
	connection.OnDataChannel(func(channel *webrtc.DataChannel) {
		channel.OnOpen(func() { _ = channel.SendText(`{"type":"session.created"}`) })
		channel.OnMessage(func(message webrtc.DataChannelMessage) {
			var event struct{ Type string }
			if err := json.Unmarshal(message.Data, &event); err != nil {
				panic(err)
			}
			switch event.Type {
			case "peer.hang_up":
				_ = connection.Close()
			case "peer.hello":
			case "peer.hush":
				hushed.Store(true)
			default:
				_ = channel.SendText(string(message.Data))
			}
		})
		channel.OnClose(func() { post(url+"/closed", "") })
	})

	offer := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: get(url + "/offer")}
	if err := connection.SetRemoteDescription(offer); err != nil {
		panic(err)
	}
	gathered := webrtc.GatheringCompletePromise(connection)
	if err := connection.SetLocalDescription(must(connection.CreateAnswer(nil))); err != nil {
		panic(err)
	}
	<-gathered
	post(url+"/answer", connection.LocalDescription().SDP)
	select {}
}
