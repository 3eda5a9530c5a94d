package servertest

import (
	"github.com/stretchr/testify/require"
)

// LogInAs is what whoami says after a log-in with the values, "" when nobody is logged in, and the last line of the
// panel's log.
func (v Session) LogInAs(values Body) (name string, logged any) {
	v.W.T.Helper()
	anonymous := Session{Client: &Client{W: v.W, Prefix: v.Prefix}, Forms: v.Forms}
	anonymous.Cookie = anonymous.Write("POST", "/api/login", values).Cookie()
	if anonymous.Cookie != nil {
		name = TextAt(anonymous.Show("/api/whoami"), "username")
	}
	lines, err := v.W.Panel.Reader().Records(v.W.T.Context(), "SELECT admin FROM log WHERE event = 'login' ORDER BY id DESC")
	require.NoError(v.W.T, err)
	return name, valuesOf(lines[0])
}
