package edge

import (
	"encoding/json"
	"errors"
	"io"
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
	p, fixed := n.find(name, true)
	switch {
	case p == nil:
		return j.skipAfter(n.unknown(name))
	case n.sent[name]:
		return j.skipAfter(n.repeated(name))
	}
	n.sent[name] = true
	if fixed != nil {
		return j.skipAfter(n.fixed(p, fixed))
	}
	b, err := j.next()
	switch {
	case err != nil:
		return cutShort(err)
	case b == 'n':
		return j.skipAfter(n.null(p))
	case b == '"' && p.kind == kindString:
		return n.string(j, p)
	case b == '[' && p.kind == kindArray:
		return n.array(j, p)
	case startsNumber(b) && (p.kind == kindInteger || p.kind == kindNumber):
		return n.number(j, p)
	case n.lenient && p.choice && (b == 't' || b == 'f' || startsNumber(b)):
		return n.bareWord(j, p)
	}
	return j.skipAfter(n.fault(p.wrongKind(p.schema)))
}

func startsNumber(b byte) bool { return b == '-' || b >= '0' && b <= '9' }

func (n *normaliser) null(p *Parameter) error {
	if n.lenient && p.kind == kindString {
		return n.text(p, "")
	}
	n.put(p, json.RawMessage("null"))
	return nil
}

func (n *normaliser) string(j *jsonReader, p *Parameter) error {
	s, cut, err := j.text(p.bytes())
	switch {
	case err != nil:
		return err
	case cut:
		return n.fault(p.tooLong())
	case n.lenient:
		return n.text(p, s)
	}
	if err = checkValue(p.Name, s); err != nil {
		return n.fault(err)
	}
	n.put(p, quote(s))
	return nil
}

// bareWord reads true, false or a number in the place of a word, which only the legacy surface takes.
func (n *normaliser) bareWord(j *jsonReader, p *Parameter) error {
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

func (n *normaliser) number(j *jsonReader, p *Parameter) error {
	text, cut, err := j.number(maxNumber)
	switch {
	case err != nil:
		return err
	case cut:
		return n.fault(p.tooLong())
	}
	raw, err := p.number(text)
	if err != nil {
		return n.fault(p.badNumber(err))
	}
	n.put(p, raw)
	return nil
}

func (n *normaliser) array(j *jsonReader, p *Parameter) error {
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
			return j.skipAfter(n.fault(p.wrongKind(p.items)))
		}
		s, cut, err := j.text(p.itemBytes())
		if err != nil {
			return err
		}
		return n.item(list, s, cut)
	})
}
