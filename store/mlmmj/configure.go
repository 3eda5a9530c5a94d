package mlmmj

import (
	"bytes"
	"context"
	"slices"

	"github.com/postern-mail/postern/store"
)

// MlmmjSettings implements store.Mlmmj.
func (s *Spool) MlmmjSettings(ctx context.Context, mail string) (store.MlmmjSettings, error) {
	l, err := s.hold(ctx, mail, shared)
	if err != nil {
		return store.MlmmjSettings{}, err
	}
	defer l.close()
	settings, err := l.settings()
	return settings, failed("read", mail, err)
}

// ConfigureList implements store.Mlmmj.
func (s *Spool) ConfigureList(ctx context.Context, mail string, u store.MlmmjUpdate) error {
	l, err := s.hold(ctx, mail, exclusive)
	if err != nil {
		return err
	}
	defer l.close()
	if u, err = clean(l.mail, u); err != nil {
		return err
	}
	return failed("configure", mail, l.configure(u))
}

// settings reads all control files.
func (l *list) settings() (store.MlmmjSettings, error) { return l.read(parameters) }

// people reads the control files that hold addresses of people.
func (l *list) people() (store.MlmmjSettings, error) {
	return l.read(slices.DeleteFunc(slices.Clone(parameters), func(p parameter) bool { return p.form != members && p.form != approval }))
}

func (l *list) read(ps []parameter) (store.MlmmjSettings, error) {
	var settings store.MlmmjSettings
	for _, p := range ps {
		content, err := l.get("control/" + p.file)
		if err != nil {
			return settings, err
		}
		p.read(l.mail, content, &settings)
	}
	return settings, nil
}

func (l *list) configure(u store.MlmmjUpdate) error {
	settings, err := l.settings()
	if err != nil {
		return err
	}
	if !l.has("control/listaddress") && u.ExtraAddresses == nil {
		// mlmmj does not work without, and some tools remove it along with the extra addresses.
		u.ExtraAddresses = &settings.ExtraAddresses
	}
	settings = settings.With(u)
	if err := l.write(touched(u), &settings); err != nil {
		return err
	}
	return l.syncDirs(l.root, "control")
}

// write makes the control files of these parameters hold the settings. What is to be there is written before what is
// not to be there goes, the list's address last.
func (l *list) write(ps []parameter, settings *store.MlmmjSettings) error {
	address := slices.IndexFunc(ps, func(p parameter) bool { return p.form == own })
	for i, p := range ps {
		if i != address {
			if err := l.writeParameter(p, settings); err != nil {
				return err
			}
		}
	}
	for _, p := range slices.Backward(ps) {
		name := "control/" + p.file
		if p.content(l.mail, settings) == nil && l.has(name) {
			if err := l.remove(name); err != nil {
				return err
			}
		}
	}
	if address < 0 {
		return nil
	}
	return l.writeParameter(ps[address], settings)
}

// writeParameter writes one control file, unless it holds that already.
func (l *list) writeParameter(p parameter, settings *store.MlmmjSettings) error {
	content := p.content(l.mail, settings)
	if content == nil {
		return nil
	}
	name := "control/" + p.file
	has, err := l.get(name)
	if err != nil || has != nil && (p.form == flag || bytes.Equal(has, content)) {
		return err
	}
	return l.put(name, content, 0o600)
}
