package hashing

import (
	"runtime"
	"sync"
)

// cores is how many passwords are computed at a time. The scheduler of Go gives who computes ten milliseconds before it lets
// another have the core, so that a request beside two of them would wait twenty. With twice as many threads it is the
// kernel that divides the cores, and there those that compute stand back (see standBack).
var cores = sync.OnceValue(func() int {
	n := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(2 * n)
	return n
})

// work is what the threads that compute are given.
var work = sync.OnceValue(func() chan<- func() {
	jobs := make(chan func())
	for range cores() {
		go func() {
			runtime.LockOSThread() // for good: nobody else is to have a thread that stands back
			standBack()
			for job := range jobs {
				job()
			}
		}()
	}
	return jobs
})

// compute has a thread call f, and returns after it. A panic of f is one of the caller.
func compute(f func()) {
	done := make(chan any, 1)
	work() <- func() {
		defer func() { done <- recover() }()
		f()
	}
	if cause := <-done; cause != nil {
		panic(cause)
	}
}
