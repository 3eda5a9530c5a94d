package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/sqldb"
)

func TestCheckTellsRestrictions(t *testing.T) {
	without(t)
	dir := t.TempDir()
	_, err := command(t, "admin", "create", "root@elsewhere.test", "--data-dir", dir)
	require.NoError(t, err)
	db, err := sqldb.Open("sqlite://" + filepath.Join(dir, "iredadmin.db"))
	require.NoError(t, err)
	defer db.Close()
	for key, value := range map[string]string{
		"restful_api_clients": `{"value": ["192.0.2.1", "office"]}`, "admin_login_ip_list": `{"value": ["home"]}`,
		"global_admin_ip_list": `{"value": ["192.0.2.1"]}`,
	} {
		require.NoError(t, db.Write(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO settings (account, k, v) VALUES ('global', ?, ?)", key, value)
			return err
		}))
	}
	out, err := command(t, "check", "--data-dir", dir, "--lists", "off")
	require.NoError(t, err, "it is told, and no fault")
	require.Contains(t, out.stdout, "restful_api_clients has elements that let nobody in: office; write addresses")
	require.Contains(t, out.stdout, "admin_login_ip_list has elements that let nobody in: home; write addresses and networks such as 10.0.0.0/8 into it,"+
		" for as it is it lets nobody in")
	require.NotContains(t, out.stdout, "global_admin_ip_list")
	_, err = command(t, "jobs", "run", "sessions-purge", "--data-dir", dir)
	require.NoError(t, err, "commands on the host always work")
}
