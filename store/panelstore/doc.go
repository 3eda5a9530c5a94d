// Package panelstore writes to and reads from iRedAdmin's own database (named iredadmin).
//
// Store is the panel's log and its settings, those of passwords and of who may connect. Mailboxes is what iRedMail keeps in SQL beside a
// directory: how full mailboxes are, when somebody last logged in, and which deleted ones may go from disk. ProofCodes are the TXT
// records by which names are proven, shared with the panel where its table is there.
package panelstore
