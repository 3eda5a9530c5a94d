package change_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/change"
	"github.com/postern-mail/postern/store/mlmmj"
	"github.com/postern-mail/postern/store/storetest"
)

// faultyLists goes wrong before or after the mail of an invitation.
type faultyLists struct {
	store.Mlmmj
	before, after error
}

func (f *faultyLists) Invite(ctx context.Context, mail string, kind store.Subscription, addresses []string) error {
	if f.before != nil {
		return f.before
	}
	if err := f.Mlmmj.Invite(ctx, mail, kind, addresses); err != nil {
		return err
	}
	return f.after
}

// inviting is a list, and whoever sends its invitations, with a clock that the test moves.
type inviting struct {
	*post
	sink    *storetest.Sink
	lists   *faultyLists
	inviter *change.Inviter
	mls     *change.MailingLists
	clock   time.Time
}

func newInviting(t *testing.T) *inviting {
	t.Helper()
	p := newPost(t)
	i := &inviting{post: p, sink: storetest.NewSink(t), clock: time.Now()}
	i.lists = &faultyLists{Mlmmj: mlmmj.NewSpool(mlmmj.SpoolConfig{
		Spool: filepath.Join(t.TempDir(), "spool"), Programs: p.lists.Programs, SMTPPort: i.sink.Port,
	})}
	i.inviter = change.NewInviter(p.all(), i.lists, p.state)
	i.inviter.Now = func() time.Time { return i.clock }
	i.mls = change.NewMailingLists(p.all(), i.lists, p.state, i.inviter)
	_, err := i.mls.CreateMailingList(t.Context(), byRoot, store.MailingListCreate{Mail: dev})
	require.NoError(t, err)
	return i
}

// ask has the list ask the addresses.
func (i *inviting) ask(t *testing.T, addresses ...string) {
	t.Helper()
	_, err := i.mls.UpdateMailingList(t.Context(), byRoot, dev, store.MailingListUpdate{
		Subscribe: addresses, Subscription: store.SubscribeNormal, Confirm: true,
	})
	require.NoError(t, err)
}

// send sends what is due, and returns who got a mail.
func (i *inviting) send(t *testing.T) []string {
	t.Helper()
	require.NoError(t, i.inviter.Send(t.Context()))
	var all []string
	for _, m := range i.sink.Taken() {
		all = append(all, m.Recipients...)
	}
	slices.Sort(all)
	return all
}

func TestInvitationsAreRecordedThenSentOnce(t *testing.T) {
	i := newInviting(t)
	i.ask(t, "x@far.test", "y@far.test", "x@far.test")
	require.Empty(t, i.sink.Taken(), "the request itself sends nothing")
	require.Equal(t, []string{"x@far.test", "y@far.test"}, i.send(t))
	i.clock = i.clock.Add(2 * time.Hour)
	require.Empty(t, i.send(t))
	i.ask(t, "x@far.test")
	require.Equal(t, []string{"x@far.test"}, i.send(t), "who is asked anew gets another mail")
}

func TestInvitationsSurviveTheEndOfTheProcess(t *testing.T) {
	died := errors.New("the process ended here")
	t.Run("before the mail", func(t *testing.T) {
		i := newInviting(t)
		i.ask(t, "x@far.test")
		i.lists.before = died
		require.Empty(t, i.send(t))
		i.lists.before = nil
		require.Empty(t, i.send(t), "another process may be at it")
		i.clock = i.clock.Add(time.Minute)
		require.Equal(t, []string{"x@far.test"}, i.send(t))
	})
	t.Run("after the mail", func(t *testing.T) {
		i := newInviting(t)
		i.ask(t, "x@far.test")
		i.lists.after = died
		require.Equal(t, []string{"x@far.test"}, i.send(t))
		i.lists.after = nil
		i.clock = i.clock.Add(time.Minute)
		require.Empty(t, i.send(t), "nobody is asked twice")
		i.clock = i.clock.Add(24 * time.Hour)
		require.Empty(t, i.send(t))
	})
}

func TestInvitationsOfWhatIsGoneAreNotSent(t *testing.T) {
	i := newInviting(t)
	i.ask(t, "x@far.test", "y@far.test")
	_, err := i.mls.UpdateMailingList(t.Context(), byRoot, dev, store.MailingListUpdate{Unsubscribe: []string{"x@far.test"}})
	require.NoError(t, err)
	require.Equal(t, []string{"y@far.test"}, i.send(t), "who is removed is not asked")

	require.NoError(t, i.state.AddInvitations(t.Context(), "gone@example.com", store.SubscribeNormal, []string{"x@far.test"}, i.clock))
	require.Empty(t, i.send(t), "a list that is being made has no account yet")
	i.clock = i.clock.Add(time.Hour)
	require.Empty(t, i.send(t))
	left, err := i.state.TakeInvitations(t.Context(), 9, i.clock.Add(24*time.Hour), func(int) time.Time { return i.clock })
	require.NoError(t, err)
	require.Empty(t, left, "what has no list after a while is forgotten")
}
