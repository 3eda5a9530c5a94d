// Package change runs a write and its side effects in other databases (sessions, policies, lists, log), and finishes them after a crash.
//
// One write decides; what follows from it is done by followers, in order, in up to six databases that no transaction spans. A
// follower that fails does not fail the request. Accounts, Directory, Policies and MailingLists stand in front of the engines, so
// that no write goes past them.
//
// A delete, a rename or a disabling must not lose its followers, and neither may a create whose name has leftovers (Change.Lasting).
// It is recorded as an intent before the deciding write and forgotten after the last follower. What a crash or a failing follower
// leaves unfinished is taken up again by Resume. Every other change runs its followers once, without an intent: a create costs no
// further commit.
//
// # States of an intent
//
//	              a dry run says: lasting
//	                       |
//	                  BeginIntent
//	                       v
//	                +-------------+   the store refused   +-----------+
//	                |  recorded   |---------------------->|           |
//	                +-------------+   (rolled back)       |           |
//	deciding write    |         |                         |           |
//	is confirmed      |         | crash, or nobody knows  |           |
//	                  |         v                         |           |
//	                  |   +-------------+  not happened,  |           |
//	                  |   |   unknown   |---------------->|           |
//	                  |   +-------------+  and not young  |           |
//	                  |         | happened (look)         | forgotten |
//	                  v         v                         | (Finish-  |
//	                +-------------+                       |  Intent)  |
//	                |  happened   |                       |           |
//	                +-------------+                       |           |
//	                  |         | all followers ran       |           |
//	 some failed      |         +------------------------>|           |
//	 (KeepIntent)     v                                   |           |
//	                +-------------+   the rest ran        |           |
//	                |    left     |---------------------->|           |
//	                +-------------+                       +-----------+
//	                  |         ^
//	                  +---------+
//	           fails again: Resume, later
//
// What each means:
//
//   - recorded: the row is there, the write may or may not have happened. Only the process that recorded it is at work on it;
//     others leave it alone while it is young (resumeAge).
//   - unknown: whoever takes it up looks whether the account is still there or active (happened). A rename counts as soon as the
//     old name is gone.
//   - happened: the hooks of OnChange have been told, and the followers run. Each has to be fit to run again.
//   - left: the names of the followers that failed stand in the row. Only these run again, since by then the name may be somebody
//     else's. A name is not given away before those that clean have run (waitForCleanup).
//   - forgotten: there is no row any more.
//
// The ledger keeps what this process knows of intents in flight, so that those who need a name wait for it.
package change
