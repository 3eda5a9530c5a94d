package contract

// Level is a value of x-access: the least role that may call an operation, or give a parameter.
type Level string

// The levels, the lowest first.
const (
	LevelPublic        Level = "public"        // anyone
	LevelAuthenticated Level = "authenticated" // any admin
	LevelDomainAdmin   Level = "domain-admin"  // global admins, and admins of every domain of x-target
	LevelDomainCreator Level = "domain-creator"
	LevelGlobalAdmin   Level = "global-admin"
)

// Levels are all levels, the lowest first.
var Levels = []Level{LevelPublic, LevelAuthenticated, LevelDomainAdmin, LevelDomainCreator, LevelGlobalAdmin}

// Need is a value of x-requires: a part of the installation without which an operation is not offered.
type Need string

// The needs.
const (
	NeedDirectory Need = "directory" // accounts in OpenLDAP
	NeedMlmmj     Need = "mlmmj"     // mailing lists
	NeedAmavisd   Need = "amavisd"   // its database
	NeedIredapd   Need = "iredapd"   // its database
)

var needs = []Need{NeedDirectory, NeedMlmmj, NeedAmavisd, NeedIredapd}
