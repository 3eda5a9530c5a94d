// Package servertest runs a whole server over real stores for the tests of HTTP. The packages below it each answer one question:
// surface (what a request and its reply look like), access (who may do what), parameters (what each parameter does), oracles
// (what Postfix, Dovecot, Amavisd and mlmmj make of it), engines (whether all engines answer alike) and faults (what happens
// when something fails, is late or comes in masses).
//
// The map of the tests in CONTRIBUTING.md says how to run one.
package servertest
