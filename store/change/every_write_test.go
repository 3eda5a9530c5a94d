package change_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
	"github.com/postern-mail/postern/store/change"
)

// contract is an interface of store that has writes, and what stands in front of an engine of it.
type contract struct {
	of reflect.Type
	// open returns the decorator of a fake engine, with the follower behind its writes.
	open func(t *testing.T, follower change.Follower) any
	// deciding names the write of the engine below that a write ends in, where it has another name.
	deciding map[string]string
}

var contracts = []contract{
	{of: reflect.TypeFor[store.Accounts](), open: func(t *testing.T, f change.Follower) any {
		return start(plainAccounts{}, openState(t), f)
	}},
	{of: reflect.TypeFor[store.Directory](), open: func(t *testing.T, f change.Follower) any {
		return change.NewDirectory(plainDirectory{}, start(plainAccounts{}, openState(t), f))
	}},
	{of: reflect.TypeFor[store.Policies](), open: func(t *testing.T, f change.Follower) any {
		return change.NewPolicies(plainPolicies{}, start(plainAccounts{}, openState(t)), f)
	}},
	{of: reflect.TypeFor[store.MailingLists](), open: func(t *testing.T, f change.Follower) any {
		state := openState(t)
		accounts := start(plainAccounts{}, state, f)
		return change.NewMailingLists(accounts, plainMlmmj{}, state, change.NewInviter(accounts, plainMlmmj{}, state))
	}, deciding: map[string]string{
		"CreateMailingList": "CreateMailingListAccount",
		"UpdateMailingList": "UpdateMailingListAccount",
		"DeleteMailingList": "DeleteMailingListAccount",
	}},
}

// TestEveryWriteHasFollowers calls each method of each contract that takes a store.Write, so that none added later goes
// past the followers.
func TestEveryWriteHasFollowers(t *testing.T) {
	for _, c := range contracts {
		for _, method := range writesOf(c.of) {
			t.Run(c.of.Name()+"."+method.Name, func(t *testing.T) {
				want := method.Name
				if other, ok := c.deciding[want]; ok {
					want = other
				}
				follower := &recorder{}
				decorator := c.open(t, follower)
				callWrite(t, decorator, method, dryRun)
				require.Empty(t, follower.changes, "nothing follows a dry run")
				callWrite(t, decorator, method, byRoot)
				require.Equal(t, []store.Change{{Name: want}}, follower.changes)
			})
		}
	}
}

// TestEveryContractWithWritesIsKnown reads the source of store, so that an interface added later stands in contracts.
func TestEveryContractWithWritesIsKnown(t *testing.T) {
	var known []string
	for _, c := range contracts {
		for _, method := range writesOf(c.of) {
			known = append(known, method.Name)
		}
	}
	written := writesInSource(t)
	require.NotEmpty(t, written)
	slices.Sort(known)
	require.Equal(t, written, known)
}

var dryRun = store.Write{Actor: byRoot.Actor, DryRun: true}

// writesOf returns the methods of a contract that take a store.Write.
func writesOf(contract reflect.Type) []reflect.Method {
	var writes []reflect.Method
	for i := range contract.NumMethod() {
		method := contract.Method(i)
		if method.Type.NumIn() > 1 && method.Type.In(1) == reflect.TypeFor[store.Write]() {
			writes = append(writes, method)
		}
	}
	return writes
}

// callWrite calls a method with empty arguments.
func callWrite(t *testing.T, on any, method reflect.Method, w store.Write) {
	t.Helper()
	args := []reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(w)}
	for n := 2; n < method.Type.NumIn(); n++ {
		args = append(args, reflect.Zero(method.Type.In(n)))
	}
	answer := reflect.ValueOf(on).MethodByName(method.Name).Call(args)
	require.True(t, answer[1].IsNil(), "%v", answer[1])
}

// writesInSource returns the methods of all interfaces of store that take a Write, sorted.
func writesInSource(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	require.NoError(t, err)
	var writes []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			contract, is := n.(*ast.InterfaceType)
			if !is {
				return true
			}
			for _, m := range contract.Methods.List {
				if takesWrite(m.Type) {
					writes = append(writes, m.Names[0].Name)
				}
			}
			return true
		})
	}
	slices.Sort(writes)
	return writes
}

func takesWrite(method ast.Expr) bool {
	f, is := method.(*ast.FuncType)
	return is && slices.ContainsFunc(f.Params.List, func(p *ast.Field) bool {
		name, plain := p.Type.(*ast.Ident)
		return plain && name.Name == "Write"
	})
}

// plainAccounts answers every write with a change named after the method.
type plainAccounts struct{ store.Accounts }

func (plainAccounts) CreateDomain(context.Context, store.Write, store.DomainCreate) (store.Change, error) {
	return store.Change{Name: "CreateDomain"}, nil
}

func (plainAccounts) UpdateDomain(context.Context, store.Write, string, store.DomainUpdate) (store.Change, error) {
	return store.Change{Name: "UpdateDomain"}, nil
}

func (plainAccounts) UpdateDomainAdmins(context.Context, store.Write, string, store.Set) (store.Change, error) {
	return store.Change{Name: "UpdateDomainAdmins"}, nil
}

func (plainAccounts) MailingListAddresses(context.Context, store.MailingListFilter, store.PageRequest) (store.Page[string], error) {
	return store.Page[string]{}, nil
}

func (plainAccounts) CreateMailingListAccount(context.Context, store.Write, store.MailingListAccountCreate) (store.Change, error) {
	return store.Change{Name: "CreateMailingListAccount"}, nil
}

func (plainAccounts) UpdateMailingListAccount(context.Context, store.Write, string, store.MailingListAccountUpdate) (store.Change, error) {
	return store.Change{Name: "UpdateMailingListAccount"}, nil
}

func (plainAccounts) DeleteMailingListAccount(context.Context, store.Write, string, bool) (store.Change, error) {
	return store.Change{Name: "DeleteMailingListAccount"}, nil
}

func (plainAccounts) DeleteDomain(context.Context, store.Write, string, int) (store.Change, error) {
	return store.Change{Name: "DeleteDomain"}, nil
}

func (plainAccounts) CreateAdmin(context.Context, store.Write, store.AdminCreate) (store.Change, error) {
	return store.Change{Name: "CreateAdmin"}, nil
}

func (plainAccounts) UpdateAdmin(context.Context, store.Write, string, store.AdminUpdate) (store.Change, error) {
	return store.Change{Name: "UpdateAdmin"}, nil
}

func (plainAccounts) DeleteAdmin(context.Context, store.Write, string) (store.Change, error) {
	return store.Change{Name: "DeleteAdmin"}, nil
}

func (plainAccounts) CreateUser(context.Context, store.Write, store.UserCreate) (store.Change, error) {
	return store.Change{Name: "CreateUser"}, nil
}

func (plainAccounts) UpdateUser(context.Context, store.Write, string, store.UserUpdate) (store.Change, error) {
	return store.Change{Name: "UpdateUser"}, nil
}

func (plainAccounts) UpdateUsers(context.Context, store.Write, string, store.UsersUpdate) (store.Change, error) {
	return store.Change{Name: "UpdateUsers"}, nil
}

func (plainAccounts) RenameUser(context.Context, store.Write, string, string) (store.Change, error) {
	return store.Change{Name: "RenameUser"}, nil
}

func (plainAccounts) DeleteUser(context.Context, store.Write, string, int) (store.Change, error) {
	return store.Change{Name: "DeleteUser"}, nil
}

func (plainAccounts) CreateAlias(context.Context, store.Write, store.AliasCreate) (store.Change, error) {
	return store.Change{Name: "CreateAlias"}, nil
}

func (plainAccounts) UpdateAlias(context.Context, store.Write, string, store.AliasUpdate) (store.Change, error) {
	return store.Change{Name: "UpdateAlias"}, nil
}

func (plainAccounts) RenameAlias(context.Context, store.Write, string, string) (store.Change, error) {
	return store.Change{Name: "RenameAlias"}, nil
}

func (plainAccounts) DeleteAlias(context.Context, store.Write, string) (store.Change, error) {
	return store.Change{Name: "DeleteAlias"}, nil
}

func (plainAccounts) MailingListAccount(context.Context, string) (store.MailingListAccount, error) {
	return store.MailingListAccount{}, nil
}

// plainDirectory is plainAccounts for store.Directory.
type plainDirectory struct{ store.Directory }

func (plainDirectory) CreateStaticList(context.Context, store.Write, store.StaticListCreate) (store.Change, error) {
	return store.Change{Name: "CreateStaticList"}, nil
}

func (plainDirectory) UpdateStaticList(context.Context, store.Write, string, store.StaticListUpdate) (store.Change, error) {
	return store.Change{Name: "UpdateStaticList"}, nil
}

func (plainDirectory) DeleteStaticList(context.Context, store.Write, string) (store.Change, error) {
	return store.Change{Name: "DeleteStaticList"}, nil
}

// plainPolicies is plainAccounts for store.Policies.
type plainPolicies struct{ store.Policies }

func (plainPolicies) UpdateSpamPolicy(context.Context, store.Write, store.PolicyAccount, store.SpamPolicyUpdate) (store.Change, error) {
	return store.Change{Name: "UpdateSpamPolicy"}, nil
}

func (plainPolicies) DeleteSpamPolicy(context.Context, store.Write, store.PolicyAccount) (store.Change, error) {
	return store.Change{Name: "DeleteSpamPolicy"}, nil
}

func (plainPolicies) AddToWblist(context.Context, store.Write, store.WblistKey, []string) (store.Change, error) {
	return store.Change{Name: "AddToWblist"}, nil
}

func (plainPolicies) RemoveFromWblist(context.Context, store.Write, store.WblistKey, []string) (store.Change, error) {
	return store.Change{Name: "RemoveFromWblist"}, nil
}

func (plainPolicies) ClearWblist(context.Context, store.Write, store.WblistKey) (store.Change, error) {
	return store.Change{Name: "ClearWblist"}, nil
}

func (plainPolicies) SetThrottle(context.Context, store.Write, store.PolicyAccount, store.Direction, store.ThrottleSet) (store.Change, error) {
	return store.Change{Name: "SetThrottle"}, nil
}

func (plainPolicies) SetGreylisting(context.Context, store.Write, store.PolicyAccount, bool) (store.Change, error) {
	return store.Change{Name: "SetGreylisting"}, nil
}

func (plainPolicies) DeleteGreylisting(context.Context, store.Write, store.PolicyAccount) (store.Change, error) {
	return store.Change{Name: "DeleteGreylisting"}, nil
}

func (plainPolicies) UpdateGreylistingWhitelist(context.Context, store.Write, store.PolicyAccount, store.Set) (store.Change, error) {
	return store.Change{Name: "UpdateGreylistingWhitelist"}, nil
}

func (plainPolicies) UpdateSpfDomains(context.Context, store.Write, store.Set) (store.Change, error) {
	return store.Change{Name: "UpdateSpfDomains"}, nil
}

// plainMlmmj has every list, and does nothing.
type plainMlmmj struct{ store.Mlmmj }

func (plainMlmmj) Ping(context.Context) error { return nil }

func (plainMlmmj) Takes(string) error { return nil }

func (plainMlmmj) Kept(_ string, s store.MlmmjSettings) (store.MlmmjSettings, error) { return s, nil }

func (plainMlmmj) Prepare(context.Context, string, store.MlmmjSettings) error { return nil }

func (plainMlmmj) ConfigureList(context.Context, string, store.MlmmjUpdate) error { return nil }

func (plainMlmmj) MlmmjSettings(context.Context, string) (store.MlmmjSettings, error) {
	return store.MlmmjSettings{}, nil
}
