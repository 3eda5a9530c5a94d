// Mailbox makes a domain and a mailbox, reads the mailbox, changes what it read and sends all of it back, lists and removes. It needs
// nothing but net/http, and prints the same whatever the server keeps its accounts in.
//
//	POSTERN_URL=http://127.0.0.1:8080 POSTERN_USERNAME=... POSTERN_PASSWORD=... go run ./clients/examples/mailbox
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// User is what the program looks at of a mailbox.
type User struct {
	Mail            string   `json:"mail"`
	Name            string   `json:"name"`
	AccountStatus   string   `json:"accountStatus"`
	Language        *string  `json:"language"`
	Quota           int64    `json:"quota"`
	Employeeid      string   `json:"employeeid"`
	Department      string   `json:"department"`
	TelephoneNumber []string `json:"telephoneNumber"`
	Mobile          []string `json:"mobile"`
	Forwarding      []string `json:"forwarding"`
	KeepsCopy       bool     `json:"keeps_copy"`
	Aliases         []string `json:"aliases"`
	SenderBcc       string   `json:"senderBcc"`
	RecipientBcc    string   `json:"recipientBcc"`
	Services        []string `json:"services"`
	Maildir         string   `json:"maildir"`
	StoredBytes     int64    `json:"stored_bytes"`
	LastLogin       *string  `json:"last_login"`
	Created         *string  `json:"created"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	c := client{url: os.Getenv("POSTERN_URL")}
	if err := c.call("POST", "/api/login", map[string]any{
		"username": os.Getenv("POSTERN_USERNAME"), "password": os.Getenv("POSTERN_PASSWORD"),
	}, nil); err != nil {
		return err
	}
	return errors.Join(c.work(), c.call("DELETE", "/api/domain/example.com", nil, nil))
}

func (c *client) work() error {
	if err := c.call("POST", "/api/domain/example.com", map[string]any{"name": "Example Ltd", "quota": 10240, "language": "de_DE"}, nil); err != nil {
		return err
	}
	var made User
	if err := c.call("POST", "/api/user/anna@example.com", map[string]any{
		"password": "Autumn-1957-wind", "name": "Anna Berg", "gn": "Anna", "sn": "Berg", "quota": 2048, "language": "fr_FR",
		"employeeid": "E-7", "department": "Sales", "telephoneNumber": []string{"+49 30 901820"}, "mobile": []string{"+49 170 1234"},
		"forwarding": []string{"anna@example.com", "anna@example.net"}, "aliases": []string{"a.berg@example.com"},
		"senderBcc": "archive@example.net", "services": []string{"imapsecured", "smtpsecured"},
		"maildir": "/var/vmail/vmail1/example.com/anna",
	}, &made); err != nil {
		return err
	}
	show("made", made)

	// The whole object is read, changed and sent back. What is not in User is kept, since the map has it.
	var read map[string]any
	if err := c.call("GET", "/api/user/anna@example.com", nil, &read); err != nil {
		return err
	}
	fmt.Println("keys:", len(read))
	read["name"], read["accountStatus"], read["language"] = "Anna Berg-Söhne", "disabled", nil
	var changed User
	if err := c.call("PUT", "/api/user/anna@example.com", read, &changed); err != nil {
		return err
	}
	show("changed", changed)

	var all []User
	if err := c.call("GET", "/api/users/example.com", nil, &all); err != nil {
		return err
	}
	for _, u := range all {
		fmt.Println("listed:", u.Mail, u.AccountStatus, u.Quota)
	}
	err := c.call("GET", "/api/user/nobody@example.com", nil, nil)
	fmt.Println("nobody:", err)
	return c.call("DELETE", "/api/user/anna@example.com", nil, nil)
}

func show(what string, u User) {
	language := "none"
	if u.Language != nil {
		language = *u.Language
	}
	fmt.Println(what+":", u.Mail, "|", u.Name, "|", u.AccountStatus, "|", language, "|", u.Quota, "MB |", u.Employeeid, "|", u.Department)
	fmt.Println("  phones:", strings.Join(u.TelephoneNumber, ","), "|", strings.Join(u.Mobile, ","))
	fmt.Println("  mail to:", strings.Join(u.Forwarding, ","), "| copy kept:", u.KeepsCopy, "| also:", strings.Join(u.Aliases, ","))
	fmt.Println("  copies:", u.SenderBcc, "|", u.RecipientBcc, "| services:", strings.Join(u.Services, ","), "| in", u.Maildir)
	fmt.Println("  stored:", u.StoredBytes, "| logged in:", u.LastLogin != nil, "| created known:", u.Created != nil)
}

// client calls a server in a session.
type client struct {
	url    string
	cookie string
}

// call sends a body and reads what the answer has in _data. An error has the code and what to do.
func (c *client) call(method, path string, body, into any) error {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(context.Background(), method, c.url+path, &sent)
	if err != nil {
		return err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Cookie", c.cookie)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	reply := struct {
		Success bool   `json:"_success"`
		Msg     string `json:"_msg"`
		Detail  string `json:"_detail"`
		Data    any    `json:"_data"`
	}{Data: into}
	if err = json.NewDecoder(answer.Body).Decode(&reply); err != nil {
		return err
	}
	if !reply.Success {
		return fmt.Errorf("%d %s: %s", answer.StatusCode, reply.Msg, reply.Detail)
	}
	if set := answer.Header.Get("Set-Cookie"); set != "" {
		c.cookie, _, _ = strings.Cut(set, ";")
	}
	return nil
}
