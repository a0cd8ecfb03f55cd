package scan_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/simulator"
)

// tracked are the kinds that have a delta query, with their paths.
var tracked = map[string]string{
	"groups": "groups", "applications": "applications",
	"service_principals": "servicePrincipals", "oauth2_permission_grants": "oauth2PermissionGrants",
}

// changing is a simulated tenant whose objects change between scans.
type changing struct {
	*simulator.Server
	collection scan.Collection
	dir        string
	before     atomic.Pointer[func(*http.Request)]
	asked      map[string]int // of the last collection
	said       []string
}

func newChanging(t *testing.T, counts map[string]int) *changing {
	t.Helper()
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	tenant, err := simulator.Load(domicile.Tenants(), "good", at)
	if err == nil {
		err = simulator.Generate(tenant, counts)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := &changing{dir: t.TempDir()}
	c.meanwhile(func(*http.Request) {})
	c.Server, err = simulator.Start(t.Context(), simulator.Options{Tenant: tenant, Before: func(r *http.Request) { (*c.before.Load())(r) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.WriteConfig(c.dir); err != nil {
		t.Fatal(err)
	}
	read, err := config.Read(filepath.Join(c.dir, config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	c.collection = scan.Collection{
		Tenant: &read.Tenants[0], Tool: "domicile test", Now: func() time.Time { return at }, Getenv: os.Getenv,
		Prompt: io.Discard, Log: slog.New(slog.DiscardHandler), Notice: func(text string) { c.said = append(c.said, text) },
		Kinds: []string{"applications", "groups", "oauth2_permission_grants", "organization", "service_principals", "users"},
	}
	return c
}

// meanwhile has what happens with each request.
func (c *changing) meanwhile(does func(*http.Request)) { c.before.Store(&does) }

// collect reads the tenant into the bundle name, since another one or in full.
func (c *changing) collect(t *testing.T, name, since string) *evidence.Bundle {
	t.Helper()
	o := c.collection
	if since != "" {
		o.Since = filepath.Join(c.dir, since)
	}
	earlier := c.Requests()
	if _, err := scan.Collect(t.Context(), filepath.Join(c.dir, name), o); err != nil {
		t.Fatal(err)
	}
	c.asked = map[string]int{}
	for path, n := range c.Requests() {
		if n > earlier[path] {
			c.asked[strings.TrimPrefix(path, "GET /v1.0/")] = n - earlier[path]
		}
	}
	bundle, err := evidence.Verify(filepath.Join(c.dir, name), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range bundle.Manifest.Kinds {
		if tracked[entry.Kind] != "" && (!entry.Complete || (entry.Changes == nil) != (since == "")) {
			t.Errorf("%s: %+v, changes %+v", name, entry, entry.Changes)
		}
	}
	return bundle
}

// change gives an object other members, or fails the test.
func (c *changing) change(t *testing.T, path, id string, members map[string]any) {
	t.Helper()
	if err := c.Change(path, id, members); err != nil {
		t.Error(err)
	}
}

// updated says of which of the kinds only the changes were read.
func updated(bundle *evidence.Bundle) []string {
	var kinds []string
	for _, entry := range bundle.Manifest.Kinds {
		if strings.HasSuffix(entry.API, "/delta") {
			kinds = append(kinds, entry.Kind)
		}
	}
	return kinds
}

// same compares two bundles object by object.
func same(t *testing.T, want, got *evidence.Bundle) {
	t.Helper()
	for kind := range tracked {
		if diff := cmp.Diff(objects(t, want, kind), objects(t, got, kind)); diff != "" {
			t.Errorf("%s differ:\n%s", kind, diff)
		}
	}
}

// edit changes what a bundle's manifest says of groups, as its writer might have written it.
func (c *changing) edit(t *testing.T, name string, change func(*evidence.Entry)) {
	t.Helper()
	bundle, err := evidence.Open(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	m := bundle.Manifest
	change(&m.Kinds[slices.IndexFunc(m.Kinds, func(e evidence.Entry) bool { return e.Kind == "groups" })])
	data, err := json.Marshal(m)
	sum := sha256.Sum256(data)
	err = errors.Join(err, os.WriteFile(filepath.Join(bundle.Dir, "manifest.json"), data, 0o600),
		os.WriteFile(filepath.Join(bundle.Dir, "manifest.sha256"), []byte(hex.EncodeToString(sum[:])), 0o600))
	if err != nil {
		t.Fatal(err)
	}
}

func objects(t *testing.T, bundle *evidence.Bundle, kind string) map[string]any {
	t.Helper()
	all := map[string]any{}
	for raw, err := range bundle.Objects(kind) {
		var object map[string]any
		if err = errors.Join(err, json.Unmarshal(raw, &object)); err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprint(object["id"])
		if all[id] != nil {
			t.Errorf("%s holds %s twice", kind, id)
		}
		all[id] = object
	}
	return all
}

// TestATenantThatIsUnchanged takes one request for each kind, and gives the same bytes.
func TestATenantThatIsUnchanged(t *testing.T) {
	c := newChanging(t, map[string]int{"groups": 5000, "applications": 30, "servicePrincipals": 30, "grants": 30})
	first := c.collect(t, "first", "none")
	if len(updated(first)) > 0 || c.asked["groups/delta"] != 1 || c.asked["groups"] < 6 || first.Manifest.Previous != "" {
		t.Errorf("a first run read changes of %v, asked %v, and is after %q", updated(first), c.asked, first.Manifest.Previous)
	}
	if len(c.said) != 1 || !strings.Contains(c.said[0], "there is no evidence in") {
		t.Errorf("it says %q", c.said)
	}
	second := c.collect(t, "second", "first")
	if second.Manifest.Digest() != first.Manifest.Digest() || second.Manifest.Previous != first.Manifest.Digest() {
		t.Errorf("the digest is %s after %s, want %s twice", second.Manifest.Digest(), second.Manifest.Previous, first.Manifest.Digest())
	}
	if got := updated(second); len(got) != len(tracked) {
		t.Errorf("changes were read of %v", got)
	}
	for kind, path := range tracked {
		entry, _ := second.Manifest.Entry(kind)
		if c.asked[path+"/delta"] != 1 || c.asked[path] != 0 || entry.Requests != 1 || entry.Minimum != 1 || entry.Pages != 1 {
			t.Errorf("%s asked %v, %+v", kind, c.asked, entry)
		}
	}
	if c.asked["users"] == 0 {
		t.Error("users were not read in full")
	}
	full := c.collect(t, "full", "")
	if full.Manifest.Digest() != first.Manifest.Digest() || full.Manifest.Previous != "" {
		t.Errorf("a full read has the digest %s after %q, want %s", full.Manifest.Digest(), full.Manifest.Previous, first.Manifest.Digest())
	}
	for path := range c.asked {
		if strings.Contains(path, "delta") {
			t.Errorf("without an earlier bundle %s was asked", path)
		}
	}
	// The same folder serves for both.
	again := c.collect(t, "second", "second")
	if again.Manifest.Digest() != first.Manifest.Digest() || len(updated(again)) != len(tracked) {
		t.Errorf("into the same folder: digest %s, changes of %v", again.Manifest.Digest(), updated(again))
	}
}

// TestWhatChangedIsRead: objects that are made, changed, taken away and made again are those
// of a full read, in an order that stays.
func TestWhatChangedIsRead(t *testing.T) {
	c := newChanging(t, map[string]int{"groups": 60})
	first := c.collect(t, "first", "none")
	id := func(i int) string { return fmt.Sprintf("10000002-0000-4000-8000-%012x", i) }
	for range 2 {
		c.change(t, "groups", id(1), map[string]any{"displayName": "First", "mail": "not@select.ed"})
		c.change(t, "groups", id(1), map[string]any{"displayName": "Last", "preferredDataLocation": "EUR"})
	}
	c.change(t, "groups", id(1), map[string]any{"preferredDataLocation": nil})
	c.change(t, "groups", id(2), nil)
	c.change(t, "groups", id(3), nil)
	c.change(t, "groups", id(3), map[string]any{"displayName": "Again"})
	c.change(t, "groups", "new", map[string]any{"displayName": "New", "isAssignableToRole": true})
	c.change(t, "groups", "whole", map[string]any{"displayName": "<W&>", "preferredDataLocation": "FRA", "isAssignableToRole": false, "onPremisesSyncEnabled": true, "extra": 1})
	c.change(t, "groups", "brief", map[string]any{"displayName": "Brief"})
	c.change(t, "groups", "brief", nil)
	for i := 10; i < 50; i++ {
		c.change(t, "groups", id(i), map[string]any{"onPremisesSyncEnabled": true})
	}
	second := c.collect(t, "second", "first")
	entry, _ := second.Manifest.Entry("groups")
	// Three pages of changes, one request for what came in part, one for the number.
	if len(updated(second)) != len(tracked) || c.asked["groups/delta"] != 3 || c.asked["groups"] != 2 || entry.Pages != 3 || entry.Requests != 5 || entry.Minimum != 5 {
		t.Errorf("changes of %v, asked %v, %+v", updated(second), c.asked, entry)
	}
	same(t, c.collect(t, "full", ""), second)
	var before, after []string
	for raw := range first.Objects("groups") {
		before = append(before, groupID(t, raw))
	}
	for raw := range second.Objects("groups") {
		after = append(after, groupID(t, raw))
		if strings.Contains(string(raw), "First") || strings.Contains(string(raw), "not@select.ed") || strings.Contains(string(raw), "extra") {
			t.Errorf("a group is %s", raw)
		}
	}
	before = slices.DeleteFunc(before, func(group string) bool { return group == id(2) || group == id(3) })
	if diff := cmp.Diff(append(before, id(3), "new", "whole"), after); diff != "" {
		t.Errorf("the order differs:\n%s", diff)
	}
}

func groupID(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var group struct{ ID string }
	if err := json.Unmarshal(raw, &group); err != nil {
		t.Fatal(err)
	}
	return group.ID
}

// TestManyNewObjectsAreReadInFull: asking for each would take longer.
func TestManyNewObjectsAreReadInFull(t *testing.T) {
	c := newChanging(t, nil)
	c.collect(t, "first", "none")
	for i := range 16 {
		c.change(t, "groups", fmt.Sprint("new", i), map[string]any{"displayName": "New"})
	}
	second := c.collect(t, "second", "first")
	if slices.Contains(updated(second), "groups") || c.asked["groups"] != 1 {
		t.Errorf("changes of %v, asked %v", updated(second), c.asked)
	}
	same(t, c.collect(t, "full", ""), second)
}

// TestWhatChangesWhileItIsRead is told the next time.
func TestWhatChangesWhileItIsRead(t *testing.T) {
	c := newChanging(t, map[string]int{"groups": 2000})
	seen := atomic.Bool{}
	c.meanwhile(func(r *http.Request) {
		if r.URL.Path == "/v1.0/groups" && r.URL.Query().Get("$skiptoken") != "" && seen.CompareAndSwap(false, true) {
			c.change(t, "groups", "10000002-0000-4000-8000-000000000000", map[string]any{"displayName": "Meanwhile"})
			c.change(t, "groups", "10000002-0000-4000-8000-0000000007cf", map[string]any{"displayName": "Meanwhile"})
		}
	})
	first := c.collect(t, "first", "none")
	c.meanwhile(func(*http.Request) {})
	full := c.collect(t, "full", "")
	if cmp.Equal(objects(t, full, "groups"), objects(t, first, "groups")) || !seen.Load() {
		t.Fatal("nothing changed behind the first run's back")
	}
	same(t, full, c.collect(t, "second", "first"))
}

// TestManyRoundsOfChanges: whatever changes, what is read since the round before is what a
// full read gives.
func TestManyRoundsOfChanges(t *testing.T) {
	c := newChanging(t, map[string]int{"groups": 40, "applications": 40, "servicePrincipals": 40, "grants": 40})
	random := rand.New(rand.NewPCG(3, 4))
	made := map[string]func(n int) map[string]any{
		"groups": func(n int) map[string]any {
			return map[string]any{"displayName": fmt.Sprint("Group ", n), "preferredDataLocation": []any{nil, "EUR"}[n%2]}
		},
		"applications": func(n int) map[string]any {
			return map[string]any{"displayName": fmt.Sprint("App ", n), "appId": fmt.Sprint("a", n), "passwordCredentials": []any{map[string]any{"keyId": fmt.Sprint(n)}}}
		},
		"servicePrincipals": func(n int) map[string]any {
			return map[string]any{"displayName": fmt.Sprint("Principal ", n), "appId": fmt.Sprint("s", n), "accountEnabled": n%2 == 0, "tags": []string{"t"}}
		},
		"oauth2PermissionGrants": func(n int) map[string]any {
			return map[string]any{"clientId": "c", "consentType": "AllPrincipals", "principalId": nil, "resourceId": "r", "scope": fmt.Sprint(" s", n)}
		},
	}
	changesRead := 0
	since := "none"
	for round := range 12 {
		for kind, path := range tracked {
			var held []string
			if round > 0 {
				bundle, err := evidence.Open(filepath.Join(c.dir, since))
				if err != nil {
					t.Fatal(err)
				}
				for id := range objects(t, bundle, kind) {
					if strings.HasPrefix(id, "1000000") || strings.HasPrefix(id, "x") {
						held = append(held, id)
					}
				}
				slices.Sort(held)
			}
			for range random.IntN(8) {
				n := random.IntN(1000)
				switch which := random.IntN(5); {
				case which < 2 || len(held) == 0:
					c.change(t, path, fmt.Sprint("x", n), made[path](n))
				case which == 2:
					i := random.IntN(len(held))
					c.change(t, path, held[i], nil)
					if n%3 == 0 {
						c.change(t, path, held[i], made[path](n))
					}
					held = slices.Delete(held, i, i+1)
				default:
					c.change(t, path, held[random.IntN(len(held))], made[path](n))
				}
			}
		}
		if round%5 == 4 {
			c.Forget()
		}
		name := fmt.Sprint("round", round)
		got := c.collect(t, name, since)
		changesRead += len(updated(got))
		since = name
		same(t, c.collect(t, "full", ""), got)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	if changesRead < 20 {
		t.Errorf("of %d kinds only the changes were read", changesRead)
	}
}

// TestWhatCantBeGoneBy is read in full.
func TestWhatCantBeGoneBy(t *testing.T) {
	manifest := func(change func(*evidence.Entry)) func(*testing.T, *changing) {
		return func(t *testing.T, c *changing) {
			t.Helper()
			c.edit(t, "first", change)
		}
	}
	linked := func(change func(*evidence.Changes)) func(*testing.T, *changing) {
		return manifest(func(e *evidence.Entry) { change(e.Changes) })
	}
	tests := map[string]struct {
		before func(*testing.T, *changing)
		others bool // the other kinds are read in full too
	}{
		"an expired link":     {func(_ *testing.T, c *changing) { c.Forget() }, true},
		"no link":             {manifest(func(e *evidence.Entry) { e.Changes = nil }), false},
		"an empty link":       {linked(func(c *evidence.Changes) { c.Link = "" }), false},
		"a broken link":       {linked(func(c *evidence.Changes) { c.Link += "x" }), false},
		"another host's link": {linked(func(c *evidence.Changes) { c.Link = "https://192.0.2.1/v1.0/groups/delta" }), false},
		"a link to the list":  {linked(func(c *evidence.Changes) { c.Link, _, _ = strings.Cut(c.Link, "/delta") }), false},
		"other fields":        {linked(func(c *evidence.Changes) { c.Asked = strings.Replace(c.Asked, "id,", "", 1) }), false},
		"another tier":        {manifest(func(e *evidence.Entry) { e.Tier = evidence.Portal }), false},
		"another API":         {manifest(func(e *evidence.Entry) { e.API = "import" }), false},
		"an incomplete kind":  {manifest(func(e *evidence.Entry) { e.Complete = false }), false},
		"a changed file": {func(t *testing.T, c *changing) {
			t.Helper()
			name := filepath.Join(c.dir, "first", "groups.ndjson")
			data, err := os.ReadFile(name)
			if err == nil {
				err = os.WriteFile(name, []byte(strings.Replace(string(data), "Team", "Tame", 1)), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, false},
		"no file": {func(t *testing.T, c *changing) {
			t.Helper()
			if err := os.Remove(filepath.Join(c.dir, "first", "groups.ndjson")); err != nil {
				t.Fatal(err)
			}
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newChanging(t, map[string]int{"groups": 30})
			c.collect(t, "first", "none")
			c.change(t, "groups", "10000002-0000-4000-8000-000000000003", map[string]any{"displayName": "Changed"})
			tt.before(t, c)
			second := c.collect(t, "second", "first")
			if got := updated(second); slices.Contains(got, "groups") || (len(got) == 0) != tt.others {
				t.Errorf("changes were read of %v", got)
			}
			if entry, _ := second.Manifest.Entry("groups"); entry.Minimum != 2 || entry.Pages != 1 {
				t.Errorf("groups are %+v, want a page and a link", entry)
			}
			same(t, c.collect(t, "full", ""), second)
			third := c.collect(t, "third", "second")
			if len(updated(third)) != len(tracked) || third.Manifest.Digest() != second.Manifest.Digest() {
				t.Errorf("the run after reads changes of %v", updated(third))
			}
		})
	}
}

// TestAChangeThatWasLost shows in the number of objects.
func TestAChangeThatWasLost(t *testing.T) {
	c := newChanging(t, map[string]int{"groups": 30})
	c.collect(t, "first", "none")
	c.change(t, "groups", "10000002-0000-4000-8000-000000000003", nil)
	after, _ := c.collect(t, "second", "first").Manifest.Entry("groups")
	c.edit(t, "first", func(e *evidence.Entry) { e.Changes.Link = after.Changes.Link })
	c.change(t, "groups", "10000002-0000-4000-8000-000000000004", map[string]any{"displayName": "Changed"})
	third := c.collect(t, "third", "first")
	if got := updated(third); slices.Contains(got, "groups") || c.asked["groups/delta"] != 2 {
		t.Errorf("changes were read of %v, asked %v", got, c.asked)
	}
	same(t, c.collect(t, "full", ""), third)
}

// TestANewObjectThatIsNotListed is one that the changes tell of too early or too late.
func TestANewObjectThatIsNotListed(t *testing.T) {
	c := newChanging(t, map[string]int{"groups": 30})
	c.collect(t, "first", "none")
	c.change(t, "groups", "new", map[string]any{"displayName": "New"})
	c.meanwhile(func(r *http.Request) {
		if r.URL.Query().Get("$filter") == "id in ('new')" {
			c.change(t, "groups", "new", nil)
		}
	})
	second := c.collect(t, "second", "first")
	if got := updated(second); slices.Contains(got, "groups") || len(got) == 0 {
		t.Errorf("changes were read of %v", got)
	}
	full := c.collect(t, "full", "")
	same(t, full, second)
	third := c.collect(t, "third", "second")
	if len(updated(third)) != len(tracked) {
		t.Errorf("the run after reads changes of %v", updated(third))
	}
	same(t, full, third)
}

// TestSinceSomethingElse is refused before anything is written.
func TestSinceSomethingElse(t *testing.T) {
	c := newChanging(t, nil)
	c.collect(t, "first", "none")
	other, moved := *c.collection.Tenant, *c.collection.Tenant
	other.ID = tenantID
	endpoints := *moved.Endpoints
	endpoints.Like = "gcc"
	moved.Endpoints = &endpoints
	file := filepath.Join(c.dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	first := filepath.Join(c.dir, "first")
	tests := map[string]struct {
		tenant *config.Tenant
		since  string
		says   string
	}{
		"another tenant": {&other, first, "is of tenant"},
		"another cloud":  {&moved, first, "in the cloud global, and not of"},
		"no bundle":      {c.collection.Tenant, c.dir, "there is no manifest.json in it"},
		"a file":         {c.collection.Tenant, file, "name an earlier bundle"},
		"files alone":    {nil, first, "leave out --since"},
	}
	for name, tt := range tests {
		o := c.collection
		o.Tenant, o.Since = tt.tenant, tt.since
		_, err := scan.Collect(t.Context(), filepath.Join(c.dir, "out"), o)
		var path *os.PathError
		if err == nil || !strings.Contains(err.Error(), tt.says) || errors.As(err, &path) {
			t.Errorf("%s: Collect() = %v, want %q", name, err, tt.says)
		}
		if _, err := os.Stat(filepath.Join(c.dir, "out.partial")); !os.IsNotExist(err) {
			t.Errorf("%s: something was written", name)
		}
	}
}

// TestAnInterruptedRunKeepsItsLink: it was asked for before what was read then, and so what
// changed in between is told under it.
func TestAnInterruptedRunKeepsItsLink(t *testing.T) {
	c := newChanging(t, map[string]int{"groups": 3000})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pages := atomic.Int32{}
	c.meanwhile(func(r *http.Request) {
		if r.URL.Path == "/v1.0/groups" && pages.Add(1) == 3 {
			c.change(t, "groups", "10000002-0000-4000-8000-000000000001", map[string]any{"displayName": "Meanwhile"})
			cancel()
			<-r.Context().Done()
		}
	})
	o := c.collection
	o.Since, o.Resume, o.Kinds = filepath.Join(c.dir, "none"), true, []string{"groups"}
	if _, err := scan.Collect(ctx, filepath.Join(c.dir, "first"), o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	c.meanwhile(func(*http.Request) {})
	c.collection.Resume, c.collection.Kinds = true, []string{"groups"}
	first := c.collect(t, "first", "none")
	if c.asked["groups/delta"] != 0 || c.asked["groups"] != 2 || len(first.Manifest.Resumed) != 1 {
		t.Errorf("asked %v", c.asked)
	}
	second := c.collect(t, "second", "first")
	full := c.collect(t, "full", "")
	if cmp.Equal(objects(t, full, "groups"), objects(t, first, "groups")) || len(updated(second)) != 1 {
		t.Errorf("changes were read of %v", updated(second))
	}
	same(t, full, second)
}

// TestAnInterruptedRunReadsChangesAnew: nothing goes on in the middle of changes.
func TestAnInterruptedRunReadsChangesAnew(t *testing.T) {
	c := newChanging(t, map[string]int{"groups": 30, "users": 3000})
	c.collect(t, "first", "none")
	c.change(t, "groups", "10000002-0000-4000-8000-000000000001", map[string]any{"displayName": "Changed"})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.meanwhile(func(r *http.Request) {
		if r.URL.Path == "/v1.0/users" && r.URL.Query().Get("$skiptoken") != "" {
			for left, err := evidence.ReadInterrupted(filepath.Join(c.dir, "second")); err != nil || left.Done() < len(tracked); {
				time.Sleep(time.Millisecond)
				left, err = evidence.ReadInterrupted(filepath.Join(c.dir, "second"))
			}
			cancel()
			<-r.Context().Done()
		}
	})
	o := c.collection
	o.Since = filepath.Join(c.dir, "first")
	if _, err := scan.Collect(ctx, filepath.Join(c.dir, "second"), o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	c.meanwhile(func(*http.Request) {})
	c.change(t, "groups", "10000002-0000-4000-8000-000000000002", map[string]any{"displayName": "Changed"})
	c.collection.Resume = true
	second := c.collect(t, "second", "first")
	if len(second.Manifest.Resumed) != 1 || c.asked["groups/delta"] != 1 || len(updated(second)) != len(tracked) {
		t.Errorf("asked %v, changes of %v", c.asked, updated(second))
	}
	c.collection.Resume = false
	same(t, c.collect(t, "full", ""), second)
}
