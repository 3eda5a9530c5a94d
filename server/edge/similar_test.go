package edge

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/server/contract"
)

func TestMostSimilar(t *testing.T) {
	known := map[string]*contract.Parameter{}
	for _, name := range []string{"quota", "name", "aliases", "addAlias", "accountStatus", "password", "password_hash"} {
		known[name] = &contract.Parameter{Name: name}
	}
	for misspelt, want := range map[string]string{
		"qouta": "quota", "Quota": "quota", "quotas": "quota", "alises": "aliases", "accountstatus": "accountStatus", "passwd": "password",
		"nam": "name", "x": "", "": "", "moderators": "", "foo": "",
	} {
		require.Equal(t, want, mostSimilar(misspelt, known), misspelt)
	}
}
