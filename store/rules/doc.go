// Package rules is what every engine of accounts decides alike. Its functions are pure: they get what was read and what is
// asked for, and return what is to be, or why it may not be.
package rules
