// Package evidence is the bundle: what was read from a tenant, on disk, between
// collecting and judging.
//
// In go the objects of each kind as collectors read them; out come the same objects,
// with a manifest that says who read them, when, how completely, and what could not
// be read and why. The package opens no connection and judges nothing.
package evidence

import "time"

// Version is the format version of a bundle that this package writes and the newest
// that it reads.
const Version = 1

// Reason says why evidence is missing or a rule could not judge. The list is closed.
type Reason string

// The reasons of gaps and of the outcome unknown.
const (
	NoPermission       Reason = "no_permission"
	NotLicensed        Reason = "not_licensed"
	NotProvisioned     Reason = "not_provisioned"
	NotInThisCloud     Reason = "not_in_this_cloud"
	Throttled          Reason = "throttled"
	ServiceError       Reason = "service_error"
	Unreachable        Reason = "unreachable"
	Timeout            Reason = "timeout"
	Partial            Reason = "partial"
	Invalid            Reason = "invalid"
	Stale              Reason = "stale"
	Expired            Reason = "expired"
	Conflict           Reason = "conflict"
	NeedsAttestation   Reason = "needs_attestation"
	NeedsConfiguration Reason = "needs_configuration"
	NotCollected       Reason = "not_collected"
	RuleError          Reason = "rule_error"
)

// reasons lists the reasons that a gap may have.
func reasons() []Reason {
	return []Reason{
		NoPermission, NotLicensed, NotProvisioned, NotInThisCloud, Throttled, ServiceError, Unreachable, Timeout, Partial,
		Invalid, Stale, Expired, Conflict, NeedsAttestation, NeedsConfiguration, NotCollected, RuleError,
	}
}

// The reasons of the outcome not_applicable, besides NotLicensed.
const (
	NotOffered      Reason = "not_offered"
	NoEarlierResult Reason = "no_earlier_result"
	SwitchedOff     Reason = "switched_off"
	NothingToJudge  Reason = "nothing_to_judge"
)

// Tier says how a fact is known.
type Tier string

// The tiers, best first.
const (
	Signed   Tier = "signed"
	API      Tier = "api"
	Proxy    Tier = "proxy"
	Portal   Tier = "portal"
	Attested Tier = "attested"
)

func tiers() []Tier { return []Tier{Signed, API, Proxy, Portal, Attested} }

// PreviousResult is the kind that holds the result of an earlier scan. A bundle without it
// has no gap: a first scan has nothing before it.
const PreviousResult = "previous_result"

// Tenant is the tenant that a bundle is of. Name is its organisation's, where that was read,
// and the configuration's otherwise. Cloud is the cloud that it stands in: global, gcc,
// gcchigh, dod or china.
type Tenant struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Cloud string `json:"cloud"`
}

// Reader is who read the tenant, as the claims of the access tokens named it; never
// a token. Roles and Scopes are the union over the APIs, sorted.
type Reader struct {
	TenantID string   `json:"tid"`
	AppID    string   `json:"appid"`
	Roles    []string `json:"roles"`
	Scopes   []string `json:"scp"`
}

// Entry is one kind of evidence in a bundle.
type Entry struct {
	Kind   string `json:"kind"`
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	// Objects is the number of lines in File.
	Objects int `json:"objects"`
	// Pages and Requests count the pages that were read and the requests they took. What an
	// interruption lost was asked for as well and stands in requests.ndjson alone.
	Pages    int `json:"pages"`
	Requests int `json:"requests"`
	// Minimum is how many requests would have done: for each list as many as its objects
	// fill pages. 0 where nothing was asked or a bundle is older than the field.
	Minimum int `json:"minimum,omitempty"`
	// Complete says that every page was followed and every count compared.
	Complete bool `json:"complete"`
	Tier     Tier `json:"tier"`
	// API names what was asked (method and path), or the kind of file imported.
	API  string    `json:"api"`
	Time time.Time `json:"time"`
	// Changes is where the service tells later what has changed; nil where that wasn't asked.
	Changes *Changes `json:"changes,omitempty"`
}

// Changes is where a service tells what has changed since a kind was read.
type Changes struct {
	// Asked is the path that was asked for the link, with the fields whose changes count.
	Asked string `json:"asked"`
	// Link is the service's own, an opaque token in it. It is no credential: it is followed
	// with an access token alone. It says as much of the tenant as the evidence beside it, and
	// is to be kept like that.
	Link string `json:"link"`
}

// Gap is evidence that was asked for and is missing, or is incomplete.
type Gap struct {
	Kind   string `json:"kind"`
	Reason Reason `json:"reason"`
	// Status and Code are the HTTP status and the service's error code, if any.
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	// Permission is the permission or licence that is missing, if that is the reason.
	Permission string `json:"permission,omitempty"`
	RequestID  string `json:"requestId,omitempty"`
	// Message is for people: what happened, in one sentence.
	Message string `json:"message,omitempty"`
}

// Request is one HTTP request that a scan made, as a line of requests.ndjson. URL
// has no credentials in it.
type Request struct {
	Time      time.Time `json:"time"`
	Method    string    `json:"method"`
	URL       string    `json:"url"`
	Status    int       `json:"status"`
	RequestID string    `json:"requestId,omitempty"`
	Attempts  int       `json:"attempts"`
	Bytes     int64     `json:"bytes"`
}

// Manifest is manifest.json of a bundle. Kinds are sorted by kind, Gaps by kind and
// reason.
type Manifest struct {
	Version  int       `json:"version"`
	Tenant   Tenant    `json:"tenant"`
	Tool     string    `json:"tool"`
	Reader   Reader    `json:"reader"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	// Resumed are the times at which the collection was gone on with after it had been
	// interrupted. It is of the time Started all the same.
	Resumed []time.Time `json:"resumed,omitempty"`
	// Asked are the kinds that the collection was asked for, sorted.
	Asked []string `json:"asked"`
	Kinds []Entry  `json:"kinds"`
	Gaps  []Gap    `json:"gaps"`
	// RequestsSHA256 is the sha256 of requests.ndjson.
	RequestsSHA256 string `json:"requestsSha256"`
	// Pseudonyms is the fingerprint of the key whose pseudonyms stand in the place of what tells
	// who somebody is; empty where everything is as it was read.
	Pseudonyms string `json:"pseudonyms,omitempty"`
	// Previous is the digest of the bundle before this one, if any.
	Previous string `json:"previous,omitempty"`
}

// Entry returns the manifest's entry of a kind, and whether there is one.
func (m *Manifest) Entry(kind string) (Entry, bool) {
	for _, entry := range m.Kinds {
		if entry.Kind == kind {
			return entry, true
		}
	}
	return Entry{}, false
}

// GapOf returns the first gap of a kind, and whether there is one. A kind that was
// neither read nor noted as a gap was not asked for: its gap is not_collected. A kind
// that was read but not completely and has no gap of its own is partial.
func (m *Manifest) GapOf(kind string) (Gap, bool) {
	for _, gap := range m.Gaps {
		if gap.Kind == kind {
			return gap, true
		}
	}
	entry, read := m.Entry(kind)
	switch {
	case !read && kind == PreviousResult:
		return Gap{Kind: kind, Reason: NoEarlierResult, Message: "No earlier result was given; name one with --previous."}, true
	case !read:
		return Gap{Kind: kind, Reason: NotCollected, Message: "The bundle does not hold this kind; it was not asked for."}, true
	case !entry.Complete:
		return Gap{Kind: kind, Reason: Partial, Message: "The collection was cut short."}, true
	default:
		return Gap{}, false
	}
}

// normalise puts empty lists where JSON would say null.
func (m *Manifest) normalise() {
	if m.Reader.Roles == nil {
		m.Reader.Roles = []string{}
	}
	if m.Reader.Scopes == nil {
		m.Reader.Scopes = []string{}
	}
	if m.Asked == nil {
		m.Asked = []string{}
	}
	if m.Gaps == nil {
		m.Gaps = []Gap{}
	}
	if m.Kinds == nil {
		m.Kinds = []Entry{}
	}
}
