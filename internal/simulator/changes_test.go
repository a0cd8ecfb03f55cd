package simulator_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// told is what a delta query tells under a link, and the link to what comes after.
func (v *visitor) told(link string) (changes []map[string]any, pages int, next string) {
	v.t.Helper()
	for {
		got := v.get(link)
		if got.status != http.StatusOK {
			v.t.Fatalf("GET %s = %d %s", link, got.status, got.raw)
		}
		changes, pages = append(changes, got.values(v.t)...), pages+1
		if next = text(got.body["@odata.deltaLink"]); next != "" {
			return changes, pages, next
		}
		link = text(got.body["@odata.nextLink"])
	}
}

func (v *visitor) change(path, id string, members map[string]any) {
	v.t.Helper()
	if err := v.Change(path, id, members); err != nil {
		v.t.Fatal(err)
	}
}

func TestADeltaQueryTellsWhatHasChanged(t *testing.T) {
	v := visit(t, "good")
	none, pages, link := v.told("/v1.0/groups/delta?$select=id,displayName,mail&$deltatoken=latest")
	if len(none) != 0 || pages != 1 {
		t.Errorf("from now on %v is told on %d pages", none, pages)
	}
	const old = "90000000-0000-4000-8000-000000000002"
	v.change("groups", old, map[string]any{"displayName": "Old", "isAssignableToRole": true})
	v.change("groups", "new", map[string]any{"displayName": "New", "mail": nil})
	v.change("groups", old, map[string]any{"mail": nil})
	v.change("applications", "a", map[string]any{"displayName": "A"})
	v.change("groups", "new", nil)
	want := []map[string]any{
		{"id": old, "displayName": "Old"},
		{"id": "new", "displayName": "New"},
		{"id": old, "mail": nil},
		{"id": "new", "@removed": map[string]any{"reason": "changed"}},
	}
	got, _, next := v.told(link)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the changes differ:\n%s", diff)
	}
	if again, _, _ := v.told(link); !cmp.Equal(again, got) {
		t.Errorf("the same link tells %v", again)
	}
	if rest, _, _ := v.told(next); len(rest) != 0 {
		t.Errorf("the next link tells %v", rest)
	}
	if one := v.get("/v1.0/groups/" + old); one.body["displayName"] != "Old" || one.body["mail"] != nil {
		t.Errorf("the group is %s", one.raw)
	}
	for i := range 45 {
		v.change("groups", fmt.Sprint("n", i), map[string]any{"displayName": "N"})
	}
	if many, pages, _ := v.told(next); len(many) != 45 || pages != 3 {
		t.Errorf("%d changes on %d pages", len(many), pages)
	}
	if err := v.Change("groups", "none", nil); err == nil {
		t.Error("what isn't there was taken away")
	}
	v.Forget()
	if got := v.get(next); got.status != http.StatusGone || got.code() != "syncStateNotFound" {
		t.Errorf("an expired link is answered with %d %s", got.status, got.raw)
	}
}

func TestADeltaQueryIsRefused(t *testing.T) {
	v := visitChanged(t, "permissions: {graph: [Application.Read.All]}\n")
	if got := v.get("/v1.0/groups/delta?$deltatoken=latest"); got.status != http.StatusForbidden {
		t.Errorf("without the permission: %d %s", got.status, got.raw)
	}
	for _, query := range []string{"", "?$deltatoken=x", "?$deltatoken=eyJhIjo5fQ"} {
		if got := v.get("/v1.0/applications/delta" + query); got.status != http.StatusBadRequest {
			t.Errorf("%q: %d %s", query, got.status, got.raw)
		}
	}
	if got := v.post("/v1.0/applications/delta?$deltatoken=latest", ""); got.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d %s", got.status, got.raw)
	}
	if got := v.get("/v1.0/sites/delta?$deltatoken=latest"); got.status == http.StatusOK {
		t.Errorf("a collection without a delta query: %d %s", got.status, got.raw)
	}
}
