package parameters_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/servertest"
)

// There is nothing to clear: an empty name or password is an error.
var loginCases = []servertest.EffectCase{
	{Operation: "POST /api/login", Parameter: "username", Run: func(t *testing.T, v servertest.Session) {
		for _, mail := range []string{"ada@admins.test", "max@admins.test"} {
			name, logged := v.LogInAs(servertest.Body{"username": mail, "password": servertest.Password})
			require.Equal(t, mail, name)
			require.Equal(t, mail, logged)
		}
		name, logged := v.LogInAs(servertest.Body{"username": "", "password": servertest.Password})
		require.Empty(t, name)
		require.Equal(t, "max@admins.test", logged, "a refused log-in is none")
	}},
	{Operation: "POST /api/login", Parameter: "password", Run: func(t *testing.T, v servertest.Session) {
		servertest.RequireDone(t, v.Write("PUT", "/api/admin/ada@admins.test", servertest.Body{"password": servertest.OnePassword}))
		for given, want := range map[string]string{servertest.OnePassword: "ada@admins.test", servertest.AnotherPassword: "", "": ""} {
			name, _ := v.LogInAs(servertest.Body{"username": "ada@admins.test", "password": given})
			require.Equal(t, want, name)
		}
	}},
}

var verificationCases = []servertest.EffectCase{
	verification("admin", "ada@admins.test", "anna@example.com"),
	verification("user", "anna@example.com", "ada@admins.test"),
}

// verification proves that a password is compared and nothing else happens. The other account is of another sort.
func verification(noun, mail, other string) servertest.EffectCase {
	path := "/api/verify_password/" + noun + "/"
	return servertest.EffectCase{Operation: "POST " + path + "<mail>", Parameter: "password", Run: func(t *testing.T, v servertest.Session) {
		servertest.RequireDone(t, v.Write("PUT", "/api/"+noun+"/"+mail, servertest.Body{"password": servertest.OnePassword}))
		before := servertest.Dump(t, v.W)
		for _, x := range []struct {
			name, mail, password, msg, field string
			status                           int
		}{
			{"right", mail, servertest.OnePassword, "", "", 200},
			{"blanks around it", mail, " " + servertest.OnePassword + " ", "", "", 200},
			{"the one before", mail, servertest.Password, "INVALID_CREDENTIALS", "password", 422},
			{"another case", mail, "blue-sky-42", "INVALID_CREDENTIALS", "password", 422},
			{"missing account", "nobody@example.com", servertest.OnePassword, "NO_SUCH_ACCOUNT", "mail", 404},
			{"account of another sort", other, servertest.Password, "NO_SUCH_ACCOUNT", "mail", 404},
			{"empty", mail, "", "EMPTY_PASSWORD", "password", 400},
		} {
			a := v.Write("POST", path+x.mail, servertest.Body{"password": x.password})
			require.Equal(t, x.msg, a.Msg(), x.name)
			require.Equal(t, x.field, a.Field(), x.name)
			require.Equal(t, v.Status(x.status), a.Status, x.name)
		}
		require.Equal(t, before, servertest.Dump(t, v.W), "to compare changes nothing")
	}}
}
