package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
)

// view is how all tenants stand at a time, and what was told of them.
type view struct {
	now       time.Time
	tenants   []fleet.Tenant
	standings map[string]history.Standing
	waivers   map[string][]findings.Waiver
	ended     map[string]fleet.Job
	marks     map[pair]mark
	told      map[pair]map[thing]int64
}

// look writes the digests of what has changed.
func (a *Alerts) look(ctx context.Context) error {
	setup := a.setup.Load()
	if len(setup.alerts) == 0 {
		return nil
	}
	v, err := a.view(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, alert := range setup.alerts {
		for _, tenant := range v.tenants {
			if !alert.Covers(tenant.Name, tenant.Groups) || ctx.Err() != nil {
				continue
			}
			// What can't be read of one tenant keeps nobody from the others.
			if err := a.consider(ctx, setup, alert, tenant, v); err != nil && !errors.Is(err, errFaster) && len(errs) < maxErrors {
				errs = append(errs, fmt.Errorf("alert %s, tenant %s: %w", alert.Name, tenant.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// maxErrors is how many tenants' errors are told of one look: what is wrong with the database is
// wrong with all of them.
const maxErrors = 3

// view reads how the tenants stand. The scans that have ended are read before their results: one
// that ends in between is done, and its result is there.
func (a *Alerts) view(ctx context.Context) (v view, err error) {
	v = view{now: a.Now(), standings: map[string]history.Standing{}, waivers: map[string][]findings.Waiver{}}
	if v.tenants, err = a.Fleet.Tenants(ctx); err != nil {
		return v, err
	}
	if v.ended, err = a.Fleet.Ended(ctx); err != nil {
		return v, err
	}
	standings, err := a.Store.Standings(ctx, "")
	if err != nil {
		return v, err
	}
	for _, one := range standings {
		v.standings[one.Scan.Tenant] = one
	}
	judged, err := a.Store.Judgements(ctx, "")
	if err != nil {
		return v, err
	}
	for _, one := range judged {
		v.waivers[one.Tenant] = one.Waivers
	}
	if v.marks, err = a.store.marks(ctx); err != nil {
		return v, err
	}
	v.told, err = a.store.standing(ctx)
	return v, err
}

// consider writes the digest of what has changed for a tenant, if anything has.
func (a *Alerts) consider(ctx context.Context, setup *setup, alert prepared, tenant fleet.Tenant, v view) error {
	of := pair{alert.Name, tenant.ID}
	was, begun := v.marks[of]
	if !begun {
		was = mark{since: v.now}
		if err := a.store.begin(ctx, of, v.now); err != nil {
			return err
		}
	}
	d := Digest{Key: fmt.Sprintf("%s-%s-%d", alert.Name, tenant.Name, was.turn+1), Alert: alert.Name, Tenant: Tenant{tenant.Name, tenant.ID, tenant.Cloud}, Time: v.now}
	if setup.public != "" {
		d.Link = setup.public + "/tenants/" + tenant.ID
	}
	n := news{told: map[thing]known{}, scan: was.scan}
	told, now := v.told[of], map[thing]bool{}
	is := func(event config.Event, about string, job int64) (isNew bool) {
		one := thing{event, about}
		now[one] = true
		if _, was := told[one]; was {
			return false
		}
		n.told[one] = known{job: job}
		return true
	}
	standing, judged := v.standings[tenant.ID]
	if judged && standing.Scan.ID != was.scan {
		n.scan, d.Scan = standing.Scan.ID, standing.Scan.ID
		head, err := a.Store.Head(ctx, standing.Scan)
		if err != nil {
			return err
		}
		if err := a.compare(ctx, of, alert, head, &d, &n); err != nil {
			return err
		}
		var unknown []Finding
		for _, rule := range head.Rules {
			if rule.Outcome == findings.Unknown && rule.Severity.Rank() <= alert.MinSeverity.Rank() && is(config.OnUnjudged, rule.ID, 0) {
				unknown = append(unknown, unjudged(rule))
			}
		}
		d.Unjudged = listOf(unknown)
	}
	terms, err := a.attested(ctx, standing.Scan)
	if err != nil {
		return err
	}
	job := v.ended[tenant.ID]
	if job.State == fleet.Failed && is(config.OnFailed, "scan", job.ID) {
		d.Failed = &Failure{job.ID, plain(job.Error)}
	}
	last := was.since
	if judged {
		last = standing.Scan.Recorded
	}
	if after := time.Duration(alert.OverdueAfter); v.now.Sub(last) > after && is(config.OnOverdue, "scan", 0) {
		d.Overdue = &Overdue{standing.Scan.Recorded, after}
	}
	for _, expiry := range expiring(alert.Alert, v.waivers[tenant.ID], terms, v.now) {
		if is(config.OnExpiring, expiry.Kind+" "+expiry.About+" "+expiry.Ends.Format(time.DateOnly), 0) {
			d.Expiring = append(d.Expiring, expiry)
		}
	}
	for one, failed := range told {
		switch {
		case now[one],
			one.event == config.OnFailed && job.ID <= failed, // nothing has succeeded since, and the job is forgotten
			one.event == config.OnUnjudged && d.Scan == 0:    // nothing was judged since
		case one.event == config.OnFailed, one.event == config.OnOverdue && d.Scan > 0:
			d.Recovered = true
			fallthrough
		default:
			n.gone = append(n.gone, one)
		}
	}
	d.Recovered = d.Recovered && d.Failed == nil && d.Overdue == nil
	d.only(alert.Alert)
	if len(n.told) == 0 && len(n.gone) == 0 && n.scan == was.scan {
		return nil
	}
	title, body := "", ""
	if !d.Empty() {
		if title, body, err = a.write(alert, d); err != nil {
			return err
		}
	}
	return a.store.tell(ctx, of, was, n, title, body, v.now)
}

// write writes a digest, by the program's own template where the alert's doesn't.
func (a *Alerts) write(alert prepared, d Digest) (title, body string, err error) {
	title, body, err = alert.template.Write(d)
	if err == nil && body != "" {
		return title, body, nil
	}
	a.Log.Error("the template of an alert says nothing; the program's own is used", "alert", alert.Name, "error", err)
	own, err := NewTemplate("")
	if err != nil {
		return "", "", err
	}
	return own.Write(d)
}

// compare finds what is new in a result and what is fixed since the violations that the alert
// knows. What couldn't be judged, or isn't judged any more, is as it was; what was waived is known
// no longer, and new when it fails again.
func (a *Alerts) compare(ctx context.Context, of pair, alert prepared, head *findings.Result, d *Digest, n *news) error {
	before, err := a.store.found(ctx, of)
	if err != nil {
		return err
	}
	var isNew, fixed []Finding
	query := history.OpenQuery{Tenant: of.tenant, Limit: 1000}
	for {
		page, err := a.Store.OpenFindings(ctx, query)
		if err != nil {
			return err
		}
		for _, one := range page {
			found := one.Finding
			_, told := before[found.Fingerprint]
			delete(before, found.Fingerprint)
			switch {
			case found.Outcome != findings.Fail && told:
				n.gone = append(n.gone, thing{onFinding, found.Fingerprint})
			case found.Outcome == findings.Fail && !told && found.Severity.Rank() <= alert.MinSeverity.Rank():
				words, err := json.Marshal(shown(found))
				if err != nil {
					return err
				}
				n.told[thing{onFinding, found.Fingerprint}] = known{words: string(words)}
				isNew = append(isNew, shown(found))
			}
		}
		if len(page) < query.Limit {
			break
		}
		query.After = &page[len(page)-1].Place
	}
	judged := head.JudgedInFull()
	for fingerprint, words := range before {
		var was Finding
		if err := json.Unmarshal([]byte(words), &was); err != nil {
			return err
		}
		if judged[was.Rule] {
			n.gone = append(n.gone, thing{onFinding, fingerprint})
			fixed = append(fixed, was)
		}
	}
	d.New, d.Fixed = listOf(isNew), listOf(fixed)
	return nil
}

// maxTerms is how many scans' attestations are kept in mind, and maxAttestations how many are read
// of one.
const (
	maxTerms        = 5000
	maxAttestations = 1000
)

// attested are the terms of the attestations of a tenant's latest scan; none where this process
// doesn't have its evidence.
func (a *Alerts) attested(ctx context.Context, scan history.Scan) ([]Expiry, error) {
	if scan.ID == 0 {
		return nil, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if terms, known := a.terms[scan.ID]; known {
		return terms, nil
	}
	folder, err := a.Fleet.Evidence(ctx, scan)
	if err != nil || folder == "" {
		return nil, err
	}
	terms, err := readTerms(folder)
	if err != nil {
		a.Log.Warn("reading the attestations of a kept bundle", "scan", scan.ID, "error", err)
	}
	if len(a.terms) >= maxTerms {
		clear(a.terms)
	}
	a.terms[scan.ID] = terms
	return terms, nil
}

// readTerms reads the attestations of a bundle.
func readTerms(folder string) ([]Expiry, error) {
	bundle, err := evidence.Open(folder)
	if err != nil {
		return nil, err
	}
	if _, held := bundle.Manifest.Entry("attestations"); !held {
		return nil, nil
	}
	if err := bundle.VerifyKind("attestations"); err != nil {
		return nil, err
	}
	var terms []Expiry
	for line, err := range bundle.Objects("attestations") {
		var one struct {
			Fact       string `json:"fact"`
			ValidUntil string `json:"validUntil"`
		}
		if err == nil {
			err = json.Unmarshal(line, &one)
		}
		if len(terms) == maxAttestations {
			err = fmt.Errorf("there are more than %d", maxAttestations)
		}
		if err != nil {
			return terms, err
		}
		// One without an end that can be read is unsound, and judged so.
		if ends, err := time.Parse(time.RFC3339, one.ValidUntil); err == nil {
			terms = append(terms, Expiry{"attestation", plain(one.Fact), ends, false})
		}
	}
	return terms, nil
}
