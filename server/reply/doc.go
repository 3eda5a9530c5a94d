// Package reply is the envelope of every answer, and the one place where an error becomes a status.
//
// Errors.Write takes any error: one of store, one of this package, or a cause that is trouble on our side. The kind of a store.Error
// decides the status of the strict surface; the legacy one answers 200 to what a program may get wrong. Causes go to the log under the
// request id, never to the client.
package reply
