package server

// NewFor is New for a contract of the caller's.
var NewFor = newServer
