// Package turns has writers wait for each other.
package turns
