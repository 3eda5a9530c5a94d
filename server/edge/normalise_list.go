package edge

import (
	"github.com/postern-mail/postern/server/reply"
	"github.com/postern-mail/postern/store"
)

// items are what a list is being read into.
type items struct {
	p     *Parameter
	kept  []string
	seen  map[string]bool // of a form, where an item that occurs again counts once
	count uint64
	full  bool // there were more than the list may have
	mixed bool // there was an item that is no string
}

// list returns the list that the parameter is read into: a form may name it more than once.
func (n *normaliser) list(p *Parameter) *items {
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
	if list.count == *p.schema.MaxItems {
		list.full, list.kept = true, nil
		return n.fault(store.Fail(store.Invalid, reply.CodeTooManyItems, "%s may have at most %d items.", p.Name, list.count).With(p.Name))
	}
	list.count++
	if err := checkValue(p.Name, s); err != nil {
		return n.fault(err)
	}
	if cut && !n.lenient {
		return n.fault(p.tooLong())
	}
	if n.lenient && (cut || p.items.VisitJSON(s) != nil) {
		n.discarded = append(n.discarded, s)
		return nil
	}
	list.kept = append(list.kept, s)
	return nil
}

// fileLists files the lists of a source once it has been read.
func (n *normaliser) fileLists() error {
	for name, list := range n.lists {
		n.put(n.op.parameter(name), quote(list.kept))
	}
	return nil
}
