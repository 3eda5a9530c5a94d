package storetest

import (
	"net"
	"sync"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
)

// Zone is a throw-away DNS server on the loopback address that knows TXT records.
type Zone struct {
	Address string // host:port, by UDP and by TCP
	mu      sync.Mutex
	texts   map[string][][]string // the records of a name, each in one or more pieces
	silent  bool
	asked   map[string]int
}

// NewZone starts a server, which ends with the test.
func NewZone(t testing.TB) *Zone {
	t.Helper()
	z := &Zone{texts: map[string][][]string{}, asked: map[string]int{}}
	var tcp net.Listener
	var udp net.PacketConn
	for range 20 { // the port that is free for one may not be for the other
		var err error
		udp, err = (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
		require.NoError(t, err)
		if tcp, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", udp.LocalAddr().String()); err == nil {
			break
		}
		_ = udp.Close()
	}
	require.NotNil(t, tcp)
	z.Address = udp.LocalAddr().String()
	for _, server := range []*dns.Server{{PacketConn: udp, Handler: z}, {Listener: tcp, Handler: z}} {
		ready := make(chan struct{})
		server.NotifyStartedFunc = func() { close(ready) }
		go func() { _ = server.ActivateAndServe() }()
		<-ready
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	return z
}

// Publish gives a name these records of one piece each, in place of those that it has.
func (z *Zone) Publish(name string, texts ...string) {
	records := make([][]string, len(texts))
	for i, text := range texts {
		records[i] = []string{text}
	}
	z.PublishPieces(name, records...)
}

// PublishPieces is Publish for records in pieces.
func (z *Zone) PublishPieces(name string, records ...[]string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.texts[dns.Fqdn(name)] = records
}

// Silence has the server answer nobody, or everybody again.
func (z *Zone) Silence(silent bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.silent = silent
}

// Asked is how often the server was asked about a name.
func (z *Zone) Asked(name string) int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.asked[dns.Fqdn(name)]
}

// ServeDNS implements dns.Handler.
func (z *Zone) ServeDNS(w dns.ResponseWriter, question *dns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	q := question.Question[0]
	z.asked[q.Name]++
	if z.silent {
		return
	}
	answer := new(dns.Msg).SetReply(question)
	records, known := z.texts[q.Name]
	if !known {
		answer.Rcode = dns.RcodeNameError
	}
	for _, pieces := range records {
		if q.Qtype == dns.TypeTXT {
			header := dns.RR_Header{Name: q.Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET}
			answer.Answer = append(answer.Answer, &dns.TXT{Hdr: header, Txt: pieces})
		}
	}
	if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
		answer.Truncate(1200)
	}
	_ = w.WriteMsg(answer)
}
