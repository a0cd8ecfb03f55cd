package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
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

// leaking is an approver who names the folder in every error.
type leaking struct{ approvals }

func (l leaking) Approve(path string, _ []byte, _ web.Approval) error {
	return fmt.Errorf("opening %s: permission denied", path)
}

func (l leaking) Approval(path string, _ []byte) (*web.Approval, error) {
	return nil, fmt.Errorf("opening %s: permission denied", path)
}

// TestPlansFolder: no page says where the folder of plans is.
func TestPlansFolder(t *testing.T) {
	s := newSignedSite(t, threeTenants)
	s.options.Approver = leaking{s.approvals}
	s.server.Config.Handler = s.handler(t)
	browser := s.signIn(t, "Approver")
	text, err := os.ReadFile(filepath.Join(s.options.Plans, "contoso.json"))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"digest": {hexSum(text)}, "reason": {"Agreed with the service's owner."}}.Encode()
	_, shown, _ := s.do(t, browser, "GET", "/plans/contoso.json", "")
	_, refused, _ := s.do(t, browser, "POST", "/plans/contoso.json/approve", form)
	for _, page := range []string{shown, refused} {
		if !strings.Contains(page, "opening contoso.json: permission denied") || strings.Contains(page, s.options.Plans) {
			t.Errorf("the page names the folder, or nothing: %s", page)
		}
	}
}

// patient is an approver who takes a while over each approval.
type patient struct {
	mu        sync.Mutex
	approvals approvals
}

func (p *patient) Refuses() error { return nil }

func (p *patient) Approve(path string, text []byte, approval web.Approval) error {
	for begun := time.Now(); time.Since(begun) < 100*time.Millisecond; {
		runtime.Gosched() // others may come
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.approvals.Approve(path, text, approval)
}

func (p *patient) Approval(path string, text []byte) (*web.Approval, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.approvals.Approval(path, text)
}

// TestApprovingAtOnce: of many who approve a plan at once, one does.
func TestApprovingAtOnce(t *testing.T) {
	s := newSignedSite(t, threeTenants)
	s.options.Approver = &patient{approvals: s.approvals}
	s.server.Config.Handler = s.handler(t)
	text, err := os.ReadFile(filepath.Join(s.options.Plans, "contoso.json"))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"digest": {hexSum(text)}, "reason": {"Agreed with the service's owner."}}.Encode()
	browser := s.signIn(t, "Approver")
	var group sync.WaitGroup
	var approved atomic.Int32
	for range 20 {
		group.Go(func() {
			if status, _, _ := s.do(t, browser, "POST", "/plans/contoso.json/approve", form); status == http.StatusOK {
				approved.Add(1)
			}
		})
	}
	group.Wait()
	if approved.Load() != 1 {
		t.Errorf("%d approved the plan, want one", approved.Load())
	}
}
