package collectors_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// deltas is a tenant whose delta query answers from now on with latest, and a link with
// pages; an error ends either.
type deltas struct {
	*source
	latest, pages []collectors.Page
	fails         map[string]error // by link, "" for the question from now on
}

func (d *deltas) List(ctx context.Context, r collectors.Request) iter.Seq2[collectors.Page, error] {
	if !strings.Contains(r.Path, "/delta?") {
		return d.source.List(ctx, r)
	}
	d.note("delta " + r.From)
	pages := d.latest
	if r.From != "" {
		pages = d.pages
	}
	return func(yield func(collectors.Page, error) bool) {
		for _, page := range pages {
			if !yield(page, nil) {
				return
			}
		}
		if err := d.fails[r.From]; err != nil {
			yield(collectors.Page{}, err)
		}
	}
}

// since collects groups into a bundle since another, which may hold nothing.
func (d *deltas) since(t *testing.T, earlier *evidence.Bundle) (*evidence.Bundle, error) {
	t.Helper()
	d.asked = nil
	dir := filepath.Join(t.TempDir(), "bundle")
	tenant := evidence.Tenant{ID: "t", Name: "Contoso", Cloud: "global"}
	writer, err := evidence.Create(dir, evidence.Manifest{Tenant: tenant, Started: now})
	if err != nil {
		t.Fatal(err)
	}
	o := collectors.Options{Tenant: tenant, Now: now, Kinds: []string{"groups"}, Since: earlier}
	if err := collectors.Collect(t.Context(), d, writer, o); err != nil {
		return nil, errors.Join(err, writer.Abort())
	}
	if _, err := writer.Close(now); err != nil {
		t.Fatal(err)
	}
	return evidence.Verify(dir, nil)
}

func group(id, more string) string {
	return `{"id":"` + id + `","displayName":"G","isAssignableToRole":null,"onPremisesSyncEnabled":null,"preferredDataLocation":null` + more + `}`
}

func newDeltas(groups ...string) *deltas {
	return &deltas{
		source: &source{
			granted: graph("Group.Read.All"),
			pages:   map[string][][]string{"groups": {groups}},
			counts:  map[string]int{"groups": len(groups)},
			docs:    map[string]string{"groups?$select=id&$top=1&$count=true": fmt.Sprintf(`{"@odata.count":%d}`, len(groups))},
		},
		latest: []collectors.Page{{Count: -1, Changes: "first"}},
		pages:  []collectors.Page{{Count: -1, Changes: "second"}},
		fails:  map[string]error{},
	}
}

// TestChangesThatCantBeFollowed lead to a full read, which is as good as ever.
func TestChangesThatCantBeFollowed(t *testing.T) {
	page := func(changes string, objects ...string) collectors.Page {
		p := collectors.Page{Count: -1, Changes: changes}
		for _, object := range objects {
			p.Objects = append(p.Objects, json.RawMessage(object))
		}
		return p
	}
	many := make([]string, 20_001)
	for i := range many {
		many[i] = fmt.Sprintf(`{"id":"m%d","@removed":{"reason":"deleted"}}`, i)
	}
	long := strings.Repeat("x", 20_000)
	tests := map[string]func(*deltas){
		"no link at the end":        func(d *deltas) { d.pages = []collectors.Page{page("")} },
		"a link before the end":     func(d *deltas) { d.pages = []collectors.Page{page("early"), page("")} },
		"too long a link":           func(d *deltas) { d.pages = []collectors.Page{page(long)} },
		"an object without an id":   func(d *deltas) { d.pages = []collectors.Page{page("second", `{"displayName":"X"}`)} },
		"an id that is no text":     func(d *deltas) { d.pages = []collectors.Page{page("second", `{"id":1}`)} },
		"something that is no JSON": func(d *deltas) { d.pages = []collectors.Page{page("second", `{"id":"g1"`)} },
		"too many changes":          func(d *deltas) { d.pages = []collectors.Page{page("second", many...)} },
		"an error on the way": func(d *deltas) {
			d.pages = []collectors.Page{page("", `{"id":"g1","displayName":"X"}`)}
			d.fails["first"] = &collectors.RefusalError{Status: 410, Code: "resyncRequired"}
		},
		"no number": func(d *deltas) {
			d.pages = []collectors.Page{page("second", `{"id":"g1","displayName":"X"}`)}
			d.docs = nil
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			d := newDeltas(group("g1", ""), group("g2", ""))
			first, err := d.since(t, &evidence.Bundle{})
			if err != nil {
				t.Fatal(err)
			}
			change(d)
			second, err := d.since(t, first)
			if err != nil {
				t.Fatal(err)
			}
			entry, _ := second.Manifest.Entry("groups")
			want, _ := first.Manifest.Entry("groups")
			if entry.Requests += want.Requests; entry.Requests < 5 {
				t.Errorf("%d requests are counted in both runs", entry.Requests)
			}
			entry.Requests = want.Requests
			if diff := cmp.Diff(want, entry); diff != "" || entry.Changes.Link != "first" {
				t.Errorf("the entry differs from a full read's:\n%s", diff)
			}
			if !slices.Contains(d.asked, "delta first") || len(second.Manifest.Gaps) > 0 {
				t.Errorf("asked %v, gaps %v", d.asked, second.Manifest.Gaps)
			}
		})
	}
}

// TestALinkThatIsNotGiven keeps nothing from being read.
func TestALinkThatIsNotGiven(t *testing.T) {
	tests := map[string]func(*deltas){
		"refused":              func(d *deltas) { d.latest, d.fails[""] = nil, &collectors.RefusalError{Status: 400} },
		"none":                 func(d *deltas) { d.latest[0].Changes = "" },
		"too long":             func(d *deltas) { d.latest[0].Changes = strings.Repeat("x", 20_000) },
		"a list in its place":  func(d *deltas) { d.latest[0].Next, d.latest[0].Changes = "next", "" },
		"a link that is early": func(d *deltas) { d.latest[0].Next = "next" },
	}
	for name, change := range tests {
		d := newDeltas(group("g1", ""))
		change(d)
		bundle, err := d.since(t, &evidence.Bundle{})
		if err != nil {
			t.Fatal(err)
		}
		if entry, _ := bundle.Manifest.Entry("groups"); !entry.Complete || entry.Changes != nil || entry.Objects != 1 {
			t.Errorf("%s: the entry is %+v", name, entry)
		}
	}
}

// TestChangesAndTheReader: a permission that was taken is a gap, and a failed sign-in ends
// the collection.
func TestChangesAndTheReader(t *testing.T) {
	d := newDeltas(group("g1", ""))
	first, err := d.since(t, &evidence.Bundle{})
	if err != nil {
		t.Fatal(err)
	}
	var auth *collectors.AuthError
	d.fails["first"] = &collectors.AuthError{Err: errors.New("no token")}
	if _, err := d.since(t, first); !errors.As(err, &auth) {
		t.Errorf("a failed sign-in is %v", err)
	}
	d.latest, d.fails[""] = nil, &collectors.AuthError{Err: errors.New("no token")}
	if _, err := d.since(t, &evidence.Bundle{}); !errors.As(err, &auth) {
		t.Errorf("a failed sign-in is %v", err)
	}
	d.granted = nil
	second, err := d.since(t, first)
	if err != nil {
		t.Fatal(err)
	}
	if gap, _ := second.Manifest.GapOf("groups"); gap.Reason != evidence.NoPermission || len(d.asked) > 0 {
		t.Errorf("the gap is %+v, asked %v", gap, d.asked)
	}
}

// TestAnObjectChangesInItsPlace: what isn't selected and annotations stay out, and what is
// equal stays to the byte.
func TestAnObjectChangesInItsPlace(t *testing.T) {
	d := newDeltas(group("g1", `,"more":"<&>"`), group("g2", ""), group("g3", ""))
	first, err := d.since(t, &evidence.Bundle{})
	if err != nil {
		t.Fatal(err)
	}
	d.pages = []collectors.Page{
		{Objects: []json.RawMessage{[]byte(`{"@odata.type":"#microsoft.graph.group","displayName":"H","id":"g2","members@delta":[{"id":"u"}],"mail":"m"}`)}, Next: "more"},
		{Objects: []json.RawMessage{[]byte(`{ "id": "g2", "preferredDataLocation": "EUR" }`), []byte(`{"id":"g3"}`), []byte(`{"@removed":{"reason":"deleted"},"id":"never"}`)}, Changes: "second"},
	}
	second, err := d.since(t, first)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for object := range second.Objects("groups") {
		got = append(got, string(object))
	}
	changed := strings.Replace(strings.Replace(group("g2", ""), `"G"`, `"H"`, 1), `"preferredDataLocation":null`, `"preferredDataLocation":"EUR"`, 1)
	if diff := cmp.Diff([]string{group("g1", `,"more":"<&>"`), changed, group("g3", "")}, got); diff != "" {
		t.Errorf("groups differ:\n%s", diff)
	}
	entry, _ := second.Manifest.Entry("groups")
	want := &evidence.Changes{Asked: "groups/delta?$select=displayName,id,isAssignableToRole,onPremisesSyncEnabled,preferredDataLocation", Link: "second"}
	if diff := cmp.Diff(want, entry.Changes); diff != "" || entry.API != "GET graph: groups/delta" || entry.Tier != evidence.API || entry.Pages != 2 || entry.Requests != 3 {
		t.Errorf("the entry is %+v:\n%s", entry, diff)
	}
}

// TestTheDeltaQueriesThatAreUsed are those of the collections of which they track every
// field that rules read. Users are none: licenseAssignmentStates is not tracked.
func TestTheDeltaQueriesThatAreUsed(t *testing.T) {
	got := map[string]string{}
	for _, collector := range collectors.All() {
		if collector.Changes != "" {
			got[collector.Kind] = collector.Changes
		}
	}
	want := map[string]string{
		"groups":                   "groups/delta?$select={fields}",
		"applications":             "applications/delta?$select={fields}",
		"service_principals":       "servicePrincipals/delta?$select={fields}",
		"oauth2_permission_grants": "oauth2PermissionGrants/delta?$select={fields}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("delta queries differ:\n%s", diff)
	}
}
