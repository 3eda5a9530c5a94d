package mlmmj

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
)

// DaemonConfig says where the daemon mlmmjadmin answers.
type DaemonConfig struct {
	URL    string       // with its path; /api when it has none
	Token  string       // one of its api_auth_tokens
	Client *http.Client // nil is one that is not patient
}

// Daemon is store.Mlmmj on mlmmjadmin, which has to leave the accounts to us: its backend_api is bk_none.
type Daemon struct {
	base, token string
	client      *http.Client
}

var _ store.Mlmmj = (*Daemon)(nil)

const (
	// longestAnswer bounds what is read of one answer, in bytes: about a million subscribers.
	longestAnswer = 128 << 20
	// tokenHeader carries the token. Proxies drop the spelling with underscores.
	tokenHeader = "X-MLMMJADMIN-API-AUTH-TOKEN"
)

// NewDaemon returns the lists of a mlmmjadmin. It asks nothing: see Check.
func NewDaemon(c DaemonConfig) *Daemon {
	base := strings.TrimRight(c.URL, "/")
	if u, err := url.Parse(base); err == nil && u.Path == "" {
		base += "/api"
	}
	client := http.Client{Transport: &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		ResponseHeaderTimeout: 4 * time.Second,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       30 * time.Second,
	}}
	if c.Client != nil {
		client = *c.Client
	}
	// The token would follow a redirection to wherever it leads.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Daemon{base: base, token: c.Token, client: &client}
}

// Ping implements store.Mlmmj. It asks for a list that nobody has.
func (r *Daemon) Ping(ctx context.Context) error {
	err := r.call(ctx, http.MethodGet, "/ping@postern.invalid", url.Values{"params": {"name"}}, nil)
	if store.HasCode(err, store.CodeNoSuchAccount) {
		return nil
	}
	return err
}

// Check returns an error that tells what to do when mlmmjadmin cannot be worked with.
func (r *Daemon) Check(ctx context.Context) error {
	err := r.Ping(ctx)
	if store.HasCode(err, store.CodeServerDown) {
		return fmt.Errorf("mlmmjadmin does not answer: start it, or correct its URL: %w", errors.Unwrap(err))
	}
	return err
}

// answer is what mlmmjadmin says, nearly always with the HTTP status 200.
type answer struct {
	Success bool            `json:"_success"`
	Message string          `json:"_msg"`
	Data    json.RawMessage `json:"_data"`
}

// call makes one request and reads the data of its answer into data, unless that is nil. The parameters of a GET or
// DELETE go into the URL, others into the body.
func (r *Daemon) call(ctx context.Context, method, path string, parameters url.Values, data any) error {
	request, err := r.request(ctx, method, path, parameters)
	if err != nil {
		return err
	}
	response, err := r.client.Do(request)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return fmt.Errorf("%s %s of mlmmjadmin: %w", method, path, context.Canceled)
		}
		return store.Down("mlmmjadmin", r.hide(err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if err != nil {
		return store.Down("mlmmjadmin", r.hide(err))
	}
	if err := r.understand(path, response.StatusCode, body, data); err != nil {
		var told *store.Error
		if errors.As(err, &told) {
			return err
		}
		return fmt.Errorf("%s %s of mlmmjadmin: %w", method, path, r.hide(err))
	}
	return nil
}

func (r *Daemon) request(ctx context.Context, method, path string, parameters url.Values) (*http.Request, error) {
	address := r.base + path
	var body io.Reader
	inBody := method == http.MethodPost || method == http.MethodPut
	if inBody {
		body = strings.NewReader(parameters.Encode())
	} else if len(parameters) > 0 {
		address += "?" + parameters.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fmt.Errorf("address of mlmmjadmin: %w", err)
	}
	request.Header.Set(tokenHeader, r.token)
	if inBody {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return request, nil
}

// understand reads an answer. A status of its own comes from what stands in front of mlmmjadmin, or from a fault of it.
func (r *Daemon) understand(path string, status int, body []byte, data any) error {
	switch status {
	case http.StatusOK:
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return store.Down("mlmmjadmin", fmt.Errorf("status %d", status))
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("access is refused with status %d: compare the token with its api_auth_tokens", status)
	default:
		return fmt.Errorf("status %d: %.200q", status, body)
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return fmt.Errorf("no answer of mlmmjadmin, is the URL right? %w", err)
	}
	if !a.Success {
		return refusal(path, a.Message)
	}
	if data == nil || len(a.Data) == 0 {
		return nil
	}
	return json.Unmarshal(a.Data, data)
}

// refusal is the error for a message of mlmmjadmin.
func refusal(path, message string) error {
	mail, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch message {
	case "NO_SUCH_ACCOUNT":
		if name, err := url.PathUnescape(mail); err == nil {
			mail = name
		}
		return store.NoSuchAccount(mail)
	case "NO_API_AUTH_TOKEN", "INVALID_MLMMJADMIN_API_AUTH_TOKEN":
		return fmt.Errorf("%s: compare the token with its api_auth_tokens", message)
	case "NOT_AUTHORIZED_API_CLIENT":
		return fmt.Errorf("%s: name this machine in its ACCEPTED_CLIENTS", message)
	case "ALREADY_EXISTS", "NO_SUCH_DOMAIN":
		e := store.Fail(store.Unavailable, store.CodeNotConfigured,
			"mlmmjadmin keeps accounts itself. Set backend_api to bk_none in its settings.")
		e.Cause = errors.New(message)
		return e
	}
	if strings.Contains(strings.ToLower(message), "file exists") { // Python's words for EEXIST
		return fmt.Errorf("it says %.500q: %w", message, errPlaceTaken)
	}
	return fmt.Errorf("it says %.500q", message)
}

// hide keeps the token out of an error, whoever quotes it.
func (r *Daemon) hide(err error) error {
	if r.token == "" || !strings.Contains(err.Error(), r.token) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), r.token, "[hidden]"))
}

// at is the path of a list or of something below it.
func at(mail string, below ...string) string {
	return "/" + strings.Join(append([]string{url.PathEscape(mail)}, below...), "/")
}
