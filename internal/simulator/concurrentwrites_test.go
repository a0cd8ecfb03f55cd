package simulator_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// TestWritesDoNotOverwriteOneAnother sets locations at the same time: every change is there
// in the end.
func TestWritesDoNotOverwriteOneAnother(t *testing.T) {
	v := remediate(t, "good")
	users := v.ids("users?$filter=onPremisesSyncEnabled ne true&$top=999")
	if len(users) < 5 {
		t.Fatalf("users: %v", users)
	}
	var group sync.WaitGroup
	for i, id := range users {
		group.Go(func() {
			if err := v.tryWrite("PATCH", "users/"+id, fmt.Sprintf(`{"preferredDataLocation": "L%02d"}`, i)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i, id := range users {
		got := v.get("/v1.0/users/" + id + "?$select=preferredDataLocation")
		if want := fmt.Sprintf("L%02d", i); got.status != http.StatusOK || got.body["preferredDataLocation"] != want {
			t.Errorf("%s: %d %s, want %s", id, got.status, got.raw, want)
		}
	}
}
