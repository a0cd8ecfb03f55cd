package evidence_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/evidence"
)

var (
	started  = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	finished = started.Add(time.Minute)
)

// write makes a bundle of two kinds, one of them incomplete, in a new folder.
func write(t *testing.T, dir string) evidence.Manifest {
	t.Helper()
	w, err := evidence.Create(dir, evidence.Manifest{
		Tenant: evidence.Tenant{ID: "t", Name: "Contoso", Cloud: "global"}, Tool: "domicile test", Started: started,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Reader(evidence.Reader{TenantID: "t", AppID: "a", Roles: []string{"User.Read.All"}})
	w.Request(evidence.Request{Time: started, Method: "GET", URL: "https://graph.microsoft.com/v1.0/users", Status: 200, Attempts: 1})
	for kind, complete := range map[string]bool{"users": true, "groups": false} {
		k, err := w.Kind(evidence.Entry{Kind: kind, Tier: evidence.API, API: "GET graph: " + kind, Time: started})
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range []string{"{\n \"id\": \"1\"\n}", `{"id":"2"}`} {
			if err := k.Write(json.RawMessage(object)); err != nil {
				t.Fatal(err)
			}
		}
		k.Page(1)
		if complete {
			k.Complete()
		}
	}
	w.Gap(evidence.Gap{Kind: "sites", Reason: evidence.NoPermission, Status: 403, Permission: "Sites.Read.All"})
	m, err := w.Close(finished)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	written := write(t, dir)
	bundle, err := evidence.Verify(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(written, bundle.Manifest); diff != "" {
		t.Errorf("manifest read back differs (-written +read):\n%s", diff)
	}
	var lines []string
	for object, err := range bundle.Objects("users") {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(object))
	}
	if diff := cmp.Diff([]string{`{"id":"1"}`, `{"id":"2"}`}, lines); diff != "" {
		t.Errorf("objects differ:\n%s", diff)
	}
	for _, name := range []string{"manifest.json", "users.ndjson", "requests.ndjson"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, info.Mode().Perm())
		}
	}
}

func TestDigestDependsOnTheEvidenceAlone(t *testing.T) {
	a, b := write(t, filepath.Join(t.TempDir(), "a")), write(t, filepath.Join(t.TempDir(), "b"))
	b.Finished = b.Finished.Add(time.Hour)
	if a.Digest() != b.Digest() {
		t.Errorf("digests of equal evidence differ: %s and %s", a.Digest(), b.Digest())
	}
	b.Kinds[0].SHA256 = strings.Repeat("0", 64)
	if a.Digest() == b.Digest() {
		t.Error("digests of different evidence are equal")
	}
}

func TestGapOf(t *testing.T) {
	m := write(t, filepath.Join(t.TempDir(), "bundle"))
	tests := []struct {
		kind   string
		reason evidence.Reason
		gap    bool
	}{
		{"users", "", false},
		{"groups", evidence.Partial, true},
		{"sites", evidence.NoPermission, true},
		{"mdi_sensors", evidence.NotCollected, true},
		{evidence.PreviousResult, evidence.NoEarlierResult, true},
	}
	for _, tt := range tests {
		gap, missing := m.GapOf(tt.kind)
		if missing != tt.gap || gap.Reason != tt.reason {
			t.Errorf("GapOf(%s) = %q, %v, want %q, %v", tt.kind, gap.Reason, missing, tt.reason, tt.gap)
		}
	}
}

// TestVerifyFindsWhatWasChanged changes every file of a bundle in several ways.
func TestVerifyFindsWhatWasChanged(t *testing.T) {
	flip := func(data []byte) []byte { data[len(data)/2] ^= 1; return data }
	cut := func(data []byte) []byte { return data[:len(data)-5] }
	tests := []struct {
		name, file string
		change     func([]byte) []byte
		says       string
	}{
		{"a changed byte of a kind", "users.ndjson", flip, "users.ndjson"},
		{"a kind cut short", "users.ndjson", cut, "users.ndjson"},
		{"an object more", "users.ndjson", func(d []byte) []byte { return append(d, "{}\n"...) }, "users.ndjson"},
		{"no object left", "users.ndjson", func([]byte) []byte { return nil }, "users.ndjson"},
		{"a changed request", "requests.ndjson", flip, "requests.ndjson"},
		{"a changed manifest", "manifest.json", func(d []byte) []byte { return []byte(strings.Replace(string(d), "Contoso", "Fabrikam", 1)) }, "manifest.json"},
		{"a changed sum", "manifest.sha256", func(d []byte) []byte { return []byte(strings.Repeat("0", len(d))) }, "manifest.json"},
		{"a file too many", "secret.ndjson", func([]byte) []byte { return []byte("{}\n") }, "secret.ndjson"},
		{"a file missing", "groups.ndjson", nil, "groups.ndjson"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "bundle")
			write(t, dir)
			path := filepath.Join(dir, tt.file)
			if tt.change == nil {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			} else {
				data, err := os.ReadFile(path)
				if err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, tt.change(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := evidence.Verify(dir, nil)
			var tampered *evidence.TamperedError
			if !errors.As(err, &tampered) || tampered.File != tt.says {
				t.Errorf("Verify = %v, want a *Tampered of %s", err, tt.says)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct{ name, manifest, says string }{
		{"a newer version", `{"version":2}`, "install a newer domicile"},
		{"no version", `{}`, "no format version"},
		{"an unknown member", `{"version":1,"colour":"red"}`, "colour"},
		{"a path that leaves the folder", `{"version":1,"kinds":[{"kind":"../x","file":"../x.ndjson"}]}`, "is no name of a kind"},
		{"a kind twice", `{"version":1,"kinds":[{"kind":"x","file":"x.ndjson","tier":"api"},{"kind":"x","file":"x.ndjson","tier":"api"}]}`, "twice"},
		{"something after the end", `{"version":1} {}`, "after"},
		{"something else", `hello`, "invalid character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(tt.manifest), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := evidence.Open(dir); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Open = %v, want an error with %q", err, tt.says)
			}
		})
	}
	if _, err := evidence.Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is it a folder") {
		t.Errorf("Open of an empty folder = %v, want a hint", err)
	}
}

func TestOnlyOneRunAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	first, err := evidence.Create(dir, evidence.Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Create(dir, evidence.Manifest{}); !errors.Is(err, evidence.ErrInUse) {
		t.Errorf("a second run = %v, want ErrInUse", err)
	}
	if err := first.Abort(); err != nil {
		t.Fatal(err)
	}
	write(t, dir)
}

func TestAnEarlierBundleStandsUntilTheNewOneIsWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	earlier := write(t, dir)
	w, err := evidence.Create(dir, evidence.Manifest{Started: started})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Kind(evidence.Entry{Kind: "users"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	bundle, err := evidence.Verify(dir, nil)
	if err != nil || bundle.Manifest.Digest() != earlier.Digest() {
		t.Errorf("after an aborted run Verify = %v, want the earlier bundle", err)
	}
	if _, err := os.Stat(dir + ".partial"); err != nil {
		t.Errorf("what was read is gone: %v", err)
	}
	write(t, dir)
	if _, err := os.Stat(filepath.Join(filepath.Dir(dir), ".bundle.replaced")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the earlier bundle still stands beside the new one: %v", err)
	}
}

func TestCreateRefusesAFolderOfSomethingElse(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "manifest.json") // as that of a web application
	if err := os.WriteFile(precious, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Create(dir, evidence.Manifest{}); err == nil || !strings.Contains(err.Error(), "not an evidence bundle") {
		t.Errorf("Create over a folder of other files = %v, want a refusal", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error("the folder's file is gone")
	}
	bundle := filepath.Join(t.TempDir(), "bundle")
	write(t, bundle)
	if err := os.WriteFile(filepath.Join(bundle, "notes.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Create(bundle, evidence.Manifest{}); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("Create over a bundle with notes in it = %v, want a refusal", err)
	}
}

func TestWriteRefusesWhatIsNoObject(t *testing.T) {
	w, err := evidence.Create(filepath.Join(t.TempDir(), "b"), evidence.Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	k, err := w.Kind(evidence.Entry{Kind: "users"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{``, `{"a":`, `[1]`, `"x"`, `{} {}`} {
		if err := k.Write(json.RawMessage(bad)); err == nil {
			t.Errorf("Write(%q) = nil, want an error", bad)
		}
	}
	if _, err := w.Kind(evidence.Entry{Kind: "users"}); err == nil {
		t.Error("a kind written twice = nil, want an error")
	}
}

// FuzzOpen reads manifests beside the sum of each, and lines of a kind that may be theirs.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"version":1,"kinds":[{"kind":"users","file":"users.ndjson","tier":"api"}]}`), []byte("{}\n"))
	f.Fuzz(func(t *testing.T, manifest, lines []byte) {
		dir := fuzzed(t, manifest, lines, nil)
		if bundle, err := evidence.Verify(dir, nil); err == nil && bundle.Manifest.Version != evidence.Version {
			t.Error("a bundle of another version was accepted")
		}
	})
}

// FuzzLines reads lines of a kind and of requests.ndjson with a manifest that names their
// hashes: what is taken is read back whole, each line a JSON object.
func FuzzLines(f *testing.F) {
	f.Add([]byte("{}\n{\"id\":\"1\"}\n"), []byte(`{"method":"GET"}`+"\n"))
	f.Add([]byte("{}"), []byte("\n"))
	f.Add([]byte("{}\r\n\xff\n"), []byte(nil))
	f.Fuzz(func(t *testing.T, lines, requests []byte) {
		sum := func(data []byte) string { sum := sha256.Sum256(data); return hex.EncodeToString(sum[:]) }
		objects := bytes.Count(lines, []byte("\n"))
		manifest := fmt.Sprintf(`{"version":1,"requestsSha256":%q,"kinds":[{"kind":"users","file":"users.ndjson","tier":"api","sha256":%q,"bytes":%d,"objects":%d}]}`,
			sum(requests), sum(lines), len(lines), objects)
		bundle, err := evidence.Verify(fuzzed(t, []byte(manifest), lines, requests), nil)
		if err != nil {
			return
		}
		read := 0
		for line, err := range bundle.Objects("users") {
			if err != nil || !json.Valid(line) || !bytes.HasPrefix(line, []byte("{")) {
				t.Fatalf("the line %q = %v, of a bundle that was verified", line, err)
			}
			read++
		}
		if read != objects {
			t.Errorf("%d objects were read, and %d verified", read, objects)
		}
	})
}

// fuzzed is a bundle of one kind.
func fuzzed(t *testing.T, manifest, lines, requests []byte) string {
	t.Helper()
	dir, sum := t.TempDir(), sha256.Sum256(manifest)
	for name, data := range map[string][]byte{
		"manifest.json": manifest, "users.ndjson": lines, "manifest.sha256": []byte(hex.EncodeToString(sum[:]) + "  manifest.json\n"), "requests.ndjson": requests,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSchemas(t *testing.T) {
	for _, kind := range evidence.Kinds() {
		schema, err := evidence.SchemaOf(kind)
		if err != nil {
			t.Error(err)
			continue
		}
		if schema.Root["title"] != kind || schema.Description == "" || len(schema.Fields()) == 0 {
			t.Errorf("the schema of %s has the title %v, the description %q and the fields %v", kind, schema.Root["title"], schema.Description, schema.Fields())
		}
		if schema.Root["additionalProperties"] != false {
			t.Errorf("the schema of %s lets a misspelt field through", kind)
		}
	}
	if _, err := evidence.SchemaOf("userz"); err == nil || !strings.Contains(err.Error(), "users") {
		t.Errorf("SchemaOf(userz) = %v, want the list of kinds", err)
	}
}
