package ldapstore

import "context"

// Wrap is how errors of the library are told.
var Wrap = wrap

// Cut has fn asked before each step of every write, by what the step does. An error of fn ends the write there, as a crash
// would; nil lets writes be whole again.
func (s *Store) Cut(fn func(about string) error) {
	if fn == nil {
		s.cut = nil
		return
	}
	s.cut = func(step step) error { return fn(step.about) }
}

// Steps runs a write and returns what its steps were.
func (s *Store) Steps(ctx context.Context, write func(ctx context.Context) error) []string {
	var steps []string
	s.plans = func(p *plan) {
		steps = nil
		for _, step := range p.steps {
			steps = append(steps, step.about)
		}
	}
	defer func() { s.plans = nil }()
	_ = write(ctx)
	return steps
}

// Entries runs a read and returns how many entries the server sent for it.
func (s *Store) Entries(read func()) int {
	n := 0
	s.received = func(entries int) { n += entries }
	defer func() { s.received = nil }()
	read()
	return n
}

// Answers runs a read and returns how many answers with entries, or parts of one, the server sent for it.
func (s *Store) Answers(read func()) int {
	n := 0
	s.received = func(int) { n++ }
	defer func() { s.received = nil }()
	read()
	return n
}

// OnAnswer has fn run after each answer of the server during a read.
func (s *Store) OnAnswer(fn, read func()) {
	s.received = func(int) { fn() }
	defer func() { s.received = nil }()
	read()
}

// LookUp has reports look up no more than so many mailboxes by their addresses.
func (s *Store) LookUp(most int) { s.lookups = most }
