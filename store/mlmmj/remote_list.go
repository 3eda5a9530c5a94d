package mlmmj

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
)

// names of mlmmjadmin that differ from ours.
var remoteNames = map[string]string{"is_newsletter": "enable_newsletter_subscription"}

func (p parameter) remote() string {
	if name, differs := remoteNames[p.name]; differs {
		return name
	}
	return p.name
}

// Prepare implements store.Mlmmj. mlmmjadmin would make a list anew on top of one that is there.
func (r *Daemon) Prepare(ctx context.Context, mail string, settings store.MlmmjSettings) error {
	mail, err := address(mail)
	if err != nil {
		return err
	}
	u, err := r.clean(mail, everything(settings))
	if err != nil {
		return err
	}
	err = r.exists(ctx, mail)
	if err == nil {
		err = r.RemoveList(ctx, mail, true)
	}
	if err != nil && !store.IsNotFound(err) {
		return err
	}
	settings = store.MlmmjSettings{}.With(u)
	form := r.form(mail, parameters, &settings)
	form.Set("if_mod_send_only_mod_moderate", "yes")
	form.Set("tocc", "yes")
	return r.call(ctx, http.MethodPost, at(mail), form, nil)
}

// Kept implements store.Mlmmj.
func (r *Daemon) Kept(mail string, settings store.MlmmjSettings) (store.MlmmjSettings, error) {
	mail, err := address(mail)
	if err != nil {
		return settings, err
	}
	u, err := r.clean(mail, everything(settings))
	return kept(mail, store.MlmmjSettings{}.With(u)), err
}

// MlmmjSettings implements store.Mlmmj.
func (r *Daemon) MlmmjSettings(ctx context.Context, mail string) (store.MlmmjSettings, error) {
	mail, err := address(mail)
	if err != nil {
		return store.MlmmjSettings{}, err
	}
	var values map[string]json.RawMessage
	if err := r.call(ctx, http.MethodGet, at(mail), nil, &values); err != nil {
		return store.MlmmjSettings{}, err
	}
	return fromRemote(mail, values)
}

// ConfigureList implements store.Mlmmj. mlmmjadmin does not notice that a list is missing, so it is read first.
func (r *Daemon) ConfigureList(ctx context.Context, mail string, u store.MlmmjUpdate) error {
	mail, err := address(mail)
	if err != nil {
		return err
	}
	if u, err = r.clean(mail, u); err != nil {
		return err
	}
	before, err := r.MlmmjSettings(ctx, mail)
	if err != nil {
		return err
	}
	after := before.With(u)
	ps := touched(u)
	if len(ps) == 0 {
		return nil
	}
	form := r.form(mail, ps, &after)
	if after.ModerateSubscription && len(after.SubscriptionModerators) == 0 && len(before.SubscriptionModerators) > 0 {
		// It keeps moderators whom no others replace, unless moderation is switched off in between.
		if err := r.call(ctx, http.MethodPut, at(mail), url.Values{"moderate_subscription": {"no"}}, nil); err != nil {
			return err
		}
	}
	return r.call(ctx, http.MethodPut, at(mail), form, nil)
}

// RemoveList implements store.Mlmmj.
func (r *Daemon) RemoveList(ctx context.Context, mail string, keepArchive bool) error {
	mail, err := address(mail)
	if err != nil {
		return err
	}
	remove := func() error {
		return r.call(ctx, http.MethodDelete, at(mail), url.Values{"archive": {yesNo(keepArchive)}}, nil)
	}
	err = remove()
	for tries := 0; tries < 2 && errors.Is(err, errPlaceTaken); tries++ {
		if err = nextSecond(ctx); err == nil {
			err = remove()
		}
	}
	if store.IsNotFound(err) {
		return nil
	}
	return err
}

// errPlaceTaken is mlmmjadmin's complaint that it kept two lists of this name within the second: the place where it keeps
// one is named by the second, and by the second twice where that is there.
var errPlaceTaken = errors.New("the place in the archive is taken")

// nextSecond waits until the clock shows another second.
func nextSecond(ctx context.Context) error {
	now := time.Now()
	timer := time.NewTimer(now.Truncate(time.Second).Add(time.Second).Sub(now))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return store.Down("mlmmjadmin", ctx.Err())
	case <-timer.C:
		return nil
	}
}

// ListsOf implements store.Mlmmj. mlmmjadmin does not tell which lists there are.
func (r *Daemon) ListsOf(context.Context, string) ([]string, error) { return nil, nil }

// exists returns nil or NO_SUCH_ACCOUNT.
func (r *Daemon) exists(ctx context.Context, mail string) error {
	return r.call(ctx, http.MethodGet, at(mail), url.Values{"params": {"name"}}, nil)
}

// address returns the address of a list that may be part of a URL and of a path on the other side.
func address(mail string) (string, error) {
	domain, local, err := directory(mail)
	if err != nil {
		return "", err
	}
	mail = local + "@" + domain
	return mail, takes(mail)
}

// takes refuses an address that mlmmjadmin would drop without a word: its own pattern (is_email of its libs/utils.py) knows
// fewer characters than RFC 5321 and ends a domain after 15.
func takes(addresses ...string) error {
	for _, a := range addresses {
		if _, err := store.NormaliseAddress(a); err != nil {
			return store.Fail(store.Invalid, store.CodeInvalidMail,
				"mlmmjadmin does not take the address %s: a character in front of the @ is none that it knows.", a)
		}
		if last := a[strings.LastIndexByte(a, '.')+1:]; len(last) > 15 {
			return store.Fail(store.Invalid, store.CodeInvalidMail,
				"mlmmjadmin does not take the address %s: the last part of its domain is too long.", a)
		}
	}
	return nil
}

// Takes implements store.Mlmmj.
func (r *Daemon) Takes(address string) error {
	clean, err := cleanAddresses([]string{address})
	if err != nil {
		return err
	}
	return takes(clean...)
}

// clean is the common clean, and refuses what mlmmjadmin would drop or, as it separates names by commas, take apart.
func (r *Daemon) clean(mail string, u store.MlmmjUpdate) (store.MlmmjUpdate, error) {
	u, err := clean(mail, u)
	if err != nil {
		return u, err
	}
	if u.RemoveHeaders != nil && slices.ContainsFunc(*u.RemoveHeaders, func(n string) bool { return strings.Contains(n, ",") }) {
		return u, invalid("The name of a header line cannot hold a comma here.").With("remove_headers")
	}
	for _, addresses := range []*[]string{u.Owners, u.Moderators, u.SubscriptionModerators, u.ExtraAddresses} {
		if addresses == nil {
			continue
		}
		if err := takes(*addresses...); err != nil {
			return u, err
		}
	}
	return u, nil
}

// form returns the parameters as mlmmjadmin has to get them for the files to become those of content. What it would
// add or leave out by itself is sent.
func (r *Daemon) form(mail string, ps []parameter, s *store.MlmmjSettings) url.Values {
	form := url.Values{}
	for _, p := range ps {
		v := p.of(s)
		switch p.form {
		case flag:
			form.Set(p.remote(), yesNo(v.Bool()))
		case line, text:
			form.Set(p.remote(), v.String())
		case size:
			form.Set(p.remote(), strconv.FormatInt(s.MaxMessageSize, 10))
		case members:
			form.Set(p.remote(), strings.Join(v.Interface().([]string), ","))
		case own:
			// Without any value it would remove the file, and with it the list's own address.
			form.Set(p.remote(), strings.Join(append([]string{mail}, s.ExtraAddresses...), ","))
		case added:
			form.Set(p.remote(), strings.Join(marked(mail, s), "\n"))
		case removed:
			form.Set(p.remote(), strings.Join(stripped(s), ","))
		case approval:
			form.Set("moderate_subscription", yesNo(s.ModerateSubscription))
			if len(s.SubscriptionModerators) > 0 {
				form.Set("subscription_moderators", strings.Join(s.SubscriptionModerators, ","))
			}
		}
	}
	return form
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// fromRemote reads settings as mlmmjadmin shows them, by way of the files that they are in.
func fromRemote(mail string, values map[string]json.RawMessage) (store.MlmmjSettings, error) {
	var s store.MlmmjSettings
	for _, p := range parameters {
		raw, given := values[p.remote()]
		if !given {
			p.read(mail, nil, &s)
			continue
		}
		var one string
		var many []string
		if err := json.Unmarshal(raw, &many); err != nil {
			if err := json.Unmarshal(raw, &one); err != nil {
				return s, fmt.Errorf("%s of %s, as mlmmjadmin shows it: %w", p.remote(), mail, err)
			}
		}
		switch {
		case p.field == "ModerateSubscription":
			s.ModerateSubscription = one == "yes"
		case p.field == "SubscriptionModerators":
			s.SubscriptionModerators = lower(many)
		case p.form == flag:
			p.read(mail, present(one == "yes"), &s)
		case many != nil:
			p.read(mail, asLines(many...), &s)
		default:
			p.read(mail, []byte(one), &s)
		}
	}
	return s, nil
}
