package spf

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// queryTime bounds one question to one server.
const queryTime = 3 * time.Second

// errNoServers says that nobody can be asked.
var errNoServers = errors.New("no DNS server is known")

// Resolver asks DNS servers.
type Resolver struct {
	servers []string // as host:port, asked one after another
}

// NewResolver asks these servers, each host:port.
func NewResolver(servers ...string) *Resolver { return &Resolver{servers} }

// SystemResolver asks the servers that the machine is set to.
func SystemResolver(file string) (*Resolver, error) {
	config, err := dns.ClientConfigFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("read which DNS servers to ask: %w", err)
	}
	servers := make([]string, len(config.Servers))
	for i, s := range config.Servers {
		servers[i] = net.JoinHostPort(s, config.Port)
	}
	return NewResolver(servers...), nil
}

// ask returns the answers to one question. A name or type that is not there has none, without an error; an error is a
// failure that may pass.
func (r *Resolver) ask(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	question := new(dns.Msg)
	question.SetQuestion(dns.Fqdn(name), kind)
	question.SetEdns0(4096, false)
	err := errNoServers
	for _, server := range r.servers {
		var answer *dns.Msg
		if answer, err = exchange(ctx, question, server); err != nil {
			continue
		}
		if answer.Rcode == dns.RcodeSuccess || answer.Rcode == dns.RcodeNameError {
			return answer.Answer, nil
		}
		err = fmt.Errorf("the DNS server answers %s", dns.RcodeToString[answer.Rcode])
	}
	return nil, fmt.Errorf("ask for %s of %s: %w", dns.TypeToString[kind], name, err)
}

// exchange asks by UDP, and again by TCP when the answer is too long for that.
func exchange(ctx context.Context, question *dns.Msg, server string) (*dns.Msg, error) {
	client := dns.Client{Timeout: queryTime}
	answer, _, err := client.ExchangeContext(ctx, question, server)
	if err == nil && answer.Truncated {
		client.Net = "tcp"
		answer, _, err = client.ExchangeContext(ctx, question, server)
	}
	return answer, err
}

// cache remembers the answers of one run, so that an include that many domains share is looked up once.
type cache struct {
	resolver *Resolver
	mu       sync.Mutex
	asked    map[question]*reply
}

type question struct {
	name string
	kind uint16
}

type reply struct {
	once    sync.Once
	answers []dns.RR
	err     error
}

func newCache(r *Resolver) *cache { return &cache{resolver: r, asked: map[question]*reply{}} }

func (c *cache) ask(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	c.mu.Lock()
	q := question{strings.ToLower(name), kind}
	found := c.asked[q]
	if found == nil {
		found = &reply{}
		c.asked[q] = found
	}
	c.mu.Unlock()
	found.once.Do(func() { found.answers, found.err = c.resolver.ask(ctx, name, kind) })
	return found.answers, found.err
}

// texts returns the TXT records of a name, each joined without anything in between.
func (c *cache) texts(ctx context.Context, name string) ([]string, error) {
	answers, err := c.ask(ctx, name, dns.TypeTXT)
	return textsOf(answers), err
}

// Texts returns the TXT records of a name, each joined without anything in between. A name without any has none, without an error.
func (r *Resolver) Texts(ctx context.Context, name string) ([]string, error) {
	answers, err := r.ask(ctx, name, dns.TypeTXT)
	return textsOf(answers), err
}

func textsOf(answers []dns.RR) []string {
	var list []string
	for _, a := range answers {
		if txt, ok := a.(*dns.TXT); ok {
			list = append(list, strings.Join(txt.Txt, ""))
		}
	}
	return list
}

// addresses returns the IPv4 and IPv6 addresses of a name.
func (c *cache) addresses(ctx context.Context, name string) ([]string, error) {
	var list []string
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		answers, err := c.ask(ctx, name, kind)
		if err != nil {
			return nil, err
		}
		for _, answer := range answers {
			switch a := answer.(type) {
			case *dns.A:
				list = append(list, a.A.String())
			case *dns.AAAA:
				list = append(list, a.AAAA.String())
			}
		}
	}
	return list, nil
}

// exchangers returns the mail servers of a domain.
func (c *cache) exchangers(ctx context.Context, name string) ([]string, error) {
	answers, err := c.ask(ctx, name, dns.TypeMX)
	var list []string
	for _, a := range answers {
		if mx, ok := a.(*dns.MX); ok && mx.Mx != "." {
			list = append(list, strings.TrimSuffix(mx.Mx, "."))
		}
	}
	slices.Sort(list)
	return list, err
}
