package server_test

import (
	"strings"
	"testing"
)

// TestWordsOfTheLegacySurface sends each word for on and off, to parameters of each kind.
func TestWordsOfTheLegacySurface(t *testing.T) {
	const user, domain, admin = "/api/user/anna@example.com", "/api/domain/example.com", "/api/admin/" + rootMail
	var exchanges []exchange
	put := func(name, path, contentType, raw string, x exchange) {
		x.name, x.method, x.path, x.contentType, x.raw = name, "PUT", path, contentType, raw
		if x.status == 0 {
			x.status = 200
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
		put("status "+word, user, formType, "accountStatus="+word, exchange{legacy: true, user: map[string]any{"active": stored}})
		put("status in JSON "+word, user, jsonType, `{"accountStatus":"`+word+`"}`, exchange{legacy: true, user: map[string]any{"active": stored}})
		put("yes or no "+word, domain, formType, "primarymx=mx.example.net&is_backupmx="+word, exchange{legacy: true, domain: map[string]any{"backupmx": backup}})
		put("right "+word, admin, formType, "isGlobalAdmin="+word, map[bool]exchange{
			true: {legacy: true}, false: {legacy: true, msg: "INVALID_VALUE", field: "isGlobalAdmin"},
		}[word == "yes"])
		if word != "active" && word != "disabled" {
			put("strict "+word, user, jsonType, `{"accountStatus":"`+word+`"}`,
				exchange{status: 400, msg: "INVALID_ACCOUNT_STATUS", field: "accountStatus", user: map[string]any{"active": 1.0}})
		}
	}
	// The word for no is taken for a right, too; the last global admin keeps its own.
	exchanges = drop(exchanges, "right no")
	put("right no", admin, formType, "isGlobalAdmin=no", exchange{legacy: true, msg: "LAST_GLOBAL_ADMIN"})
	for raw, stored := range map[string]float64{"true": 1, "1": 1, "false": 0, "0": 0} {
		put("bare "+raw, user, jsonType, `{"accountStatus":`+raw+`}`, exchange{legacy: true, user: map[string]any{"active": stored}})
		put("bare and strict "+raw, user, jsonType, `{"accountStatus":`+raw+`}`,
			exchange{status: 400, msg: "INVALID_ACCOUNT_STATUS", field: "accountStatus"})
	}
	for _, word := range []string{"perhaps", "2", "enableme", "-1", "yes,no"} {
		put("no word "+word, user, formType, "cn=x&accountStatus="+word,
			exchange{legacy: true, msg: "INVALID_ACCOUNT_STATUS", field: "accountStatus", user: map[string]any{"active": 1.0, "name": ""}})
	}
	put("empty", user, formType, "accountStatus=&cn=x", exchange{legacy: true, user: map[string]any{"active": 1.0, "name": "x"}})
	exchanges = append(exchanges,
		exchange{name: "query string", legacy: true, method: "GET", path: "/api/users/example.com?email_only=TRUE&disabled_only=off", status: 200},
		exchange{name: "greylisting", legacy: true, method: "POST", path: "/api/greylisting/example.com", contentType: formType, raw: "status=off", status: 200},
		exchange{name: "a new mailbox with all names", legacy: true, method: "POST", path: "/api/user/carl@example.com", contentType: formType,
			raw: "password=" + password + "&givenName=Carl&sn=Lund&employeeid=7&accountStatus=True", status: 200},
	)
	run(t, exchanges)

	w := newFixture(t)
	root := w.root()
	root.mustDomain("example.com", nil)
	a := root.legacy().send("POST", "/api/user/carl@example.com", formType, "password="+password+"&givenName=Carl&sn=Lund&employeeid=7")
	if !a.ok() {
		t.Fatal(a.raw)
	}
	requireData(t, root.get("/api/user/carl@example.com").data(), map[string]any{"first_name": "Carl", "last_name": "Lund", "employeeid": "7"})
}

func drop(exchanges []exchange, name string) []exchange {
	kept := exchanges[:0]
	for _, x := range exchanges {
		if !strings.EqualFold(x.name, name) {
			kept = append(kept, x)
		}
	}
	return kept
}
