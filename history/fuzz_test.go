package history_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
)

// FuzzDocument: what is taken as a result comes back to the byte.
func FuzzDocument(f *testing.F) {
	for _, found := range [][]findings.Finding{nil, some(tenantID, "a", 1, 2)} {
		r := result(tenantID, day(0), found)
		r.Rules = r.Rules[:1]
		f.Add(encode(f, r))
	}
	f.Add([]byte("{\n  \"version\": 1,\n  \"findings\": [\n    {\"change\":\"\"\n    }\n  ]\n}\n"))
	f.Fuzz(func(t *testing.T, document []byte) {
		if again, err := history.Again(document); err == nil && !bytes.Equal(again, document) {
			t.Errorf("%q came back as %q", document, again)
		}
	})
}

// FuzzAddress: what is shown of an address has no password in it, and an address with one is
// known as such.
func FuzzAddress(f *testing.F) {
	for _, address := range []string{"history.db", "sqlite:/a b", "postgres://a:swordfish@b/c", "postgres://a@b/c?password=swordfish", "postgresql://a:swordfish@[::1/c", "postgres://swordfish"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		const secret = "swordfish"
		for _, with := range []string{"postgres://" + address + ":" + secret + "@host/db", "postgres://host/" + address + "?password=" + secret} {
			// Where the text before it ends the part of the address, it is no password any more.
			if strings.ContainsAny(address, "/?#@") {
				continue
			}
			if shown := history.Shown(with); strings.Contains(shown, secret) {
				t.Errorf("Shown(%q) = %q", with, shown)
			}
			if !history.HasPassword(with) {
				t.Errorf("HasPassword(%q) = false", with)
			}
		}
	})
}

// FuzzStored: nothing that a store may hold makes the reader panic, or gives an endless text.
func FuzzStored(f *testing.F) {
	head, err := history.Packed("{\n  \"findings\": [")
	if err != nil {
		f.Fatal(err)
	}
	changes, err := history.Packed("new\nnew")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(head, changes, []byte(`{"rule":"A"}`))
	f.Add(head, []byte(nil), []byte(`{"rule":"A","change":"new"}`))
	f.Fuzz(func(t *testing.T, head, changes, body []byte) {
		if text, err := history.Stored(head, changes, body); err == nil && len(text) > 600<<20 {
			t.Errorf("%d bytes came of %d", len(text), len(head)+len(changes)+len(body))
		}
	})
}
