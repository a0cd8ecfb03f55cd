package simulator

// resource describes one Graph collection or singleton: which application permissions
// read it and how it pages.
type resource struct {
	path string
	// typ is the entity's name in Graph's schema.
	typ string
	// roles are the application permissions of which any one is enough.
	roles []string
	// top is the largest page; 0 where the service gives the collection whole.
	top int
	// defaults are the properties that come without $select; nil means all.
	defaults []string
	// directoryObject collections count only with the header ConsistencyLevel: eventual.
	directoryObject bool
	// unfiltered collections refuse $filter.
	unfiltered bool
	// licence is what the tenant must hold; none when empty.
	licence licence
	// security endpoints refuse in a form of their own.
	security bool
	// reporting endpoints name a missing permission with a code of their own.
	reporting bool
	// delegated resources have no application permission: only a person reads them.
	delegated bool
	// beta resources aren't in version 1.0.
	beta bool
	// clouds are those that have the path; nil means all.
	clouds []string
	// key is the member by which objects are told apart; id when empty.
	key string
	// items says that the objects of a collection that hangs on another object are read one
	// by one too.
	items bool
	// wants are the members that the $filter of a collection has to name.
	wants []string
	// nested are the members, of an expanded one, that come only with an $expand inside.
	nested map[string][]string
	// guarded are the members that take a permission and a licence of their own.
	guarded map[string]guard
	// expands are the members that come only with $expand.
	expands []string
	// absent are the properties that some clouds don't have and refuse to select.
	absent []string
}

// licence is a licence of Microsoft Entra that an endpoint asks for.
type licence string

// The licences: P2 is also met by ID Governance, P1 by P2.
const (
	premium1 licence = "Microsoft Entra ID P1"
	premium2 licence = "Microsoft Entra ID P2 or Microsoft Entra ID Governance"
)

// guard is what selecting one member takes besides what its object takes.
type guard struct {
	role    string
	licence licence
}

// userDefaults are the properties of a user that Graph gives without $select.
var userDefaults = []string{
	"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
	"officeLocation", "preferredLanguage", "surname", "userPrincipalName",
}
