package edge

// form takes over a form, or the query string.
func (n *normaliser) form(f *formReader, isBody bool) error {
	n.begin()
	err := f.pairs(maxName, func(name string, _ bool) error {
		p, fixed := n.find(name, isBody)
		if p == nil {
			err := n.unknown(name)
			if err == nil {
				_, _, err = f.value(0)
			}
			return err
		}
		return n.formValue(f, p, name, fixed)
	})
	if err != nil {
		return err
	}
	return n.fileLists()
}

func (n *normaliser) formValue(f *formReader, p *Parameter, name string, fixed []string) error {
	again := n.sent[name]
	n.sent[name] = true
	if p.kind == kindArray && fixed == nil {
		list := n.list(p)
		return f.items(p.itemBytes(), func(s string, cut bool) error { return n.distinctItem(list, s, cut) })
	}
	value, cut, err := f.value(p.bytes())
	switch {
	case err != nil:
		return err
	case again && !n.lenient:
		return n.repeated(p.Name)
	case fixed != nil:
		return n.fixed(p, fixed)
	case cut:
		return n.fault(p.tooLong())
	}
	return n.text(p, value)
}
