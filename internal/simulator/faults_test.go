package simulator_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestFaultsAreScripted(t *testing.T) {
	v := visitChanged(t, `
pageSizes: {users: 10}
faults:
  - {path: /v1.0/groups, status: 429, code: TooManyRequests, message: Slow down., retryAfter: 7, times: 2}
  - {path: /v1.0/sites, status: 503}
  - {path: /v1.0/organization, status: 503, retryAfter: 120}
  - {path: /v1.0/users, page: 2, truncate: true}
  - {path: /arm/subscriptions, status: 500, code: InternalServerError, message: Broken.}
`)
	for i, want := range []int{429, 429, 200, 200} {
		got := v.get("/v1.0/groups")
		if got.status != want || (want == 429) != (got.header.Get("Retry-After") == "7") || (want == 429 && got.code() != "TooManyRequests") {
			t.Errorf("read %d of groups: %d, Retry-After %q, %s; want %d", i+1, got.status, got.header.Get("Retry-After"), got.raw, want)
		}
	}
	for range 3 {
		if got := v.get("/v1.0/organization"); got.status != 503 || got.code() != "Service Unavailable" || got.header.Get("Retry-After") != "120" {
			t.Errorf("organization: %d %s", got.status, got.raw)
		}
	}
	if got := v.get("/arm/subscriptions?api-version=2022-12-01"); got.status != 500 || got.message() != "Broken." {
		t.Errorf("subscriptions: %d %s", got.status, got.raw)
	}
	page := v.get("/v1.0/users?$top=999")
	if n := len(page.values(t)); n != 10 {
		t.Errorf("page 1 has %d users, want 10", n)
	}
	if got := v.get(text(page.body["@odata.nextLink"])); got.status != 200 || got.body != nil || !strings.HasPrefix(string(got.raw), `{"@odata.context"`) {
		t.Errorf("page 2 isn't cut short: %d %s", got.status, got.raw)
	}
}

func TestBatchAnswersEachStep(t *testing.T) {
	v := visitChanged(t, `
faults:
  - {path: /v1.0/groups, status: 429, code: TooManyRequests, retryAfter: 9}
`)
	got := v.post("/v1.0/$batch", `{"requests":[
		{"id":"a","method":"GET","url":"/users?$select=id&$top=2"},
		{"id":"b","method":"GET","url":"/groups"},
		{"id":"c","method":"GET","url":"/nothing"},
		{"id":"d","method":"POST","url":"/security/runHuntingQuery","headers":{"Content-Type":"application/json"},"body":{"Query":"print Probe = 1"}},
		{"id":"e","method":"DELETE","url":"/users/x"}]}`)
	steps, _ := got.body["responses"].([]any)
	if got.status != http.StatusOK || len(steps) != 5 {
		t.Fatalf("batch: %d %s", got.status, got.raw)
	}
	var seen []string
	for _, item := range steps {
		step, _ := item.(map[string]any)
		headers, _ := step["headers"].(map[string]any)
		seen = append(seen, fmt.Sprintf("%v %v %v", step["id"], step["status"], headers["Retry-After"]))
	}
	if want := []string{"a 200 <nil>", "b 429 9", "c 400 <nil>", "d 200 <nil>", "e 405 <nil>"}; !slices.Equal(seen, want) {
		t.Errorf("steps = %v, want %v", seen, want)
	}
	step, _ := steps[0].(map[string]any)
	body, _ := step["body"].(map[string]any)
	if values, _ := body["value"].([]any); len(values) != 2 {
		t.Errorf("step a = %v, want two users", step)
	}
	if n := v.Requests()["GET /v1.0/users"]; n != 1 {
		t.Errorf("the step is counted %d times, want 1", n)
	}
	full := `{"requests":[` + strings.TrimSuffix(strings.Repeat(`{"id":"1","method":"GET","url":"/organization"},`, 21), ",") + `]}`
	if got := v.post("/v1.0/$batch", full); got.status != http.StatusBadRequest || !strings.Contains(got.message(), "exceeds the maximum value of 20") {
		t.Errorf("a batch of 21: %d %s", got.status, got.raw)
	}
}
