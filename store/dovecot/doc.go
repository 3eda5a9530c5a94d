// Package dovecot has a running Dovecot forget who may no longer read mail.
//
// Its Follower calls doveadm after an account was disabled, deleted, renamed or given another password: it ends the running sessions
// (doveadm-kick(1)) and drops the remembered password (doveadm-auth(1), auth cache flush). It never fails a change.
package dovecot
