package spf_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/spf"
)

// zone is what the DNS server of a test knows: records by name, and names that it fails for.
type zone struct {
	mu      sync.Mutex
	records map[string][]string
	failing map[string]bool
	asked   map[string]int
}

func newZone(records ...string) *zone {
	z := &zone{records: map[string][]string{}, failing: map[string]bool{}, asked: map[string]int{}}
	z.add(records...)
	return z
}

// add takes records as they stand in a file of a zone: "example.com. TXT \"v=spf1 -all\"".
func (z *zone) add(records ...string) {
	for _, r := range records {
		name, _, _ := strings.Cut(r, " ")
		z.records[name] = append(z.records[name], r)
	}
}

// fail makes the server fail for a name.
func (z *zone) fail(name string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.failing[name] = true
}

// count is how often the server was asked about a name.
func (z *zone) count(name string) int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.asked[name]
}

// ServeDNS implements dns.Handler. An answer that is long is cut short over UDP.
func (z *zone) ServeDNS(w dns.ResponseWriter, question *dns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	q := question.Question[0]
	answer := new(dns.Msg).SetReply(question)
	z.asked[q.Name]++
	switch {
	case z.failing[q.Name]:
		answer.Rcode = dns.RcodeServerFailure
	case z.records[q.Name] == nil:
		answer.Rcode = dns.RcodeNameError
	}
	for _, text := range z.records[q.Name] {
		rr, err := dns.NewRR(text)
		if err != nil {
			answer.Rcode = dns.RcodeServerFailure
			break
		}
		if rr.Header().Rrtype == q.Qtype && !z.failing[q.Name] {
			answer.Answer = append(answer.Answer, rr)
		}
	}
	if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
		answer.Truncate(1200)
	}
	_ = w.WriteMsg(answer)
}

// serve answers by UDP and by TCP on one port of the loopback.
func (z *zone) serve(t *testing.T) *spf.Resolver {
	t.Helper()
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
	for _, server := range []*dns.Server{{PacketConn: udp, Handler: z}, {Listener: tcp, Handler: z}} {
		ready := make(chan struct{})
		server.NotifyStartedFunc = func() { close(ready) }
		go func() { _ = server.ActivateAndServe() }()
		<-ready
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	return spf.NewResolver(udp.LocalAddr().String())
}

// policies keeps in memory what the job writes.
type policies struct {
	mu     sync.Mutex
	listed []string
	exempt map[string][]string
	fails  error
}

func (p *policies) SpfDomains(context.Context) ([]string, error) {
	return slices.Clone(p.listed), p.fails
}

func (p *policies) ReplaceSpfSenders(_ context.Context, domain string, senders []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.exempt[domain] = senders
	return nil
}

func listing(domains ...string) *policies {
	return &policies{listed: domains, exempt: map[string][]string{}}
}

func newJob(t *testing.T, z *zone, p *policies) *spf.Job {
	t.Helper()
	return spf.New(p, z.serve(t), slog.New(slog.NewTextHandler(io.Discard, nil)))
}

func TestWhatARecordMeans(t *testing.T) {
	hosts := []string{
		"a.test. A 192.0.2.1", "a.test. AAAA 2001:db8::1", "mail.a.test. A 192.0.2.2", "mail2.a.test. AAAA 2001:db8::2",
		"a.test. MX 10 mail.a.test.", "a.test. MX 20 mail2.a.test.", "b.test. A 192.0.2.99",
	}
	many := func(n int, term string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " "+term, i)
		}
		return b.String()
	}
	tests := map[string]struct {
		records []string
		want    []string // nil: what was there stays
	}{
		"addresses and networks": {[]string{`a.test. TXT "v=spf1 ip4:192.0.2.9 +ip4:198.51.100.0/24 ip6:2001:db8:1::/48 ip4:203.0.113.7/32 -all"`},
			[]string{"192.0.2.9", "198.51.100.0/24", "2001:db8:1::/48", "203.0.113.7/32"}},
		"host bits are cut":            {[]string{`a.test. TXT "v=spf1 ip4:192.0.2.9/24 -all"`}, []string{"192.0.2.0/24"}},
		"a":                            {[]string{`a.test. TXT "v=spf1 a -all"`}, []string{"192.0.2.1", "2001:db8::1"}},
		"a of another":                 {[]string{`a.test. TXT "v=spf1 +a:b.test -all"`}, []string{"192.0.2.99"}},
		"a with a length":              {[]string{`a.test. TXT "v=spf1 a:b.test/28 -all"`}, []string{"192.0.2.96/28"}},
		"a with both lengths":          {[]string{`a.test. TXT "v=spf1 a/24//64 -all"`}, []string{"192.0.2.0/24", "2001:db8::/64"}},
		"mx":                           {[]string{`a.test. TXT "v=spf1 mx -all"`}, []string{"192.0.2.2", "2001:db8::2"}},
		"ptr":                          {[]string{`a.test. TXT "v=spf1 ptr ptr:p.test -all"`}, []string{"@a.test", "@p.test"}},
		"include":                      {[]string{`a.test. TXT "v=spf1 include:i.test ~all"`, `i.test. TXT "v=spf1 ip4:192.0.2.50 -all"`}, []string{"192.0.2.50"}},
		"redirect":                     {[]string{`a.test. TXT "v=spf1 redirect=r.test"`, `r.test. TXT "v=spf1 ip4:192.0.2.51 -all"`}, []string{"192.0.2.51"}},
		"redirect after all":           {[]string{`a.test. TXT "v=spf1 ip4:192.0.2.1 -all redirect=r.test"`, `r.test. TXT "v=spf1 ip4:192.0.2.51"`}, []string{"192.0.2.1"}},
		"those who must not pass":      {[]string{`a.test. TXT "v=spf1 -ip4:192.0.2.1 ~ip4:192.0.2.2 ?ip4:192.0.2.3 ip4:192.0.2.4"`}, []string{"192.0.2.4"}},
		"macros":                       {[]string{`a.test. TXT "v=spf1 exists:%{i}.x.test a:%{d} ip4:192.0.2.4"`}, []string{"192.0.2.4"}},
		"text in pieces":               {[]string{`a.test. TXT "v=spf1 ip4:192.0" ".2.60 -a" "ll"`}, []string{"192.0.2.60"}},
		"another record beside it":     {[]string{`a.test. TXT "google-site"`, `a.test. TXT "V=SPF1 ip4:192.0.2.61"`}, []string{"192.0.2.61"}},
		"what only looks like one":     {[]string{`a.test. TXT "v=spf10 ip4:192.0.2.61"`}, []string{"192.0.2.2", "2001:db8::2"}},
		"none: the mail servers":       {nil, []string{"192.0.2.2", "2001:db8::2"}},
		"a circle":                     {[]string{`a.test. TXT "v=spf1 include:c.test ip4:192.0.2.1"`, `c.test. TXT "v=spf1 include:a.test ip4:192.0.2.2"`}, []string{"192.0.2.1", "192.0.2.2"}},
		"ten questions":                {[]string{`a.test. TXT "v=spf1` + strings.Repeat(" a", 10) + `"`}, []string{"192.0.2.1", "2001:db8::1"}},
		"eleven questions":             {[]string{`a.test. TXT "v=spf1` + strings.Repeat(" a", 11) + `"`}, nil},
		"two names that are not there": {[]string{`a.test. TXT "v=spf1` + many(2, "a:n%d.test") + ` ip4:192.0.2.1"`}, []string{"192.0.2.1"}},
		"three of them":                {[]string{`a.test. TXT "v=spf1` + many(3, "a:n%d.test") + ` ip4:192.0.2.1"`}, nil},
		"nobody":                       {[]string{`a.test. TXT "v=spf1 -all"`}, []string{}},
		"longer than a datagram": {[]string{`a.test. TXT "v=spf1` + many(120, `ip4:10.0.0.%d" "`) + ` -all"`},
			func() (list []string) {
				for i := range 120 {
					list = append(list, fmt.Sprintf("10.0.0.%d", i))
				}
				slices.Sort(list)
				return list
			}()},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			z, p := newZone(append(slices.Clone(hosts), test.records...)...), listing("a.test")
			require.NoError(t, newJob(t, z, p).Run(t.Context()))
			got, replaced := p.exempt["a.test"]
			require.Equal(t, test.want != nil, replaced)
			require.Equal(t, test.want, got)
		})
	}
}

func TestDNSFailureKeepsWhatThereIs(t *testing.T) {
	z := newZone(`a.test. TXT "v=spf1 include:i.test -all"`, `i.test. TXT "v=spf1 ip4:192.0.2.1 -all"`, `b.test. TXT "v=spf1 ip4:192.0.2.2 -all"`)
	p := listing("a.test", "b.test")
	job := newJob(t, z, p)
	require.NoError(t, job.Run(t.Context()))
	require.Equal(t, []string{"192.0.2.1"}, p.exempt["a.test"])

	p.exempt = map[string][]string{}
	z.fail("i.test.")
	err := job.Run(t.Context())
	require.ErrorContains(t, err, "a.test")
	require.ErrorContains(t, err, "SERVFAIL")
	require.Equal(t, map[string][]string{"b.test": {"192.0.2.2"}}, p.exempt, "the other domain is done all the same")
}

func TestOnlyListedDomains(t *testing.T) {
	z := newZone(`a.test. TXT "v=spf1 ip4:192.0.2.1"`, `b.test. TXT "v=spf1 ip4:192.0.2.2"`, `c.test. TXT "v=spf1 ip4:192.0.2.3"`)
	p := listing("a.test", "b.test")
	require.NoError(t, newJob(t, z, p).Run(t.Context(), "b.test", "c.test"))
	require.Equal(t, map[string][]string{"b.test": {"192.0.2.2"}}, p.exempt)
}

func TestOneQuestionInARun(t *testing.T) {
	z := newZone(`shared.test. TXT "v=spf1 ip4:192.0.2.1"`)
	var domains []string
	for i := range 30 {
		name := fmt.Sprintf("d%d.test", i)
		domains = append(domains, name)
		z.add(name + `. TXT "v=spf1 include:shared.test -all"`)
	}
	p := listing(domains...)
	require.NoError(t, newJob(t, z, p).Run(t.Context()))
	require.Len(t, p.exempt, 30)
	for domain, senders := range p.exempt {
		require.Equal(t, []string{"192.0.2.1"}, senders, domain)
	}
	require.Equal(t, 1, z.count("shared.test."))
}

func TestNothingToDo(t *testing.T) {
	p := listing()
	p.fails = store.NotConfigured("iRedAPD's database", "POSTERN_IREDAPD_DSN")
	require.NoError(t, newJob(t, newZone(), p).Run(t.Context()))
	p.fails = io.ErrUnexpectedEOF
	require.ErrorIs(t, newJob(t, newZone(), p).Run(t.Context()), io.ErrUnexpectedEOF)
	require.Error(t, spf.New(listing("a.test"), spf.NewResolver(), slog.Default()).Run(t.Context()), "nobody can be asked")
}
