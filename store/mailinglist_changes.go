package store

import (
	"reflect"
	"slices"
	"strings"
)

// Changes returns what the update changes of the list. A parameter whose value is the one that is returned counts as not given:
// lists compare as sets, addresses without regard to case.
//
// What stands both with mlmmj and in the account is given to mlmmj first. So it counts as given where the two say different things:
// an earlier call may have come no further than to mlmmj.
func (u MailingListUpdate) Changes(is MailingList) MailingListUpdate {
	shown := is.Settings
	shown.Name, shown.Newsletter = is.Name, is.Newsletter
	shown.MaxMessageSize, shown.ExtraAddresses = is.MaxMessageSize, is.ExtraAddresses
	given := u.Settings
	u.Settings = given.changes(shown)
	agrees := is.Settings.accessPolicy(is.AccessPolicy) == policyOr(is.AccessPolicy)
	policySame := u.AccessPolicy != nil && *u.AccessPolicy == is.AccessPolicy
	switch {
	case policySame && agrees: // it wins over the flags, so that these stay as well
		u.AccessPolicy, u.Settings.OnlyModeratorsPost, u.Settings.OnlySubscribersPost = nil, nil, nil
	case u.AccessPolicy != nil || !agrees:
		u.Settings.OnlyModeratorsPost, u.Settings.OnlySubscribersPost = given.OnlyModeratorsPost, given.OnlySubscribersPost
	}
	if !agreeing(is.Mail, is.Owners, is.Settings.Owners, nil) {
		u.Settings.Owners = given.Owners
	}
	if !agreeing(is.Mail, is.Moderators, is.Settings.Moderators, is.Settings.Owners) {
		u.Settings.Moderators = given.Moderators
	}
	return u
}

func policyOr(policy string) string {
	if policy == "" {
		return PolicyPublic
	}
	return policy
}

// agreeing reports whether the account names the people whom mlmmj goes by. Where it names none these are the default, or those
// who stand in for them (see MlmmjUpdate.over).
func agreeing(list string, account, mlmmj, instead []string) bool {
	if len(account) > 0 {
		return SameNames(account, mlmmj)
	}
	return SameNames(mlmmj, instead) || !slices.ContainsFunc(mlmmj, func(mail string) bool { return !IsDefaultPerson(mail, list) })
}

// changes leaves out of the update what makes no difference to the settings.
func (u MlmmjUpdate) changes(now MlmmjSettings) MlmmjUpdate {
	after := now.With(u)
	given, was, is := reflect.ValueOf(&u).Elem(), reflect.ValueOf(now), reflect.ValueOf(after)
	for i := range given.NumField() {
		name := given.Type().Field(i).Name
		if sameSetting(name, was.FieldByName(name).Interface(), is.FieldByName(name).Interface()) {
			given.Field(i).SetZero()
		}
	}
	return u
}

func sameSetting(name string, a, b any) bool {
	one, isList := a.([]string)
	other, _ := b.([]string)
	switch {
	case !isList:
		return a == b
	case name == "RemoveHeaders": // with or without the colon
		return SameNames(withoutColons(one), withoutColons(other))
	case name == "CustomHeaders": // in which the case of letters counts
		return slices.Equal(slices.Sorted(slices.Values(one)), slices.Sorted(slices.Values(other)))
	}
	return SameNames(one, other)
}

func withoutColons(names []string) []string {
	plain := make([]string, len(names))
	for i, name := range names {
		plain[i] = strings.TrimSuffix(name, ":")
	}
	return plain
}
