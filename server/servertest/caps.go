package servertest

import (
	"github.com/postern-mail/postern/store/storetest"
)

// Engines are the databases that a test of all of them plays on, by the schemes of their URLs.
var Engines = append([]string{"sqlite"}, storetest.Servers...)
