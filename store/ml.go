package store

import "context"

// Mls is the contract for the accounts of mailing lists that people subscribe to: what Postfix and iRedAPD know of
// them. Their settings and subscribers are with mlmmj (see Lists).
type Mls interface {
	// Ml returns the account of one list, or NO_SUCH_ACCOUNT.
	Ml(ctx context.Context, mail string) (Ml, error)
	// Mls returns a page of the lists of a domain by address, in a constant number of statements. NO_SUCH_DOMAIN.
	Mls(ctx context.Context, domain string, page Page) (List[Ml], error)
	// MlAddresses is Mls with the addresses alone.
	MlAddresses(ctx context.Context, domain string, page Page) (List[string], error)
	// CreateMl makes the account, from which on mail to the list is taken. Fails as CreateAlias does, with
	// EXCEED_LIMIT_LISTS. Owners and moderators under a hosted domain that do not exist fail with NO_SUCH_ACCOUNT
	// (Unprocessable) whatever w.OnMissing says; an extra address that is in use is ALREADY_EXISTS, or discarded with Drop.
	CreateMl(ctx context.Context, w Write, m MlCreate) (Change, error)
	// UpdateMl changes what is given. Returns NO_SUCH_ACCOUNT; the rest as in CreateMl.
	UpdateMl(ctx context.Context, w Write, mail string, u MlUpdate) (Change, error)
	// DeleteMl removes the account with every reference to it, so that no more mail is taken. Returns NO_SUCH_ACCOUNT. The
	// change is lasting: a follower removes what mlmmj holds.
	DeleteMl(ctx context.Context, w Write, mail string, keepArchive bool) (Change, error)
}

// Ml is the account of a mailing list.
type Ml struct {
	Mail           string
	Stored         Record // the row or entry
	Name           string
	Active         bool
	AccessPolicy   string // "" is public
	Newsletter     bool
	Description    string // of the newsletter
	MaxMessageSize int64  // bytes, 0 is unlimited
	Owners         []string
	Moderators     []string
	ExtraAddresses []string
}

// MlCreate is the account of a mailing list to be.
type MlCreate struct {
	Mail           string
	Name           string
	Active         bool
	AccessPolicy   string
	Newsletter     bool
	Description    string
	MaxMessageSize int64
	Owners         []string
	Moderators     []string
	ExtraAddresses []string
}

// MlUpdate changes the account of a mailing list; nil leaves as it is.
type MlUpdate struct {
	Name           *string
	Active         *bool
	AccessPolicy   *string
	Newsletter     *bool
	Description    *string
	MaxMessageSize *int64
	Owners         *[]string
	Moderators     *[]string
	ExtraAddresses *[]string
}

// MlTransport is the Postfix transport of a mailing list: mlmmj:domain/local part.
func MlTransport(mail string) string {
	local, domain := SplitAddress(mail)
	return "mlmmj:" + domain + "/" + local
}
