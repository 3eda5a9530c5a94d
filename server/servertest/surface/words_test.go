package surface_test

import (
	"strings"
	"testing"

	"github.com/postern-mail/postern/server/servertest"
)

// TestWordsOfTheLegacySurface sends each word for on and off, to parameters of each kind.
func TestWordsOfTheLegacySurface(t *testing.T) {
	const user, domain, admin = "/api/user/anna@example.com", "/api/domain/example.com", "/api/admin/" + servertest.RootMail
	var exchanges []servertest.Exchange
	put := func(name, path, contentType, raw string, x servertest.Exchange) {
		x.Name, x.Method, x.Path, x.ContentType, x.Raw = name, "PUT", path, contentType, raw
		if x.Status == 0 {
			x.Status = 200
		}
		exchanges = append(exchanges, x)
	}
	for word, on := range map[string]bool{
		"active": true, "enable": true, "enabled": true, "yes": true, "true": true, "on": true, "1": true, "True": true, "YES": true, " on ": true,
		"disabled": false, "disable": false, "inactive": false, "no": false, "false": false, "off": false, "0": false, "False": false, "OFF": false,
	} {
		stored, backup := 0.0, 0.0
		if on {
			stored, backup = 1, 1
		}
		put("status "+word, user, servertest.FormType, "accountStatus="+word, servertest.Exchange{Legacy: true, User: map[string]any{"active": stored}})
		put("status in JSON "+word, user, servertest.JSONType, `{"accountStatus":"`+word+`"}`, servertest.Exchange{Legacy: true, User: map[string]any{"active": stored}})
		put("yes or no "+word, domain, servertest.FormType, "primarymx=mx.example.net&is_backupmx="+word, servertest.Exchange{Legacy: true, Domain: map[string]any{"backupmx": backup}})
		put("right "+word, admin, servertest.FormType, "isGlobalAdmin="+word, map[bool]servertest.Exchange{
			true: {Legacy: true}, false: {Legacy: true, Msg: "INVALID_VALUE", Field: "isGlobalAdmin"},
		}[word == "yes"])
		if word != "active" && word != "disabled" {
			put("strict "+word, user, servertest.JSONType, `{"accountStatus":"`+word+`"}`,
				servertest.Exchange{Status: 400, Msg: "INVALID_ACCOUNT_STATUS", Field: "accountStatus", User: map[string]any{"active": 1.0}})
		}
	}
	// The word for no is taken for a right, too; the last global admin keeps its own.
	exchanges = drop(exchanges, "right no")
	put("right no", admin, servertest.FormType, "isGlobalAdmin=no", servertest.Exchange{Legacy: true, Msg: "LAST_GLOBAL_ADMIN"})
	for raw, stored := range map[string]float64{"true": 1, "1": 1, "false": 0, "0": 0} {
		put("bare "+raw, user, servertest.JSONType, `{"accountStatus":`+raw+`}`, servertest.Exchange{Legacy: true, User: map[string]any{"active": stored}})
		put("bare and strict "+raw, user, servertest.JSONType, `{"accountStatus":`+raw+`}`,
			servertest.Exchange{Status: 400, Msg: "INVALID_ACCOUNT_STATUS", Field: "accountStatus"})
	}
	for _, word := range []string{"perhaps", "2", "enableme", "-1", "yes,no"} {
		put("no word "+word, user, servertest.FormType, "cn=x&accountStatus="+word,
			servertest.Exchange{Legacy: true, Msg: "INVALID_ACCOUNT_STATUS", Field: "accountStatus", User: map[string]any{"active": 1.0, "name": ""}})
	}
	put("empty", user, servertest.FormType, "accountStatus=&cn=x", servertest.Exchange{Legacy: true, User: map[string]any{"active": 1.0, "name": "x"}})
	exchanges = append(exchanges,
		servertest.Exchange{Name: "query string", Legacy: true, Method: "GET", Path: "/api/users/example.com?email_only=TRUE&disabled_only=off", Status: 200},
		servertest.Exchange{Name: "greylisting", Legacy: true, Method: "POST", Path: "/api/greylisting/example.com", ContentType: servertest.FormType, Raw: "status=off", Status: 200},
		servertest.Exchange{Name: "a new mailbox with all names", Legacy: true, Method: "POST", Path: "/api/user/carl@example.com", ContentType: servertest.FormType,
			Raw: "password=" + servertest.Password + "&givenName=Carl&sn=Lund&employeeid=7&accountStatus=True", Status: 200},
	)
	servertest.Run(t, exchanges)

	w := servertest.NewFixture(t)
	root := w.Root()
	root.MustDomain("example.com", nil)
	a := root.Legacy().Send("POST", "/api/user/carl@example.com", servertest.FormType, "password="+servertest.Password+"&givenName=Carl&sn=Lund&employeeid=7")
	if !a.OK() {
		t.Fatal(a.Raw)
	}
	servertest.RequireData(t, root.Legacy().Get("/api/user/carl@example.com").Data(), map[string]any{"first_name": "Carl", "last_name": "Lund", "employeeid": "7"})
}

func drop(exchanges []servertest.Exchange, name string) []servertest.Exchange {
	kept := exchanges[:0]
	for _, x := range exchanges {
		if !strings.EqualFold(x.Name, name) {
			kept = append(kept, x)
		}
	}
	return kept
}
