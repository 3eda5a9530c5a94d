package change_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

// TestEveryWriteHasFollowers calls each method of store.Accounts that takes a store.Write, so that none added later
// goes past the followers.
func TestEveryWriteHasFollowers(t *testing.T) {
	contract := reflect.TypeFor[store.Accounts]()
	found := 0
	for i := range contract.NumMethod() {
		method := contract.Method(i)
		if method.Type.NumIn() < 2 || method.Type.In(1) != reflect.TypeFor[store.Write]() {
			continue
		}
		found++
		t.Run(method.Name, func(t *testing.T) {
			follower := &recorder{}
			a := start(plainAccounts{}, openState(t), follower)
			args := []reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(byRoot)}
			for n := 2; n < method.Type.NumIn(); n++ {
				args = append(args, reflect.Zero(method.Type.In(n)))
			}
			answer := reflect.ValueOf(a).MethodByName(method.Name).Call(args)
			require.True(t, answer[1].IsNil())
			require.Equal(t, []store.Change{{Name: method.Name}}, follower.changes)
		})
	}
	require.NotZero(t, found)
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

func (plainAccounts) MailingListAddresses(context.Context, string, store.PageRequest) (store.Page[string], error) {
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
