package alerts_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/alerts"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
)

// one is the only digest among what was sent.
func one(t *testing.T, got []sent) sent {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("%d digests were sent, want 1: %q", len(got), got)
	}
	return got[0]
}

func none(t *testing.T, got []sent) {
	t.Helper()
	if len(got) != 0 {
		t.Fatalf("digests were sent, want none: %q", got)
	}
}

// says demands that a digest has some texts, and hasn't those that begin with a !.
func says(t *testing.T, digest sent, texts ...string) {
	t.Helper()
	for _, text := range texts {
		text, absent := strings.CutPrefix(text, "!")
		if strings.Contains(digest.message, text) == absent {
			t.Errorf("the digest says %q: want %q: %v", digest.message, text, !absent)
		}
	}
}

func TestADigestTellsWhatIsNewAndFixedOnce(t *testing.T) {
	tellsOnce(t, newBench(t, config.Alert{}))
}

func tellsOnce(t *testing.T, b *bench) {
	t.Helper()
	none(t, b.run(t)) // there is no scan yet
	failing := []findings.Rule{rule("GEO1001", findings.Fail), rule("GEO1002", findings.Fail)}
	us, hidden := violation("GEO1001", findings.High, "US"), violation("GEO1002", findings.Low, "UK")
	b.scanned(t, failing, nil, us, hidden)
	first := one(t, b.run(t))
	says(t, first, "New violations (1):", "high: GEO1001 It rests in US (application Application US)", "Digest security-contoso-1 of 2026-11-03 06:00 UTC, scan 1", "!GEO1002", "!Fixed")
	if first.title != "domicile: contoso: 1 new, the worst high" || first.path != "/s3cret-path" {
		t.Errorf("the title is %q, the path %q", first.title, first.path)
	}
	none(t, b.run(t))
	b.open(t) // another process knows it too
	none(t, b.run(t))

	b.scanned(t, failing, nil, us, violation("GEO1001", findings.Critical, "CN"), hidden)
	says(t, one(t, b.run(t)), "New violations (1):", "critical: GEO1001 It rests in CN", "!rests in US")

	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Pass), rule("GEO1002", findings.Fail)}, nil, hidden)
	says(t, one(t, b.run(t)), "Fixed (2):", "- critical: GEO1001 It rests in CN", "- high: GEO1001 It rests in US", "!New")

	b.scanned(t, failing, nil, us, hidden)
	says(t, one(t, b.run(t)), "New violations (1):", "rests in US") // it came back
}

func TestWhatCouldNotBeJudgedIsNotFixed(t *testing.T) {
	us, cn := violation("GEO1001", findings.High, "US"), violation("GEO1001", findings.High, "CN")
	gap := findings.Reason{Reason: "throttled", Message: "throttled"}
	tests := map[string]struct {
		rules []findings.Rule
		found []findings.Finding
	}{
		"the rule is unknown":         {[]findings.Rule{rule("GEO1001", findings.Unknown, gap)}, nil},
		"it is judged in part":        {[]findings.Rule{rule("GEO1001", findings.Fail, gap)}, []findings.Finding{cn}},
		"the rule isn't judged":       {[]findings.Rule{rule("GEO1002", findings.Pass)}, nil},
		"the rule doesn't apply":      {[]findings.Rule{rule("GEO1001", findings.NotApplicable, gap)}, nil},
		"it fails as it did":          {[]findings.Rule{rule("GEO1001", findings.Fail)}, []findings.Finding{us, cn}},
		"it fails, less severe a one": {[]findings.Rule{rule("GEO1001", findings.Fail)}, []findings.Finding{violation("GEO1001", findings.Low, "US"), cn}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, config.Alert{On: []config.Event{config.OnNew, config.OnFixed}})
			b.scanned(t, []findings.Rule{rule("GEO1001", findings.Fail)}, nil, us, cn)
			one(t, b.run(t))
			b.scanned(t, tt.rules, nil, tt.found...)
			none(t, b.run(t))
			b.scanned(t, []findings.Rule{rule("GEO1001", findings.Fail)}, nil, us, cn)
			none(t, b.run(t)) // it was there all the time
		})
	}
}

// TestWhatCouldNotBeJudgedIsTold once, until it is judged: to see nothing is not to see that all
// is well.
func TestWhatCouldNotBeJudgedIsTold(t *testing.T) {
	b := newBench(t, config.Alert{})
	pass := rule("GEO1001", findings.Pass)
	unknown := rule("GEO1001", findings.Unknown, findings.Reason{Reason: "no_permission", Message: "Organization.Read.All is missing @here"})
	low := rule("GEO1002", findings.Unknown, findings.Reason{Reason: "throttled"})
	low.Severity = findings.Low
	b.scanned(t, []findings.Rule{pass, low}, nil)
	none(t, b.run(t))
	b.scanned(t, []findings.Rule{unknown, low}, nil)
	digest := one(t, b.run(t))
	says(t, digest, "Could not be judged (1):", "- high: GEO1001 Rule GEO1001: Organization.\u2060Read.\u2060All is missing @\u2060here\n", "!GEO1002", "!Fixed")
	if digest.title != "domicile: contoso: 1 not judged" {
		t.Errorf("the title is %q", digest.title)
	}
	none(t, b.run(t))
	b.open(t)
	b.failed("no")
	says(t, one(t, b.run(t)), "The scan failed", "!judged")
	b.scanned(t, []findings.Rule{unknown, low}, nil)
	says(t, one(t, b.run(t)), "Scans succeed again", "!judged")
	b.scanned(t, []findings.Rule{pass, low}, nil)
	none(t, b.run(t))
	b.scanned(t, []findings.Rule{unknown, low}, nil)
	says(t, one(t, b.run(t)), "Could not be judged (1):")
}

func TestWhatWasWaivedIsNewWhenItFailsAgain(t *testing.T) {
	b := newBench(t, config.Alert{})
	us := violation("GEO1001", findings.High, "US")
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Fail)}, nil, us)
	one(t, b.run(t))
	waived := us
	waived.Outcome, waived.Waiver = findings.Waived, "W-0011223344"
	waiver := findings.Waiver{
		ID: "W-0011223344", Rule: "GEO1001", Resource: findings.Selector{Kind: "application", ID: "US"}, Accept: findings.Fail, Reason: "moves in May", Owner: "Ann", Approver: "Ben", Ticket: "T-1",
		Approved: "2026-11-01", From: "2026-11-01", Expires: "2026-11-20", State: findings.Used, Covers: 1,
	}
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Waived)}, []findings.Waiver{waiver}, waived)
	none(t, b.run(t))
	b.clock = b.clock.AddDate(0, 0, 4)
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Waived)}, []findings.Waiver{waiver}, waived)
	digest := one(t, b.run(t))
	says(t, digest, "the waiver W-0011223344 of GEO1001 for application US ends on 2026-11-20", "!New", "!Fixed")
	none(t, b.run(t))
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Waived)}, []findings.Waiver{waiver}, waived)
	none(t, b.run(t))
	waiver.Expires = "2026-11-08" // another term is news
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Waived)}, []findings.Waiver{waiver}, waived)
	says(t, one(t, b.run(t)), "ended on 2026-11-08")
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Fail)}, nil, us)
	says(t, one(t, b.run(t)), "New violations (1):")
}

func TestAFailedScanAndAnOverdueOneAreToldOnce(t *testing.T) {
	b := newBench(t, config.Alert{})
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Pass)}, nil)
	none(t, b.run(t))
	b.failed("signing in to tenant contoso: AADSTS7000222 <!channel>")
	digest := one(t, b.run(t))
	says(t, digest, "The scan failed: signing in to tenant contoso", "AADSTS7000222", "!<!channel>")
	if digest.title != "domicile: contoso: the scan failed" {
		t.Errorf("the title is %q", digest.title)
	}
	b.failed("signing in again")
	none(t, b.run(t))
	b.failed("and again")
	says(t, one(t, b.run(t)), "The last scan that succeeded was recorded at 2026-11-03 06:00 UTC; one was to succeed within 48h0m0s.", "!The scan failed")
	none(t, b.run(t))
	// The jobs that are over are forgotten: that isn't a success.
	b.fleet.ended = map[string]fleet.Job{}
	none(t, b.run(t))
	b.fleet.ended[tenantID] = fleet.Job{ID: 2000, State: fleet.Failed}
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Pass)}, nil)
	b.fleet.ended[tenantID] = fleet.Job{ID: 2001, State: fleet.Done}
	says(t, one(t, b.run(t)), "Scans succeed again.")
	b.failed("once more")
	says(t, one(t, b.run(t)), "The scan failed: once more")
}

func TestATenantThatWasNeverScannedIsOverdue(t *testing.T) {
	b := newBench(t, config.Alert{})
	none(t, b.run(t))
	b.clock = b.clock.Add(49 * time.Hour)
	says(t, one(t, b.run(t)), "No scan has succeeded yet")
}

func TestAnAlertTellsWhatItIsFor(t *testing.T) {
	failing := []findings.Rule{rule("GEO1001", findings.Fail)}
	us := violation("GEO1001", findings.Medium, "US")
	b := newBench(t, config.Alert{On: []config.Event{config.OnFixed}, MinSeverity: findings.Medium})
	b.scanned(t, failing, nil, us)
	none(t, b.run(t))
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Pass)}, nil)
	says(t, one(t, b.run(t)), "Fixed (1):")

	b = newBench(t, config.Alert{Groups: []string{"others"}, MinSeverity: findings.Medium})
	b.scanned(t, failing, nil, us)
	none(t, b.run(t))
	b.fleet.tenants[0].Groups = []string{"others"}
	one(t, b.run(t))

	// What was told isn't fixed because less is told now.
	b.config.Serve.Alerts[0].MinSeverity = findings.Critical
	b.open(t)
	b.scanned(t, failing, nil, us)
	none(t, b.run(t))
}

func TestADigestIsSentUntilItIsTaken(t *testing.T) {
	sendsUntilTaken(t, newBench(t, config.Alert{}))
}

func sendsUntilTaken(t *testing.T, b *bench) {
	t.Helper()
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Fail)}, nil, violation("GEO1001", findings.High, "US"))
	if err := b.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.open(t) // the process ended before it sent anything
	b.webhook.answers(func(w http.ResponseWriter) { http.Error(w, "s3cret-answer", http.StatusInternalServerError) })
	first := one(t, b.run(t))
	if !strings.Contains(b.log.String(), "the receiver answered 500") {
		t.Errorf("the log is %s", b.log.String())
	}
	if counts, err := b.Waiting(t.Context()); err != nil || counts["security"] != 1 {
		t.Errorf("%v digests wait, %v", counts, err)
	}
	b.webhook.answers(func(http.ResponseWriter) { panic(http.ErrAbortHandler) })
	time.Sleep(20 * time.Millisecond) // the database's own clock is waited for
	b.run(t)
	if !strings.Contains(b.log.String(), "the receiver closed the connection") {
		t.Errorf("the log is %s", b.log.String())
	}
	hang := make(chan struct{})
	defer close(hang)
	b.webhook.answers(func(http.ResponseWriter) { <-hang })
	b.Patience(50 * time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	b.run(t)
	if !strings.Contains(b.log.String(), "didn't answer in time") {
		t.Errorf("the log is %s", b.log.String())
	}
	b.webhook.answers(func(http.ResponseWriter) {})
	time.Sleep(20 * time.Millisecond)
	if again := one(t, b.run(t)); again != first {
		t.Errorf("sent again it is %q, and was %q", again, first)
	}
	none(t, b.run(t))
	if counts, err := b.Waiting(t.Context()); err != nil || counts["security"] != 0 {
		t.Errorf("%v digests wait, %v", counts, err)
	}
	if secret := "s3cret"; strings.Contains(b.log.String(), secret) {
		t.Errorf("a secret is in the log: %s", b.log.String())
	}
}

// TestDigestsOfATenantComeInOrder, also where the receiver was away for the first.
func TestDigestsOfATenantComeInOrder(t *testing.T) {
	b := newBench(t, config.Alert{})
	b.options.Pause = time.Hour
	b.open(t)
	b.webhook.answers(func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) })
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Fail)}, nil, violation("GEO1001", findings.High, "US"))
	one(t, b.run(t))
	b.webhook.answers(func(http.ResponseWriter) {})
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Pass)}, nil)
	none(t, b.run(t))                                                                                         // the first one waits still
	if _, err := b.store.Database().ExecContext(t.Context(), "UPDATE alerts_queue SET due = 0"); err != nil { // the hour is over
		t.Fatal(err)
	}
	says(t, one(t, b.run(t)), "New violations (1):", "Digest security-contoso-1 of 2026-11-03")
	says(t, one(t, b.run(t)), "Fixed (1):", "Digest security-contoso-2 of 2026-11-04")
}

// TestAnAlertKeepsNoOtherWaiting: neither one whose receiver is away, however many digests it has,
// nor one that isn't in the configuration any more.
func TestAnAlertKeepsNoOtherWaiting(t *testing.T) {
	b := newBench(t, config.Alert{})
	closed := newWebhook(t)
	closed.Close()
	security := b.config.Serve.Alerts[0]
	away, gone := security, security
	away.Name, away.URLEnv, gone.Name, gone.URLEnv = "away", "AWAY_URL", "gone", "AWAY_URL"
	getenv := b.options.Getenv
	b.options.Getenv = func(name string) string {
		if name == "AWAY_URL" {
			return "generic://" + closed.host() + "/?disabletls=yes"
		}
		return getenv(name)
	}
	security.Tenants = []string{"contoso"}
	b.config.Serve.Alerts = []config.Alert{gone, away, security}
	b.open(t)
	for i := range 1100 {
		id := fmt.Sprintf("%08d-0000-4000-8000-000000000001", i)
		b.fleet.tenants = append(b.fleet.tenants, fleet.Tenant{Name: fmt.Sprintf("tenant-%d", i), ID: id})
		b.fleet.ended[id] = fleet.Job{ID: 1, TenantID: id, State: fleet.Failed, Error: "no"}
	}
	if err := b.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.failed("no")
	b.config.Serve.Alerts = []config.Alert{away, security}
	b.open(t)
	says(t, one(t, b.run(t)), "The scan failed")
	if counts, err := b.Waiting(t.Context()); err != nil || !maps.Equal(counts, map[string]int{"away": 1101, "security": 0}) {
		t.Errorf("%v wait, %v", counts, err)
	}
	b.clock = b.clock.AddDate(0, 0, 8)
	if err := b.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.config.Serve.Alerts = []config.Alert{away, gone, security}
	b.open(t)
	if counts, err := b.Waiting(t.Context()); err != nil || !maps.Equal(counts, map[string]int{"away": 1101, "gone": 0, "security": 0}) {
		t.Errorf("a week later %v wait, %v", counts, err)
	}
}

// TestATenantThatCannotBeReadKeepsNobodyFromTheOthers: the error is told, and the others too.
func TestATenantThatCannotBeReadKeepsNobodyFromTheOthers(t *testing.T) {
	b := newBench(t, config.Alert{})
	b.fleet.unread = "3f0c1d7e-0000-4000-8000-00000000000f"
	b.fleet.tenants = append([]fleet.Tenant{{Name: "unread", ID: b.fleet.unread}}, b.fleet.tenants...)
	failing := []findings.Rule{rule("GEO1001", findings.Fail)}
	theirs := violation("GEO1001", findings.High, "CN")
	theirs.Fingerprint = findings.Fingerprint(b.fleet.unread, theirs.Rule, theirs.Resource)
	b.scannedTenant(t, b.fleet.unread, failing, nil, theirs)
	b.scanned(t, failing, nil, violation("GEO1001", findings.High, "US"))
	if err := b.Look(t.Context()); err == nil || !strings.Contains(err.Error(), "tenant unread: the folder can't be read") {
		t.Errorf("Look() = %v", err)
	}
	if err := b.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(t, one(t, b.webhook.take()), "It rests in US")
}

func TestSeveralProcessesWriteOneDigest(t *testing.T) {
	writesOne(t, newBench(t, config.Alert{}))
}

func writesOne(t *testing.T, b *bench) {
	t.Helper()
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Fail)}, nil, violation("GEO1001", findings.High, "US"))
	errs := make(chan error)
	for range 4 {
		go func() {
			other, err := alerts.New(t.Context(), b.config, b.options)
			if err == nil {
				err = other.Look(t.Context())
			}
			if err == nil {
				err = other.Deliver(t.Context())
			}
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	one(t, append(b.webhook.take(), b.run(t)...))
}

func TestADigestLeadsToItsTenant(t *testing.T) {
	b := newBench(t, config.Alert{})
	b.config.Serve.PublicURL = "https://domicile.contoso.com/"
	b.open(t)
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Fail)}, nil, violation("GEO1001", findings.High, "US"))
	says(t, one(t, b.run(t)), "\nhttps://domicile.contoso.com/tenants/"+tenantID+"\n")
}

func TestManyViolationsAreCounted(t *testing.T) {
	b := newBench(t, config.Alert{})
	var many []findings.Finding
	for i := range 2500 {
		many = append(many, violation("GEO1001", []findings.Severity{findings.High, findings.Critical}[i%2], strings.Repeat("x", i%300)+string(rune('a'+i%26))+time.Duration(i).String()))
	}
	slices.SortFunc(many, func(a, b findings.Finding) int { return strings.Compare(a.Resource.ID, b.Resource.ID) })
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Fail)}, nil, many...)
	digest := one(t, b.run(t))
	says(t, digest, "New violations (2500):", "- and 2480 more", "- critical:", "!- high:")
	if len(digest.message) > 13_000 {
		t.Errorf("the digest has %d bytes", len(digest.message))
	}
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Fail)}, nil, many[1:]...)
	says(t, one(t, b.run(t)), "Fixed (1):")
}
