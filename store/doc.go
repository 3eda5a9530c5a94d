// Package store says what Postern keeps: the nouns of a mail server, the rules that hold for them on every
// backend, and the contracts that the engines fulfil.
//
// The contracts are comments on small interfaces; store/storetest proves them on every engine. An engine returns
// only *Error or a wrapped cause: whatever is no *Error is trouble on our side.
//
// Every address and domain name that is handed to a contract is in lower case and valid; Normalise* does that.
package store
