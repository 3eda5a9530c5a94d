// Command postern serves the API of a mail server and does the chores around it.
//
// It reads the configuration (file, environment, flags), opens the stores, and wires them together; what it knows of them stands in
// stores.go. Beside serve there are check, init, schema, admin, jobs and version.
package main
