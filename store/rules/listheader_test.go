package rules

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-mail/postern/store"
)

func headers(actor store.Actor, rule store.OnMissing, stored store.MlmmjSettings) ListHeaders {
	return ListHeaders{
		Write: store.Write{Actor: actor, OnMissing: rule}, Own: []string{"list@a.test", "news@a.test"}, Stored: stored,
	}
}

var goodLines = []string{
	"From: list@a.test", `from: "The list" <list@a.test>`, "FROM:<News@A.test>", "Sender: news@a.test", "To: list@a.test, News <news@a.test>",
	"From: =?utf-8?q?List?= <list@a.test>", `From: "list@a.test" <list@a.test>`, "X-Office: Berlin: Mitte", "Organization: Example", "Subject: x",
	"To: The lists: list@a.test, news@a.test;",
}

// badLines are refused to actors that are not global.
var badLines = []string{
	"From: ceo@b.test", "FROM:ceo@b.test", "from: List <ceo@b.test>", "Sender: x@b.test", "To: list@a.test, x@b.test", "From: list@a.test, ceo@b.test",
	`From: "ceo@b.test" <list@a.test>`, "From: =?utf-8?q?ceo=40b.test?= <list@a.test>", "From: list", "From: undisclosed:;", "From:",
	"From: x: list@a.test, ceo@b.test;", "From: other@a.test", "Resent-From: ceo@b.test", "Cc: list@a.test", "bCC: x@c.test", "Return-Path: <x@b.test>",
	"Received: from x", "Date: now", "Message-ID: <x@y>", "DKIM-Signature: v=1", "ARC-Seal: i=1", "arc-authentication-results: i=1",
	"Authentication-Results: a.test; spf=pass", "Content-Type: text/html", "content-disposition: inline", "MIME-Version: 1.0",
}

// notLines nobody may set.
var notLines = []string{"nothing", "From : list@a.test", "X A: 1", ": x", "X-Ünï: 1"}

func TestListHeaderLines(t *testing.T) {
	one := func(h ListHeaders, line string) ([]string, []string, error) {
		u, left, err := h.Update(store.MlmmjUpdate{CustomHeaders: &[]string{line}})
		return *u.CustomHeaders, left, err
	}
	for _, line := range slices.Concat(goodLines, badLines) {
		good := slices.Contains(goodLines, line)
		kept, left, err := one(headers(global, store.Refuse, store.MlmmjSettings{}), line)
		require.NoError(t, err, line)
		require.Equal(t, []string{line}, kept)
		require.Empty(t, left)
		kept, _, err = one(headers(admin, store.Refuse, store.MlmmjSettings{}), line)
		if good {
			require.NoError(t, err, line)
			require.Equal(t, []string{line}, kept)
		} else {
			var known *store.Error
			require.ErrorAs(t, err, &known, line)
			require.Equal(t, store.CodePermissionDenied, known.Code)
			require.Equal(t, "custom_headers", known.Field)
		}
		kept, left, err = one(headers(admin, store.Drop, store.MlmmjSettings{}), line)
		require.NoError(t, err)
		require.Equal(t, good, len(kept) == 1 && len(left) == 0, line)
		require.Equal(t, !good, slices.Equal(left, []string{line}), line)
		kept, left, err = one(headers(admin, store.Refuse, store.MlmmjSettings{CustomHeaders: []string{line}}), line)
		require.NoError(t, err, "stored already: %s", line)
		require.Equal(t, []string{line}, kept)
		require.Empty(t, left)
	}
	for _, line := range notLines {
		for _, actor := range []store.Actor{global, admin} {
			_, _, err := one(headers(actor, store.Refuse, store.MlmmjSettings{}), line)
			require.Equal(t, store.CodeInvalidValue, codeOf(err), line)
			_, left, err := one(headers(actor, store.Drop, store.MlmmjSettings{}), line)
			require.NoError(t, err)
			require.Equal(t, []string{line}, left)
		}
	}
	for _, name := range AutomaticListHeaders {
		for _, actor := range []store.Actor{global, admin} {
			line := strings.ToUpper(name) + ": ceo@b.test"
			kept, left, err := one(headers(actor, store.Refuse, store.MlmmjSettings{}), line)
			require.NoError(t, err)
			require.Empty(t, kept)
			require.Equal(t, []string{line}, left)
		}
	}
}

func TestListHeaderLinesAreSplitFirst(t *testing.T) {
	for _, text := range []string{
		"X-A: 1\nFrom: ceo@b.test", "X-A: 1\r\nFrom: ceo@b.test", "X-A: 1\rFrom: ceo@b.test", "X-A: 1\x00From: ceo@b.test", `X-A: 1\nFrom: ceo@b.test`,
		"X-A: 1\n From: ceo@b.test", "X-A: 1\n\tFrom: ceo@b.test", " From: ceo@b.test\nX-A: 1",
	} {
		_, _, err := headers(admin, store.Refuse, store.MlmmjSettings{}).Update(store.MlmmjUpdate{CustomHeaders: &[]string{text}})
		require.Equal(t, store.CodePermissionDenied, codeOf(err), "%q", text)
		u, left, err := headers(admin, store.Drop, store.MlmmjSettings{}).Update(store.MlmmjUpdate{CustomHeaders: &[]string{text}})
		require.NoError(t, err)
		require.Equal(t, []string{"X-A: 1"}, *u.CustomHeaders, "%q", text)
		require.Equal(t, []string{"From: ceo@b.test"}, left)
	}
	_, _, err := headers(global, store.Refuse, store.MlmmjSettings{}).Update(store.MlmmjUpdate{CustomHeaders: &[]string{"X-A: 1\rBcc: x@far.test"}})
	require.Equal(t, store.CodeInvalidValue, codeOf(err), "a global admin says what it means")
	_, _, err = headers(admin, store.Refuse, store.MlmmjSettings{}).Update(store.MlmmjUpdate{CustomHeaders: &[]string{"X-A: 1\n folded"}})
	require.Equal(t, store.CodeInvalidValue, codeOf(err), "a line by itself, which is none")
}

func TestRemovedListHeaders(t *testing.T) {
	one := func(h ListHeaders, u store.MlmmjUpdate, name string) ([]string, []string, error) {
		u.RemoveHeaders = &[]string{name}
		u, left, err := h.Update(u)
		return *u.RemoveHeaders, left, err
	}
	for name, good := range map[string]bool{
		"Message-ID": true, "received:": true, "DKIM-Signature": true, "ARC-Seal": true, "Authentication-Results": true, "Sender": true, "CC": true, "X-Mailer": true,
		"to": false, "To:": false, "DATE": false, "Content-Type": false, "content-x": false, "MIME-Version": false, "From": false, "from:": false,
	} {
		_, _, err := one(headers(global, store.Refuse, store.MlmmjSettings{}), store.MlmmjUpdate{}, name)
		require.NoError(t, err, name)
		kept, left, err := one(headers(admin, store.Drop, store.MlmmjSettings{}), store.MlmmjUpdate{}, name)
		require.NoError(t, err)
		require.Equal(t, good, slices.Equal(kept, []string{name}), name)
		require.Equal(t, !good, slices.Equal(left, []string{name}), name)
		_, _, err = one(headers(admin, store.Refuse, store.MlmmjSettings{}), store.MlmmjUpdate{}, name)
		if good {
			require.NoError(t, err, name)
			continue
		}
		var known *store.Error
		require.True(t, errors.As(err, &known), name)
		require.Equal(t, "remove_headers", known.Field)
		require.Equal(t, store.CodePermissionDenied, known.Code)
		_, _, err = one(headers(admin, store.Refuse, store.MlmmjSettings{RemoveHeaders: []string{strings.TrimSuffix(name, ":") + ":"}}), store.MlmmjUpdate{}, name)
		require.NoError(t, err, "stored already: %s", name)
	}
	for _, name := range []string{"", "X A", "X-A: 1", "X\nY", "Ü"} {
		_, _, err := one(headers(global, store.Refuse, store.MlmmjSettings{}), store.MlmmjUpdate{}, name)
		require.Equal(t, store.CodeInvalidValue, codeOf(err), name)
	}
}

func TestFromIsRemovedForAnother(t *testing.T) {
	own := []string{"From: List <list@a.test>"}
	munged := store.MlmmjSettings{CustomHeaders: own, RemoveHeaders: []string{"From:", "X-A:"}}
	_, _, err := headers(admin, store.Refuse, store.MlmmjSettings{}).Update(store.MlmmjUpdate{CustomHeaders: &own, RemoveHeaders: &[]string{"From"}})
	require.NoError(t, err, "both at once")
	_, _, err = headers(admin, store.Refuse, store.MlmmjSettings{CustomHeaders: own}).Update(store.MlmmjUpdate{RemoveHeaders: &[]string{"From"}})
	require.NoError(t, err, "one after the other")
	_, _, err = headers(admin, store.Refuse, store.MlmmjSettings{CustomHeaders: own}).
		Update(store.MlmmjUpdate{CustomHeaders: &[]string{}, RemoveHeaders: &[]string{"From"}})
	require.Equal(t, store.CodePermissionDenied, codeOf(err), "the From of the list goes in the same change")
	for name, u := range map[string]store.MlmmjUpdate{
		"alone": {CustomHeaders: &[]string{"X-A: 1"}}, "beside what is stored": {CustomHeaders: &[]string{}, RemoveHeaders: &[]string{"From", "X-A"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := headers(admin, store.Refuse, munged).Update(u)
			require.Equal(t, store.CodePermissionDenied, codeOf(err))
			after, left, err := headers(admin, store.Drop, munged).Update(u)
			require.NoError(t, err)
			require.Len(t, left, 1)
			require.Len(t, *after.RemoveHeaders, 1)
			require.NotContains(t, strings.Join(*after.RemoveHeaders, " "), "From")
			_, _, err = headers(global, store.Refuse, munged).Update(u)
			require.NoError(t, err)
		})
	}
	_, _, err = headers(admin, store.Refuse, store.MlmmjSettings{RemoveHeaders: []string{"From:"}}).
		Update(store.MlmmjUpdate{CustomHeaders: &[]string{"X-A: 1"}, RemoveHeaders: &[]string{"From"}})
	require.NoError(t, err, "stored by somebody else without one")
	u, left, err := headers(admin, store.Refuse, munged).Update(store.MlmmjUpdate{})
	require.NoError(t, err)
	require.Equal(t, store.MlmmjUpdate{}, u)
	require.Empty(t, left)
}
