package access_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"

	"github.com/oapi-codegen/nullable"
	"github.com/stretchr/testify/require"

	postern "github.com/postern-mail/postern/clients/go"
	"github.com/postern-mail/postern/server/servertest"
)

// TestGoClient takes the generated client through the life of a mailbox, over a real connection.
func TestGoClient(t *testing.T) {
	s := httptest.NewServer(servertest.NewFixture(t).Handler)
	t.Cleanup(s.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	c, err := postern.NewClientWithResponses(s.URL, postern.WithHTTPClient(&http.Client{Jar: jar}))
	require.NoError(t, err)
	ctx := t.Context()

	denied, err := c.WhoamiWithResponse(ctx)
	require.NoError(t, err)
	require.Equal(t, "LOGIN_REQUIRED", denied.JSONDefault.Msg)

	login, err := c.LoginWithResponse(ctx, postern.LoginJSONRequestBody{Username: servertest.RootMail, Password: servertest.Password})
	require.NoError(t, err)
	require.True(t, login.JSON200.Success)
	name, quota, mail := "Example", int64(100), "anna@example.com"
	domain, err := c.CreateDomainWithResponse(ctx, "example.com", postern.CreateDomainJSONRequestBody{
		Name: &name, Quota: &quota, Language: nullable.NewNullableWithValue(postern.Language("de_DE")),
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, domain.StatusCode(), string(domain.Body))
	secret := servertest.Password
	user, err := c.CreateUserWithResponse(ctx, mail, postern.CreateUserJSONRequestBody{Password: &secret})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, user.StatusCode(), string(user.Body))

	forward := []string{"anna@elsewhere.test"}
	change, err := c.UpdateUserWithResponse(ctx, mail, postern.UpdateUserJSONRequestBody{AddForwarding: &forward})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, change.StatusCode(), string(change.Body))
	read, err := c.GetUserWithResponse(ctx, mail, nil)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{mail, "anna@elsewhere.test"}, read.JSON200.Data.Forwarding)
	require.Equal(t, mail, read.JSON200.Data.Mail)

	gone, err := c.DeleteUserKeepMailboxWithResponse(ctx, mail, 30)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, gone.StatusCode())
	missing, err := c.GetUserWithResponse(ctx, mail, nil)
	require.NoError(t, err)
	require.Equal(t, "NO_SUCH_ACCOUNT", missing.JSONDefault.Msg)
}
