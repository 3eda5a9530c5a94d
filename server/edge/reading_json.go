package edge

import (
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
		return errNoBody
	case err != nil:
		return err
	case b == 'n':
		if _, err = j.word(); err == nil {
			err = j.end()
		}
		return err
	case b != '{':
		return j.notObject()
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
		return j.cutShort(err)
	case b == 'n':
		return j.skipAfter(n.null(p))
	case b == 't' || b == 'f':
		return n.boolean(j, p)
	case b == '"':
		return n.quoted(j, p)
	case b == '-' || b >= '0' && b <= '9':
		return n.digits(j, p)
	case b == '[' && p.Kind == contract.KindArray:
		return n.array(j, p)
	}
	return j.skipAfter(n.fault(wrongKind(p, p.Schema)))
}

// quoted takes over a text.
func (n *normaliser) quoted(j *jsonReader, p *contract.Parameter) error {
	switch {
	case p.Kind == contract.KindString:
		return n.string(j, p)
	case p.IsNumber() && (p.Nullable || n.on.emptyIsAbsent()):
		return n.emptyNumber(j, p)
	}
	return j.skipAfter(n.fault(wrongKind(p, p.Schema)))
}

// digits takes over a number.
func (n *normaliser) digits(j *jsonReader, p *contract.Parameter) error {
	switch {
	case p.IsNumber():
		return n.number(j, p)
	case p.Choice && n.on.readsWords():
		return n.bareNumber(j, p)
	}
	return j.skipAfter(n.fault(wrongKind(p, p.Schema)))
}

func (n *normaliser) null(p *contract.Parameter) error {
	if n.on.readsWords() && p.Kind == contract.KindString {
		return n.text(p, "")
	}
	raw, err := n.on.null(p)
	if err != nil {
		return n.fault(err)
	}
	n.put(p, raw)
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
	case s == "" && p.Nullable:
		n.put(p, nullJSON)
		return nil
	}
	if err = checkValue(p.Name, s); err != nil {
		return n.fault(err)
	}
	n.put(p, quote(s))
	return nil
}

// boolean reads true or false in the place of a word.
func (n *normaliser) boolean(j *jsonReader, p *contract.Parameter) error {
	s, err := j.word()
	switch {
	case err != nil:
		return err
	case !n.on.readsBooleans(p):
		return n.fault(wrongKind(p, p.Schema))
	case n.on.readsWords():
		return n.text(p, s)
	case s == "true":
		n.put(p, quote(p.On))
	default:
		n.put(p, quote(p.Off))
	}
	return nil
}

// bareNumber reads a number in the place of a word, which only the legacy surface takes.
func (n *normaliser) bareNumber(j *jsonReader, p *contract.Parameter) error {
	s, _, err := j.number(maxNumber)
	if err != nil {
		return err
	}
	return n.text(p, s)
}

// emptyNumber reads text in the place of a number that can be unset, which the empty one does, or that is absent then.
func (n *normaliser) emptyNumber(j *jsonReader, p *contract.Parameter) error {
	s, cut, err := j.text(0)
	switch {
	case err != nil:
		return err
	case s != "" || cut:
		return n.fault(wrongKind(p, p.Schema))
	case p.Nullable:
		n.put(p, nullJSON)
	}
	return nil
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
			return j.cutShort(err)
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
