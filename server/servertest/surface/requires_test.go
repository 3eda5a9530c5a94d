package surface_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	specs "github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/server/servertest"
	"github.com/postern-mail/postern/store/change"
	"github.com/postern-mail/postern/store/policystore"
)

// TestRequires calls every operation on an installation that lacks all that x-requires may name: those that require something say
// what is missing, on both surfaces, and all others work.
func TestRequires(t *testing.T) {
	w := castOfNothing(t)
	root := w.Root()
	all, err := specs.Load(servertest.Contract)
	require.NoError(t, err)
	stated := map[string]*specs.Operation{}
	for _, op := range all {
		stated[op.ID] = op
	}
	missing := map[specs.Need]int{}
	for _, op := range servertest.Operations(servertest.Contract) {
		if op.OperationID == "logout" || servertest.Lateness(op) > 1 && len(stated[op.OperationID].Requires) == 0 {
			continue // what takes away what others need
		}
		for _, c := range []*servertest.Client{root, root.Legacy()} {
			a := op.Call(c, op.Targets()[0])
			status, msg := a.Status, ""
			for _, need := range stated[op.OperationID].Requires {
				missing[need]++
				status, msg = http.StatusServiceUnavailable, "NOT_CONFIGURED"
				if need == specs.NeedDirectory {
					status, msg = http.StatusNotImplemented, "NOT_SUPPORTED_BY_BACKEND"
				}
				if c.Prefix != "" && need == specs.NeedDirectory {
					status = http.StatusOK
				}
			}
			if msg == "" {
				require.NotContains(t, []string{"NOT_CONFIGURED", "NOT_SUPPORTED_BY_BACKEND"}, a.Msg(), "%s: %s", op.OperationID, a.Raw)
				continue
			}
			require.Equal(t, msg, a.Msg(), "%s: %s", op.OperationID, a.Raw)
			require.Equal(t, status, a.Status, "%s: %s", op.OperationID, a.Raw)
		}
	}
	require.Len(t, missing, 4, "each need is named by an operation")
}

// castOfNothing is the cast on a server over SQL without mailing lists, Amavisd's and iRedAPD's databases.
func castOfNothing(t *testing.T) *servertest.Fixture {
	t.Helper()
	w, _ := servertest.RolesFixture(t)
	w.Deps.MailingLists = nil
	w.Deps.Policies = change.NewPolicies(policystore.New(nil, nil, policystore.DefaultOptions()), w.Changes)
	w.Serve()
	return w
}
