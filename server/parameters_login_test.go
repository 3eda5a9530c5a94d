package server_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// logInAs is what whoami says after a log-in with the values, "" when nobody is logged in, and the last line of the
// panel's log.
func (v session) logInAs(values body) (name string, logged any) {
	v.w.t.Helper()
	anonymous := session{client: &client{w: v.w, prefix: v.prefix}, forms: v.forms}
	anonymous.cookie = anonymous.write("POST", "/api/login", values).cookie()
	if anonymous.cookie != nil {
		name = textAt(anonymous.show("/api/whoami"), "username")
	}
	lines, err := v.w.panel.Reader().Records(v.w.t.Context(), "SELECT admin FROM log WHERE event = 'login' ORDER BY id DESC")
	require.NoError(v.w.t, err)
	return name, valuesOf(lines[0])
}

// There is nothing to clear: an empty name or password is an error.
var loginCases = []effectCase{
	{"POST /api/login", "username", func(t *testing.T, v session) {
		for _, mail := range []string{"ada@admins.test", "max@admins.test"} {
			name, logged := v.logInAs(body{"username": mail, "password": password})
			require.Equal(t, mail, name)
			require.Equal(t, mail, logged)
		}
		name, logged := v.logInAs(body{"username": "", "password": password})
		require.Empty(t, name)
		require.Equal(t, "max@admins.test", logged, "a refused log-in is none")
	}},
	{"POST /api/login", "password", func(t *testing.T, v session) {
		requireDone(t, v.write("PUT", "/api/admin/ada@admins.test", body{"password": onePassword}))
		for given, want := range map[string]string{onePassword: "ada@admins.test", anotherPassword: "", "": ""} {
			name, _ := v.logInAs(body{"username": "ada@admins.test", "password": given})
			require.Equal(t, want, name)
		}
	}},
}

var verificationCases = []effectCase{
	verification("admin", "ada@admins.test", "anna@example.com"),
	verification("user", "anna@example.com", "ada@admins.test"),
}

// verification proves that a password is compared and nothing else happens. The other account is of another sort.
func verification(noun, mail, other string) effectCase {
	path := "/api/verify_password/" + noun + "/"
	return effectCase{"POST " + path + "<mail>", "password", func(t *testing.T, v session) {
		requireDone(t, v.write("PUT", "/api/"+noun+"/"+mail, body{"password": onePassword}))
		before := dump(t, v.w)
		for _, x := range []struct {
			name, mail, password, msg, field string
			status                           int
		}{
			{"right", mail, onePassword, "", "", 200},
			{"blanks around it", mail, " " + onePassword + " ", "", "", 200},
			{"the one before", mail, password, "INVALID_CREDENTIALS", "password", 422},
			{"another case", mail, "blue-sky-42", "INVALID_CREDENTIALS", "password", 422},
			{"missing account", "nobody@example.com", onePassword, "NO_SUCH_ACCOUNT", "mail", 404},
			{"account of another sort", other, password, "NO_SUCH_ACCOUNT", "mail", 404},
			{"empty", mail, "", "EMPTY_PASSWORD", "password", 400},
		} {
			a := v.write("POST", path+x.mail, body{"password": x.password})
			require.Equal(t, x.msg, a.msg(), x.name)
			require.Equal(t, x.field, a.field(), x.name)
			require.Equal(t, v.status(x.status), a.status, x.name)
		}
		require.Equal(t, before, dump(t, v.w), "to compare changes nothing")
	}}
}
