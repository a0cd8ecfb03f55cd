package scan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/policies"
)

// listing is a collection of fifty users on five pages, as a service that misbehaves
// answers it. Pages are counted from 1.
type listing struct {
	// count is @odata.count of the first page, and of a count that is asked for alone.
	count int
	// objects changes the users of a page, next the page that its link leads to (0 is none,
	// or a whole link), answer the whole answer; each may be nil.
	objects func(page int, users []map[string]any) []map[string]any
	next    func(page int) any
	answer  func(w http.ResponseWriter, page, time int, body []byte) bool

	times map[int]int
}

const (
	listedPages = 5
	listedEach  = 10
)

func (l *listing) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("$top") == "1" {
		send(w, map[string]any{"@odata.count": l.count, "value": []any{}})
		return
	}
	page := 1
	if number, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil {
		page = number
	}
	users := listedUsers(page)
	if l.objects != nil {
		users = l.objects(page, users)
	}
	body := map[string]any{"value": users}
	if page == 1 && l.count >= 0 {
		body["@odata.count"] = l.count
	}
	var next any = page + 1
	if page == listedPages {
		next = 0
	}
	if l.next != nil {
		next = l.next(page)
	}
	switch next := next.(type) {
	case string:
		body["@odata.nextLink"] = next
	case int:
		if next > 0 {
			body["@odata.nextLink"] = fmt.Sprintf("https://%s/graph/v1.0/users?page=%d", r.Host, next)
		}
	}
	data, _ := json.Marshal(body)
	if l.times == nil {
		l.times = map[int]int{}
	}
	l.times[page]++
	if l.answer != nil && l.answer(w, page, l.times[page], data) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data)
}

func listedUsers(page int) []map[string]any {
	var users []map[string]any
	for i := range listedEach {
		id := fmt.Sprintf("60000000-0000-4000-8000-%012d", page*1000+i)
		users = append(users, map[string]any{
			"id": id, "displayName": id, "userPrincipalName": id + "@contoso.example", "accountEnabled": true, "userType": "Member",
			"usageLocation": "DE", "preferredDataLocation": "EUR", "onPremisesSyncEnabled": nil, "createdDateTime": "2024-01-15T08:00:00Z",
			"externalUserState": nil, "assignedLicenses": []any{}, "assignedPlans": []any{}, "licenseAssignmentStates": []any{},
		})
	}
	return users
}

// refused answers a page with a status, at all times or at the first alone.
func refused(on, status int, always bool, headers ...string) func(http.ResponseWriter, int, int, []byte) bool {
	return func(w http.ResponseWriter, page, time int, _ []byte) bool {
		if page != on || !always && time > 1 {
			return false
		}
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		return true
	}
}

// TestNoRulePassesOverAnIncompleteCollection: each way in which a collection can be less
// than the tenant holds leaves a gap with its reason, keeps what was read, and lets no
// rule that rests on it pass.
func TestNoRulePassesOverAnIncompleteCollection(t *testing.T) {
	const all = listedPages * listedEach
	replace := func(page int, users []map[string]any) []map[string]any {
		if page == 3 {
			users[4] = listedUsers(2)[4]
		}
		return users
	}
	tests := []struct {
		name    string
		service listing
		reason  evidence.Reason
		objects int
	}{
		{"complete", listing{count: all}, "", all},
		{"complete and not counted", listing{count: -1}, "", all},
		{"an empty page with a link", listing{count: all - listedEach, objects: func(page int, users []map[string]any) []map[string]any {
			if page == 3 {
				return []map[string]any{}
			}
			return users
		}}, "", all - listedEach},
		{"an unauthorized page, once", listing{count: all, answer: refused(3, http.StatusUnauthorized, false)}, "", all},
		{"a page of the same objects and others", listing{count: all, objects: func(page int, users []map[string]any) []map[string]any {
			if page == 4 {
				return append(users, listedUsers(3)...)
			}
			return users
		}}, "", all},
		{"the count is higher", listing{count: all + 1}, evidence.Partial, all},
		{"the count is lower", listing{count: all - 1}, evidence.Partial, all},
		{"an object twice instead of another", listing{count: all, objects: replace}, evidence.Partial, all - 1},
		{"the link leads back", listing{count: all, next: func(page int) any { return page%3 + 1 }}, evidence.Partial, 3 * listedEach},
		{"the link leads to itself", listing{count: -1, next: func(page int) any { return page }}, evidence.Partial, listedEach},
		{"the link leads elsewhere", listing{count: all, next: func(page int) any {
			if page == 3 {
				return "https://graph.example/v1.0/users?page=4"
			}
			return page + 1
		}}, evidence.Partial, 3 * listedEach},
		{"the last page has no link", listing{count: all, next: func(page int) any { return (page + 1) % 4 }}, evidence.Partial, 3 * listedEach},
		{"a page repeats the one before", listing{count: -1, objects: func(page int, users []map[string]any) []map[string]any {
			if page >= 4 {
				return listedUsers(3)
			}
			return users
		}}, evidence.Partial, 3 * listedEach},
		{"the service breaks down", listing{count: all, answer: refused(4, http.StatusInternalServerError, true)}, evidence.ServiceError, 3 * listedEach},
		{"the service is unavailable", listing{count: all, answer: refused(4, http.StatusServiceUnavailable, true)}, evidence.ServiceError, 3 * listedEach},
		{"throttled for too long", listing{count: all, answer: refused(3, http.StatusTooManyRequests, true, "Retry-After", "3600")}, evidence.Throttled, 2 * listedEach},
		{"truncated JSON", listing{count: all, answer: func(w http.ResponseWriter, page, _ int, body []byte) bool {
			if page == 3 {
				_, _ = w.Write(body[:len(body)/2])
			}
			return page == 3
		}}, evidence.Invalid, 2 * listedEach},
		{"the connection is cut", listing{count: all, answer: func(w http.ResponseWriter, page, _ int, body []byte) bool {
			if page != 3 {
				return false
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body[:len(body)/2])
			panic(http.ErrAbortHandler)
		}}, evidence.Invalid, 2 * listedEach},
	}
	set, err := policies.Load(t.Context(), policies.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t, tt.service.serve)
			dir := filepath.Join(t.TempDir(), "bundle")
			manifest, err := scan.Collect(t.Context(), dir, collection(c.configured(t, "", nil), "users"))
			if err != nil {
				t.Fatal(err)
			}
			entry, _ := manifest.Entry("users")
			gap, _ := manifest.GapOf("users")
			if gap.Reason != tt.reason || entry.Objects != tt.objects || entry.Complete != (tt.reason == "") {
				t.Errorf("gap = %+v, entry = %+v, want reason %q and %d objects", gap, entry, tt.reason, tt.objects)
			}
			bundle, err := evidence.Verify(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			verdicts, err := set.Evaluate(t.Context(), bundle, policies.Options{Params: map[string]any{"allowed_countries": []any{"DE"}}})
			if err != nil {
				t.Fatal(err)
			}
			var passed []string
			for _, rule := range set.Rules() {
				i := slices.IndexFunc(verdicts.Rules, func(r findings.Rule) bool { return r.ID == rule.ID })
				if slices.Contains(rule.Evidence.All, "users") && verdicts.Rules[i].Outcome == findings.Pass {
					passed = append(passed, rule.ID)
				}
			}
			if (len(passed) > 0) != (tt.reason == "") {
				t.Errorf("the rules %v pass over users whose gap is %q", passed, gap.Reason)
			}
		})
	}
}

// TestARefusedTokenEndsTheCollection, also in the midst of a collection: nothing is left
// that could be taken for evidence.
func TestARefusedTokenEndsTheCollection(t *testing.T) {
	service := listing{count: -1, answer: refused(3, http.StatusUnauthorized, true)}
	c := newCloud(t, service.serve)
	dir := filepath.Join(t.TempDir(), "bundle")
	_, err := scan.Collect(t.Context(), dir, collection(c.configured(t, "", nil), "users"))
	var failed *collectors.AuthError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "token was refused") {
		t.Errorf("Collect() = %v, want an AuthError", err)
	}
	if _, err := evidence.Open(dir); err == nil {
		t.Error("a bundle is left")
	}
}
