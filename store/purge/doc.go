// Package purge removes the files of deleted mailboxes from disk once their day has come.
//
// A mistake here loses mail, so whatever is not certain stays: a path is removed only when it bears the time that iRedMail
// puts at the end of a mailbox's path, lies deep enough below a storage, is reached without a link, belongs to the owner of
// the storage, and no mailbox has its files at, above or below it. iRedMail's own tools/delete_mailboxes.py looks at the time
// and the owner alone, and forgets mailboxes whose directory is absent, as all are while a storage is not mounted.
package purge
