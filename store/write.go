package store

import (
	"encoding/json"
	"log/slog"
)

// Actor is who writes. An actor that is not global is held by caps: its own, or those of the admins of the domain.
type Actor struct {
	Username string // "" is the program itself
	IP       string // of the client, "" when there is none
	Global   bool   // has no caps
	API      bool   // came in through the API rather than the command line
}

// OnMissing says what a write does with an item of a list that cannot be taken: a member or a forwarding destination
// under a hosted domain that does not exist, a name that is in use, a service that nobody knows.
type OnMissing int

// The ways to treat an item that cannot be taken.
const (
	Refuse OnMissing = iota // fail, nothing written
	Drop                    // leave it out and name it in Change.Discarded; a replacing list of which nothing is left fails
)

// Write is what every write takes beside its subject.
type Write struct {
	Actor     Actor
	OnMissing OnMissing
	// If is the version (Change.Before.Version) that the account must still have, or "". It is checked where
	// the write happens; another version fails with PRECONDITION_FAILED.
	If string
	// DryRun stops after the plan: the Change is returned, nothing is written.
	DryRun bool
}

// CheckIf fails with PRECONDITION_FAILED when what a change found (Change.Before) is not what the caller has read.
func (w Write) CheckIf(c Change) error {
	if w.If == "" || w.If == c.Before.Version() {
		return nil
	}
	what := c.Name
	if c.Noun.isPolicy() {
		what = "The setting of " + c.Name
	}
	return Fail(PreconditionFailed, CodePreconditionFailed, "%s has changed since it was read.", what)
}

// Secret is text that must never be shown: it prints and encodes as a fixed word. Reveal returns it.
type Secret string

const hidden = "[hidden]"

// Reveal returns the secret text.
func (s Secret) Reveal() string { return string(s) }

// String hides the secret.
func (Secret) String() string { return hidden }

// GoString hides the secret.
func (Secret) GoString() string { return hidden }

// MarshalJSON hides the secret.
func (Secret) MarshalJSON() ([]byte, error) { return json.Marshal(hidden) }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
