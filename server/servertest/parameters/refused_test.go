package parameters_test

import (
	"net/http"
	"testing"

	"github.com/postern-mail/postern/server/servertest"
)

func TestRefusedParameters(t *testing.T) {
	base := parameterFixture(t)
	root := base.Root()
	root.Must(http.StatusOK, "PUT", servertest.AnnaUser, servertest.Body{"aliases": servertest.List{"info@example.com"}})
	for _, group := range [][]servertest.Refusal{servertest.Malformed, servertest.OverLong, servertest.Taken, servertest.Pointless, servertest.ForbiddenStates} {
		for _, x := range group {
			bothSurfaces(t, base, x.Method+" "+x.Path+" "+x.Name, x.Play)
		}
	}
}

// TestParametersBeyondTheRights calls as an admin of example.com, who manages nothing else.
func TestParametersBeyondTheRights(t *testing.T) {
	base := parameterFixture(t)
	base.Root().Must(http.StatusOK, "PUT", "/api/domain/admins/example.com", servertest.Body{"addAdmin": servertest.List{"ada@admins.test"}})
	cookie := base.As("ada@admins.test", servertest.Password).Cookie
	for _, x := range []servertest.Refusal{
		{Name: "path", Method: "PUT", Path: servertest.AnnaUser, Given: servertest.Body{"maildir": "/srv/mail/by/anna"}, Status: 403, Msg: "PERMISSION_DENIED", Field: "maildir", Discarded: nil},
		{Name: "path", Method: "POST", Path: "/api/user/new@example.com", Given: servertest.Body{"password": servertest.Password, "maildir": "/srv/mail/by/new"}, Status: 403,
			Msg: "PERMISSION_DENIED", Field: "maildir", Discarded: nil},
		{Name: "global rights", Method: "PUT", Path: servertest.AnnaUser, Given: servertest.Body{"isGlobalAdmin": "yes"}, Status: 403, Msg: "PERMISSION_DENIED", Field: "isGlobalAdmin", Discarded: nil},
		{Name: "quota of the domain", Method: "PUT", Path: servertest.ExampleDomain, Given: servertest.Body{"quota": 10, "name": "x"}, Status: 403, Msg: "PERMISSION_DENIED", Field: "quota", Discarded: nil},
		{Name: "into another's domain", Method: "POST", Path: servertest.AnnaUser + "/change_email/anna@other.test", Given: nil, Status: 403, Msg: "PERMISSION_DENIED", Field: "", Discarded: nil},
		{Name: "out of another's domain", Method: "POST", Path: "/api/user/zoe@other.test/change_email/zoe@example.com", Given: nil, Status: 403,
			Msg: "PERMISSION_DENIED", Field: "", Discarded: nil},
		{Name: "alias into another's domain", Method: "POST", Path: servertest.SalesAlias + "/change_email/sales@other.test", Given: nil, Status: 403, Msg: "PERMISSION_DENIED", Field: "",
			Discarded: nil},
		{Name: "another's mailboxes", Method: "PUT", Path: "/api/users/other.test", Given: servertest.Body{"language": "de_DE"}, Status: 403, Msg: "PERMISSION_DENIED", Field: "", Discarded: nil},
		{Name: "another's mailbox as admin", Method: "PUT", Path: "/api/domain/admins/example.com", Given: servertest.Body{"addAdmin": servertest.List{"zoe@other.test"}}, Status: 403,
			Msg:   "PERMISSION_DENIED",
			Field: "addAdmin", Discarded: nil},
		{Name: "password of an admin", Method: "POST", Path: "/api/verify_password/user/anna@example.com", Given: servertest.Body{"password": servertest.Password}, Status: 403,
			Msg: "PERMISSION_DENIED", Field: "", Discarded: nil},
	} {
		bothSurfaces(t, base, x.Method+" "+x.Path+" "+x.Name, func(t *testing.T, v servertest.Session) {
			v.Cookie = cookie
			x.Play(t, v)
		})
	}
}
