package store

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is the sort of a failure. server/reply alone turns it into an HTTP status.
type Kind int

// The kinds of failure.
const (
	Invalid            Kind = iota + 1 // the value is malformed or not allowed
	Unauthenticated                    // nobody is logged in, or the credentials are wrong
	Forbidden                          // the caller may not do this
	NotFound                           // the account or domain does not exist
	Conflict                           // the name is taken, or a limit is reached
	Unprocessable                      // well-formed, but it breaks a policy or refers to nothing
	PreconditionFailed                 // the account is not what the caller read
	Unsupported                        // this backend has no such thing
	Unavailable                        // a backend is down or not configured, or there is no room for the work
	TooMany                            // the caller has tried too often
)

// Codes that stores and rules return. They are the words of the published API where it has one.
const (
	CodeAlreadyExists         = "ALREADY_EXISTS"
	CodeNoSuchAccount         = "NO_SUCH_ACCOUNT"
	CodeNoSuchDomain          = "NO_SUCH_DOMAIN"
	CodeNotAllowed            = "NOT_ALLOWED"
	CodeDomainAccountLimit    = "EXCEEDED_DOMAIN_ACCOUNT_LIMIT"
	CodeDomainQuotaSize       = "EXCEEDED_DOMAIN_QUOTA_SIZE"
	CodeLimitDomain           = "EXCEED_LIMIT_DOMAIN"
	CodeLimitQuota            = "EXCEED_LIMIT_QUOTA"
	CodeLimitUsers            = "EXCEED_LIMIT_USERS"
	CodeLimitAliases          = "EXCEED_LIMIT_ALIASES"
	CodeLimitLists            = "EXCEED_LIMIT_LISTS"
	CodeLimitAliasDomains     = "EXCEED_LIMIT_ALIAS_DOMAINS"
	CodeBackupMXAliasDomain   = "BACKUPMX_ALIAS_DOMAIN"
	CodeCanNotBeLocalDomain   = "CAN_NOT_BE_LOCAL_DOMAIN"
	CodeInvalidMail           = "INVALID_MAIL"
	CodeInvalidDomainName     = "INVALID_DOMAIN_NAME"
	CodeValueTooLong          = "VALUE_TOO_LONG"
	CodeInvalidPasswordScheme = "INVALID_PASSWORD_SCHEME"
	CodeInvalidCredentials    = "INVALID_CREDENTIALS"
	CodeInvalidNumber         = "INVALID_NUMBER"
	CodeInvalidLanguage       = "INVALID_LANGUAGE"
	CodeInvalidMailboxFormat  = "INVALID_MAILBOX_FORMAT"
	CodeInvalidMailboxFolder  = "INVALID_MAILBOX_FOLDER"
	CodeInvalidPath           = "INVALID_PATH"
	CodeInvalidService        = "INVALID_SERVICE"
	CodeInvalidProfile        = "INVALID_PROFILE"
	CodeInvalidTransport      = "INVALID_TRANSPORT"
	CodeInvalidRelay          = "INVALID_RELAY"
	CodePermissionDenied      = "PERMISSION_DENIED"
	CodeLoginRequired         = "LOGIN_REQUIRED"
	CodePreconditionFailed    = "PRECONDITION_FAILED"
	CodeNotSupportedByBackend = "NOT_SUPPORTED_BY_BACKEND"
	CodeServerDown            = "SERVER_DOWN"
	CodeLastGlobalAdmin       = "LAST_GLOBAL_ADMIN"
	CodeNotConfigured         = "NOT_CONFIGURED"
	CodeInvalidValue          = "INVALID_VALUE"
	CodeConflicting           = "CONFLICTING_PARAMETERS"
	CodeTooManyItems          = "TOO_MANY_ITEMS"
	CodeServerBusy            = "SERVER_BUSY"
	CodeInProgress            = "IN_PROGRESS"
	CodeTooManyAttempts       = "TOO_MANY_ATTEMPTS"
	CodeDirectorySizeLimit    = "EXCEEDED_LDAP_SERVER_SIZELIMIT"
)

// Error is a failure that a caller may be told about. Code is stable and for programs, Detail is one sentence for
// a person and never holds a secret, Field is the published name of the parameter at fault, or "".
type Error struct {
	Kind   Kind
	Code   string
	Field  string
	Detail string
	// Causes are the codes of the rules that were broken, where Code says no more than that some were.
	Causes []string
	// RetryAfter is when it makes sense to try again, where that is known.
	RetryAfter time.Duration
	// Late says that no answer came before the time of the request was over. The backend may be away, or busy with it.
	Late  bool
	Cause error // for the log only
}

// Error implements error.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Detail, e.Cause)
	}
	return e.Code + ": " + e.Detail
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// With returns a copy of the error that names the field at fault.
func (e *Error) With(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// Fail makes an Error; the detail is formatted as by fmt.Sprintf.
func Fail(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// NoSuchAccount says that there is no account of that address.
func NoSuchAccount(mail string) *Error {
	return Fail(NotFound, CodeNoSuchAccount, "There is no account %s.", mail)
}

// NoSuchDomain says that the domain is not hosted here.
func NoSuchDomain(domain string) *Error {
	return Fail(NotFound, CodeNoSuchDomain, "The domain %s is not hosted here.", domain)
}

// MissingReference says that a parameter refers to an account under a hosted domain that does not exist.
func MissingReference(field, mail string) *Error {
	return Fail(Unprocessable, CodeNoSuchAccount, "There is no account %s.", mail).With(field)
}

// AlreadyExists says that the name is taken.
func AlreadyExists(name string) *Error {
	return Fail(Conflict, CodeAlreadyExists, "There is already an account or domain %s.", name)
}

// Down says that a backend cannot be reached.
func Down(what string, cause error) *Error {
	e := Fail(Unavailable, CodeServerDown, "%s cannot be reached. Try again in a few seconds.", what)
	if IsUntrusted(cause) {
		e = Fail(Unavailable, CodeServerDown, "%s cannot be reached: its certificate is not trusted here. "+
			"Name the authority that has signed it in the configuration, or connect by the name that it is for.", what)
	}
	e.Cause = cause
	return e
}

// Late is Down for what has not answered before the time of the request was over.
func Late(what string, cause error) *Error {
	e := Down(what, cause)
	e.Late = true
	return e
}

// InProgress says that the time of the request was over before everything was done, though every backend answers.
func InProgress(cause error) *Error {
	e := Fail(Unavailable, CodeInProgress, "This takes longer than a request may. What has been recorded of a change goes on; "+
		"repeat the request in a few seconds to see how far it is.")
	e.Cause = cause
	return e
}

// BeingWritten says that others were writing to the same account or domain until the time of the request was over.
func BeingWritten(cause error) *Error {
	e := Fail(Unavailable, CodeInProgress, "Another request is writing to the same account or domain. Try again in a few seconds.")
	e.Cause = cause
	return e
}

// IsUntrusted reports whether a connection failed for the other end's certificate. Some libraries hand over the words alone.
func IsUntrusted(err error) bool {
	if err == nil {
		return false
	}
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid) ||
		strings.Contains(err.Error(), "tls: failed to verify certificate")
}

// HasCode reports whether err is an *Error of that code.
func HasCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// IsNotFound reports whether err says that an account or domain does not exist.
func IsNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == NotFound
}
