package store_test

import (
	"errors"
	"fmt"

	"github.com/postern-mail/postern/store"
)

func ExampleNormaliseAddress() {
	mail, err := store.NormaliseAddress("Anna.Berg@Example.COM")
	fmt.Println(mail, err)
	_, err = store.NormaliseAddress("anna")
	fmt.Println(store.HasCode(err, store.CodeInvalidMail))
	// Output:
	// anna.berg@example.com <nil>
	// true
}

func ExampleClassifyAddress() {
	for _, text := range []string{"User@Example.com", "@example.com", "@.example.com", "192.0.2.0/24", "user@*", "user@"} {
		pattern, kind := store.ClassifyAddress(text)
		fmt.Printf("%q %v\n", pattern, kind != store.KindInvalid)
	}
	// Output:
	// "user@example.com" true
	// "@example.com" true
	// "@.example.com" true
	// "192.0.2.0/24" true
	// "user@*" true
	// "" false
}

func ExamplePolicyAccount_Candidates() {
	fmt.Println(store.PolicyAccountOf("anna@mail.example.com").Candidates())
	// Output: [anna@mail.example.com @mail.example.com @.mail.example.com @.example.com @.com @.]
}

func ExampleSet_Apply() {
	members := []string{"anna@example.com", "ben@example.com"}
	fmt.Println(store.Set{Add: []string{"zoe@example.org"}, Remove: []string{"Ben@example.com"}}.Apply(members))
	fmt.Println(store.Set{Replace: &[]string{}}.Apply(members))
	fmt.Println(store.Set{}.Apply(members))
	// Output:
	// [anna@example.com zoe@example.org]
	// []
	// [anna@example.com ben@example.com]
}

func ExampleDiscard() {
	hosted := func(name string) *store.Error { return store.NoSuchAccount(name) }
	missing := []string{"nobody@example.com"}
	set := store.Set{Add: []string{"anna@example.com", "nobody@example.com"}}

	var change store.Change
	kept, err := store.Discard(store.Drop, set, missing, &change, hosted)
	fmt.Println(kept.Add, change.Discarded, err)

	_, err = store.Discard(store.Refuse, set, missing, &change, hosted)
	var refusal *store.Error
	fmt.Println(errors.As(err, &refusal) && refusal.Code == store.CodeNoSuchAccount)
	// Output:
	// [anna@example.com] [nobody@example.com] <nil>
	// true
}

func ExampleSecret() {
	password := store.Secret("{SSHA512}...")
	fmt.Printf("%v %+v %#v\n", password, password, password)
	// Output: [hidden] [hidden] [hidden]
}

func ExampleScope_Covers() {
	everywhere, own := store.Scope{}, store.Scope{Limited: true, Domains: []string{"example.com"}}
	fmt.Println(everywhere.Covers("example.org"), own.Covers("example.com"), own.Covers("example.org"))
	// Output: true true false
}
