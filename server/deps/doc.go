// Package deps is what the server is given: the stores that it works on, and how it behaves. The program fills one value, and every
// part of the server takes from it what it needs.
package deps
