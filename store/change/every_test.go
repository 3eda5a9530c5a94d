package change_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store/change"
)

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		early := make(chan struct{}, 1)
		var at []time.Duration
		change.Every(ctx, time.Minute, early, func(context.Context) {
			at = append(at, time.Since(began))
			switch len(at) {
			case 2:
				early <- struct{}{}
			case 4:
				cancel()
			}
		})
		require.Equal(t, []time.Duration{time.Minute, 2 * time.Minute, 2 * time.Minute, 3 * time.Minute}, at)
	})
	change.Every(t.Context(), 0, nil, func(context.Context) { t.Error("an interval of 0 is none") })
}
