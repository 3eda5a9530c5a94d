package storetest

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// adminKinds are the kinds of subscribers in the order that mlmmjadmin looks for them.
var adminKinds = []struct{ name, dir string }{{"normal", "subscribers.d"}, {"nomail", "nomailsubs.d"},
	{"digest", "digesters.d"}}

// subscribers answers the same for a list that is missing as for one that is empty.
func (l adminList) subscribers() any {
	all := []map[string]string{}
	for _, kind := range adminKinds {
		files, _ := filepath.Glob(filepath.Join(l.dir, kind.dir, "*"))
		for _, file := range slices.Backward(files) {
			for _, mail := range slices.Backward(readLines(file)) {
				all = append(all, map[string]string{"mail": mail, "subscription": kind.name})
			}
		}
	}
	return all
}

// subscribed looks into every directory of the spool.
func (m *Mlmmjadmin) subscribed(subscriber string) any {
	found := []map[string]string{}
	dirs, _ := filepath.Glob(filepath.Join(m.Spool, "*", "*"))
	for _, dir := range dirs {
		for _, kind := range adminKinds {
			if slices.Contains(readLines(filepath.Join(dir, kind.dir, subscriber[:1])), subscriber) {
				mail := filepath.Base(dir) + "@" + filepath.Base(filepath.Dir(dir))
				found = append(found, map[string]string{"mail": mail, "subscription": kind.name})
				break
			}
		}
	}
	return found
}

// subscribe adds first and removes then. Anything but yes subscribes without a confirmation, and where an address is
// subscribed already in another way it stays so too.
func (l adminList) subscribe(form url.Values) any {
	dir := "subscribers.d"
	for _, kind := range adminKinds {
		if kind.name == form.Get("subscription") {
			dir = kind.dir
		}
	}
	coming := map[string][]string{}
	for _, mail := range adminAddresses(form.Get("add_subscribers")) {
		if form.Get("require_confirm") != "yes" {
			coming[mail[:1]] = append(coming[mail[:1]], mail)
			continue
		}
		name := "0123456789abcdef-" + strings.Replace(mail, "@", "=", 1)
		if err := os.WriteFile(filepath.Join(l.dir, "subconf", name), []byte(mail), 0o600); err != nil {
			return err
		}
	}
	for letter, mails := range coming {
		file := filepath.Join(l.dir, dir, letter)
		if err := writeLines(file, append(linesWithout(readLines(file), mails...), mails...)); err != nil {
			return err
		}
	}
	if !form.Has("remove_subscribers") {
		return nil
	}
	leaving := adminAddresses(form.Get("remove_subscribers"))
	for _, kind := range adminKinds {
		files, _ := filepath.Glob(filepath.Join(l.dir, kind.dir, "*"))
		for _, file := range files {
			left := linesWithout(readLines(file), leaving...)
			if form.Get("remove_subscribers") == "ALL" {
				left = nil
			}
			if err := writeLines(file, left); err != nil {
				return err
			}
		}
	}
	return nil
}

// adminEmail is what mlmmjadmin takes for an address (libs/regxes.py).
var adminEmail = regexp.MustCompile(`(?i)^[\w#-][\w.+=/&#-]*@[\w-][\w.-]*\.[a-z0-9-]{2,15}$`)

// adminAddresses drops what is no address to mlmmjadmin without a word.
func adminAddresses(list string) []string {
	var all []string
	for a := range strings.SplitSeq(strings.ReplaceAll(list, " ", ""), ",") {
		if adminEmail.MatchString(a) {
			all = append(all, strings.ToLower(a))
		}
	}
	return all
}

func readLines(file string) []string {
	content, _ := os.ReadFile(file)
	return strings.Fields(string(content))
}

func writeLines(file string, lines []string) error {
	if len(lines) == 0 {
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			return err
		}
		return nil
	}
	return os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

func linesWithout(lines []string, gone ...string) []string {
	set := map[string]bool{}
	for _, g := range gone {
		set[g] = true
	}
	return slices.DeleteFunc(lines, func(l string) bool { return set[l] })
}
