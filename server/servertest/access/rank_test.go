package access_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// What a domain admin may do with principals, beyond what the matrix of operations says.

func TestAppointing(t *testing.T) {
	base, clients := servertest.RolesFixture(t)
	for _, x := range []struct {
		name, role string
		body       map[string]any
		status     int
	}{
		{"a mailbox of its own domain", "own", map[string]any{"addAdmin": []string{servertest.PlainUser}}, 200},
		{"a mailbox of another domain", "own", map[string]any{"addAdmin": []string{servertest.OtherUser}}, 403},
		{"a standalone admin", "own", map[string]any{"addAdmin": []string{servertest.OtherAdmin}}, 403},
		{"a mailbox that is an admin elsewhere", "own", map[string]any{"addAdmin": []string{servertest.Elsewhere}}, 403},
		{"a mailbox that is a global admin", "own", map[string]any{"addAdmin": []string{servertest.HigherUser}}, 403},
		{"a mailbox that does not exist", "own", map[string]any{"addAdmin": []string{"nobody@own.test"}}, 422},
		{"dismissing itself", "own", map[string]any{"removeAdmin": []string{servertest.OwnAdmin}}, 200},
		{"dismissing an equal", "creator", map[string]any{"removeAdmin": []string{servertest.OwnAdmin}}, 200},
		{"dismissing one that may create domains", "own", map[string]any{"removeAdmin": []string{servertest.Creator}}, 403},
		{"dismissing all where one may create domains", "own", map[string]any{"removeAllAdmins": "yes"}, 403},
		{"one that may create domains leaves", "creator", map[string]any{"removeAdmin": []string{servertest.Creator}}, 403},
		{"dismissing one that manages more", "other", map[string]any{"removeAdmin": []string{servertest.Elsewhere}}, 200},
		{"a global admin appoints a standalone admin", "global", map[string]any{"addAdmin": []string{servertest.OtherAdmin}}, 200},
		{"a global admin appoints a mailbox of anywhere", "global", map[string]any{"addAdmin": []string{servertest.OtherUser}}, 200},
		{"a global admin appoints nobody that is not", "global", map[string]any{"addAdmin": []string{"nobody@nowhere.test"}}, 422},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := servertest.CopyFixture(t, base.Dir)
			before := servertest.Dump(t, w)
			domain := "own.test"
			if x.role == "other" {
				domain = "other.test"
			}
			a := (&servertest.Client{W: w, Cookie: clients[x.role].Cookie}).JSON("PUT", "/api/domain/admins/"+domain, x.body)
			require.Equal(t, x.status, a.Status, a.Raw)
			if x.status != http.StatusOK {
				require.Equal(t, before, servertest.Dump(t, w), "nothing was written")
			}
		})
	}
	t.Run("dismissing one that manages more than oneself", func(t *testing.T) {
		w := servertest.CopyFixture(t, base.Dir)
		root := &servertest.Client{W: w, Cookie: clients["global"].Cookie}
		root.Must(http.StatusOK, "PUT", "/api/domain/admins/own.test", map[string]any{"addAdmin": []string{servertest.Elsewhere}})
		own := &servertest.Client{W: w, Cookie: clients["own"].Cookie}
		require.Equal(t, http.StatusForbidden, own.JSON("PUT", "/api/domain/admins/own.test", map[string]any{"removeAdmin": []string{servertest.Elsewhere}}).Status)
		require.Equal(t, http.StatusForbidden, own.JSON("PUT", "/api/domain/admins/own.test", map[string]any{"removeAllAdmins": "yes"}).Status)
	})
}

func TestWhoIsAboveIsNotSeen(t *testing.T) {
	_, clients := servertest.RolesFixture(t)
	const path = "/api/users/own.test"
	require.Equal(t, []any{servertest.PlainUser}, clients["own"].Get(path+"?email_only=yes").List())
	require.Len(t, clients["own"].Get(path).List(), 1)
	require.Equal(t, []any{servertest.PlainUser, servertest.HigherUser, servertest.Elsewhere}, clients["global"].Get(path+"?email_only=yes").List())
}

func TestBulkChangesSpareWhoIsAbove(t *testing.T) {
	w, clients := servertest.RolesFixture(t)
	a := clients["own"].JSON("PUT", "/api/users/own.test", map[string]any{"password": "Summer-1959-sun"})
	require.Equal(t, http.StatusOK, a.Status, a.Raw)
	require.ElementsMatch(t, []any{servertest.HigherUser, servertest.Elsewhere}, a.Body["_discarded"])
	root := w.Root()
	for mail, changed := range map[string]bool{servertest.PlainUser: true, servertest.HigherUser: false, servertest.Elsewhere: false} {
		answer := root.JSON("POST", "/api/verify_password/user/"+mail, map[string]any{"password": "Summer-1959-sun"})
		require.Equal(t, changed, answer.OK(), "%s: %s", mail, answer.Raw)
	}
}

func TestDomainCreators(t *testing.T) {
	w, clients := servertest.RolesFixture(t)
	c := clients["creator"]
	c.Must(http.StatusCreated, "POST", "/api/domain/mine.test", map[string]any{"numberOfUsers": 5})
	require.Equal(t, []any{servertest.Creator}, c.Get("/api/domain/mine.test").Data()["admins"], "who makes a domain manages it")
	c.MustUser("anna@mine.test", nil)
	require.Equal(t, http.StatusForbidden, c.JSON("PUT", "/api/domain/mine.test", map[string]any{"numberOfUsers": 50}).Status, "limits are set once")
	require.Equal(t, http.StatusForbidden, c.Delete("/api/domain/mine.test/keep_mailbox_days/366").Status)
	require.Equal(t, http.StatusForbidden, c.Delete("/api/domain/own.test").Status, "it holds mailboxes of higher rank")
	require.Equal(t, http.StatusForbidden, clients["own"].Delete("/api/domain/own.test").Status, "only creators remove domains")
	require.Equal(t, http.StatusOK, c.Delete("/api/domain/mine.test/keep_mailbox_days/365").Status)
	require.Equal(t, http.StatusNotFound, w.Root().Get("/api/domain/mine.test").Status)
}

func TestOwnMailboxIsNeverAbove(t *testing.T) {
	w, clients := servertest.RolesFixture(t)
	root := clients["global"]
	root.Must(http.StatusOK, "PUT", "/api/domain/admins/own.test", map[string]any{"addAdmin": []string{servertest.PlainUser}})
	anna := w.As(servertest.PlainUser, servertest.Password)
	require.Equal(t, http.StatusOK, anna.Get("/api/user/"+servertest.PlainUser).Status)
	require.Equal(t, http.StatusForbidden, anna.Get("/api/user/"+servertest.Elsewhere).Status)
	require.Equal(t, http.StatusOK, anna.JSON("PUT", "/api/user/"+servertest.PlainUser, map[string]any{"name": "Anna"}).Status)
	require.Equal(t, http.StatusForbidden, anna.JSON("PUT", "/api/user/"+servertest.PlainUser, map[string]any{"isGlobalAdmin": "yes"}).Status, "nobody promotes itself")
}
