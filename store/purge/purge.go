package purge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/postern-mail/postern/store"
)

// Options of a run.
type Options struct {
	Nodes         []string // the storages: mailboxes lie below them, such as /var/vmail/vmail1
	DryRun        bool     // only report
	ForgetMissing bool     // remove the records of directories that are absent, too
	Now           func() time.Time
}

// Job removes the files of deleted mailboxes.
type Job struct {
	Options

	Records store.DeletedMailboxes
	Homes   store.MailboxHomes
	Panel   store.Panel // nil where there is no panel log
	// Report is told of each record what was done, or why not.
	Report func(d store.DueMailbox, outcome string)
}

// batch is how many records are looked at together: the mailboxes that there are are read once for each batch, right before
// anything of it is removed.
const batch = 200

// depth is how many levels below its storage a mailbox lies at least.
const depth = 2

// stampLayout is the time at the end of a mailbox's path, as iRedMail writes it.
const stampLayout = "2006.01.02.15.04.05"

// reason says why files stay, as the end of "kept: ...".
type reason string

// Error implements error.
func (r reason) Error() string { return string(r) }

// Run goes through all records that are due. Files that stay are reported and are no error; the error tells of what could not
// be read, and of removals that failed half-way, which the next run goes on with.
func (j *Job) Run(ctx context.Context) error {
	var failures []error
	now := j.now()
	for beyond := int64(0); ; {
		due, err := j.Records.DueMailboxes(ctx, now, batch, beyond)
		if err != nil || len(due) == 0 {
			return errors.Join(append(failures, err)...)
		}
		beyond = due[len(due)-1].ID
		taken, err := j.inUse(ctx, due)
		if err != nil {
			return errors.Join(append(failures, fmt.Errorf("read where mailboxes have their files; nothing is removed: %w", err))...)
		}
		for _, d := range due {
			if ctx.Err() != nil {
				return errors.Join(append(failures, ctx.Err())...)
			}
			failures = append(failures, j.one(ctx, d, taken))
		}
	}
}

func (j *Job) now() time.Time {
	if j.Now == nil {
		return time.Now().UTC()
	}
	return j.Now().UTC()
}

// one removes what a record names, and then the record.
func (j *Job) one(ctx context.Context, d store.DueMailbox, taken map[string]string) error {
	outcome := "removed"
	err := j.remove(d, taken)
	var stays reason
	switch {
	case errors.Is(err, fs.ErrNotExist) && !j.ForgetMissing:
		err = reason("the directory is absent; --forget-missing removes the record of one that is gone for good")
	case errors.Is(err, fs.ErrNotExist):
		outcome, err = "forgotten, the directory is absent", nil
	}
	if errors.As(err, &stays) {
		j.Report(d, "kept: "+string(stays))
		return nil
	}
	if err != nil {
		j.Report(d, "kept: "+err.Error())
		return fmt.Errorf("remove %s: %w", d.Maildir, err)
	}
	if j.DryRun {
		j.Report(d, "would be "+outcome)
		return nil
	}
	if err = j.Records.RemoveDueMailbox(ctx, d); err != nil {
		return err
	}
	j.Report(d, outcome)
	return j.log(ctx, d, outcome)
}

// remove removes the directory of a record, unless it is a dry run. It returns a reason when the directory stays, and
// fs.ErrNotExist when it is absent from a storage that holds something.
func (j *Job) remove(d store.DueMailbox, taken map[string]string) error {
	node, below, err := j.place(d.Maildir)
	if err != nil {
		return err
	}
	if mail := taken[lowerPath(d.Maildir)]; mail != "" {
		return reason("a mailbox has its files at " + mail)
	}
	dir, err := open(node, below)
	if err != nil {
		return err
	}
	defer dir.close()
	if j.DryRun {
		return nil
	}
	return dir.remove()
}

// place returns the storage that a path lies in, and the parts of the path below it.
func (j *Job) place(stored string) (node string, below []string, err error) {
	if !path.IsAbs(stored) || strings.Contains(stored, "\x00") || hasDots(stored) {
		return "", nil, reason("the path is not absolute, or climbs")
	}
	clean := path.Clean(stored)
	for _, n := range j.Nodes {
		rest, inside := strings.CutPrefix(clean, strings.TrimSuffix(path.Clean(n), "/")+"/")
		if inside && len(n) > len(node) {
			node, below = n, strings.Split(rest, "/")
		}
	}
	switch {
	case node == "":
		return "", nil, reason("the path lies in no storage that POSTERN_MAIL_STORAGE names")
	case len(below) < depth:
		return "", nil, reason("the path lies too near to the storage to be that of one mailbox")
	case !hasStamp(clean):
		return "", nil, reason("the path has no time at its end, so that a new mailbox may have the same")
	}
	return node, below, nil
}

func hasDots(p string) bool {
	for part := range strings.SplitSeq(p, "/") {
		if part == "." || part == ".." {
			return true
		}
	}
	return false
}

// hasStamp reports whether the path ends in a time.
func hasStamp(p string) bool {
	if len(p) < len(stampLayout) {
		return false
	}
	_, err := time.Parse(stampLayout, p[len(p)-len(stampLayout):])
	return err == nil
}

// lowerPath is a path as paths are compared: Dovecot looks for a mailbox under its path in lower case.
func lowerPath(p string) string { return strings.ToLower(path.Clean(p)) }

// inUse maps the paths of the records that are at, above or below the files of a mailbox to the path of that mailbox.
func (j *Job) inUse(ctx context.Context, due []store.DueMailbox) (map[string]string, error) {
	at, above := map[string]bool{}, map[string][]string{} // the paths, and the paths below each directory that holds some
	for _, d := range due {
		p := lowerPath(d.Maildir)
		at[p] = true
		for dir := path.Dir(p); ; dir = path.Dir(dir) {
			above[dir] = append(above[dir], p)
			if dir == "/" || dir == "." {
				break
			}
		}
	}
	taken := map[string]string{}
	links := newResolver()
	err := j.Homes.MailboxHomes(ctx, func(home string) {
		for _, p := range links.spellings(home) {
			for _, below := range above[p] {
				taken[below] = cmp.Or(taken[below], home)
			}
			for dir := p; dir != "/" && dir != "."; dir = path.Dir(dir) {
				if at[dir] {
					taken[dir] = cmp.Or(taken[dir], home)
				}
			}
		}
	})
	return taken, err
}

// resolver knows where the first directories of paths are once links are followed: a mailbox may be recorded below a link to
// its storage.
type resolver map[string]string

func newResolver() resolver { return resolver{} }

// spellings returns the ways in which the path of a mailbox may be written elsewhere, in lower case.
func (r resolver) spellings(home string) []string {
	clean := path.Clean("/" + home)
	parts := strings.SplitN(clean, "/", 4) // "", the first, the second, the rest
	if len(parts) < 4 {
		return []string{lowerPath(clean)}
	}
	top := "/" + parts[1] + "/" + parts[2]
	target, known := r[top]
	if !known {
		var err error
		if target, err = filepath.EvalSymlinks(top); err != nil {
			target = top
		}
		r[top] = target
	}
	return []string{lowerPath(clean), lowerPath(target + "/" + parts[3])}
}

// log writes a row into the panel's log, as iRedMail's own tool does.
func (j *Job) log(ctx context.Context, d store.DueMailbox, outcome string) error {
	if j.Panel == nil {
		return nil
	}
	return j.Panel.AppendLog(ctx, store.LogEntry{
		Time: j.now(), Admin: "postern", Domain: store.DomainOf(d.Mail), Username: d.Mail, Event: "delete_mailboxes", Level: "info",
		Message: "Files of mailbox " + d.Mail + " " + outcome + ": " + d.Maildir,
	})
}
