// Package server builds the HTTP handler: middleware order, routes, operations.
//
// A request passes edge.Identify, edge.Head and edge.Legacy in front of the router, which find out from where it came and by which
// surface. Behind the router come the stages in the order of (*Server).operations: the operation is matched, the caller
// authenticated and authorised, the body read into one JSON document and validated, and its parameters authorised. Then the handler
// of package api runs. Whatever fails on the way is written by package reply.
//
// New fails when the routes and the contract disagree, or when an operation does not say who may call it.
package server
