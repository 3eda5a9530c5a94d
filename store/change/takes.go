package change

import (
	"context"
	"errors"
	"slices"

	"github.com/postern-mail/postern/store"
)

// taken returns those of the addresses that the driver takes, and the others. These are an error where they are refused. What
// replaces the addresses of a list must not become empty so.
func (m *MailingLists) taken(rule store.OnMissing, field string, addresses []string, replaces bool) (good, bad []string, err error) {
	var first *store.Error
	for _, a := range addresses {
		err := m.lists.Takes(a)
		switch {
		case err == nil:
			good = append(good, a)
			continue
		case rule != store.Drop:
			return nil, nil, inField(field, err)
		case first == nil:
			errors.As(inField(field, err), &first)
		}
		bad = append(bad, a)
	}
	if replaces && first != nil && len(good) == 0 {
		return nil, nil, &store.NothingLeft{First: first}
	}
	return good, bad, nil
}

func inField(field string, err error) error {
	var refused *store.Error
	if errors.As(err, &refused) {
		return refused.With(field)
	}
	return err
}

// takenPeople returns the update with the people and further addresses that the driver takes. Those that are stored already are
// not asked for.
func (m *MailingLists) takenPeople(rule store.OnMissing, stored store.MlmmjSettings, u store.MlmmjUpdate) (store.MlmmjUpdate, []string, error) {
	var left []string
	for _, people := range []struct {
		field  string
		list   **[]string
		stored []string
	}{
		{"owner", &u.Owners, stored.Owners}, {"moderators", &u.Moderators, stored.Moderators},
		{"subscription_moderators", &u.SubscriptionModerators, stored.SubscriptionModerators},
		{"extra_addresses", &u.ExtraAddresses, stored.ExtraAddresses},
	} {
		if *people.list == nil || slices.Equal(**people.list, people.stored) {
			continue
		}
		good, bad, err := m.taken(rule, people.field, **people.list, true)
		if err != nil {
			return u, nil, err
		}
		if len(bad) > 0 {
			*people.list, left = &good, append(left, bad...)
		}
	}
	return u, left, nil
}

// removable returns those of the addresses that can be removed from the subscribers. One that the driver does not take may be
// subscribed all the same, by its own mail: removing it would be said to succeed and do nothing.
func (m *MailingLists) removable(ctx context.Context, rule store.OnMissing, mail string, addresses []string) (good, bad []string, err error) {
	good, bad, err = m.taken(store.Drop, "remove_subscribers", addresses, false)
	if err != nil || len(bad) == 0 {
		return good, nil, err
	}
	asked, there := store.Among(bad), []string(nil)
	for s, err := range m.lists.Subscribers(ctx, mail) {
		switch {
		case store.IsNotFound(err):
			return good, nil, nil
		case err != nil:
			return nil, nil, err
		case asked(s.Mail):
			there = append(there, s.Mail)
		}
	}
	if len(there) > 0 && rule != store.Drop {
		return nil, nil, inField("remove_subscribers", m.lists.Takes(there[0]))
	}
	return good, there, nil
}
