package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a domain admin may do with principals, beyond what the matrix of operations says.

func TestAppointing(t *testing.T) {
	base, clients := rolesFixture(t)
	for _, x := range []struct {
		name, role string
		body       map[string]any
		status     int
	}{
		{"a mailbox of its own domain", "own", map[string]any{"addAdmin": []string{plainUser}}, 200},
		{"a mailbox of another domain", "own", map[string]any{"addAdmin": []string{otherUser}}, 403},
		{"a standalone admin", "own", map[string]any{"addAdmin": []string{otherAdmin}}, 403},
		{"a mailbox that is an admin elsewhere", "own", map[string]any{"addAdmin": []string{elsewhere}}, 403},
		{"a mailbox that is a global admin", "own", map[string]any{"addAdmin": []string{higherUser}}, 403},
		{"a mailbox that does not exist", "own", map[string]any{"addAdmin": []string{"nobody@own.test"}}, 422},
		{"dismissing itself", "own", map[string]any{"removeAdmin": []string{ownAdmin}}, 200},
		{"dismissing an equal", "creator", map[string]any{"removeAdmin": []string{ownAdmin}}, 200},
		{"dismissing one that may create domains", "own", map[string]any{"removeAdmin": []string{creator}}, 403},
		{"dismissing all where one may create domains", "own", map[string]any{"removeAllAdmins": "yes"}, 403},
		{"one that may create domains leaves", "creator", map[string]any{"removeAdmin": []string{creator}}, 403},
		{"dismissing one that manages more", "other", map[string]any{"removeAdmin": []string{elsewhere}}, 200},
		{"a global admin appoints a standalone admin", "global", map[string]any{"addAdmin": []string{otherAdmin}}, 200},
		{"a global admin appoints a mailbox of anywhere", "global", map[string]any{"addAdmin": []string{otherUser}}, 200},
		{"a global admin appoints nobody that is not", "global", map[string]any{"addAdmin": []string{"nobody@nowhere.test"}}, 422},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := copyFixture(t, base.dir)
			before := dump(t, w)
			domain := "own.test"
			if x.role == "other" {
				domain = "other.test"
			}
			a := (&client{w: w, cookie: clients[x.role].cookie}).json("PUT", "/api/domain/admins/"+domain, x.body)
			require.Equal(t, x.status, a.status, a.raw)
			if x.status != http.StatusOK {
				require.Equal(t, before, dump(t, w), "nothing was written")
			}
		})
	}
	t.Run("dismissing one that manages more than oneself", func(t *testing.T) {
		w := copyFixture(t, base.dir)
		root := &client{w: w, cookie: clients["global"].cookie}
		root.must(http.StatusOK, "PUT", "/api/domain/admins/own.test", map[string]any{"addAdmin": []string{elsewhere}})
		own := &client{w: w, cookie: clients["own"].cookie}
		require.Equal(t, http.StatusForbidden, own.json("PUT", "/api/domain/admins/own.test", map[string]any{"removeAdmin": []string{elsewhere}}).status)
		require.Equal(t, http.StatusForbidden, own.json("PUT", "/api/domain/admins/own.test", map[string]any{"removeAllAdmins": "yes"}).status)
	})
}

func TestWhoIsAboveIsNotSeen(t *testing.T) {
	_, clients := rolesFixture(t)
	const path = "/api/users/own.test"
	require.Equal(t, []any{plainUser}, clients["own"].get(path+"?email_only=yes").list())
	require.Len(t, clients["own"].get(path).list(), 1)
	require.Equal(t, []any{plainUser, higherUser, elsewhere}, clients["global"].get(path+"?email_only=yes").list())
}

func TestBulkChangesSpareWhoIsAbove(t *testing.T) {
	w, clients := rolesFixture(t)
	a := clients["own"].json("PUT", "/api/users/own.test", map[string]any{"password": "Summer-1959-sun"})
	require.Equal(t, http.StatusOK, a.status, a.raw)
	require.ElementsMatch(t, []any{higherUser, elsewhere}, a.body["_discarded"])
	root := w.root()
	for mail, changed := range map[string]bool{plainUser: true, higherUser: false, elsewhere: false} {
		answer := root.json("POST", "/api/verify_password/user/"+mail, map[string]any{"password": "Summer-1959-sun"})
		require.Equal(t, changed, answer.ok(), "%s: %s", mail, answer.raw)
	}
}

func TestDomainCreators(t *testing.T) {
	w, clients := rolesFixture(t)
	c := clients["creator"]
	c.must(http.StatusCreated, "POST", "/api/domain/mine.test", map[string]any{"numberOfUsers": 5})
	require.Equal(t, []any{creator}, c.get("/api/domain/mine.test").data()["admins"], "who makes a domain manages it")
	c.mustUser("anna@mine.test", nil)
	require.Equal(t, http.StatusForbidden, c.json("PUT", "/api/domain/mine.test", map[string]any{"numberOfUsers": 50}).status, "limits are set once")
	require.Equal(t, http.StatusForbidden, c.delete("/api/domain/mine.test/keep_mailbox_days/366").status)
	require.Equal(t, http.StatusForbidden, c.delete("/api/domain/own.test").status, "it holds mailboxes of higher rank")
	require.Equal(t, http.StatusForbidden, clients["own"].delete("/api/domain/own.test").status, "only creators remove domains")
	require.Equal(t, http.StatusOK, c.delete("/api/domain/mine.test/keep_mailbox_days/365").status)
	require.Equal(t, http.StatusNotFound, w.root().get("/api/domain/mine.test").status)
}

func TestOwnMailboxIsNeverAbove(t *testing.T) {
	w, clients := rolesFixture(t)
	root := clients["global"]
	root.must(http.StatusOK, "PUT", "/api/domain/admins/own.test", map[string]any{"addAdmin": []string{plainUser}})
	anna := w.as(plainUser, password)
	require.Equal(t, http.StatusOK, anna.get("/api/user/"+plainUser).status)
	require.Equal(t, http.StatusForbidden, anna.get("/api/user/"+elsewhere).status)
	require.Equal(t, http.StatusOK, anna.json("PUT", "/api/user/"+plainUser, map[string]any{"name": "Anna"}).status)
	require.Equal(t, http.StatusForbidden, anna.json("PUT", "/api/user/"+plainUser, map[string]any{"isGlobalAdmin": "yes"}).status, "nobody promotes itself")
}
