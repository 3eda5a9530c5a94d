package password_test

import (
	"fmt"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/password"
)

func ExampleHash() {
	scheme, err := password.ParseScheme("SSHA512")
	if err != nil {
		fmt.Println(err)
		return
	}
	hash, err := password.Hash(scheme, "Winter-1958-rain")
	fmt.Println(hash.Reveal()[:9], err)
	fmt.Println(password.Verify(hash, "Winter-1958-rain"), password.Verify(hash, "Winter-1958"))
	// Output:
	// {SSHA512} <nil>
	// true false
}

func ExampleVerify() {
	fmt.Println(password.Verify(store.Secret("{PLAIN}Winter-1958-rain"), "Winter-1958-rain"))
	fmt.Println(password.Verify(store.Secret("{NO-SUCH-SCHEME}x"), "x"))
	// Output:
	// true
	// false
}

func ExamplePolicy_Check() {
	policy := password.DefaultPolicy()
	fmt.Println(policy.Check("Winter-1958-rain"))
	fmt.Println(store.HasCode(policy.Check("short"), password.CodeWeak))
	// Output:
	// <nil>
	// true
}
