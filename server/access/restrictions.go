package access

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/server/deps"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

const (
	// restrictionsRemembered is how long the panel's lists are used again: a change there shows after that.
	restrictionsRemembered = time.Second
	// restrictionsRead bounds the time of reading them.
	restrictionsRead = time.Second
	// restrictionsAwaited is how long a request waits for that while older ones are known: its own time begins after it.
	restrictionsAwaited = 50 * time.Millisecond
)

// Restrictions say from which addresses the API is called and admins come in: what is configured, else what the panel's settings
// say. While the panel's database is away the last known lists hold.
type Restrictions struct {
	panel   store.Panel    // nil when there is no panel database
	clients store.Networks // who may call; empty leaves it to the panel
	log     *slog.Logger
	now     func() time.Time

	mu      sync.Mutex
	reading chan struct{} // closed when the lists have been read, nil while nobody reads
	known   *store.PanelRestrictions
	failure error // of the last read, while nothing is known
	at      time.Time
	warned  string
}

// NewRestrictions returns the restrictions of the clients, or of the panel where there are none.
func NewRestrictions(d deps.Deps) *Restrictions {
	return &Restrictions{panel: d.Panel, clients: d.APIClients, log: d.Log, now: time.Now}
}

// Clients is the stage that refuses requests to the API from addresses that may not call it. Paths beside the API, such as those
// that tell whether the server is well, are open.
func (a *Access) Clients(c *gin.Context) {
	if path := c.Request.URL.Path; path != "/api" && !strings.HasPrefix(path, "/api/") {
		return
	}
	if err := a.restrictions.checkClient(c.Request.Context(), reply.NoteOf(c.Request.Context()).ClientIP); err != nil {
		a.fail(c, err)
	}
}

// checkClient returns NOT_AUTHORIZED for an address from which nobody may call the API.
func (r *Restrictions) checkClient(ctx context.Context, ip string) error {
	list := &store.AllowList{Networks: r.clients}
	if len(r.clients) == 0 {
		all, err := r.lists(ctx)
		if err != nil {
			return err
		}
		list = all.APIClients
	}
	if allows(list, ip) {
		return nil
	}
	return store.Fail(store.Forbidden, reply.CodeNotAuthorized, "The API may not be called from the address %s.", ip)
}

// checkAdmin returns NOT_ALLOWED_IP for an address from which the admin may not come.
func (r *Restrictions) checkAdmin(ctx context.Context, ip string, global bool) error {
	all, err := r.lists(ctx)
	if err != nil {
		return err
	}
	if allows(all.Admins, ip) && (!global || allows(all.GlobalAdmins, ip)) {
		return nil
	}
	return store.Fail(store.Forbidden, reply.CodeNotAllowedIP, "Admins may not log in from the address %s.", ip)
}

// allows reports whether a list lets an address in; what is no address is let in by none.
func allows(list *store.AllowList, ip string) bool {
	address, ok := store.ParseIP(ip)
	return list == nil || ok && list.Allows(address)
}

// lists returns the panel's lists. One request reads them when they are older than they may be; others go on with those that are
// known, or wait for it when none are.
func (r *Restrictions) lists(ctx context.Context) (store.PanelRestrictions, error) {
	if r.panel == nil {
		return store.PanelRestrictions{}, nil
	}
	for {
		r.mu.Lock()
		fresh := r.now().Sub(r.at) < restrictionsRemembered
		if r.known != nil && (fresh || r.reading != nil) {
			known := *r.known
			r.mu.Unlock()
			return known, nil
		}
		if r.known == nil && r.failure != nil && fresh {
			err := r.failure
			r.mu.Unlock()
			return store.PanelRestrictions{}, err
		}
		if r.reading == nil {
			r.reading = make(chan struct{})
			go r.read(ctx)
		}
		wait, known := r.reading, r.known
		r.mu.Unlock()
		var enough <-chan time.Time
		if known != nil {
			enough = time.After(restrictionsAwaited)
		}
		select {
		case <-wait:
		case <-enough:
			return *known, nil
		case <-ctx.Done():
			return store.PanelRestrictions{}, store.Down("The panel's database", context.Cause(ctx))
		}
	}
}

// read reads the lists, whoever asked for them and goes away meanwhile.
func (r *Restrictions) read(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restrictionsRead)
	defer cancel()
	found, err := r.panel.PanelRestrictions(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.reading)
	r.reading, r.at = nil, r.now()
	if err != nil {
		r.failure = store.Down("The panel's database", err)
		r.log.Warn("the panel's restrictions cannot be read", "known", r.known != nil, "cause", err)
		return
	}
	r.known, r.failure = &found, nil
	r.warn(found)
}

// warn tells once of elements that are neither a network nor an address.
func (r *Restrictions) warn(found store.PanelRestrictions) {
	var faults []string
	for key, list := range found.Lists() {
		if len(list.Bad) > 0 {
			text := key + " " + strings.Join(list.Bad, ", ")
			if len(list.Networks) == 0 {
				text += " (it lets nobody in)"
			}
			faults = append(faults, text)
		}
	}
	slices.Sort(faults)
	if told := strings.Join(faults, "; "); told != r.warned {
		r.warned = told
		if told != "" {
			r.log.Warn("a restriction of the panel has elements that are neither a network nor an address", "settings", told)
		}
	}
}
