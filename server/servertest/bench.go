package servertest

import (
	"log/slog"

	"github.com/postern-mail/postern/server"
)

// Quiet logs nothing: the bare handlers do not log either.
func Quiet(o *server.Deps) { o.Log = slog.New(slog.DiscardHandler) }

func Fixed(path string) func(int) string { return func(int) string { return path } }
