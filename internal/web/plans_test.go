package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/internal/web"
)

// counting counts how often it is asked whose approval counts.
type counting struct {
	approvals
	asked *int
}

func (c counting) Approval(path string, text []byte) (*web.Approval, error) {
	*c.asked++
	return c.approvals.Approval(path, text)
}

// TestPlansAreReadOnce: a plan that lists show is read again only when it or something beside
// it is another file.
func TestPlansAreReadOnce(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	asked := 0
	s.options.Approver = counting{s.approvals, &asked}
	handler := s.handler(t)
	plan := filepath.Join(s.options.Plans, "contoso.json")
	text, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(step string, times int, says string) {
		t.Helper()
		for _, path := range []string{"/", "/plans", "/plans"} {
			if body := get(t, handler, path).Body.String(); path == "/plans" && !strings.Contains(body, says) {
				t.Errorf("%s: GET %s doesn't say %q", step, path, says)
			}
		}
		if asked != times {
			t.Errorf("%s: the plan was read %d times, want %d", step, asked, times)
		}
	}
	expect("at first", 1, "waits for approval")
	s.approvals["contoso.json "+string(text)] = web.Approval{By: "bob", At: now(), Reason: "agreed"}
	if err := os.WriteFile(filepath.Join(s.options.Plans, "contoso.approval.dsse.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	expect("approved", 2, "approved")
	if err := os.WriteFile(plan, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect("broken", 2, "no plan that can be read")
}

// TestManyPlans: of more than are listed those are that were written last, and those that wait
// come first.
func TestManyPlans(t *testing.T) {
	s := newSite(t)
	threeTenants(t, s)
	long := now().AddDate(-1, 0, 0)
	for n := range 501 {
		path := filepath.Join(s.options.Plans, fmt.Sprintf("a%d.json", n))
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, long, long.Add(time.Duration(n)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	body := get(t, s.handler(t), "/plans").Body.String()
	for _, want := range []string{">contoso.json<", "2 plans more", "Page 1 of 10"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
