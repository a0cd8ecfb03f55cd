package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/reports"
)

// tenantPage is one tenant: how it stands, since when, and what is open.
type tenantPage struct {
	tenantRow
	Verdict  verdict
	Coverage string
	// Pseudonyms says that names are pseudonyms; empty where they aren't.
	Pseudonyms string
	Schedules  []string
	Chain      reports.Chain
	Trend      *trend
	Findings   []findingRow
	Filter     findingFilter
	Rules      []string
	Pager      pager
	Unjudged   []history.Verdicts
	Scans      []scanRow
	ScansFrom  string // leads to the earlier scans
}

// findingFilter is what the form above a tenant's findings asks for.
type findingFilter struct {
	Severity, Rule, Outcome string
	New                     bool
}

// findingRow is a finding in a list.
type findingRow struct {
	history.OpenFinding
	New bool
}

// scanRow is a recorded scan in a list.
type scanRow struct {
	history.Scan
	State state
}

// The scans that a tenant's page lists, and those that its trend goes back.
const (
	scansShown = 15
	trendScans = 365
)

// tenantOf finds a tenant that the configuration or the history has.
func (s *Server) tenantOf(ctx context.Context, id string) (tenantRow, *fleet.Tenant, error) {
	id = strings.ToLower(id)
	standings, err := s.Store.Standings(ctx, id)
	if err != nil {
		return tenantRow{}, nil, err
	}
	tenants, err := s.Engine.Tenants(ctx)
	if err != nil {
		return tenantRow{}, nil, err
	}
	row := tenantRow{ID: id, State: state{"na", "never scanned"}}
	if len(standings) > 0 {
		row = rowOf(standings[0])
	}
	i := slices.IndexFunc(tenants, func(t fleet.Tenant) bool { return strings.EqualFold(t.ID, id) })
	switch {
	case i >= 0:
		s.addTenant(&row, tenants[i])
		return row, &tenants[i], nil
	case len(standings) == 0:
		return row, nil, refuse(http.StatusNotFound, "There is no such tenant.")
	}
	return row, nil, nil
}

func (s *Server) tenant(w http.ResponseWriter, r *http.Request, who visitor) error {
	ctx := r.Context()
	row, configured, err := s.tenantOf(ctx, r.PathValue("tenant"))
	if err != nil {
		return err
	}
	page := tenantPage{tenantRow: row}
	if configured != nil {
		page.Schedules = configured.Schedules
		if err := s.addRecent(ctx, &page.tenantRow, configured.Name); err != nil {
			return err
		}
	}
	if row.Scan > 0 {
		if err := s.addScan(ctx, &page, r); err != nil {
			return err
		}
	}
	page.Verdict = page.answer()
	return s.pages.show(w, r, "tenant", http.StatusOK, who, reports.CleanName(row.Called()), page)
}

// addRecent adds the scan of a tenant that is under way, and the last one that failed.
func (s *Server) addRecent(ctx context.Context, row *tenantRow, name string) error {
	jobs, err := s.Engine.Jobs(ctx, fleet.Query{Tenant: name, Limit: 20})
	if err != nil {
		return err
	}
	var under, failed *fleet.Job
	for _, job := range slices.Backward(jobs) {
		switch job.State { //nolint:exhaustive // the others are over
		case fleet.Waiting, fleet.Running, fleet.Retrying:
			under = &job
		case fleet.Failed:
			failed = &job
		}
	}
	row.addJobs(under, failed)
	return nil
}

// addScan adds what the history says of a tenant.
func (s *Server) addScan(ctx context.Context, page *tenantPage, r *http.Request) error {
	scan, err := s.Store.Scan(ctx, page.ID, page.Scan)
	if err != nil {
		return err
	}
	head, err := s.Store.Head(ctx, scan)
	if err != nil {
		return err
	}
	page.Chain = reports.ChainOf(head, fmt.Sprintf("/scans/%d/report", scan.ID))
	page.Coverage, page.Pseudonyms = reports.Coverage(page.Numbers.Summary), reports.Pseudonyms(head)
	points, err := s.Store.Trend(ctx, page.ID, trendScans)
	if err != nil {
		return err
	}
	page.Trend = newTrend(points)
	judged, err := s.Store.Judgements(ctx, page.ID)
	if err != nil {
		return err
	}
	for _, of := range judged {
		for _, verdicts := range of.Verdicts {
			if verdicts.Outcome == findings.Unknown {
				page.Unjudged = append(page.Unjudged, verdicts)
			}
			if verdicts.Outcome == findings.Fail || verdicts.Outcome == findings.Waived {
				page.Rules = append(page.Rules, verdicts.Rules...)
			}
		}
	}
	slices.Sort(page.Rules)
	if err := s.addFindings(ctx, page, r); err != nil {
		return err
	}
	return s.addScans(ctx, page, r)
}

func (s *Server) addFindings(ctx context.Context, page *tenantPage, r *http.Request) error {
	query := r.URL.Query()
	page.Filter = findingFilter{query.Get("severity"), query.Get("rule"), query.Get("outcome"), query.Get("new") != ""}
	after, err := placeOf(query.Get("after"))
	if err != nil {
		return err
	}
	open, err := s.Store.OpenFindings(ctx, history.OpenQuery{
		Tenant: page.ID, Rule: page.Filter.Rule, Severity: findings.Severity(page.Filter.Severity), Outcome: findings.Outcome(page.Filter.Outcome), New: page.Filter.New,
		After: after, Limit: perPage + 1,
	})
	if err != nil {
		return err
	}
	if len(open) > perPage {
		open = open[:perPage]
		page.Pager.Later = with(r, "after", cursor(open[perPage-1].Place)) + "#findings"
	}
	if after != nil {
		page.Pager.Earlier = with(r, "after", "") + "#findings"
	}
	for _, finding := range open {
		page.Findings = append(page.Findings, findingRow{finding, page.Change.Compared && finding.FirstSeen.Equal(page.Last)})
	}
	return nil
}

func (s *Server) addScans(ctx context.Context, page *tenantPage, r *http.Request) error {
	of := history.Page{Tenant: page.ID, Limit: scansShown + 1}
	if before := r.URL.Query().Get("before"); before != "" {
		id, err := strconv.ParseInt(before, 10, 64)
		if err != nil {
			return refuse(http.StatusBadRequest, "The address names no scan to begin at.")
		}
		scan, err := s.Store.Scan(ctx, page.ID, id)
		if err != nil {
			return noScan(err)
		}
		of.Before = &scan
	}
	scans, err := s.Store.Scans(ctx, of)
	if err != nil {
		return err
	}
	if len(scans) > scansShown {
		scans = scans[:scansShown]
		page.ScansFrom = with(r, "before", strconv.FormatInt(scans[scansShown-1].ID, 10)) + "#scans"
	}
	for _, scan := range scans {
		page.Scans = append(page.Scans, scanRow{scan, exitState(scan.Exit.Code)})
	}
	return nil
}

// exitState is how an exit code is shown.
func exitState(code int) state {
	switch code {
	case findings.ExitClean:
		return state{"pass", "clean"}
	case findings.ExitViolations:
		return state{"fail", "violations"}
	}
	return state{"unknown", "not known in full"}
}

// noScan tells that there is no scan of an id.
func noScan(err error) error {
	if errors.Is(err, history.ErrNoScan) {
		return refuse(http.StatusNotFound, "There is no such scan. It may have been pruned.")
	}
	return err
}

// answer says in a line how the tenant stands and what comes next.
func (p *tenantPage) answer() verdict {
	out := verdict{State: p.State.State, Headline: "Never scanned"}
	switch {
	case p.Numbers != nil:
	case p.Trouble() != "":
		out.Headline = "No scan has succeeded yet"
		return out
	case p.Job != nil:
		out.Headline = "The first scan is " + string(p.Job.State)
		return out
	default:
		return out
	}
	summary := p.Numbers.Summary
	switch failed, unknown := summary.Outcomes[findings.Fail], summary.Outcomes[findings.Unknown]; {
	case failed > 0:
		out.Headline = plural(failed, "rule") + " violated"
	case unknown > 0:
		out.Headline = "No violation found, but " + plural(unknown, "rule") + " not judged"
	case summary.Judged > 0:
		out.Headline = "No violation found"
	default:
		out.Headline = "Nothing was judged"
	}
	return out
}

// scanNow asks for a scan, and leads to it or to the one that is under way.
func (s *Server) scanNow(w http.ResponseWriter, r *http.Request, who visitor) error {
	job, err := s.start(r.Context(), r.PathValue("tenant"), who)
	if err != nil && !errors.Is(err, fleet.ErrUnderWay) {
		return err
	}
	http.Redirect(w, r, fmt.Sprintf("/jobs/%d?live=1", job.ID), http.StatusSeeOther)
	return nil
}

// start asks for a scan of a tenant by its id.
func (s *Server) start(ctx context.Context, id string, who visitor) (fleet.Job, error) {
	row, configured, err := s.tenantOf(ctx, id)
	if err != nil {
		return fleet.Job{}, err
	}
	if configured == nil {
		return fleet.Job{}, refuse(http.StatusConflict, "The configuration has no tenant %s any more.", reports.CleanName(row.Called()))
	}
	return s.Engine.Start(ctx, configured.Name, who.Name)
}

// cursor is a place in a list as an address names it.
func cursor(place any) string {
	text, err := json.Marshal(place)
	if err != nil {
		return "" // a place is numbers and texts
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// placeOf reads a cursor; nil where there is none.
func placeOf(text string) (*history.Place, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no place is the beginning
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	var place history.Place
	if err == nil {
		err = json.Unmarshal(data, &place)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "The cursor is none that this server gave.")
	}
	return &place, nil
}
