// Package api is what each operation of the contract does. A handler maps the request to the store's terms, makes one
// call, and maps the answer back; who may call it and whether the request is well-formed has been decided before.
package api
