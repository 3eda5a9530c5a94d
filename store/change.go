package store

// Action is what a write did.
type Action string

// The actions. They are the event names of iRedAdmin's log.
const (
	ActionCreate  Action = "create"
	ActionUpdate  Action = "update"
	ActionDelete  Action = "delete"
	ActionRename  Action = "rename"
	ActionEnable  Action = "active"
	ActionDisable Action = "disable"
	ActionGrant   Action = "grant"  // became a global admin
	ActionRevoke  Action = "revoke" // is no global admin any more
)

// Noun is what was written.
type Noun string

// The nouns.
const (
	NounDomain      Noun = "domain"
	NounAdmin       Noun = "admin"
	NounUser        Noun = "user"
	NounAlias       Noun = "alias"
	NounMailingList Noun = "ml"       // a mailing list that people subscribe to, run by mlmmj
	NounStaticList  Noun = "maillist" // a mailing list of the directory, whose members admins choose

	NounSpamPolicy  Noun = "spampolicy"
	NounWblist      Noun = "wblist"
	NounThrottle    Noun = "throttle"
	NounGreylisting Noun = "greylisting"
)

func (n Noun) isPolicy() bool {
	return n == NounSpamPolicy || n == NounWblist || n == NounThrottle || n == NounGreylisting
}

// What a record in a change shows in place of a password.
const (
	HiddenPassword  = "[hidden]"
	ChangedPassword = "[changed]"
)

// Adjustment is a value that a write had to change to store it.
type Adjustment struct {
	Field  string // the parameter
	Asked  any    // of the type that the field of the noun has, as Stored
	Stored any
}

// Change is what a write did or, of a dry run, would do.
type Change struct {
	Action Action `json:"action"`
	Noun   Noun   `json:"noun"`
	// Name is the domain name or the address; NewName the one after a rename.
	Name    string `json:"name"`
	NewName string `json:"newName,omitempty"`
	// Domain is the domain that the account lies in ("" for a standalone admin).
	Domain string `json:"domain,omitempty"`
	// KeepArchive is true when what a deleted mailing list held is to be kept aside rather than erased.
	KeepArchive bool `json:"keepArchive,omitempty"`
	// Lists are the mailing lists of mlmmj that went with their domain.
	Lists []string `json:"lists,omitempty"`
	// Scope is where references to the account were changed. Of a change that an older version recorded it is the zero value,
	// whoever the actor was.
	Scope Scope `json:"scope,omitzero"`
	// Before and After are the account's own row or entry, nil where it did not or does not exist. A secret shows
	// as a fixed word, and a changed one as another.
	Before Record `json:"-"`
	After  Record `json:"-"`
	// Made is what a create made, or of a dry run would make, composed from its plan and equal to what reading it returns: a User,
	// Domain, Admin, Alias, MailingListAccount or StaticList, and of MailingLists a MailingList. There are two exceptions: its stored
	// record lacks the columns that no insert of ours names, and the lists of a User those that mlmmj alone knows.
	Made any `json:"-"`
	// Adjusted is what is stored otherwise than it was asked for.
	Adjusted []Adjustment `json:"-"`
	// Discarded holds the items of lists that were left out (OnMissing Drop, names already taken).
	Discarded []string `json:"discarded,omitempty"`
	// EndsSessions is true when the account (of a domain: every account in it) must log in anew: it was deleted,
	// renamed or disabled, or got another password.
	EndsSessions bool `json:"endsSessions,omitempty"`
	// Nothing is true when an update found everything as it is to be, and wrote nothing. One with a password never does.
	Nothing bool `json:"-"`
	// Lasting is true when a follower of the change must not be lost: it was deleted, renamed or disabled.
	Lasting bool `json:"lasting,omitempty"`
}

// AdjustQuota notes the quota that a mailbox gets when it is another one than it was to get, in MB. Nil asks for the default.
func (c *Change) AdjustQuota(asked *int64, stored int64) {
	if asked != nil && *asked != stored {
		c.Adjusted = append(c.Adjusted, Adjustment{Field: "quota", Asked: *asked, Stored: stored})
	}
}
