package turns_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/postern-mail/postern/store/turns"
)

func ExampleQueue_Take() {
	var queue turns.Queue
	ctx, giveUp := context.WithCancel(context.Background())
	done, err := queue.Take(ctx, "example.com")
	fmt.Println(err)

	other, err := queue.Take(ctx, "example.org") // another name waits for nobody
	fmt.Println(err)
	other()

	giveUp()
	_, err = queue.Take(ctx, "example.com")
	fmt.Println(errors.Is(err, context.Canceled))
	done()
	// Output:
	// <nil>
	// <nil>
	// true
}
