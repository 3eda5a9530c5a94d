package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

func TestBackupMX(t *testing.T) {
	for name, c := range map[string]struct {
		change rules.BackupMX
		field  string
	}{
		"an alias domain here":                     {rules.BackupMX{Added: true, Aliases: true}, ""},
		"a backup MX without any":                  {rules.BackupMX{Is: true}, ""},
		"a domain with one becomes a backup MX":    {rules.BackupMX{Is: true, Aliases: true}, "is_backupmx"},
		"one comes to a backup MX":                 {rules.BackupMX{Was: true, Is: true, Added: true, Aliases: true}, "addAliasDomain"},
		"both at once":                             {rules.BackupMX{Is: true, Added: true, Aliases: true}, "is_backupmx"},
		"one comes to what ceases to be backup MX": {rules.BackupMX{Was: true, Added: true, Aliases: true}, ""},
		"it is so already":                         {rules.BackupMX{Was: true, Is: true, Aliases: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.change.Field = "addAliasDomain"
			err := c.change.Check()
			if c.field == "" {
				require.NoError(t, err)
				return
			}
			var e *store.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, store.CodeBackupMXAliasDomain, e.Code)
			require.Equal(t, store.Conflict, e.Kind)
			require.Equal(t, c.field, e.Field)
		})
	}
}
