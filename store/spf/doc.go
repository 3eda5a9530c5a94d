// Package spf finds the mail servers of domains in the DNS, and has them exempt from greylisting: big providers send again
// from another server, which greylisting would defer for ever.
package spf
