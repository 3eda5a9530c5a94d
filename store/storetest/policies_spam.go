package storetest

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func mustPolicy(t *testing.T, f PoliciesFixture, account store.PolicyAccount, u store.SpamPolicyUpdate) {
	t.Helper()
	_, err := f.Policies.UpdateSpamPolicy(ctx(t), asGlobal, account, u)
	require.NoError(t, err)
}

func policyOf(t *testing.T, f PoliciesFixture, account store.PolicyAccount) store.SpamPolicy {
	t.Helper()
	p, err := f.Policies.SpamPolicy(ctx(t), account)
	require.NoError(t, err)
	return p
}

// decided is a column of the policy as Amavisd resolves it: of the policies of the recipient's candidates, by priority,
// the first that is not NULL.
func decided(t *testing.T, f PoliciesFixture, account store.PolicyAccount, column string) string {
	t.Helper()
	query := "SELECT CAST(p." + column + " AS CHAR(30)) FROM users u LEFT JOIN policy p ON p.id = u.policy_id" +
		" WHERE u.email IN (?) AND p." + column + " IS NOT NULL ORDER BY u.priority DESC"
	found := cells(t, f.Amavisd, query, raws(f.Amavisd, names(account.Candidates())))
	if len(found) == 0 {
		return "configured"
	}
	return strings.TrimRight(found[0], " ")
}

func spamPolicies(t *testing.T, open PoliciesOpen) {
	t.Run("none", func(t *testing.T) {
		p := policyOf(t, open(t), ofAnna)
		require.Nil(t, p.Stored)
		require.Equal(t, store.Effective{Value: 6.2, Source: store.SourceDefault}, p.Effective.Get("spam_score"))
		require.Equal(t, store.Effective{Value: "yes", Source: store.SourceDefault}, p.Effective.Get("quarantine_spam"))
	})
	t.Run("each parameter", func(t *testing.T) { spamParameters(t, open) })
	t.Run("refused", func(t *testing.T) { spamRefused(t, open) })
	t.Run("each level decides", func(t *testing.T) { spamLevels(t, open) })
	t.Run("what is unset is inherited", func(t *testing.T) {
		f := open(t)
		mustPolicy(t, f, everybody, store.SpamPolicyUpdate{Score: set(7.5)})
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{Score: set(3.25), PrefixSubject: set(false)})
		require.Equal(t, 3.25, policyOf(t, f, ofAnna).Stored.Get("spam_score"))
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{Score: unset[float64]()})
		p := policyOf(t, f, ofAnna)
		require.Nil(t, p.Stored.Get("spam_score"))
		require.Equal(t, store.Effective{Value: 7.5, Source: "@."}, p.Effective.Get("spam_score"))
		require.Equal(t, "no", p.Stored.Get("prefix_spam_in_subject"), "what was not named stays")
	})
	t.Run("a new one for everybody starts as it is shipped", func(t *testing.T) {
		f := open(t)
		mustPolicy(t, f, everybody, store.SpamPolicyUpdate{Score: set(5.0)})
		p := policyOf(t, f, everybody).Stored
		require.Equal(t, "yes", p.Get("quarantine_virus"))
		require.Equal(t, "no", p.Get("quarantine_spam"))
		mustPolicy(t, f, ofDomain, store.SpamPolicyUpdate{Score: set(5.0)})
		require.Nil(t, policyOf(t, f, ofDomain).Stored.Get("quarantine_virus"), "another one with nothing")
	})
	t.Run("rows", func(t *testing.T) { spamRows(t, open) })
	t.Run("deleted", func(t *testing.T) { spamDeleted(t, open) })
	t.Run("dry run and precondition", func(t *testing.T) { spamPrecondition(t, open) })
	t.Run("what is so already", func(t *testing.T) { spamSentBack(t, open) })
	t.Run("64 at once", func(t *testing.T) {
		f := open(t)
		together(t, 64, func(i int) error {
			_, err := f.Policies.UpdateSpamPolicy(ctx(t), asGlobal, ofAnna, store.SpamPolicyUpdate{Score: set(float64(i))})
			return err
		})
		require.EqualValues(t, 1, count(t, f.Amavisd, "SELECT COUNT(*) FROM policy"))
		require.EqualValues(t, 1, count(t, f.Amavisd, "SELECT COUNT(*) FROM users u JOIN policy p ON p.id = u.policy_id"))
	})
}

func spamParameters(t *testing.T, open PoliciesOpen) {
	tests := []struct {
		name        string
		yes, no     store.SpamPolicyUpdate
		columns     []string
		isYes, isNo []any
	}{
		{"bypass_spam_checks", store.SpamPolicyUpdate{BypassSpam: set(true)}, store.SpamPolicyUpdate{BypassSpam: set(false)},
			[]string{"bypass_spam_checks"}, []any{"Y"}, []any{"N"}},
		{"bypass_virus_checks", store.SpamPolicyUpdate{BypassVirus: set(true)}, store.SpamPolicyUpdate{BypassVirus: set(false)},
			[]string{"bypass_virus_checks"}, []any{"Y"}, []any{"N"}},
		{"bypass_banned_checks", store.SpamPolicyUpdate{BypassBanned: set(true)}, store.SpamPolicyUpdate{BypassBanned: set(false)},
			[]string{"bypass_banned_checks"}, []any{"Y"}, []any{"N"}},
		{"bypass_header_checks", store.SpamPolicyUpdate{BypassHeader: set(true)}, store.SpamPolicyUpdate{BypassHeader: set(false)},
			[]string{"bypass_header_checks"}, []any{"Y"}, []any{"N"}},
		{"quarantine_spam", store.SpamPolicyUpdate{QuarantineSpam: set(true)}, store.SpamPolicyUpdate{QuarantineSpam: set(false)},
			[]string{"spam_lover", "spam_quarantine_to"}, []any{"N", "spam-quarantine"}, []any{"Y", ""}},
		{"quarantine_virus", store.SpamPolicyUpdate{QuarantineVirus: set(true)}, store.SpamPolicyUpdate{QuarantineVirus: set(false)},
			[]string{"virus_lover", "virus_quarantine_to"}, []any{"N", "virus-quarantine"}, []any{"Y", ""}},
		{"quarantine_banned", store.SpamPolicyUpdate{QuarantineBanned: set(true)}, store.SpamPolicyUpdate{QuarantineBanned: set(false)},
			[]string{"banned_files_lover", "banned_quarantine_to"}, []any{"N", "banned-quarantine"}, []any{"Y", ""}},
		{"quarantine_bad_header", store.SpamPolicyUpdate{QuarantineHeader: set(true)}, store.SpamPolicyUpdate{QuarantineHeader: set(false)},
			[]string{"bad_header_lover", "bad_header_quarantine_to"}, []any{"N", "bad-header-quarantine"}, []any{"Y", ""}},
		{"prefix_spam_in_subject", store.SpamPolicyUpdate{PrefixSubject: set(true)}, store.SpamPolicyUpdate{PrefixSubject: set(false)},
			[]string{"spam_subject_tag2"}, []any{"[SPAM] "}, []any{""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := open(t)
			for want, u := range map[string]store.SpamPolicyUpdate{"yes": test.yes, "no": test.no} {
				mustPolicy(t, f, ofAnna, u)
				stored := policyOf(t, f, ofAnna)
				require.Equal(t, want, stored.Stored.Get(test.name))
				require.Equal(t, store.Effective{Value: want, Source: string(ofAnna)}, stored.Effective.Get(test.name))
				for i, column := range test.columns {
					value := map[string][]any{"yes": test.isYes, "no": test.isNo}[want][i]
					rows, err := f.Amavisd.Reader().Records(ctx(t), "SELECT "+column+" FROM policy ORDER BY id")
					require.NoError(t, err)
					require.Equal(t, value, rows[0][0].Value, column)
				}
			}
		})
	}
	t.Run("quarantine looks for what it keeps", func(t *testing.T) {
		f := open(t)
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{BypassVirus: set(true), BypassSpam: set(true)})
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{QuarantineVirus: set(true)})
		p := policyOf(t, f, ofAnna).Stored
		require.Equal(t, "no", p.Get("bypass_virus_checks"))
		require.Equal(t, "yes", p.Get("bypass_spam_checks"))
	})
	t.Run("always_insert_x_spam_headers", func(t *testing.T) {
		f := open(t)
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{AlwaysInsertHeader: set(true)})
		require.Equal(t, "yes", policyOf(t, f, ofAnna).Stored.Get("always_insert_x_spam_headers"))
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{AlwaysInsertHeader: set(false)})
		p := policyOf(t, f, ofAnna)
		require.Nil(t, p.Stored.Get("always_insert_x_spam_headers"))
		require.Equal(t, store.Effective{Value: "no", Source: store.SourceDefault}, p.Effective.Get("always_insert_x_spam_headers"))
	})
	t.Run("spam_score", func(t *testing.T) {
		for _, n := range []float64{0, 5, 6.2, -3.7, 999.5} {
			f := open(t)
			mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{Score: set(n)})
			p := policyOf(t, f, ofAnna).Stored
			require.Equal(t, []any{n, n, n}, []any{p.Get("spam_score"), p.Get("spam_tag2_level"), p.Get("spam_kill_level")})
		}
	})
	t.Run("banned_rulenames", func(t *testing.T) {
		f := open(t)
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{BannedRules: ptr([]string{"ALLOW_MS_WORD", "DEFAULT"})})
		require.Equal(t, []string{"ALLOW_MS_WORD", "DEFAULT"}, policyOf(t, f, ofAnna).Stored.Get("banned_rulenames"))
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{BannedRules: ptr([]string{"DEFAULT", "ALLOW_MS_WORD"})})
		require.Equal(t, []string{"DEFAULT", "ALLOW_MS_WORD"}, policyOf(t, f, ofAnna).Stored.Get("banned_rulenames"), "Amavisd asks them in order")
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{BannedRules: ptr([]string{})})
		require.Nil(t, policyOf(t, f, ofAnna).Stored.Get("banned_rulenames"))
	})
}

func spamRefused(t *testing.T, open PoliciesOpen) {
	tests := map[string]struct {
		account     store.PolicyAccount
		u           store.SpamPolicyUpdate
		code, field string
	}{
		"kept and not looked for": {ofAnna, store.SpamPolicyUpdate{BypassVirus: set(true), QuarantineVirus: set(true)},
			store.CodeConflicting, "quarantine_virus"},
		"no number":      {ofAnna, store.SpamPolicyUpdate{Score: set(math.NaN())}, store.CodeInvalidNumber, "spam_score"},
		"infinite":       {ofAnna, store.SpamPolicyUpdate{Score: set(math.Inf(1))}, store.CodeInvalidNumber, "spam_score"},
		"too many rules": {ofAnna, store.SpamPolicyUpdate{BannedRules: ptr([]string{strings.Repeat("A", 65)})}, store.CodeValueTooLong, "banned_rulenames"},
		"too long a name": {store.PolicyAccount(strings.Repeat("a", 250) + "@example.com"), store.SpamPolicyUpdate{Score: set(5.0)},
			store.CodeValueTooLong, "account"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := open(t)
			_, err := f.Policies.UpdateSpamPolicy(ctx(t), asGlobal, test.account, test.u)
			requireCode(t, err, store.Invalid, test.code)
			require.ErrorAs(t, err, new(*store.Error))
			require.EqualValues(t, 0, count(t, f.Amavisd, "SELECT COUNT(*) FROM policy"))
			require.EqualValues(t, 0, count(t, f.Amavisd, "SELECT COUNT(*) FROM users"))
		})
	}
}

func spamLevels(t *testing.T, open PoliciesOpen) {
	f := open(t)
	require.Equal(t, "configured", decided(t, f, ofAnna, "bypass_spam_checks"))
	mustPolicy(t, f, everybody, store.SpamPolicyUpdate{BypassSpam: set(false)})
	require.Equal(t, "N", decided(t, f, ofAnna, "bypass_spam_checks"))
	mustPolicy(t, f, ofDomain, store.SpamPolicyUpdate{BypassSpam: set(true)})
	require.Equal(t, "Y", decided(t, f, ofAnna, "bypass_spam_checks"), "the domain comes before everybody")
	mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{BypassSpam: set(false)})
	require.Equal(t, "N", decided(t, f, ofAnna, "bypass_spam_checks"), "the mailbox before its domain")
	require.Equal(t, "Y", decided(t, f, ofBert, "bypass_spam_checks"))
	want := store.Effective{Value: "no", Source: string(ofAnna)}
	require.Equal(t, want, policyOf(t, f, ofAnna).Effective.Get("bypass_spam_checks"))
	for _, step := range []struct {
		account store.PolicyAccount
		left    string
		source  string
	}{{ofAnna, "Y", "@example.com"}, {ofDomain, "N", "@."}, {everybody, "configured", store.SourceDefault}} {
		_, err := f.Policies.DeleteSpamPolicy(ctx(t), asGlobal, step.account)
		require.NoError(t, err)
		require.Equal(t, step.left, decided(t, f, ofAnna, "bypass_spam_checks"), "without that of %s", step.account)
		effective, ok := policyOf(t, f, ofAnna).Effective.Get("bypass_spam_checks").(store.Effective)
		require.True(t, ok)
		require.Equal(t, step.source, effective.Source)
	}
}

func spamRows(t *testing.T, open PoliciesOpen) {
	t.Run("priorities", func(t *testing.T) {
		f := open(t)
		for account, want := range map[store.PolicyAccount]int64{everybody: 0, ofDomain: 5, ofAnna: 10} {
			mustPolicy(t, f, account, store.SpamPolicyUpdate{BypassSpam: set(true)})
			require.Equal(t, want, count(t, f.Amavisd, "SELECT priority FROM users WHERE email = ?", raw(f.Amavisd, string(account))))
		}
	})
	t.Run("what an older panel wrote is put right", func(t *testing.T) {
		f := open(t)
		Exec(t, f.Amavisd, "INSERT INTO users (priority, policy_id, email) VALUES (7, 1, ?)", raw(f.Amavisd, string(ofAnna)))
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{BypassSpam: set(true)})
		require.EqualValues(t, 10, count(t, f.Amavisd, "SELECT priority FROM users"))
		require.EqualValues(t, 1, count(t, f.Amavisd, "SELECT COUNT(*) FROM users u JOIN policy p ON p.id = u.policy_id"+
			" WHERE p.policy_name = ?", string(ofAnna)))
	})
	t.Run("a list without a policy adds none", func(t *testing.T) {
		f := open(t)
		mustPolicy(t, f, everybody, store.SpamPolicyUpdate{BypassSpam: set(false)})
		mustPolicy(t, f, ofDomain, store.SpamPolicyUpdate{BypassSpam: set(true)})
		_, err := f.Policies.AddToWblist(ctx(t), asGlobal, inboundWhite(ofAnna), []string{"pen@example.net"})
		require.NoError(t, err)
		require.Equal(t, "Y", decided(t, f, ofAnna, "bypass_spam_checks"))
	})
}

func spamDeleted(t *testing.T, open PoliciesOpen) {
	t.Run("with its row", func(t *testing.T) {
		f := open(t)
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{BypassSpam: set(true)})
		_, err := f.Policies.DeleteSpamPolicy(ctx(t), asGlobal, ofAnna)
		require.NoError(t, err)
		require.EqualValues(t, 0, count(t, f.Amavisd, "SELECT COUNT(*) FROM users"))
		require.Nil(t, policyOf(t, f, ofAnna).Stored)
	})
	t.Run("lists stay", func(t *testing.T) {
		f := open(t)
		_, err := f.Policies.AddToWblist(ctx(t), asGlobal, inboundWhite(ofAnna), []string{"pen@example.net"})
		require.NoError(t, err)
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{BypassSpam: set(true)})
		_, err = f.Policies.DeleteSpamPolicy(ctx(t), asGlobal, ofAnna)
		require.NoError(t, err)
		require.Equal(t, []string{"pen@example.net"}, listed(t, f, inboundWhite(ofAnna)))
		require.EqualValues(t, 0, count(t, f.Amavisd, "SELECT policy_id FROM users"))
	})
	t.Run("one that is not there", func(t *testing.T) {
		f := open(t)
		_, err := f.Policies.DeleteSpamPolicy(ctx(t), asGlobal, ofAnna)
		require.NoError(t, err)
	})
}

func spamPrecondition(t *testing.T, open PoliciesOpen) {
	f := open(t)
	mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{Score: set(5.0)})
	c, err := f.Policies.UpdateSpamPolicy(ctx(t), dry(), ofAnna, store.SpamPolicyUpdate{Score: set(9.0)})
	require.NoError(t, err)
	require.Equal(t, 5.0, policyOf(t, f, ofAnna).Stored.Get("spam_score"), "nothing was written")
	require.Equal(t, store.NounSpamPolicy, c.Noun)
	require.Equal(t, "anna@example.com", c.Name)
	w := asGlobal
	w.If = c.Before.Version()
	_, err = f.Policies.UpdateSpamPolicy(ctx(t), w, ofAnna, store.SpamPolicyUpdate{Score: set(8.0)})
	require.NoError(t, err)
	_, err = f.Policies.UpdateSpamPolicy(ctx(t), w, ofAnna, store.SpamPolicyUpdate{Score: set(7.0)})
	requireCode(t, err, store.PreconditionFailed, store.CodePreconditionFailed)
	require.Equal(t, 8.0, policyOf(t, f, ofAnna).Stored.Get("spam_score"))
}

// spamSentBack: a policy that is sent back as it is read changes no row.
func spamSentBack(t *testing.T, open PoliciesOpen) {
	rules := []string{"NAME-ONE", "NAME-TWO"}
	whole := store.SpamPolicyUpdate{
		BypassSpam: set(false), BypassVirus: set(true), BypassBanned: set(false), BypassHeader: set(true), QuarantineSpam: set(true),
		QuarantineVirus: set(false), QuarantineBanned: set(true), PrefixSubject: set(true), AlwaysInsertHeader: set(false), Score: set(6.2),
		BannedRules: &rules,
	}
	quarantined := store.SpamPolicyUpdate{QuarantineSpam: set(true), QuarantineVirus: set(true)}
	for name, prepare := range map[string]func(t *testing.T, f PoliciesFixture){
		"none":       func(*testing.T, PoliciesFixture) {},
		"everything": func(t *testing.T, f PoliciesFixture) { t.Helper(); mustPolicy(t, f, ofAnna, whole) },
		"one": func(t *testing.T, f PoliciesFixture) {
			t.Helper()
			mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{Score: set(3.5)})
		},
		"of another program": func(t *testing.T, f PoliciesFixture) {
			t.Helper()
			mustPolicy(t, f, ofAnna, quarantined)
			exec(t, Fixture{SQL: f.Amavisd}, "UPDATE policy SET spam_lover = 'n', spam_quarantine_to = 'elsewhere@a.test', bypass_virus_checks = '1',"+
				" spam_tag2_level = 4, spam_kill_level = 9, banned_rulenames = 'B, A', spam_subject_tag2 = '***'")
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t)
			prepare(t, f)
			before := policyTables(t, f)
			shown := policyOf(t, f, ofAnna).Stored
			change, err := f.Policies.UpdateSpamPolicy(ctx(t), asGlobal, ofAnna, policyAsRead(shown))
			require.NoError(t, err)
			require.True(t, change.Nothing)
			require.Equal(t, before, policyTables(t, f))
			u := policyAsRead(shown)
			u.Score = set(8.5)
			change, err = f.Policies.UpdateSpamPolicy(ctx(t), asGlobal, ofAnna, u)
			require.NoError(t, err)
			require.False(t, change.Nothing)
			require.Equal(t, 8.5, policyOf(t, f, ofAnna).Stored.Get("spam_score"))
		})
	}
	t.Run("what is to be kept is looked for", func(t *testing.T) {
		f := open(t)
		mustPolicy(t, f, ofAnna, quarantined)
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{BypassSpam: set(true)})
		mustPolicy(t, f, ofAnna, store.SpamPolicyUpdate{QuarantineSpam: set(true)})
		require.Equal(t, "no", policyOf(t, f, ofAnna).Stored.Get("bypass_spam_checks"))
	})
}

// policyTables are the rows that a policy is made of.
func policyTables(t *testing.T, f PoliciesFixture) [][]store.Record {
	t.Helper()
	at := Fixture{SQL: f.Amavisd}
	return [][]store.Record{rows(t, at, "SELECT * FROM policy ORDER BY id"), rows(t, at, "SELECT * FROM users ORDER BY id")}
}

// policyAsRead is the update that says of a policy what is read of it.
func policyAsRead(shown store.Record) store.SpamPolicyUpdate {
	yesNo := func(name string) store.Optional[bool] {
		if shown.Get(name) == nil {
			return unset[bool]()
		}
		return set(shown.Get(name) == "yes")
	}
	u := store.SpamPolicyUpdate{
		BypassSpam: yesNo("bypass_spam_checks"), BypassVirus: yesNo("bypass_virus_checks"), BypassBanned: yesNo("bypass_banned_checks"),
		BypassHeader: yesNo("bypass_header_checks"), QuarantineSpam: yesNo("quarantine_spam"), QuarantineVirus: yesNo("quarantine_virus"),
		QuarantineBanned: yesNo("quarantine_banned"), QuarantineHeader: yesNo("quarantine_bad_header"),
		PrefixSubject: yesNo("prefix_spam_in_subject"), AlwaysInsertHeader: yesNo("always_insert_x_spam_headers"),
		Score: unset[float64](), BannedRules: &[]string{},
	}
	if n, ok := shown.Get("spam_score").(float64); ok {
		u.Score = set(n)
	}
	if rules, ok := shown.Get("banned_rulenames").([]string); ok {
		u.BannedRules = &rules
	}
	return u
}
