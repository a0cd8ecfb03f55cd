package evidence_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/signing"
)

func newKey(t testing.TB) *signing.Key {
	t.Helper()
	private, _, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	key, err := signing.ParseKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func trusting(keys ...*signing.Key) signing.Trust {
	var trust signing.Trust
	for _, key := range keys {
		trust = append(trust, key.Public())
	}
	return trust
}

// sealed describes a bundle to be written.
type sealed struct {
	tenant, previous string
	started          time.Time
	users            string // the one object of the kind users
	key              *signing.Key
}

// seal writes a bundle of two kinds, whole and signed if there is a key.
func seal(t testing.TB, dir string, s sealed) evidence.Manifest {
	t.Helper()
	if s.tenant == "" {
		s.tenant = "t"
	}
	if s.started.IsZero() {
		s.started = started
	}
	if s.users == "" {
		s.users = `{"id":"1"}`
	}
	w, err := evidence.Create(dir, evidence.Manifest{
		Tenant: evidence.Tenant{ID: s.tenant, Name: "Contoso & Söhne", Cloud: "global"}, Tool: "domicile test", Started: s.started, Previous: s.previous, Asked: []string{"groups", "users"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Sign(s.key)
	w.Request(evidence.Request{Time: started, Method: "GET", URL: "https://graph.microsoft.com/v1.0/users", Status: 200, Attempts: 1})
	for kind, object := range map[string]string{"users": s.users, "groups": `{"id":"g"}`} {
		k, err := w.Kind(evidence.Entry{Kind: kind, Tier: evidence.API, Time: started})
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Write(json.RawMessage(object)); err != nil {
			t.Fatal(err)
		}
		k.Complete()
	}
	m, err := w.Close(s.started.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func overwrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// TestASignedBundle: who signed is told, and the signature says what the bundle is.
func TestASignedBundle(t *testing.T) {
	dir, key := filepath.Join(t.TempDir(), "bundle"), newKey(t)
	manifest := seal(t, dir, sealed{key: key, previous: strings.Repeat("0", 64)})
	bundle, err := evidence.Verify(dir, trusting(newKey(t), key))
	if err != nil || len(bundle.Signers) != 1 || bundle.Signers[0] != (signing.Signer{KeyID: key.ID(), Trusted: true}) {
		t.Fatalf("Verify() = %v, want the bundle signed by %s", err, key)
	}
	statement, _, err := signing.Verify([]byte(read(t, filepath.Join(dir, "signature.dsse.json"))), signing.Bundle, trusting(key))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, subject := range statement.Subject {
		names = append(names, subject.Name)
		if sum := hexSum(read(t, filepath.Join(dir, subject.Name))); sum != subject.Digest.SHA256 {
			t.Errorf("the sha256 of %s is %s, and the statement says %s", subject.Name, sum, subject.Digest.SHA256)
		}
	}
	if got := strings.Join(names, " "); got != "groups.ndjson manifest.json manifest.sha256 requests.ndjson users.ndjson" {
		t.Errorf("the statement is about %s, want every file", got)
	}
	want := `{"tenant":{"id":"t","name":"Contoso \u0026 Söhne","cloud":"global"},"tool":"domicile test","started":"2026-03-01T08:00:00Z","finished":"2026-03-01T08:01:00Z","digest":"` +
		manifest.Digest() + `","previous":"` + manifest.Previous + `","complete":true}`
	if string(statement.Predicate) != want {
		t.Errorf("the statement says\n%s, want\n%s", statement.Predicate, want)
	}
	// A bundle in its place is unsigned again.
	seal(t, dir, sealed{})
	if bundle, err := evidence.Verify(dir, trusting(key)); err != nil || bundle.Signers != nil {
		t.Errorf("Verify() of an unsigned bundle = %v, %v, want no signers", bundle.Signers, err)
	}
}

// TestTamperingIsNamed flips, cuts, removes, swaps, replays and signs anew each part of a
// signed bundle: each is found, and the part is named.
func TestTamperingIsNamed(t *testing.T) {
	key, foreign := newKey(t), newKey(t)
	type change func(t *testing.T, dir string)
	in := func(name string, edit func(string) string) change {
		return func(t *testing.T, dir string) {
			t.Helper()
			path := filepath.Join(dir, name)
			overwrite(t, path, edit(read(t, path)))
		}
	}
	flip := func(text string) string {
		return text[:len(text)/2] + string(text[len(text)/2]^1) + text[len(text)/2+1:]
	}
	cut := func(text string) string { return text[:len(text)/2] }
	remove := func(name string) change {
		return func(t *testing.T, dir string) {
			t.Helper()
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	// rehash lets the manifest's own sum, and each kind's sum in it, agree with the files.
	rehash := func(t *testing.T, dir string) {
		t.Helper()
		manifest := read(t, filepath.Join(dir, "manifest.json"))
		var m evidence.Manifest
		if err := json.Unmarshal([]byte(manifest), &m); err != nil {
			t.Fatal(err)
		}
		for _, entry := range m.Kinds {
			manifest = strings.ReplaceAll(manifest, entry.SHA256, hexSum(read(t, filepath.Join(dir, entry.File))))
		}
		overwrite(t, filepath.Join(dir, "manifest.json"), manifest)
		overwrite(t, filepath.Join(dir, "manifest.sha256"), hexSum(manifest)+"  manifest.json\n")
	}
	both := func(changes ...change) change {
		return func(t *testing.T, dir string) {
			t.Helper()
			for _, change := range changes {
				change(t, dir)
			}
		}
	}
	// other puts a file of another bundle, signed by the same key, in place.
	other := func(s sealed, names ...string) change {
		return func(t *testing.T, dir string) {
			t.Helper()
			s.key = key
			seal(t, dir+".other", s)
			for _, name := range names {
				overwrite(t, filepath.Join(dir, name), read(t, filepath.Join(dir+".other", name)))
			}
		}
	}
	edited := in("users.ndjson", func(text string) string { return strings.Replace(text, `"1"`, `"2"`, 1) })
	tests := []struct {
		name   string
		change change
		file   string
		says   string
	}{
		{"flip a kind", in("users.ndjson", flip), "users.ndjson", ""},
		{"flip the requests", in("requests.ndjson", flip), "requests.ndjson", ""},
		{"flip the manifest's sum", in("manifest.sha256", func(text string) string { return "0" + text[1:] }), "manifest.json", "not the one in manifest.sha256"},
		{"flip the rest of that file", in("manifest.sha256", func(text string) string { return text + "x" }), "manifest.sha256", "was signed"},
		{"flip the manifest", in("manifest.json", func(text string) string { return strings.Replace(text, "Contoso", "Fabrikam", 1) }), "manifest.json", "manifest.sha256"},
		{"flip the signature", in("signature.dsse.json", func(text string) string {
			at := strings.Index(text, `"sig": "`) + 20
			return text[:at] + map[bool]string{true: "B", false: "A"}[text[at] == 'A'] + text[at+1:]
		}), "signature.dsse.json", "does not hold"},
		{"cut a kind", in("users.ndjson", cut), "users.ndjson", ""},
		{"empty a kind", in("users.ndjson", func(string) string { return "" }), "users.ndjson", ""},
		{"cut the requests", in("requests.ndjson", cut), "requests.ndjson", ""},
		{"cut the signature", in("signature.dsse.json", cut), "signature.dsse.json", "not a DSSE envelope"},
		{"remove a kind", remove("users.ndjson"), "users.ndjson", "missing"},
		{"remove the requests", remove("requests.ndjson"), "requests.ndjson", "missing"},
		{"add a file", func(t *testing.T, dir string) { t.Helper(); overwrite(t, filepath.Join(dir, "sites.ndjson"), "") }, "sites.ndjson", "does not name"},
		{"swap two kinds", func(t *testing.T, dir string) {
			t.Helper()
			users, groups := filepath.Join(dir, "users.ndjson"), filepath.Join(dir, "groups.ndjson")
			if err := errors.Join(os.Rename(users, users+"~"), os.Rename(groups, users), os.Rename(users+"~", groups)); err != nil {
				t.Fatal(err)
			}
		}, "groups.ndjson", "sha256"},
		{"forge a kind, new hashes", both(edited, rehash), "users.ndjson", "not the one that was signed"},
		{"forge the manifest, new hash", both(in("manifest.json", func(text string) string { return strings.Replace(text, `"complete": true`, `"complete": false`, 1) }), rehash), "manifest.json", "not the one that was signed"},
		{"forge the tenant, new hash", both(in("manifest.json", func(text string) string { return strings.Replace(text, `"id": "t"`, `"id": "u"`, 1) }), rehash), "signature.dsse.json", "of tenant t of"},
		{"drop a kind, new hash", both(remove("groups.ndjson"), in("manifest.json", func(text string) string {
			var m evidence.Manifest
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				t.Fatal(err)
			}
			m.Kinds = m.Kinds[1:]
			data, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}), rehash), "manifest.json", "was signed"},
		{"forge and sign with a foreign key", both(edited, func(t *testing.T, dir string) { t.Helper(); seal(t, dir, sealed{users: `{"id":"2"}`, key: foreign}) }), "signature.dsse.json", "signed by key " + foreign.ID() + ", which is not trusted"},
		{"swap in another bundle's kind", other(sealed{users: `{"id":"3"}`}, "users.ndjson"), "users.ndjson", "sha256"},
		{"swap in another bundle's manifest", other(sealed{started: started.Add(time.Hour)}, "manifest.json"), "manifest.json", "manifest.sha256"},
		{"replay another tenant's signature", other(sealed{tenant: "u"}, "signature.dsse.json"), "signature.dsse.json", "it was made for the bundle of tenant u"},
		{"replay an earlier signature", other(sealed{started: started.Add(-time.Hour)}, "signature.dsse.json"), "signature.dsse.json", "of 2026-03-01T07:00:00Z"},
		{"replay a signature of the same time", other(sealed{users: `{"id":"3"}`}, "signature.dsse.json"), "users.ndjson", "was signed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "bundle")
			seal(t, dir, sealed{key: key})
			tt.change(t, dir)
			var tampered *evidence.TamperedError
			if _, err := evidence.Verify(dir, trusting(key)); !errors.As(err, &tampered) || tampered.File != tt.file || !strings.Contains(tampered.What, tt.says) {
				t.Errorf("Verify() = %v, want %s named, and %q said", err, tt.file, tt.says)
			}
		})
	}
}

// TestASignatureTakenAway: what remains is an unsigned bundle, as anybody could have written.
func TestASignatureTakenAway(t *testing.T) {
	dir, key := filepath.Join(t.TempDir(), "bundle"), newKey(t)
	seal(t, dir, sealed{key: key})
	if err := os.Remove(filepath.Join(dir, "signature.dsse.json")); err != nil {
		t.Fatal(err)
	}
	if bundle, err := evidence.Verify(dir, trusting(key)); err != nil || len(bundle.Signers) > 0 {
		t.Errorf("Verify() = %v, want no signer", err)
	}
}

// FuzzAuthenticate: whatever a signature says, only what the manifest says passes.
func FuzzAuthenticate(f *testing.F) {
	dir, key := filepath.Join(f.TempDir(), "bundle"), newKey(f)
	manifest := seal(f, dir, sealed{key: key})
	path := filepath.Join(dir, "signature.dsse.json")
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	statement, _, err := signing.Verify(data, signing.Bundle, nil)
	if err != nil {
		f.Fatal(err)
	}
	payload, err := json.Marshal(statement)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Add([]byte(strings.Replace(string(payload), manifest.Digest(), "", 1)))
	f.Fuzz(func(t *testing.T, payload []byte) {
		overwrite(t, path, `{"payloadType":"application/vnd.in-toto+json","payload":"`+base64.StdEncoding.EncodeToString(payload)+`","signatures":[{"keyid":"a","sig":""}]}`)
		bundle, err := evidence.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := bundle.Authenticate(nil); err == nil && !strings.Contains(string(payload), manifest.Digest()) {
			t.Errorf("Authenticate() accepts %s", payload)
		}
	})
}
