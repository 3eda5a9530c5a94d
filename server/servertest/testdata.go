package servertest

import "embed"

// Testdata holds what was decided by hand and the suites compare with: the published operations, and the rights.
//
//go:embed testdata
var Testdata embed.FS
