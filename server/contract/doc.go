// Package contract is all that the specification says, read once: the operations, who may call them, their parameters, and what
// the keys that begin with x- mean. The introduction of openapi.yaml explains each of these keys.
package contract
