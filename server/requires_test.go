package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	specs "github.com/postern-mail/postern/server/contract"
	"github.com/postern-mail/postern/store/change"
	"github.com/postern-mail/postern/store/policystore"
)

// TestRequires calls every operation on an installation that lacks all that x-requires may name: those that require something say
// what is missing, on both surfaces, and all others work.
func TestRequires(t *testing.T) {
	w := castOfNothing(t)
	root := w.root()
	all, err := specs.Load(contract)
	require.NoError(t, err)
	stated := map[string]*specs.Operation{}
	for _, op := range all {
		stated[op.ID] = op
	}
	missing := map[specs.Need]int{}
	for _, op := range operations(contract) {
		if op.OperationID == "logout" || lateness(op) > 1 && len(stated[op.OperationID].Requires) == 0 {
			continue // what takes away what others need
		}
		for _, c := range []*client{root, root.legacy()} {
			a := op.call(c, op.targets()[0])
			status, msg := a.status, ""
			for _, need := range stated[op.OperationID].Requires {
				missing[need]++
				status, msg = http.StatusServiceUnavailable, "NOT_CONFIGURED"
				if need == specs.NeedDirectory {
					status, msg = http.StatusNotImplemented, "NOT_SUPPORTED_BY_BACKEND"
				}
				if c.prefix != "" && need == specs.NeedDirectory {
					status = http.StatusOK
				}
			}
			if msg == "" {
				require.NotContains(t, []string{"NOT_CONFIGURED", "NOT_SUPPORTED_BY_BACKEND"}, a.msg(), "%s: %s", op.OperationID, a.raw)
				continue
			}
			require.Equal(t, msg, a.msg(), "%s: %s", op.OperationID, a.raw)
			require.Equal(t, status, a.status, "%s: %s", op.OperationID, a.raw)
		}
	}
	require.Len(t, missing, 4, "each need is named by an operation")
}

// castOfNothing is the cast on a server over SQL without mailing lists, Amavisd's and iRedAPD's databases.
func castOfNothing(t *testing.T) *fixture {
	t.Helper()
	w, _ := rolesFixture(t)
	w.deps.MailingLists = nil
	w.deps.Policies = change.NewPolicies(policystore.New(nil, nil, policystore.DefaultOptions()), w.changes)
	w.serve()
	return w
}
