package evidence_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/evidence"
)

var (
	begun    = evidence.Manifest{Tenant: evidence.Tenant{ID: "t", Name: "Contoso", Cloud: "global"}, Tool: "domicile test", Started: started, Asked: []string{"groups", "users"}}
	entryOf  = map[string]evidence.Entry{"users": {Kind: "users", Tier: evidence.API, API: "GET graph: users", Time: started}, "groups": {Kind: "groups", Tier: evidence.API, API: "GET graph: groups", Time: started}}
	reader   = evidence.Reader{TenantID: "t", AppID: "a", Roles: []string{"User.Read.All"}}
	secondAt = evidence.Checkpoint{List: 0, Count: 4, Next: "https://graph.microsoft.com/v1.0/users?$skiptoken=second"}
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// interrupt leaves a bundle of which groups was read whole and users to its first page of
// two objects, after which a third was written.
func interrupt(t *testing.T, dir string) {
	t.Helper()
	w, err := evidence.Create(dir, begun)
	must(t, err, w.Reader(reader))
	w.Request(evidence.Request{Time: started, Method: "GET", URL: "https://graph.microsoft.com/v1.0/users", Status: 200, Attempts: 1})
	groups, err := w.Kind(entryOf["groups"])
	must(t, err, groups.Write(json.RawMessage(`{"id":"g"}`)))
	groups.Page(1)
	groups.Complete()
	must(t, groups.Checkpoint(evidence.Checkpoint{}))
	users, err := w.Kind(entryOf["users"])
	must(t, err, users.WriteOnce(json.RawMessage(`{"id":"1"}`), false), users.WriteOnce(json.RawMessage(`{ "id": "2" }`), false))
	users.Page(1)
	must(t, users.Checkpoint(secondAt), users.WriteOnce(json.RawMessage(`{"id":"3"}`), false), w.Abort())
}

// resumed goes on with the bundle of interrupt.
func resumed(t *testing.T, dir string) *evidence.Writer {
	t.Helper()
	w, err := evidence.Resume(dir, begun, started.Add(time.Hour))
	must(t, err)
	t.Cleanup(func() { must(t, w.Abort()) })
	return w
}

func ignore(json.RawMessage) {}

// TestACollectionGoesOn from its last checkpoint, with what was read before and nothing
// that came after, and the bundle tells of it.
func TestACollectionGoesOn(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "bundle")
	interrupt(t, dir)
	left, err := evidence.ReadInterrupted(dir)
	if err != nil || left.Done() != 1 || !left.Manifest.Started.Equal(started) {
		t.Fatalf("ReadInterrupted() = %+v, %v, want one kind done", left, err)
	}
	if info, err := os.Stat(dir + ".journal"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the journal: %v, %v, want it readable by its owner alone", info, err)
	}
	w := resumed(t, dir)
	must(t, w.Reader(reader))
	groups := w.Continue(entryOf["groups"], ignore)
	if groups == nil || !groups.Entry().Complete {
		t.Fatal("groups are not gone on with as complete")
	}
	var before []string
	users := w.Continue(entryOf["users"], func(object json.RawMessage) { before = append(before, string(object)) })
	if users == nil || users.Entry().Complete || users.At() != secondAt || users.Entry().Pages != 1 {
		t.Fatalf("users are gone on with from %+v, want %+v", users, secondAt)
	}
	if diff := cmp.Diff([]string{`{"id":"1"}`, `{"id":"2"}`}, before); diff != "" {
		t.Errorf("users before differ:\n%s", diff)
	}
	if err := users.WriteOnce(json.RawMessage(`{"id": "2"}`), false); !errors.Is(err, evidence.ErrTwice) {
		t.Errorf("WriteOnce() of what an earlier run wrote = %v, want ErrTwice", err)
	}
	must(t, users.WriteOnce(json.RawMessage(`{"id":"4"}`), false))
	users.Page(1)
	users.Complete()
	w.Request(evidence.Request{Time: started, Method: "GET", URL: secondAt.Next, Status: 200, Attempts: 1})
	must(t, os.WriteFile(filepath.Join(dir+".partial", "stray.ndjson"), []byte("{}\n"), 0o600))
	manifest, err := w.Close(finished)
	must(t, err)
	if len(manifest.Resumed) != 1 || !manifest.Resumed[0].Equal(started.Add(time.Hour)) || !manifest.Started.Equal(started) {
		t.Errorf("manifest = %+v, want it of the first start and once gone on with", manifest)
	}
	bundle, err := evidence.Verify(dir, nil)
	must(t, err)
	entry, _ := bundle.Manifest.Entry("users")
	if entry.Objects != 3 || entry.Pages != 2 || entry.Requests != 2 {
		t.Errorf("entry = %+v, want three objects of two pages", entry)
	}
	requests, err := os.ReadFile(filepath.Join(dir, "requests.ndjson"))
	if err != nil || strings.Count(string(requests), "\n") != 2 {
		t.Errorf("requests.ndjson = %s, %v, want the requests of both runs", requests, err)
	}
	entries, err := os.ReadDir(parent)
	must(t, err)
	for _, entry := range entries {
		if name := entry.Name(); name != "bundle" && name != "bundle.lock" {
			t.Errorf("%s was left beside the bundle", name)
		}
	}
}

// TestWhatAJournalMayHold: what a kill can do to the files is gone on with as far as it
// goes, and nothing that a run doesn't write is relied on.
func TestWhatAJournalMayHold(t *testing.T) {
	change := func(file string, to func(string) string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			path := strings.Replace(file, "bundle", dir, 1)
			data, err := os.ReadFile(path)
			must(t, err, os.WriteFile(path, []byte(to(string(data))), 0o600))
		}
	}
	swap := func(file, from, to string) func(*testing.T, string) {
		return change(file, func(s string) string {
			if !strings.Contains(s, from) {
				panic(from)
			}
			return strings.ReplaceAll(s, from, to)
		})
	}
	link := func(file string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			path := strings.Replace(file, "bundle", dir, 1)
			must(t, os.Rename(path, dir+".precious"), os.Symlink(dir+".precious", path))
		}
	}
	const journal, users, requests = "bundle.journal", "bundle.partial/users.ndjson", "bundle.partial/requests.ndjson"
	tests := []struct {
		name   string
		change func(*testing.T, string)
		says   string // the error of ReadInterrupted or Resume
		users  bool   // are gone on with
		at     evidence.Checkpoint
	}{
		{name: "as it was left", change: func(*testing.T, string) {}, users: true, at: secondAt},
		{name: "a last line cut short", change: change(journal, func(s string) string { return s + `{"entry":{"kind":"us` }), users: true, at: secondAt},
		{name: "the last line lost", change: change(journal, func(s string) string { return s[:strings.LastIndex(s[:len(s)-1], "\n")+1] })},
		{name: "no journal", change: func(t *testing.T, dir string) { t.Helper(); must(t, os.Remove(dir+".journal")) }, says: "no such file"},
		{name: "an empty journal", change: change(journal, func(string) string { return "" }), says: "not exist"},
		{name: "no bundle", change: func(t *testing.T, dir string) { t.Helper(); must(t, os.RemoveAll(dir+".partial")) }, says: "no such file"},
		{name: "a link to a bundle", change: link("bundle.partial"), says: "not a folder"},
		{name: "a link to a journal", change: link(journal), says: "not a regular file"},
		{name: "another version", change: swap(journal, `"manifest":{"version":1`, `"manifest":{"version":2`), says: "newer domicile"},
		{name: "no beginning", change: change(journal, func(s string) string { return s[strings.Index(s, "\n")+1:] }), says: "doesn't begin"},
		{name: "two beginnings", change: change(journal, func(s string) string { return s + s[:strings.Index(s, "\n")+1] }), says: "doesn't begin"},
		{name: "an unknown member", change: swap(journal, `"next":`, `"nextt":`), says: "unknown field"},
		{name: "a kind outside the folder", change: swap(journal, `"kind":"users","file":"users.ndjson"`, `"kind":"../users","file":"../users.ndjson"`), says: "no name of a kind"},
		{name: "a file outside the folder", change: swap(journal, `"file":"users.ndjson"`, `"file":"../users.ndjson"`), says: "names the file"},
		{name: "the requests as a kind", change: swap(journal, `"kind":"users","file":"users.ndjson"`, `"kind":"requests","file":"requests.ndjson"`), says: "no name of a kind"},
		{name: "fewer than no bytes", change: swap(journal, `"bytes":22`, `"bytes":-22`), says: "negative"},
		{name: "a place that can't be", change: swap(journal, `"first":0,"count":4`, `"first":3,"count":4`), says: "can't be"},
		{name: "fewer than no objects sent", change: swap(journal, `"first":0,"count":4`, `"first":0,"count":4,"sent":-1`), says: "can't be"},
		{name: "more objects sent than there can be", change: swap(journal, `"first":0,"count":4`, `"first":0,"count":4,"sent":9223372036854775807`), says: "can't be"},
		{name: "a page larger than all", change: swap(journal, `"first":0,"count":4`, `"first":0,"count":4,"sent":2,"page":3`), says: "can't be"},
		{name: "fewer than no requests needed", change: swap(journal, `"objects":2`, `"objects":2,"minimum":-1`), says: "negative"},
		{name: "a line longer than any", change: change(journal, func(s string) string { return s + strings.Repeat("x", 2<<20) }), says: "buffer full"},
		{name: "not JSON", change: change(journal, func(s string) string { return s + "\x00\x00\n" }), says: "invalid character"},
		{name: "more bytes than there are", change: swap(journal, `"bytes":22`, `"bytes":2200000`)},
		{name: "more objects than there are", change: swap(journal, `"bytes":22,"objects":2`, `"bytes":22,"objects":3`)},
		{name: "another tier", change: swap(journal, `"tier":"api","api":"GET graph: users"`, `"tier":"signed","api":"GET graph: users"`)},
		{name: "a file cut short", change: change(users, func(s string) string { return s[:15] })},
		{name: "a changed file", change: swap(users, `"1"`, `"9"`)},
		{name: "a file missing", change: func(t *testing.T, dir string) { t.Helper(); must(t, os.Remove(dir+".partial/users.ndjson")) }},
		{name: "a link to a file", change: link(users)},
		{name: "a folder for a file", change: func(t *testing.T, dir string) {
			t.Helper()
			must(t, os.Remove(dir+".partial/users.ndjson"), os.Mkdir(dir+".partial/users.ndjson", 0o700))
		}},
		{name: "a request cut short", change: change(requests, func(s string) string { return s + `{"time"` }), users: true, at: secondAt},
		{name: "a request that is none", change: change(requests, func(s string) string { return s + "\x00\n" }), users: true, at: secondAt},
		{name: "no requests", change: func(t *testing.T, dir string) { t.Helper(); must(t, os.Remove(dir+".partial/requests.ndjson")) }, says: "requests.ndjson"},
		{name: "a link to requests", change: link(requests), says: "not a regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "bundle")
			interrupt(t, dir)
			tt.change(t, dir)
			precious, _ := os.ReadFile(dir + ".precious")
			if _, err := evidence.ReadInterrupted(dir); err != nil {
				if tt.says == "" || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("ReadInterrupted() = %v, want %q", err, tt.says)
				}
				return
			}
			w, err := evidence.Resume(dir, begun, finished)
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("Resume() = %v, want %q", err, tt.says)
				}
				return
			}
			must(t, err)
			k := w.Continue(entryOf["users"], ignore)
			if (k != nil) != tt.users || k != nil && k.At() != tt.at {
				t.Fatalf("Continue() = %+v, want it gone on with: %v", k, tt.users)
			}
			if k == nil {
				k, err = w.Kind(entryOf["users"])
				must(t, err)
			}
			must(t, k.WriteOnce(json.RawMessage(`{"id":"4"}`), false))
			if k = w.Continue(entryOf["groups"], ignore); k == nil {
				t.Error("groups are not gone on with")
			}
			_, err = w.Close(finished)
			must(t, err)
			if _, err := evidence.Verify(dir, nil); err != nil {
				t.Error(err)
			}
			if after, _ := os.ReadFile(dir + ".precious"); string(after) != string(precious) {
				t.Error("what a link led to was changed")
			}
		})
	}
}

// TestOnlyTheSameCollectionGoesOn: another tenant, other kinds and another application are
// refused, and what was read stays.
func TestOnlyTheSameCollectionGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	interrupt(t, dir)
	for says, change := range map[string]func(*evidence.Manifest){
		"tenant t in":         func(m *evidence.Manifest) { m.Tenant.ID = "u" },
		"in the cloud global": func(m *evidence.Manifest) { m.Tenant.Cloud = "dod" },
		"other kinds":         func(m *evidence.Manifest) { m.Asked = []string{"users"} },
	} {
		m := begun
		change(&m)
		if _, err := evidence.Resume(dir, m, finished); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "leave out --resume") {
			t.Errorf("Resume() of %+v = %v, want an error that says %q and what to do", m, err, says)
		}
	}
	later := begun
	later.Started = finished
	if _, err := evidence.Resume(dir, later, finished); !errors.Is(err, evidence.ErrInUse) {
		t.Errorf("Resume() of another run's = %v, want ErrInUse", err)
	}
	w := resumed(t, dir)
	if err := w.Reader(evidence.Reader{TenantID: "t", AppID: "b"}); err == nil || !strings.Contains(err.Error(), "by the application a, and not by b") {
		t.Errorf("Reader() of another application = %v, want an error that names both", err)
	}
	if _, err := evidence.Resume(dir, begun, finished); !errors.Is(err, evidence.ErrInUse) {
		t.Errorf("Resume() beside another run = %v, want ErrInUse", err)
	}
	must(t, w.Abort())
	if left, err := evidence.ReadInterrupted(dir); err != nil || left.Done() != 1 {
		t.Errorf("after that ReadInterrupted() = %+v, %v, want it as before", left, err)
	}
}

// TestAKindThatIsReadAnew is not gone on with by the run after the next, whatever stands in
// its file by then.
func TestAKindThatIsReadAnew(t *testing.T) {
	anew := map[string]func(*evidence.Writer) error{
		"started anew": func(w *evidence.Writer) error { _, err := w.Kind(entryOf["users"]); return err },
		"restarted":    func(w *evidence.Writer) error { return w.Continue(entryOf["users"], ignore).Restart() },
		"with a gap":   func(w *evidence.Writer) error { return w.Continue(entryOf["users"], ignore).Anew() },
	}
	for name, read := range anew {
		dir := filepath.Join(t.TempDir(), "bundle")
		interrupt(t, dir)
		w := resumed(t, dir)
		must(t, read(w), w.Abort())
		must(t, os.WriteFile(filepath.Join(dir+".partial", "users.ndjson"), []byte("{\"id\":\"1\"}\n{\"id\":\"2\"}\n"), 0o600))
		w = resumed(t, dir)
		if k := w.Continue(entryOf["users"], ignore); k != nil {
			t.Errorf("%s: users are gone on with at %+v", name, k.At())
		}
		must(t, w.Abort())
	}
}

// TestNothingReadIsNothingLeft: before the first page there is nothing to go on with, and
// a new collection takes the place of an interrupted one.
func TestNothingReadIsNothingLeft(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	interrupt(t, dir)
	w, err := evidence.Create(dir, begun)
	must(t, err)
	if _, err := evidence.ReadInterrupted(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadInterrupted() of a new collection = %v, want that there is none", err)
	}
	must(t, w.Abort())
	if _, err := os.Stat(dir + ".partial"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a collection that read nothing left %v", err)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"manifest":{"version":1,"asked":[],"kinds":[],"gaps":[]}}`+"\n"+`{"entry":{"kind":"users","file":"users.ndjson","tier":"api"},"at":{"list":1,"first":0,"count":-1}}`+"\n"), []byte("{}\n"))
	f.Fuzz(func(t *testing.T, journal, users []byte) {
		dir := filepath.Join(t.TempDir(), "bundle")
		must(t, os.Mkdir(dir+".partial", 0o700))
		for name, data := range map[string][]byte{".journal": journal, ".partial/users.ndjson": users, ".partial/requests.ndjson": nil} {
			must(t, os.WriteFile(dir+name, data, 0o600))
		}
		left, err := evidence.ReadInterrupted(dir)
		if err != nil {
			return
		}
		w, err := evidence.Resume(dir, left.Manifest, finished)
		if err != nil {
			return
		}
		defer w.Abort()
		if k := w.Continue(entryOf["users"], ignore); k != nil {
			if entry := k.Entry(); entry.Bytes > int64(len(users)) || entry.Objects > len(users) {
				t.Error(fmt.Errorf("a file of %d bytes was taken for %+v", len(users), entry))
			}
		}
	})
}
