package alerts_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/alerts"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
)

const tenantID = "3f0c1d7e-0000-4000-8000-000000000001"

// fakeFleet runs no scans: it says what a test says of them.
type fakeFleet struct {
	tenants  []fleet.Tenant
	ended    map[string]fleet.Job
	evidence string
	// unread is a tenant whose evidence can't be read.
	unread string
}

func (f *fakeFleet) Tenants(context.Context) ([]fleet.Tenant, error)     { return f.tenants, nil }
func (f *fakeFleet) Ended(context.Context) (map[string]fleet.Job, error) { return f.ended, nil }

func (f *fakeFleet) Evidence(_ context.Context, scan history.Scan) (string, error) {
	if scan.Tenant == f.unread {
		return "", errors.New("the folder can't be read")
	}
	return f.evidence, nil
}

// bench is a tenant whose alerts go to a webhook on this machine.
type bench struct {
	*alerts.Alerts
	fleet   *fakeFleet
	webhook *webhook
	store   *history.Store
	options alerts.Options
	config  *config.Config
	log     bytes.Buffer
	clock   time.Time
}

func newBench(t *testing.T, alert config.Alert) *bench {
	t.Helper()
	return newBenchAt(t, filepath.Join(t.TempDir(), "domicile.db"), alert)
}

// newBenchAt is a bench with the database at an address.
func newBenchAt(t *testing.T, address string, alert config.Alert) *bench {
	t.Helper()
	store, err := history.OpenOrCreate(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	b := &bench{
		fleet: &fakeFleet{tenants: []fleet.Tenant{{Name: "contoso", ID: tenantID, Cloud: "global"}}, ended: map[string]fleet.Job{}},
		store: store, clock: time.Date(2026, 11, 2, 6, 0, 0, 0, time.UTC), webhook: newWebhook(t),
	}
	alert.Name, alert.URLEnv = "security", "SECURITY_URL"
	if alert.MinSeverity == "" {
		alert.MinSeverity = findings.High
	}
	if alert.On == nil {
		alert.On = config.Events()
	}
	if alert.OverdueAfter == 0 {
		alert.OverdueAfter, alert.ExpiringWithin = config.Duration(48*time.Hour), config.Duration(14*24*time.Hour)
	}
	b.config = &config.Config{File: filepath.Join(t.TempDir(), config.FileName), Serve: config.Serve{Alerts: []config.Alert{alert}}}
	b.options = alerts.Options{
		Store: store, Fleet: b.fleet, Now: func() time.Time { return b.clock }, Log: slog.New(slog.NewTextHandler(&b.log, nil)), Pause: time.Millisecond,
		Getenv: func(string) string {
			return "generic://" + b.webhook.host() + "/s3cret-path?disabletls=yes&template=json"
		},
	}
	b.open(t)
	return b
}

// open begins anew with what the database has, as another process does.
func (b *bench) open(t *testing.T) {
	t.Helper()
	var err error
	if b.Alerts, err = alerts.New(t.Context(), b.config, b.options); err != nil {
		t.Fatal(err)
	}
}

// run looks and delivers, and returns what the receiver got.
func (b *bench) run(t *testing.T) []sent {
	t.Helper()
	if err := b.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b.webhook.take()
}

// scanned records a scan a day after the one before.
func (b *bench) scanned(t *testing.T, rules []findings.Rule, waivers []findings.Waiver, found ...findings.Finding) {
	t.Helper()
	b.scannedTenant(t, tenantID, rules, waivers, found...)
}

func (b *bench) scannedTenant(t *testing.T, id string, rules []findings.Rule, waivers []findings.Waiver, found ...findings.Finding) {
	t.Helper()
	b.clock = b.clock.Add(24 * time.Hour)
	r := &findings.Result{
		Version: findings.Version, Tool: findings.Tool{Name: "domicile", Version: "1.2.3"}, Tenant: findings.Tenant{ID: id, Name: "Contoso", Cloud: "global"},
		Profile: "xdr-current", Started: b.clock.Add(-time.Minute), Finished: b.clock, Rules: rules, Findings: found, Waivers: waivers,
		Digests: findings.Digests{Evidence: fmt.Sprintf("%064x", b.clock.Unix()), Policies: fmt.Sprintf("%064x", 1), Params: fmt.Sprintf("%064x", 2)},
	}
	r.Summary = findings.Summarise(r.Rules, r.Findings)
	r.Exit = findings.Gate(r, "high", false)
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	recorded, _, err := b.store.Record(t.Context(), out.Bytes(), "worker", b.clock)
	if err != nil {
		t.Fatal(err)
	}
	b.fleet.ended[id] = fleet.Job{ID: recorded.ID * 10, TenantID: id, State: fleet.Done, Scan: recorded.ID}
}

// failed lets a scan fail a day after the one before.
func (b *bench) failed(why string) {
	b.clock = b.clock.Add(24 * time.Hour)
	b.fleet.ended[tenantID] = fleet.Job{ID: b.fleet.ended[tenantID].ID + 1, TenantID: tenantID, State: fleet.Failed, Error: why}
}

// rule is a rule with an outcome.
func rule(id string, outcome findings.Outcome, reasons ...findings.Reason) findings.Rule {
	return findings.Rule{ID: id, Title: "Rule " + id, Topic: "geo", Severity: findings.High, Scope: "tenant", Outcome: outcome, Reasons: reasons, Checked: 1}
}

// violation is a violation of a rule by a resource.
func violation(rule string, severity findings.Severity, resource string) findings.Finding {
	of := findings.Resource{Kind: "application", ID: resource, Name: "Application " + resource}
	return findings.Finding{
		Rule: rule, Outcome: findings.Fail, Severity: severity, Resource: of, Message: "It rests in " + resource, Expected: "EU", Actual: resource,
		Fingerprint: findings.Fingerprint(tenantID, rule, of),
	}
}

// sent is what a receiver got.
type sent struct {
	path, query, title, message string
	raw                         string
}

// webhook is a receiver on this machine.
type webhook struct {
	*httptest.Server
	mu     sync.Mutex
	got    []sent
	answer func(w http.ResponseWriter)
}

func newWebhook(t *testing.T) *webhook {
	t.Helper()
	w := &webhook{answer: func(http.ResponseWriter) {}}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

func (w *webhook) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	var body struct{ Title, Message string }
	_ = json.Unmarshal(data, &body)
	w.mu.Lock()
	w.got = append(w.got, sent{r.URL.Path, r.URL.RawQuery, body.Title, body.Message, string(data)})
	answer := w.answer
	w.mu.Unlock()
	answer(to)
}

func (w *webhook) host() string {
	return strings.TrimPrefix(strings.TrimPrefix(w.URL, "http://"), "https://")
}

// answers says how it answers from now on.
func (w *webhook) answers(answer func(http.ResponseWriter)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = answer
}

// take takes what it got.
func (w *webhook) take() []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	got := w.got
	w.got = nil
	return got
}

// mailbox is an SMTP server on this machine that takes every mail.
type mailbox struct {
	net.Listener
	mu    sync.Mutex
	mails []string
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailbox{Listener: listener}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { m.serve(conn) })
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	return m
}

func (m *mailbox) serve(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	in := bufio.NewScanner(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 mail.contoso.com")
	for in.Scan() {
		switch command := strings.ToUpper(in.Text()); {
		case strings.HasPrefix(command, "DATA"):
			say("354 go on")
			var mail strings.Builder
			for in.Scan() && in.Text() != "." {
				mail.WriteString(in.Text() + "\n")
			}
			m.mu.Lock()
			m.mails = append(m.mails, mail.String())
			m.mu.Unlock()
			say("250 taken")
		case strings.HasPrefix(command, "QUIT"):
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (m *mailbox) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}
