package hashing

import "syscall"

// standBack makes the thread give way to those that answer requests. On Linux a priority belongs to a thread. Where it
// cannot be set, nothing is lost but time.
func standBack() {
	const niceness = 5
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness)
}
