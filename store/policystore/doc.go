// Package policystore keeps policies in the databases of Amavisd and iRedAPD, in iRedMail's layout.
//
// Each of the two may be missing; what needs it then fails with NOT_CONFIGURED. A write reads what it needs, makes a plan
// and applies it in one transaction of its database. Rows that an older panel wrote, on other scales of priority or
// several for one account, are put right when they are touched.
package policystore
