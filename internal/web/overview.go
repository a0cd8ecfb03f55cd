package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/reports"
)

// perPage is how many rows of a list a page shows.
const perPage = 50

// tenantRow is a tenant as lists show it.
type tenantRow struct {
	ID, Name, Title string // Title is the organisation's own name
	Cloud           string
	Groups          []string
	// Configured says that the configuration has the tenant.
	Configured bool
	Scan       int64 // its latest, 0 without one
	Last, Next time.Time
	State      state
	Severities []severityCount
	Numbers    *history.Numbers
	Unjudged   []reasonCount
	Change     changeSays
	// Job is the scan that is under way, Failed the one that came to nothing after the latest
	// that came to something; nil without.
	Job, Failed *fleet.Job
	// Overdue is since when a scan is missing; zero where none is.
	Overdue time.Time
}

// overdueAfter is how long after its time a scan that didn't succeed is said to be missing.
const overdueAfter = 24 * time.Hour

// Trouble says why the latest attempts to scan gave no result; empty where they did.
func (t tenantRow) Trouble() string {
	switch {
	case t.Failed != nil:
		return "The last scan failed: " + t.Failed.Error
	case t.Job != nil && t.Job.Error != "":
		return "The last attempt gave no result, and is tried again: " + t.Job.Error
	case !t.Overdue.IsZero():
		return "A scan was due " + t.Overdue.UTC().Format("2006-01-02 15:04") + ", and none has succeeded since"
	}
	return ""
}

// Attempt is the job whose log says more of the trouble, nil where there is none.
func (t tenantRow) Attempt() *fleet.Job {
	if t.Failed != nil {
		return t.Failed
	}
	return t.Job
}

// addTenant adds what the configuration and the queue say of a tenant.
func (s *Server) addTenant(row *tenantRow, tenant fleet.Tenant) {
	row.Configured, row.Name, row.Cloud, row.Groups, row.Next = true, tenant.Name, tenant.Cloud, tenant.Groups, tenant.Next
	if due := s.Engine.Due(tenant.Name, row.Last); row.Scan > 0 && !due.IsZero() && s.Now().Sub(due) > overdueAfter {
		row.Overdue = due
	}
}

// addJobs adds the scan that is under way, and the last one that failed.
func (t *tenantRow) addJobs(under, failed *fleet.Job) {
	t.Job = under
	if failed != nil && failed.Queued.After(t.Last) {
		t.Failed = failed
	}
	switch {
	case t.Scan > 0:
	case t.Failed != nil:
		t.State = state{"unknown", "no scan succeeded"}
	case t.Job != nil && t.Job.Error != "":
		t.State = state{"unknown", "no result yet"}
	}
}

type severityCount struct {
	Severity findings.Severity
	Rules    int
}

type reasonCount struct {
	Reason string
	Rules  int
}

// overviewPage is the first page: is anything worse, where, and what is to be done.
type overviewPage struct {
	Verdict  verdict
	Worse    []tenantRow
	More     int         // tenants that are worse and not among them
	Troubled []tenantRow // whose scans fail, are tried again or are missing
	Many     int         // tenants in trouble and not among them
	Counts   []stateCount
	Groups   []string
	Filter   filter
	Rows     []tenantRow
	Shown    int
	Total    int
	Pager    pager
	Filtered bool
	Plans    int
}

// verdict is a page's answer in a few words.
type verdict struct{ State, Headline, Says string }

type stateCount struct {
	State, Word, Value string
	Tenants            int
}

// filter is what the overview's form asks for.
type filter struct{ Text, Group, Severity, State string }

func (s *Server) overview(w http.ResponseWriter, r *http.Request, who visitor) error {
	rows, err := s.tenantRows(r.Context())
	if err != nil {
		return err
	}
	query := r.URL.Query()
	page := overviewPage{
		Filter: filter{strings.TrimSpace(query.Get("q")), query.Get("group"), query.Get("severity"), query.Get("state")},
		Total:  len(rows), Counts: countStates(rows), Groups: groupsOf(rows),
	}
	page.Filtered = page.Filter != filter{}
	page.answer(rows)
	if page.Plans, err = s.waitingPlans(); err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(row tenantRow) bool { return !page.Filter.has(row) })
	page.Shown = len(rows)
	page.Rows, page.Pager = cut(r, rows)
	return s.pages.show(w, r, "overview", http.StatusOK, who, "Overview", page)
}

// cut takes the rows of the page that a request asks for.
func cut[T any](r *http.Request, rows []T) ([]T, pager) {
	number, err := strconv.Atoi(r.URL.Query().Get("page"))
	last := max(1, (len(rows)+perPage-1)/perPage)
	if err != nil || number < 1 {
		number = 1
	}
	number = min(number, last)
	var of pager
	if number > 1 {
		of.Earlier = with(r, "page", strconv.Itoa(number-1))
	}
	if number < last {
		of.Later = with(r, "page", strconv.Itoa(number+1))
	}
	if last > 1 {
		of.Says = fmt.Sprintf("Page %d of %d", number, last)
	}
	from := (number - 1) * perPage
	return rows[from:min(from+perPage, len(rows))], of
}

// tenantRows lists the tenants, the worst first.
func (s *Server) tenantRows(ctx context.Context) ([]tenantRow, error) {
	standings, err := s.Store.Standings(ctx, "")
	if err != nil {
		return nil, err
	}
	tenants, err := s.Engine.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	under, failed, err := s.recentJobs(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]tenantRow, 0, len(standings))
	at := map[string]int{}
	for _, standing := range standings {
		at[standing.Scan.Tenant] = len(rows)
		rows = append(rows, rowOf(standing))
	}
	for _, tenant := range tenants {
		i, scanned := at[strings.ToLower(tenant.ID)]
		if !scanned {
			i = len(rows)
			rows = append(rows, tenantRow{ID: strings.ToLower(tenant.ID), State: state{"na", "never scanned"}})
		}
		row := &rows[i]
		s.addTenant(row, tenant)
		row.addJobs(under[tenant.Name], failed[tenant.Name])
	}
	slices.SortFunc(rows, worstFirst)
	return rows, nil
}

// recentJobs are the scans that are under way and those that came to nothing last, by the
// tenants' names.
func (s *Server) recentJobs(ctx context.Context) (under, failed map[string]*fleet.Job, err error) {
	under, failed = map[string]*fleet.Job{}, map[string]*fleet.Job{}
	for _, of := range []struct {
		state fleet.State
		into  map[string]*fleet.Job
	}{{fleet.Waiting, under}, {fleet.Retrying, under}, {fleet.Running, under}, {fleet.Failed, failed}} {
		jobs, err := s.Engine.Jobs(ctx, fleet.Query{State: of.state, Limit: 1000})
		if err != nil {
			return nil, nil, err
		}
		for _, job := range slices.Backward(jobs) {
			of.into[job.Tenant] = &job
		}
	}
	return under, failed, nil
}

// rowOf is a tenant that was scanned.
func rowOf(of history.Standing) tenantRow {
	numbers := of.Numbers
	row := tenantRow{
		ID: of.Scan.Tenant, Title: of.Scan.TenantName, Cloud: numbers.Cloud, Scan: of.Scan.ID, Last: of.Scan.Started,
		Numbers: &numbers, Change: changeOf(of), State: stateOf(numbers.Summary),
	}
	for _, severity := range findings.Severities() {
		if n := numbers.Summary.Failed[severity]; n > 0 {
			row.Severities = append(row.Severities, severityCount{severity, n})
		}
	}
	for reason, n := range numbers.Summary.Unjudged {
		row.Unjudged = append(row.Unjudged, reasonCount{reason, n})
	}
	slices.SortFunc(row.Unjudged, func(a, b reasonCount) int { return cmp.Or(b.Rules-a.Rules, strings.Compare(a.Reason, b.Reason)) })
	return row
}

// stateOf is how a tenant stands in a word.
func stateOf(summary findings.Summary) state {
	switch {
	case summary.Outcomes[findings.Fail] > 0:
		return state{"fail", "violations"}
	case summary.Outcomes[findings.Unknown] > 0:
		return state{"unknown", "not known in full"}
	case summary.Judged > 0:
		return state{"pass", "clean"}
	}
	return state{"na", "nothing judged"}
}

// Called is the tenant's name for people.
func (t tenantRow) Called() string { return cmp.Or(t.Title, t.Name, t.ID) }

func (t tenantRow) failed(severity findings.Severity) int {
	if t.Numbers == nil {
		return 0
	}
	return t.Numbers.Summary.Failed[severity]
}

func (t tenantRow) unknown() int {
	if t.Numbers == nil {
		return 0
	}
	return t.Numbers.Summary.Outcomes[findings.Unknown]
}

func worstFirst(a, b tenantRow) int {
	for _, severity := range findings.Severities() {
		if d := b.failed(severity) - a.failed(severity); d != 0 {
			return d
		}
	}
	return cmp.Or(b.unknown()-a.unknown(), strings.Compare(a.Called(), b.Called()), strings.Compare(a.ID, b.ID))
}

func (f filter) has(row tenantRow) bool {
	if f.Text != "" {
		text := strings.ToLower(f.Text)
		if !slices.ContainsFunc(append([]string{row.ID, row.Name, row.Title}, row.Groups...), func(s string) bool { return strings.Contains(strings.ToLower(s), text) }) {
			return false
		}
	}
	switch f.State {
	case "":
	case "worse":
		if !row.Change.Worse && row.Trouble() == "" {
			return false
		}
	default:
		if row.standing() != f.State {
			return false
		}
	}
	inGroup := func(group string) bool { return reports.CleanName(group) == f.Group }
	return (f.Group == "" || slices.ContainsFunc(row.Groups, inGroup)) && (f.Severity == "" || row.failed(findings.Severity(f.Severity)) > 0)
}

// groupsOf lists the tenants' groups as they are shown, which is how the filter names them.
func groupsOf(rows []tenantRow) []string {
	var groups []string
	for _, row := range rows {
		for _, group := range row.Groups {
			groups = append(groups, reports.CleanName(group))
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

func countStates(rows []tenantRow) []stateCount {
	counts := []stateCount{{"fail", "with violations", "fail", 0}, {"unknown", "not known in full", "unknown", 0}, {"pass", "clean", "pass", 0}, {"na", "nothing judged", "na", 0}, {"na", "without a result", never, 0}}
	for _, row := range rows {
		for i := range counts {
			if counts[i].Value == row.standing() {
				counts[i].Tenants++
			}
		}
	}
	return slices.DeleteFunc(counts, func(c stateCount) bool { return c.Value == "na" && c.Tenants == 0 })
}

// never is the state of tenants that no scan has a result of, for the filter.
const never = "never"

// standing is the tenant's state for the filter.
func (t tenantRow) standing() string {
	if t.Scan == 0 {
		return never
	}
	return t.State.State
}

// shownWorse is how many tenants that are worse, and how many in trouble, the first screen names.
const shownWorse = 6

// answer says whether anything is worse, and where.
func (p *overviewPage) answer(rows []tenantRow) {
	scanned, compared := 0, 0
	for _, row := range rows {
		if row.Scan > 0 {
			scanned++
		}
		if row.Change.Compared {
			compared++
		}
		if row.Trouble() != "" {
			p.Troubled = append(p.Troubled, row)
		}
		if row.Change.Worse {
			p.Worse = append(p.Worse, row)
		}
	}
	slices.SortStableFunc(p.Worse, func(a, b tenantRow) int { return a.Change.compare(b.Change) })
	worse, troubled := len(p.Worse), len(p.Troubled)
	if p.More = worse - shownWorse; p.More > 0 {
		p.Worse = p.Worse[:shownWorse]
	}
	if p.Many = troubled - shownWorse; p.Many > 0 {
		p.Troubled = p.Troubled[:shownWorse]
	}
	switch {
	case worse > 0:
		p.Verdict = verdict{"fail", plural(worse, "tenant") + map[bool]string{true: " is", false: " are"}[worse == 1] + " worse than before", ""}
	case troubled > 0:
		p.Verdict = verdict{"unknown", "Nothing is known to be worse, but " + plural(troubled, "tenant") + map[bool]string{true: " has", false: " have"}[troubled == 1] + " no new result", ""}
	case compared > 0:
		p.Verdict = verdict{"pass", "Nothing is worse than before", ""}
	case scanned > 0:
		p.Verdict = verdict{"na", "Nothing to compare with yet", "Each tenant was scanned once; the next scan says what changed."}
	default:
		p.Verdict = verdict{"na", "Nothing was scanned yet", "Start a scan from a tenant's page, or wait for the schedule."}
	}
	if p.Verdict.Says == "" {
		p.Verdict.Says = fmt.Sprintf("Each tenant's latest scan against the one before it: %d of %s could be compared.", compared, plural(len(rows), "tenant"))
	}
}
