// Package pseudonym puts keyed pseudonyms in the place of what tells who somebody is.
//
// Values of a tenant go in, pseudonyms come out: of the same key, tenant and value always the
// same, so that what belonged together still does. Who has the key finds out by trying values;
// nobody else can. The package reads no file and knows no kind of evidence.
package pseudonym

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// MinKey is the least number of bytes that a key's text has.
const MinKey = 32

// Domain is the domain of every user principal name and mail address that is a pseudonym. No
// mail reaches it (RFC 2606).
const Domain = "pseudonym.invalid"

// Key makes the pseudonyms of one tenant.
type Key struct {
	secret      []byte
	fingerprint string
	kept        map[string]bool
}

// New makes the pseudonyms of a tenant with the text of a key. The tenant's own id stays as it
// is, and so do the ids of kept: those that Microsoft gave, the same in every tenant. An
// error shows nothing of the text.
func New(text []byte, tenant string, kept []string) (*Key, error) {
	if len(text) < MinKey {
		return nil, fmt.Errorf("it has fewer than %d bytes; domicile key new --pseudonyms makes one", MinKey)
	}
	if len(slices.Compact(slices.Sorted(slices.Values(text)))) < 8 {
		return nil, errors.New("it consists of fewer than 8 different bytes, which anybody could guess; domicile key new --pseudonyms makes one")
	}
	tenant = strings.ToLower(tenant)
	key := &Key{
		secret:      mac(text, "tenant", tenant),
		fingerprint: hex.EncodeToString(mac(text, "fingerprint", "")[:8]),
		kept:        map[string]bool{tenant: true},
	}
	for _, id := range kept {
		key.kept[strings.ToLower(id)] = true
	}
	return key, nil
}

// mac is the HMAC of a value of a sort, which is a word.
func mac(secret []byte, sort, value string) []byte {
	hash := hmac.New(sha256.New, secret)
	hash.Write([]byte(sort))
	hash.Write([]byte{0})
	hash.Write([]byte(value))
	return hash.Sum(nil)
}

// Fingerprint tells keys apart and reveals none.
func (k *Key) Fingerprint() string { return k.fingerprint }

// String names the key and never shows it.
func (k *Key) String() string { return "key " + k.fingerprint }

// GoString does as String.
func (k *Key) GoString() string { return k.String() }

const guid = `[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`

var (
	wholeGUID = regexp.MustCompile(`^` + guid + `$`)
	// reserved are the ids that Microsoft gave its own applications before they were random.
	reserved = regexp.MustCompile(`^[0-9a-f]{8}-0000-0(?:000-c000|ff1-ce00)-000000000000$`)
	wholeUPN = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)
	// within finds the ids and addresses in a text. An address is as long as it can be, but for
	// a quote before it; its @ may be written as in a web address.
	within = regexp.MustCompile(guid + `|[\pL\pN.!#$%&*+/=?^_{|}~-][\pL\pN.!#$%&*+/=?^_{|}~'-]*(?:@|%40)[\pL\pN-]+(?:\.[\pL\pN-]+)*`)
	// quoted finds what stands in quotes: an apostrophe within a word neither begins nor ends
	// it, nor does a quote behind a backslash.
	quoted = regexp.MustCompile(`(^|[^\pL\pN])('[^']*(?:'['\pL\pN][^']*)*'|"(?:[^"\\]|\\.)*")`)
	domain = regexp.MustCompile(`^(?:[\pL\pN-]+\.)*[\pL-]+$`)
	own    = regexp.MustCompile(`^(?:` + ownID + `|` + ownUPN + `)$`)
	ownAny = regexp.MustCompile(`^(?:` + ownID + `|` + ownUPN + `|` + ownName + `)$`)
)

// The forms of pseudonyms that are recognised again: a GUID of version 8, which is for values
// that a program of one's own makes (RFC 9562), and an address of Domain.
const (
	ownID  = `[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|id-[0-9a-f]{32}`
	ownUPN = `(?:user|svc|room)-[0-9a-f]{16}@pseudonym\.invalid`
	// ownName is what names and computers have, which stand alone.
	ownName = `[a-z]+ [0-9a-f]{12}|host-[0-9a-f]{12}(?:\..+)?`
)

// Is says whether a whole text has the form of a pseudonym.
func Is(text string) bool { return ownAny.MatchString(text) }

// Conventions are how names begin that are of no person, but of a service or a room. They stay,
// as rules set such accounts aside.
func Conventions() []string { return []string{"svc-", "room-"} }

// Keeps says whether an id stays as it is.
func (k *Key) Keeps(id string) bool {
	id = strings.ToLower(id)
	return k.kept[id] || reserved.MatchString(id)
}

// ID is the pseudonym of an object's or an application's id: a GUID for a GUID, in whatever
// letter case, and else a text, since ids of grants and assignments are written in Base64
// with the ids of who holds them inside. An empty id stays empty.
func (k *Key) ID(id string) string {
	switch {
	case id == "" || k.Keeps(id):
		return id
	case !wholeGUID.MatchString(id):
		return "id-" + hex.EncodeToString(mac(k.secret, "id", id)[:16])
	}
	sum := mac(k.secret, "id", strings.ToLower(id))
	sum[6] = sum[6]&0x0f | 0x80 // version 8
	sum[8] = sum[8]&0x3f | 0x80 // the variant of RFC 9562
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// UPN is the pseudonym of a user principal name or a mail address, in whatever letter case.
// Nothing of it stays but a beginning that Conventions has: the domain may be a person's own,
// and a guest's name holds that of its home.
func (k *Key) UPN(name string) string {
	if name == "" {
		return ""
	}
	begins := "user-"
	for _, convention := range Conventions() {
		if strings.HasPrefix(strings.ToLower(name), convention) {
			begins = convention
		}
	}
	return begins + hex.EncodeToString(mac(k.secret, "upn", strings.ToLower(name))[:8]) + "@" + Domain
}

// Name is the pseudonym of a name or a text, with a word for what bears it: user 7f3a91c20d4e.
// The digits don't depend on the word.
func (k *Key) Name(word, name string) string {
	if name == "" {
		return ""
	}
	return word + " " + hex.EncodeToString(mac(k.secret, "name", name)[:6])
}

// Person is the pseudonym of what names somebody, in whichever way.
func (k *Key) Person(name string) string {
	switch {
	case wholeGUID.MatchString(name):
		return k.ID(name)
	case wholeUPN.MatchString(name):
		return k.UPN(name)
	default:
		return k.Name("person", name)
	}
}

// Host is the pseudonym of a computer's name. The domain stays, which is the organisation's;
// what is no name in a domain, such as an IP address, is replaced as a whole.
func (k *Key) Host(name string) string {
	if name == "" {
		return ""
	}
	host, in, found := strings.Cut(name, ".")
	if found = found && domain.MatchString(in); !found {
		host = name
	}
	host = "host-" + hex.EncodeToString(mac(k.secret, "host", strings.ToLower(host))[:6])
	if found {
		return host + "." + in
	}
	return host
}

// Within puts pseudonyms in the place of the ids and addresses in a text that a program wrote,
// such as a path; the rest stays.
func (k *Key) Within(text string) string {
	return within.ReplaceAllStringFunc(text, func(found string) string {
		if wholeGUID.MatchString(found) {
			return k.ID(found)
		}
		return k.UPN(strings.Replace(found, "%40", "@", 1))
	})
}

// Sentence does as Within for a sentence of a program's, in which values of others are
// quoted. What it may quote as it is follows it.
func (k *Key) Sentence(text string, plain ...string) string {
	var out strings.Builder
	end := 0
	for _, at := range quoted.FindAllStringSubmatchIndex(text, -1) {
		inside := text[at[4]+1 : at[5]-1]
		if within.FindString(inside) == inside || slices.Contains(plain, inside) {
			continue // Within does the rest
		}
		out.WriteString(k.Within(text[end : at[4]+1]))
		out.WriteString(k.Name("text", inside))
		end = at[5] - 1
	}
	return out.String() + k.Within(text[end:])
}

// Again does as Within for a text that may hold pseudonyms already, such as an id that was
// copied from a report: they stay.
func (k *Key) Again(text string) string {
	return within.ReplaceAllStringFunc(text, func(found string) string {
		if own.MatchString(found) {
			return found
		}
		return k.Within(found)
	})
}
