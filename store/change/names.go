package change

import (
	"context"

	"github.com/postern-mail/postern/store"
)

type namesFollower struct {
	marks store.NameMarks
	codes store.ProofCodes
}

// ForgetNames returns the follower that removes what is known about the proof of the names of a deleted domain: its own and
// those of its alias domains. What an admin has proven stays, for it spares that admin a new proof for some time.
func ForgetNames(marks store.NameMarks, codes store.ProofCodes) Follower {
	return namesFollower{marks, codes}
}

// Name implements Follower.
func (namesFollower) Name() string { return "names" }

func (namesFollower) cleans() {}

// Follow implements Follower.
func (f namesFollower) Follow(ctx context.Context, _ store.Actor, c store.Change) error {
	if c.Noun != store.NounDomain || c.Action != store.ActionDelete {
		return nil
	}
	if err := f.codes.ForgetProofCodes(ctx, "", c.Name); err != nil {
		return err
	}
	return f.marks.UnmarkDomain(ctx, c.Name)
}
