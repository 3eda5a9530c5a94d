package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/postern-mail/postern/store/panelstore"
	"github.com/postern-mail/postern/store/sqldb"
)

// tellRestrictions lists what cannot be read in the panel's lists of addresses that may come in.
func (c Config) tellRestrictions(ctx context.Context, w io.Writer, d database) error {
	if _, err := os.Stat(c.path(d)); c.embedded(d) && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := sqldb.Open(c.url(d))
	if err != nil {
		return nil //nolint:nilerr // that is told of elsewhere
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	found, err := panelstore.New(db).PanelRestrictions(ctx)
	if err != nil {
		return nil //nolint:nilerr // that is told of elsewhere
	}
	lists := found.Lists()
	for _, key := range slices.Sorted(maps.Keys(lists)) {
		list := lists[key]
		if len(list.Bad) == 0 {
			continue
		}
		effect := "; write addresses and networks such as 10.0.0.0/8 into it"
		if len(list.Networks) == 0 {
			effect += ", for as it is it lets nobody in"
		}
		if _, err = fmt.Fprintf(w, "%-9s %s has elements that let nobody in: %s%s\n", "panel", key, strings.Join(list.Bad, ", "), effect); err != nil {
			return err
		}
	}
	return nil
}
