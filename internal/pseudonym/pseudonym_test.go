package pseudonym_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/internal/pseudonym"
)

const (
	text   = "correct horse battery staple, and then some"
	tenant = "3f0c1d7e-0000-4000-8000-000000000001"
	role   = "62e90394-69f5-4237-9190-012177145e10"
	person = "8a1f0c52-0000-4000-8000-000000000011"
)

func newKey(t *testing.T, text, tenant string) *pseudonym.Key {
	t.Helper()
	key, err := pseudonym.New([]byte(text), tenant, []string{strings.ToUpper(role)})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestPseudonyms(t *testing.T) {
	key := newKey(t, text, tenant)
	id, upn := key.ID(person), key.UPN("adele@contoso.example")
	tests := []struct{ name, got, want string }{
		{"a GUID is one of version 8", fmt.Sprint(regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id)), "true"},
		{"a GUID in capitals is the same", key.ID(strings.ToUpper(person)), id},
		{"the tenant's id stays", key.ID(tenant), tenant},
		{"a kept id stays", key.ID(role), role},
		{"Microsoft Graph stays", key.ID("00000003-0000-0000-c000-000000000000"), "00000003-0000-0000-c000-000000000000"},
		{"Exchange Online stays", key.ID("00000002-0000-0ff1-ce00-000000000000"), "00000002-0000-0ff1-ce00-000000000000"},
		{"nothing stays nothing", key.ID("") + key.UPN("") + key.Name("user", "") + key.Host("") + key.Person(""), ""},
		{"a name in capitals is the same", key.UPN("Adele@Contoso.Example"), upn},
		{"a guest's home is gone", fmt.Sprint(strings.Contains(key.UPN("b_fabrikam.example#EXT#@contoso.example"), "fabrikam")), "false"},
		{"a room stays one", key.UPN("Room-Berlin@contoso.example")[:5], "room-"},
		{"again: a room", key.Again(key.UPN("room-berlin@contoso.example")), key.UPN("room-berlin@contoso.example")},
		{"the word doesn't change the digits", strings.TrimPrefix(key.Name("user", "Adele Vance"), "user "), strings.TrimPrefix(key.Name("person", "Adele Vance"), "person ")},
		{"a person by id", key.Person(person), id},
		{"a person by address", key.Person("adele@contoso.example"), upn},
		{"a person by name", key.Person("Adele Vance"), key.Name("person", "Adele Vance")},
		{"an IP address has no domain", key.Host("192.0.2.7"), key.Host("192.0.2.7")[:17]},
		{"nor has what is no name of a computer", key.Host(".Adele's laptop")[:5] + key.Host("DC01.Adele Vance")[17:], "host-"},
		{"a computer keeps its domain", key.Host("DC01.contoso.example"), key.Host("dc01") + ".contoso.example"},
		{"ids within a path", key.Within("/users/" + person + "/roles/" + role), "/users/" + id + "/roles/" + role},
		{"addresses within a text", key.Within("sent to adele@contoso.example, twice"), "sent to " + upn + ", twice"},
		{"an address within a web address", key.Within("filter=upn eq adele%40contoso.example"), "filter=upn eq " + upn},
		{"a quoted address", key.Within("'adele@contoso.example'"), "'" + upn + "'"},
		{"an apostrophe in a name", key.Sentence("'Sean O'Brien' and 'Lee' can't"), "'" + key.Name("text", "Sean O'Brien") + "' and '" + key.Name("text", "Lee") + "' can't"},
		{"apostrophes of the sentence's own", key.Sentence(`the statement's tenant can't be compared, "Lee" said`), `the statement's tenant can't be compared, "` + key.Name("text", "Lee") + `" said`},
		{"an escaped quote", key.Sentence(`observedAt "Adele \"Ada\" Vance" is no time`), `observedAt "` + key.Name("text", `Adele \"Ada\" Vance`) + `" is no time`},
		{"a name beside a quoted id", key.Sentence("'Adele Vance " + person + "'"), "'" + key.Name("text", "Adele Vance "+person) + "'"},
		{"a sentence keeps its own words", key.Sentence(`the cloud "moon" is not that of ` + person), `the cloud "` + key.Name("text", "moon") + `" is not that of ` + id},
		{"a sentence's plain word", key.Sentence("'User.Read.All' is missing", "User.Read.All"), "'User.Read.All' is missing"},
		{"a sentence's quoted id", key.Sentence("'" + person + "' is wrong"), "'" + id + "' is wrong"},
		{"again: a pseudonym stays", key.Again(id + " and " + upn), id + " and " + upn},
		{"again: what is none doesn't", key.Again(person + " and adele@contoso.example"), id + " and " + upn},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

// TestOpaqueIDs: an id that is no GUID may hold others in Base64, and differs by letter case.
func TestOpaqueIDs(t *testing.T) {
	key := newKey(t, text, tenant)
	a, b := key.ID("iGh-lAPp"), key.ID("iGh-LAPp")
	if a == b || !regexp.MustCompile(`^id-[0-9a-f]{32}$`).MatchString(a) {
		t.Errorf("ID of two texts = %q and %q, want two of the form id-...", a, b)
	}
}

// TestKeysAndTenantsDiffer: neither two keys nor two tenants share a pseudonym.
func TestKeysAndTenantsDiffer(t *testing.T) {
	key, other := newKey(t, text, tenant), newKey(t, text, person)
	changed := newKey(t, text+".", tenant)
	for _, make := range []func(*pseudonym.Key) string{
		func(k *pseudonym.Key) string { return k.ID("7b0c1d7e-0000-4000-8000-000000000009") },
		func(k *pseudonym.Key) string { return k.UPN("adele@contoso.example") },
		func(k *pseudonym.Key) string { return k.Name("user", "Adele Vance") },
		func(k *pseudonym.Key) string { return k.Host("dc01") },
	} {
		if a, b, c := make(key), make(other), make(changed); a == b || a == c {
			t.Errorf("pseudonyms %q, of another tenant %q, of another key %q; want three", a, b, c)
		}
	}
	if key.Fingerprint() != other.Fingerprint() || key.Fingerprint() == changed.Fingerprint() {
		t.Errorf("fingerprints %s, %s and %s; want one a key", key.Fingerprint(), other.Fingerprint(), changed.Fingerprint())
	}
}

func TestKeyIsNeverShown(t *testing.T) {
	key := newKey(t, text, tenant)
	for _, shown := range []string{fmt.Sprint(key), fmt.Sprintf("%#v", key), fmt.Sprintf("%v", *key), key.Fingerprint()} {
		if strings.Contains(shown, "horse") {
			t.Errorf("%q shows the key", shown)
		}
	}
}

func TestWeakKeysAreRefused(t *testing.T) {
	for _, weak := range []string{"", "31 bytes are one byte too few..", strings.Repeat("0123456", 9)} {
		if _, err := pseudonym.New([]byte(weak), tenant, nil); err == nil || weak != "" && strings.Contains(err.Error(), weak) {
			t.Errorf("New(%q) = %v, want an error that shows nothing of it", weak, err)
		}
	}
}

// TestIs: what was copied from a report is known again, whichever sort it is of.
func TestIs(t *testing.T) {
	key := newKey(t, text, tenant)
	for _, made := range []string{key.ID(person), key.ID("iGh-lAPp"), key.UPN("room-berlin@contoso.example"), key.Name("policy", "Block Adele"), key.Host("dc01"), key.Host("dc01.contoso.example")} {
		if !pseudonym.Is(made) {
			t.Errorf("Is(%q) = false", made)
		}
	}
	for _, raw := range []string{"", person, "adele@contoso.example", "Adele Vance", "dc01.contoso.example", "Adele " + key.Name("policy", "x")} {
		if pseudonym.Is(raw) {
			t.Errorf("Is(%q) = true", raw)
		}
	}
}
