package servertest

// ForeignAddresses have every character that RFC 5321 allows in front of the @, and what SQL and LDAP take for more than that.
var ForeignAddresses = []string{
	"sean.o'brien@example.net", "a!b$c%d^e`f{g|h}i~j@example.net", "who?x*y@example.net", "_%_@example.net", "'or'1'='1@example.net",
	"a/b=c&d#e+f@example.net", "{plain}@example.net",
}
