package mlmmj

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
)

// invitedAtOnce is how many invitations one request asks for: mlmmjadmin starts a program for each before it answers.
const invitedAtOnce = 50

// Subscribers implements store.Mlmmj. mlmmjadmin answers all at once and in no order.
func (r *Daemon) Subscribers(ctx context.Context, mail string) iter.Seq2[store.Subscriber, error] {
	return func(yield func(store.Subscriber, error) bool) {
		all, err := r.subscribers(ctx, mail)
		if err != nil {
			yield(store.Subscriber{}, err)
			return
		}
		for _, s := range all {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// subscribers returns all subscribers, in order.
func (r *Daemon) subscribers(ctx context.Context, mail string) ([]store.Subscriber, error) {
	mail, err := address(mail)
	if err != nil {
		return nil, err
	}
	// It shows a list that is missing as one without subscribers.
	if err := r.exists(ctx, mail); err != nil {
		return nil, err
	}
	var all []store.Subscriber
	if err := r.call(ctx, http.MethodGet, at(mail, "subscribers"), nil, &all); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s store.Subscriber) bool { return s.Mail == "" })
	slices.SortFunc(all, func(a, b store.Subscriber) int {
		if a.Subscription != b.Subscription {
			return slices.Index(kinds, a.Subscription) - slices.Index(kinds, b.Subscription)
		}
		return strings.Compare(a.Mail, b.Mail)
	})
	return slices.Compact(all), nil
}

// Subscribe implements store.Mlmmj. mlmmjadmin leaves an address subscribed in every way that it ever was, so it is
// taken out of the other ways first.
func (r *Daemon) Subscribe(ctx context.Context, mail string, kind store.Subscription, addresses []string) error {
	mail, addresses, err := r.subscribable(ctx, mail, kind, addresses)
	if err != nil || len(addresses) == 0 {
		return err
	}
	now, err := r.subscribers(ctx, mail)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, a := range addresses {
		wanted[a] = true
	}
	var moving []string
	for _, s := range now {
		if s.Subscription != kind && wanted[s.Mail] {
			moving = append(moving, s.Mail)
		}
	}
	if len(moving) > 0 {
		if err := r.change(ctx, mail, url.Values{"remove_subscribers": {strings.Join(moving, ",")}}); err != nil {
			return err
		}
	}
	return r.change(ctx, mail, joining(kind, addresses, "no"))
}

// Invite implements store.Mlmmj.
func (r *Daemon) Invite(ctx context.Context, mail string, kind store.Subscription, addresses []string) error {
	mail, addresses, err := r.subscribable(ctx, mail, kind, addresses)
	if err != nil {
		return err
	}
	if err := store.CheckInvitable(addresses); err != nil {
		return err
	}
	for some := range slices.Chunk(addresses, invitedAtOnce) {
		if err := r.change(ctx, mail, joining(kind, some, "yes")); err != nil {
			return err
		}
	}
	return nil
}

// Invited implements store.Mlmmj. mlmmjadmin does not tell whom it has asked, so that somebody may be asked once more after
// a crash; it tells who has answered.
func (r *Daemon) Invited(ctx context.Context, mail, address string, _ time.Time) (bool, error) {
	all, err := r.subscribers(ctx, mail)
	return slices.ContainsFunc(all, func(s store.Subscriber) bool { return s.Mail == address }), err
}

// Unsubscribe implements store.Mlmmj.
func (r *Daemon) Unsubscribe(ctx context.Context, mail string, addresses []string) error {
	mail, err := address(mail)
	if err != nil {
		return err
	}
	if err := r.exists(ctx, mail); err != nil {
		return err
	}
	leaving := "ALL"
	if addresses != nil {
		leaving = strings.Join(addresses, ",")
	}
	if leaving == "" {
		return nil
	}
	return r.change(ctx, mail, url.Values{"remove_subscribers": {leaving}})
}

// subscribable returns the addresses that a list which is there may take.
func (r *Daemon) subscribable(ctx context.Context, mail string, kind store.Subscription, addresses []string) (string,
	[]string, error) {
	mail, err := address(mail)
	if err != nil {
		return "", nil, err
	}
	if addresses, err = subscribable(kind, addresses); err != nil {
		return "", nil, err
	}
	if err := takes(addresses...); err != nil {
		return "", nil, err
	}
	var own struct {
		ExtraAddresses []string `json:"extra_addresses"`
	}
	if err := r.call(ctx, http.MethodGet, at(mail), url.Values{"params": {"extra_addresses"}}, &own); err != nil {
		return "", nil, err
	}
	return mail, addresses, notItself(mail, own.ExtraAddresses, addresses)
}

func joining(kind store.Subscription, addresses []string, confirm string) url.Values {
	return url.Values{
		"add_subscribers": {strings.Join(addresses, ",")}, "subscription": {string(kind)}, "require_confirm": {confirm},
	}
}

func (r *Daemon) change(ctx context.Context, mail string, form url.Values) error {
	return r.call(ctx, http.MethodPost, at(mail, "subscribers"), form, nil)
}

// ForgetSubscriber implements store.Mlmmj. mlmmjadmin tells the lists that an address is subscribed to, and not those
// that it owns or moderates: each list is asked for that.
func (r *Daemon) ForgetSubscriber(ctx context.Context, subscriber string, lists []string) error {
	return r.rewrite(ctx, subscriber, "", lists)
}

// RenameSubscriber implements store.Mlmmj, as ForgetSubscriber does.
func (r *Daemon) RenameSubscriber(ctx context.Context, from, to string, lists []string) error {
	to, err := store.NormaliseForeign(to)
	if err == nil {
		err = takes(to)
	}
	if err != nil {
		return err
	}
	return r.rewrite(ctx, from, to, lists)
}

// rewrite replaces an address in lists, with nothing where to is "". One list that fails does not keep the others from it.
func (r *Daemon) rewrite(ctx context.Context, from, to string, lists []string) error {
	from, err := store.NormaliseForeign(from)
	if err != nil || from == to || len(lists) == 0 {
		return err
	}
	var subscribed []store.Subscriber
	path := "/subscriber/" + url.PathEscape(from) + "/subscribed"
	if err := r.call(ctx, http.MethodGet, path, url.Values{"query_all_lists": {"yes"}}, &subscribed); err != nil {
		return err
	}
	var failures []error
	for _, mail := range lists {
		if _, err := address(mail); err != nil {
			continue // mlmmjadmin would not have taken it
		}
		i := slices.IndexFunc(subscribed, func(s store.Subscriber) bool { return s.Mail == mail })
		err := r.rewritePeople(ctx, mail, from, to)
		if err == nil && i >= 0 {
			err = r.rewriteSubscriber(ctx, mail, subscribed[i].Subscription, from, to)
		}
		if err != nil && !store.IsNotFound(err) {
			failures = append(failures, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failures...)
}

// rewritePeople replaces an address among owners and moderators of one list.
func (r *Daemon) rewritePeople(ctx context.Context, mail, from, to string) error {
	settings, err := r.MlmmjSettings(ctx, mail)
	if err != nil {
		return err
	}
	u := replaced(settings, from, to)
	if u == (store.MlmmjUpdate{}) {
		return nil
	}
	return r.ConfigureList(ctx, mail, u)
}

// rewriteSubscriber replaces an address among the subscribers of one list.
func (r *Daemon) rewriteSubscriber(ctx context.Context, mail string, kind store.Subscription, from, to string) error {
	form := url.Values{"remove_subscribers": {from}}
	if to != "" {
		already, err := r.has(ctx, mail, to)
		if err != nil {
			return err
		}
		if !already {
			form = joining(kind, []string{to}, "no")
			form.Set("remove_subscribers", from)
		}
	}
	return r.change(ctx, mail, form)
}

// ListsNaming implements store.Mlmmj.
func (r *Daemon) ListsNaming(ctx context.Context, name string, lists []string) ([]string, error) {
	var naming []string
	for _, mail := range lists {
		settings, err := r.MlmmjSettings(ctx, mail)
		if store.IsNotFound(err) || store.HasCode(err, store.CodeInvalidMail) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if settings.Names(mail, name) {
			naming = append(naming, mail)
		}
	}
	return naming, nil
}

// SubscribedTo implements store.Mlmmj. It asks about each address or about each list, whatever is less.
func (r *Daemon) SubscribedTo(ctx context.Context, addresses []string, lists func() ([]string, error)) (map[string][]string, error) {
	mails, err := lists()
	if err != nil || len(mails) == 0 {
		return nil, err
	}
	to := map[string][]string{}
	if len(addresses) <= len(mails) {
		for _, a := range addresses {
			var subscribed []store.Subscriber
			at := "/subscriber/" + url.PathEscape(a) + "/subscribed"
			if err := r.call(ctx, http.MethodGet, at, url.Values{"query_all_lists": {"yes"}}, &subscribed); err != nil {
				return nil, err
			}
			for _, s := range subscribed {
				to[a] = append(to[a], s.Mail)
			}
			slices.Sort(to[a])
		}
		return to, nil
	}
	wanted := store.Among(addresses)
	for _, mail := range slices.Sorted(slices.Values(mails)) {
		all, err := r.subscribers(ctx, mail)
		if store.IsNotFound(err) || store.HasCode(err, store.CodeInvalidMail) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			if wanted(s.Mail) && !slices.Contains(to[s.Mail], mail) {
				to[s.Mail] = append(to[s.Mail], mail)
			}
		}
	}
	return to, nil
}

// has reports whether an address is subscribed, in any way.
func (r *Daemon) has(ctx context.Context, mail, subscriber string) (bool, error) {
	all, err := r.subscribers(ctx, mail)
	return slices.ContainsFunc(all, func(s store.Subscriber) bool { return s.Mail == subscriber }), err
}
