// Package mlmmj keeps the settings and subscribers of mailing lists where mlmmj reads them. Spool works on mlmmj's
// directory itself, Daemon asks the daemon mlmmjadmin to; both leave the same files behind.
//
// A list is a directory below the spool: control/ has one file for each setting (TUNABLES of mlmmj says what each means), and
// subscribers.d/, digesters.d/ and nomailsubs.d/ the subscribers, one file for each first letter. A list that is being made bears a mark
// until all of it is there, so that a repeat finishes it. Everything belongs to the owner of the spool, and no link leads out of it.
package mlmmj
