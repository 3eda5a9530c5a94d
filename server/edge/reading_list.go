package edge

import (
	"maps"
	"slices"

	"github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// items are what a list is being read into.
type items struct {
	p     *contract.Parameter
	kept  []string
	bad   error           // of the first item that was left out, while none before it was taken
	seen  map[string]bool // of a form, where an item that occurs again counts once
	count uint64
	full  bool // there were more than the list may have
	mixed bool // there was an item that is no string
}

// list returns the list that the parameter is read into: a form may name it more than once.
func (n *normaliser) list(p *contract.Parameter) *items {
	list := n.lists[p.Name]
	if list == nil {
		list = &items{p: p, kept: []string{}}
		n.lists[p.Name] = list
	}
	return list
}

func (n *normaliser) distinctItem(list *items, s string, cut bool) error {
	if list.seen == nil {
		list.seen = map[string]bool{}
	}
	if list.full || list.seen[s] {
		return nil
	}
	list.seen[s] = true
	return n.item(list, s, cut)
}

// item files one item of a list. An invalid one is left out on the legacy surface, and named in the answer.
func (n *normaliser) item(list *items, s string, cut bool) error {
	p := list.p
	if list.count == *p.Schema.MaxItems {
		list.full, list.kept = true, nil
		return n.fault(store.Fail(store.Invalid, reply.CodeTooManyItems, "%s may have at most %d items.", p.Name, list.count).With(p.Name))
	}
	list.count++
	if err := checkValue(p.Name, s); err != nil {
		return n.fault(err)
	}
	leftOut, err := n.on.checkItem(p, s, cut)
	switch {
	case err != nil && !leftOut:
		return n.fault(err)
	case err != nil:
		n.discarded = append(n.discarded, s)
		if list.bad == nil && len(list.kept) == 0 {
			list.bad = err
		}
		return nil
	}
	list.kept = append(list.kept, s)
	return nil
}

// fileLists files the lists of a source once it has been read. One that would replace what is stored, and of which nothing
// is valid, is refused with the error of its first item: only what was sent empty clears.
func (n *normaliser) fileLists() error {
	for _, name := range slices.Sorted(maps.Keys(n.lists)) {
		list := n.lists[name]
		if list.p.Replaces && list.bad != nil {
			if len(list.kept) == 0 {
				if err := n.fault(list.bad); err != nil {
					return err
				}
			}
			n.note.SetFirstBad(name, list.bad)
		}
		n.put(list.p, quote(list.kept))
	}
	return nil
}
