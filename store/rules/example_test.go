package rules_test

import (
	"fmt"
	"time"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/rules"
)

func ExampleOutranks() {
	anna := store.Identity{Username: "anna@example.com", Mailbox: true, Domains: []string{"example.com"}}
	boss := store.Identity{Username: "boss@example.com", Mailbox: true, Domains: []string{"example.com", "example.org"}}
	root := store.Identity{Username: "root@example.net", Global: true}
	fmt.Println(rules.Outranks(boss, anna), rules.Outranks(anna, boss), rules.Outranks(boss, root))
	// Output: true false false
}

func ExampleScopeOf() {
	admin := store.Actor{Username: "anna@example.com"}
	fmt.Println(rules.ScopeOf(admin, "Example.com", "example.net").Domains)
	fmt.Println(rules.ScopeOf(store.Actor{Username: "root@example.net", Global: true}, "example.com").Limited)
	// Output:
	// [example.com example.net]
	// false
}

func ExampleExtended() {
	fmt.Println(rules.Extended("anna+lists+go@example.com", "+"))
	// Output: [anna@example.com anna+lists@example.com]
}

func ExampleTransports_Transport() {
	transports := rules.DefaultTransports()
	admin := store.Actor{Username: "anna@example.com"}
	for _, value := range []string{"smtp:[mx.example.net]:25", "smtp:[127.0.0.1]:25", "pipe"} {
		stored, err := transports.Transport(admin, "anna@example.com", "", value)
		fmt.Printf("%q %v\n", stored, store.HasCode(err, store.CodePermissionDenied))
	}
	// Output:
	// "smtp:[mx.example.net]:25" false
	// "" true
	// "" true
}

func ExampleTransports_RelayHost() {
	host, err := rules.DefaultTransports().RelayHost(store.Actor{Global: true}, "outboundRelay", "", "smtp:192.0.2.10:587")
	fmt.Println(host, err)
	// Output: [192.0.2.10]:587 <nil>
}

func ExampleNewMailboxPath() {
	fmt.Println(rules.NewMailboxPath("anna@example.com", time.Date(2025, 3, 2, 10, 15, 30, 0, time.UTC)))
	// Output: example.com/a/n/n/anna-2025.03.02.10.15.30/
}

func ExampleIsProofStillGood() {
	proven := time.Date(2025, 3, 2, 0, 0, 0, 0, time.UTC)
	fmt.Println(rules.IsProofStillGood(proven, proven.AddDate(0, 0, 29)), rules.IsProofStillGood(proven, proven.AddDate(0, 0, 31)))
	// Output: true false
}
