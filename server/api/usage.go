package api

import (
	"cmp"
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-mail/postern/gen"
	"github.com/postern-mail/postern/server/access"
	"github.com/postern-mail/postern/store"
)

// inactiveDays is after how many days a mailbox is not in use, unless the request says so.
const inactiveDays = 90

// GetUsage says what the domains hold that the caller manages.
func (a *API) GetUsage(ctx context.Context, r gen.GetUsageRequestObject) (gen.GetUsageResponseObject, error) {
	q := r.Params
	filter := store.UsageFilter{
		Domain: lower(valueOr(q.Domain, "")),
		Since:  time.Now().Add(-time.Duration(valueOr(q.InactiveDays, inactiveDays)) * 24 * time.Hour),
	}
	if p := access.Of(ctx); !p.Global {
		filter.ManagedBy = p.Username
	}
	if filter.Domain != "" {
		if err := access.MayAskFor(ctx, filter.Domain); err != nil {
			return nil, err
		}
	}
	list, err := a.listed(ctx, asked{limit: q.Limit, cursor: q.Cursor, count: q.Count}, store.Search{})
	if err != nil {
		return nil, err
	}
	if !list.paged && a.deps.Directory != nil {
		list.request.Limit = directoryPageSize
	}
	encode, table := encodeUsage, ""
	if wantsTable(ctx, q.Format) {
		encode, table = encodeUsageRow, usageTable()
	}
	s, err := newList(ctx, list, func(ctx context.Context, page store.PageRequest) (store.Page[store.DomainUsage], error) {
		return a.deps.Accounts.DomainUsages(ctx, filter, page)
	}, encode)
	s.table, s.vary = table, "Accept"
	return s, atDomain(filter.Domain, err)
}

// directoryPageSize is how many domains of a whole list are read at a time from a directory, which goes through all accounts for each page.
const directoryPageSize = 1000

// atDomain names the parameter at fault where the domain that it names is not there.
func atDomain(domain string, err error) error {
	if domain != "" && store.IsNotFound(err) {
		return withField("domain", err)
	}
	return err
}

// usageRecord is the report of a domain; its keys are the columns of a table as well.
func usageRecord(d store.DomainUsage) store.Record {
	return store.Record{
		{Name: "domain", Value: d.Domain},
		{Name: "users", Value: d.Users},
		{Name: "aliases", Value: d.Aliases},
		{Name: "mailing_lists", Value: d.MailingLists},
		{Name: "static_lists", Value: d.StaticLists},
		{Name: "allocated_quota", Value: d.Allocated},
		{Name: "stored_bytes", Value: d.Stored},
		{Name: "stored_messages", Value: d.Messages},
		{Name: "users_over_quota", Value: d.OverQuota},
		{Name: "users_never_logged_in", Value: d.NeverLoggedIn},
		{Name: "users_inactive", Value: d.Inactive},
	}
}

func encodeUsage(b []byte, d store.DomainUsage) ([]byte, error) { return usageRecord(d).AppendJSON(b) }

// usageTable is the first line of a table.
func usageTable() string {
	var names []any
	for _, f := range usageRecord(store.DomainUsage{}) {
		names = append(names, f.Name)
	}
	return string(appendRow(nil, names))
}

func encodeUsageRow(b []byte, d store.DomainUsage) ([]byte, error) {
	var cells []any
	for _, f := range usageRecord(d) {
		cells = append(cells, f.Value)
	}
	return appendRow(b, cells), nil
}

// appendRow writes a line of a table (RFC 4180).
func appendRow(b []byte, cells []any) []byte {
	for i, cell := range cells {
		if i > 0 {
			b = append(b, ',')
		}
		switch v := cell.(type) {
		case int64:
			b = strconv.AppendInt(b, v, 10)
		case string:
			b = append(b, tableText(v)...)
		}
	}
	return append(b, "\r\n"...)
}

// tableText is a text within a table. One that a spreadsheet would run as a formula begins with ', which makes it a text.
// Source: CSV Injection of OWASP.
func tableText(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		text = "'" + text
	}
	if strings.ContainsAny(text, "\",\r\n") {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}

// wantsTable reports whether a table is asked for: by the parameter, or else by the header Accept.
func wantsTable(ctx context.Context, format *gen.UsageFormat) bool {
	if format != nil {
		return *format == gen.Csv
	}
	r, ok := ctx.Value(gin.ContextRequestKey).(*http.Request)
	return ok && prefersTable(r.Header.Values("Accept"))
}

// prefersTable reports whether a client names tables, and not JSON before them (RFC 9110, section 12.5.1). One that takes anything gets
// JSON.
func prefersTable(accept []string) bool {
	table, envelope, first := 0.0, 0.0, ""
	for _, one := range strings.Split(strings.Join(accept, ","), ",") {
		media, parameters, err := mime.ParseMediaType(one)
		if err != nil {
			continue
		}
		weight, err := strconv.ParseFloat(parameters["q"], 64)
		if err != nil {
			weight = 1
		}
		switch media {
		case "text/csv":
			table = weight
		case "application/json":
			envelope = weight
		default:
			continue
		}
		first = cmp.Or(first, media)
	}
	return table > envelope || table > 0 && table == envelope && first == "text/csv"
}
