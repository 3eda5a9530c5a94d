package edge

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/postern-mail/postern/server/contract"
)

// json takes over a JSON body. Some clients encode "no body" as null.
func (n *normaliser) json(j *jsonReader) error {
	n.begin()
	b, err := j.next()
	switch {
	case errors.Is(err, io.EOF):
		return errNotObject
	case err != nil:
		return err
	case b == 'n':
		if _, err = j.word(); err == nil {
			err = j.end()
		}
		return err
	case b != '{':
		if err = j.unexpected(); errors.Is(err, errBadJSON) {
			err = errNotObject
		}
		return err
	}
	if err = j.object(maxName, func(name string, _ bool) error { return n.member(j, name) }); err != nil {
		return err
	}
	if err = j.end(); err != nil {
		return err
	}
	return n.fileLists()
}

// member takes over one member of a JSON body.
func (n *normaliser) member(j *jsonReader, name string) error {
	found := n.on.find(n.op, name, true)
	p := found.Parameter
	switch {
	case p == nil:
		return j.skipAfter(n.unknown(name, true))
	case n.sent[name]:
		return j.skipAfter(n.fault(repeated(name)))
	}
	n.sent[name] = true
	if found.Value != nil {
		return j.skipAfter(n.fixed(p, *found.Value))
	}
	return n.value(j, p)
}

// value takes over the value of a member.
func (n *normaliser) value(j *jsonReader, p *contract.Parameter) error {
	b, err := j.next()
	switch {
	case err != nil:
		return cutShort(err)
	case b == 'n':
		return j.skipAfter(n.null(p))
	case b == '"' && p.Kind == contract.KindString:
		return n.string(j, p)
	case b == '[' && p.Kind == contract.KindArray:
		return n.array(j, p)
	case startsNumber(b) && p.IsNumber():
		return n.number(j, p)
	case n.on.readsWords() && p.Choice && (b == 't' || b == 'f' || startsNumber(b)):
		return n.bareWord(j, p)
	}
	return j.skipAfter(n.fault(wrongKind(p, p.Schema)))
}

func startsNumber(b byte) bool { return b == '-' || b >= '0' && b <= '9' }

func (n *normaliser) null(p *contract.Parameter) error {
	if n.on.readsWords() && p.Kind == contract.KindString {
		return n.text(p, "")
	}
	n.put(p, json.RawMessage("null"))
	return nil
}

func (n *normaliser) string(j *jsonReader, p *contract.Parameter) error {
	s, cut, err := j.text(valueBytes(p))
	switch {
	case err != nil:
		return err
	case cut:
		return n.fault(tooLong(p))
	case n.on.readsWords():
		return n.text(p, s)
	}
	if err = checkValue(p.Name, s); err != nil {
		return n.fault(err)
	}
	n.put(p, quote(s))
	return nil
}

// bareWord reads true, false or a number in the place of a word, which only the legacy surface takes.
func (n *normaliser) bareWord(j *jsonReader, p *contract.Parameter) error {
	b, err := j.next()
	if err != nil {
		return err
	}
	var s string
	if startsNumber(b) {
		s, _, err = j.number(maxNumber)
	} else {
		s, err = j.word()
	}
	if err != nil {
		return err
	}
	return n.text(p, s)
}

func (n *normaliser) number(j *jsonReader, p *contract.Parameter) error {
	text, cut, err := j.number(maxNumber)
	switch {
	case err != nil:
		return err
	case cut:
		return n.fault(tooLong(p))
	}
	raw, err := canonicalNumber(p, text)
	if err != nil {
		return n.fault(badNumber(p, err))
	}
	n.put(p, raw)
	return nil
}

func (n *normaliser) array(j *jsonReader, p *contract.Parameter) error {
	list := n.list(p)
	return j.array(func() error {
		b, err := j.next()
		switch {
		case err != nil:
			return cutShort(err)
		case list.full:
			return j.skip()
		case b != '"' && list.mixed:
			return j.skip()
		case b != '"': // one fault for a list, however many of its items are none
			list.mixed = true
			return j.skipAfter(n.fault(wrongKind(p, p.Items)))
		}
		s, cut, err := j.text(itemBytes(p))
		if err != nil {
			return err
		}
		return n.item(list, s, cut)
	})
}
