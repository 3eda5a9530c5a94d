package contract_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/contract"
)

func specification(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(gen.SpecJSON)
	require.NoError(t, err)
	return doc
}

func load(t *testing.T) map[string]*contract.Operation {
	t.Helper()
	all, err := contract.Load(specification(t))
	require.NoError(t, err)
	byID := map[string]*contract.Operation{}
	for _, op := range all {
		byID[op.ID] = op
	}
	return byID
}

// keysOf counts the keys of a document that begin with x-.
func keysOf(node any, found map[string]int) {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			if strings.HasPrefix(key, "x-") {
				found[key]++
				continue
			}
			keysOf(value, found)
		}
	case []any:
		for _, value := range node {
			keysOf(value, found)
		}
	}
}

// TestKeysAreExplained holds the keys that begin with x- against the table in the introduction: each is explained there once, and
// none is explained that is not used.
func TestKeysAreExplained(t *testing.T) {
	var raw any
	require.NoError(t, json.Unmarshal(gen.SpecJSON, &raw))
	used := map[string]int{}
	keysOf(raw, used)
	explained := map[string]int{}
	row := regexp.MustCompile("(?m)^\\| (`x-[^|]*) \\|")
	for _, cell := range row.FindAllStringSubmatch(specification(t).Info.Description, -1) {
		for _, key := range regexp.MustCompile("x-[a-z-]+").FindAllString(cell[1], -1) {
			explained[key]++
			require.Equal(t, 1, explained[key], "%s is explained twice", key)
		}
	}
	require.Equal(t, slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(explained)))
}

// TestUnknownValuesAreRefused gives each key a value that it cannot have: the server must not start with it.
func TestUnknownValuesAreRefused(t *testing.T) {
	operation := func(doc *openapi3.T) map[string]any { return doc.Paths.Value("/api/user/{mail}").Put.Extensions }
	schemaOf := func(doc *openapi3.T) *openapi3.Schema { return doc.Components.Schemas["UserUpdate"].Value }
	bodySchema := func(doc *openapi3.T) map[string]any { return schemaOf(doc).Extensions }
	property := func(doc *openapi3.T) map[string]any { return schemaOf(doc).Properties["aliases"].Value.Extensions }
	for _, c := range []struct {
		key   string
		value any
		on    func(*openapi3.T) map[string]any
	}{
		{"x-access", "domain-admins", operation}, {"x-access", 1.0, operation}, {"x-access", nil, operation},
		{"x-access", "everybody", property}, {"x-target", "mail", operation}, {"x-target", []any{"email"}, operation},
		{"x-target", []any{}, operation}, {"x-target", nil, operation}, {"x-target-alias", "yes", operation},
		{"x-profile", "", operation}, {"x-profile", []any{"relay"}, property}, {"x-profile-of", "domain", operation},
		{"x-requires", []any{"amavis"}, operation}, {"x-requires", "amavisd", operation}, {"x-requires", []any{1.0}, operation},
		{"x-bulk", "yes", operation}, {"x-bulk", false, operation}, {"x-bulk", 1.0, property}, {"x-read-only", "true", operation},
		{"x-max-body", "1 MB", operation}, {"x-max-body", 0.0, operation}, {"x-max-body", 8388609.0, operation},
		{"x-max-body", 10.5, operation}, {"x-postern", "yes", operation}, {"x-presence", "yes", property},
		{"x-replaces", []any{"name"}, bodySchema}, {"x-replaces", []any{"nothing"}, bodySchema}, {"x-replaces", "aliases", bodySchema},
		{"x-conflicts", []any{[]any{"aliases"}}, bodySchema}, {"x-conflicts", []any{[]any{"aliases", "nothing"}}, bodySchema},
		{"x-needs", []any{"aliases", "addAlias"}, bodySchema}, {"x-needs", []any{[]any{"nothing", "aliases"}}, bodySchema},
		{"x-legacy-needs", []any{"aliases", "addAlias"}, bodySchema}, {"x-legacy-needs", []any{[]any{"nothing", "aliases"}}, bodySchema},
		{"x-legacy-names", "alias", property}, {"x-legacy-names", []any{"cn"}, property}, {"x-legacy-words", "none", property},
		{"x-stored-names", "alias", property}, {"x-stored-names", []any{"forwardings"}, property},
		{"x-code", 400.0, property}, {"x-code-missing", "", property},
		{"x-acces", "public", operation}, {"x-profil", "relay", property}, {"x-replace", []any{"aliases"}, bodySchema},
	} {
		doc := specification(t)
		extensions := c.on(doc)
		require.NotNil(t, extensions)
		if extensions[c.key] = c.value; c.value == nil {
			delete(extensions, c.key)
		}
		_, err := contract.Load(doc)
		require.ErrorContains(t, err, c.key, "%v", c.value)
		require.ErrorContains(t, err, "/api/user/{mail}", "it says where: %v", c.value)
	}
}

// TestLegacyNames holds the old names against those that scripts use.
func TestLegacyNames(t *testing.T) {
	empty := ""
	want := map[string]struct {
		published  string
		operations []string
		value      *string
	}{
		"cn": {"name", []string{
			"createAdmin", "createAlias", "createDomain", "createStaticList", "createMailingList", "createUser",
			"updateAdmin", "updateAlias", "updateDomain", "updateStaticList", "updateMailingList", "updateUser",
		}, nil},
		"mailQuota": {"quota", []string{"createUser", "updateUser"}, nil},
		"preferredLanguage": {"language", []string{
			"createAdmin", "createDomain", "createUser", "updateAdmin", "updateDomain", "updateUser", "updateUsers",
		}, nil},
		"givenName":         {"gn", []string{"createUser", "updateUser"}, nil},
		"enableService":     {"addService", []string{"updateDomain"}, nil},
		"disableService":    {"removeService", []string{"updateDomain"}, nil},
		"removeAllServices": {"services", []string{"updateDomain"}, &empty},
		"backupmx":          {"is_backupmx", []string{"updateDomain"}, nil},
		"mailbox_format":    {"mailboxFormat", []string{"createUser", "updateUser"}, nil},
		"mailbox_folder":    {"mailboxFolder", []string{"createUser", "updateUser"}, nil},
		"maxMailSize":       {"max_message_size", []string{"createMailingList", "updateMailingList"}, nil},
	}
	all := load(t)
	for name, w := range want {
		var known []string
		for id, op := range all {
			if found := op.Legacy(name); found.Parameter != nil {
				known = append(known, id)
				require.Equal(t, w.published, found.Parameter.Name, "%s of %s", name, id)
				require.Equal(t, w.value, found.Value, "%s of %s", name, id)
			}
		}
		require.ElementsMatch(t, w.operations, known, name)
	}
	require.Nil(t, all["updateUser"].Legacy("aliases").Parameter, "a published name is no old one")
}

// storedNames are all that the document has below x-stored-names.
func storedNames(node any, found map[string]bool) {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			if names, ok := value.([]any); ok && key == "x-stored-names" {
				for _, name := range names {
					found[name.(string)] = true
				}
				continue
			}
			storedNames(value, found)
		}
	case []any:
		for _, value := range node {
			storedNames(value, found)
		}
	}
}

// TestStoredNames wants them alike where a parameter is given at the creation and later.
func TestStoredNames(t *testing.T) {
	var raw any
	require.NoError(t, json.Unmarshal(gen.SpecJSON, &raw))
	names := map[string]bool{}
	storedNames(raw, names)
	require.True(t, names["active"])
	all, compared := load(t), 0
	for id, create := range all {
		noun, creates := strings.CutPrefix(id, "create")
		update := all["update"+noun]
		if !creates {
			continue
		}
		require.NotNil(t, update, id)
		for name := range names {
			p := update.Stored(name)
			if p == nil || create.Body[p.Name] == nil {
				continue
			}
			compared++
			require.NotNil(t, create.Stored(name), "%s: %s of %s", id, name, p.Name)
			require.Equal(t, p.Name, create.Stored(name).Name, "%s: %s", id, name)
		}
	}
	require.Greater(t, compared, 20)
	require.Equal(t, "accountStatus", all["updateUser"].Stored("active").Name)
	require.Nil(t, all["updateUser"].Stored("alias_domains"), "of another operation")
}

// TestReadKeys looks at one operation or parameter of each key.
func TestReadKeys(t *testing.T) {
	all := load(t)
	require.Equal(t, []contract.Need{contract.NeedDirectory}, all["exportUser"].Requires)
	require.Empty(t, all["updateUser"].Requires)
	require.True(t, all["updateUsers"].ProfileOfUsers)
	require.False(t, all["updateDomain"].ProfileOfUsers)
	require.True(t, all["deleteDomain"].Bulk)
	require.False(t, all["deleteUser"].Bulk)
	require.True(t, all["updateMailingList"].Body["add_subscribers"].Bulk)
	require.False(t, all["updateMailingList"].Body["remove_subscribers"].Bulk)
	require.False(t, all["updateUser"].Body["isGlobalAdmin"].Words)
	require.True(t, all["updateUser"].Body["accountStatus"].Words)
	require.Equal(t, "disabled", all["updateUser"].Body["accountStatus"].Off)
	require.Empty(t, all["updateUser"].Body["language"].On)
	require.Equal(t, contract.LevelGlobalAdmin, all["updateUser"].Body["maildir"].Access)
	require.True(t, all["listUsers"].Query["limit"].Strict)
	require.False(t, all["listUsers"].Query["email_only"].Strict)
	require.True(t, all["updateUser"].Body["aliases"].Replaces)
	require.False(t, all["updateUser"].Body["addAlias"].Replaces)
}

// TestUnknownKeysBesideASchema gives a parameter of the query string keys and values that it cannot have.
func TestUnknownKeysBesideASchema(t *testing.T) {
	for key, value := range map[string]any{"x-strict": "yes", "x-postern": 1.0, "x-access": "global-admin", "x-stric": true} {
		doc := specification(t)
		doc.Components.Parameters["QueryLimit"].Value.Extensions[key] = value
		_, err := contract.Load(doc)
		require.ErrorContains(t, err, key)
		require.ErrorContains(t, err, "limit")
	}
}
