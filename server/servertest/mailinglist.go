package servertest

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/stretchr/testify/require"
)

// DefaultMailingList is what a new list shows of which nothing was said.
var DefaultMailingList = map[string]any{
	"name": "", "accountStatus": "active", "accessPolicy": "membersonly", "is_newsletter": "no", "newsletter_description": "",
	"close_list": "no", "only_moderator_can_post": "no", "only_subscriber_can_post": "yes", "disable_subscription": "no",
	"disable_subscription_confirm": "no", "disable_digest_subscription": "no", "disable_digest_text": "no",
	"disable_nomail_subscription": "no", "moderated": "no", "moderate_non_subscriber_post": "no",
	"disable_retrieving_old_posts": "yes", "only_subscriber_can_get_old_posts": "yes", "disable_retrieving_subscribers": "yes",
	"disable_send_copy_to_sender": "yes", "notify_owner_when_sub_unsub": "no", "notify_sender_when_moderated": "no",
	"disable_archive": "no", "moderate_subscription": "no", "extra_addresses": []any{}, "subscription_moderators": []any{},
	"owner": []any{"postmaster@example.com"}, "moderators": []any{"postmaster@example.com"}, "max_message_size": float64(0),
	"subject_prefix": "", "custom_headers": "", "remove_headers": []any{}, "footer_text": "", "footer_html": "",
}

// Spooled is everything in and around the spool, with its size.
func (w *Fixture) Spooled() []string {
	w.T.Helper()
	var all []string
	require.NoError(w.T, filepath.WalkDir(w.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || strings.Contains(filepath.Base(path), ".db") {
			return err
		}
		info, err := entry.Info()
		all = append(all, fmt.Sprint(strings.TrimPrefix(path, w.Dir), " ", info.Size()))
		return err
	}))
	return all
}
