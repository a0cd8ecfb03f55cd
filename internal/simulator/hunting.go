package simulator

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// table is a table of advanced hunting. It has Rows rows a day, or as many for each
// application as Apps says, for Days days (30 when 0) of which the last one lies Until
// days ago.
type table struct {
	Rows  int            `yaml:"rows"`
	Apps  map[string]int `yaml:"apps"`
	Days  int            `yaml:"days"`
	Until int            `yaml:"until"`
	// Error makes every query of the table fail with this status.
	Error *Fault `yaml:"error"`
}

// retention is the number of days that advanced hunting looks back.
const retention = 30

// applicationTables are the tables that have a column Application.
var applicationTables = []string{"IdentityLogonEvents", "IdentityDirectoryEvents", "IdentityQueryEvents", "CloudAppEvents"}

var (
	printForm     = regexp.MustCompile(`^print\s+(?:(\w+)\s*=\s*)?(\d+)$`)
	whereTime     = regexp.MustCompile(`^where\s+Timestamp\s*>=?\s*ago\((\d+)([dh])\)$`)
	whereApp      = regexp.MustCompile(`^where\s+Application\s*==\s*["']([^"']*)["']$`)
	summarizeForm = regexp.MustCompile(`^summarize\s+(?:(\w+)\s*=\s*)?count\(\)(?:\s+by\s+(.+))?$`)
	dayForm       = regexp.MustCompile(`^(?:(\w+)\s*=\s*)?bin\(Timestamp,\s*1d\)$`)
	appForm       = regexp.MustCompile(`^(?:(\w+)\s*=\s*)?Application$`)
	identifier    = regexp.MustCompile(`^\w+$`)
	timespanForm  = regexp.MustCompile(`^P(?:\d+D|T\d+H|\d+DT\d+H)(?:/.*)?$`)
)

type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// hunt answers runHuntingQuery.
func (c *call) hunt(cl claims) {
	if c.r.Method != http.MethodPost {
		c.graphError(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
		return
	}
	if !c.mayRead(cl, huntingResource) || c.faulted(c.graphError) {
		return
	}
	data, err := c.body()
	var in struct {
		Query    string `json:"query"`
		Timespan string `json:"timespan"`
	}
	if err != nil || json.Unmarshal(data, &in) != nil || in.Query == "" {
		c.graphError(http.StatusBadRequest, "BadRequest", "The request body must be JSON with a Query.")
		return
	}
	if in.Timespan != "" && !timespanForm.MatchString(in.Timespan) {
		c.graphError(http.StatusBadRequest, "BadRequest", "Timespan must be an ISO 8601 duration, such as P30D.")
		return
	}
	columns, rows, err := c.run(in.Query)
	var scripted *tableError
	switch {
	case errors.As(err, &scripted):
		c.graphError(scripted.Status, first(scripted.Code, "UnknownError"), scripted.Message)
		return
	case err != nil:
		c.graphError(http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	c.out.json(http.StatusOK, map[string]any{
		"@odata.context": c.server.url + "/v1.0/$metadata#microsoft.graph.security.huntingQueryResults",
		"schema":         columns, "results": rows,
	})
}

// tableError is the answer that the tenant's file gives to every query of a table.
type tableError struct{ Fault }

// Error returns the answer's words.
func (f *tableError) Error() string { return f.Message }

// run answers a query: print, or a table that is filtered by time or application and
// counted by day and application. Everything else is a syntax error that says so.
func (c *call) run(text string) ([]column, []map[string]any, error) {
	steps := strings.Split(text, "|")
	for i := range steps {
		steps[i] = strings.TrimSpace(steps[i])
	}
	if m := printForm.FindStringSubmatch(steps[0]); m != nil && len(steps) == 1 {
		value, err := strconv.Atoi(m[2])
		if err != nil {
			return nil, nil, err
		}
		name := first(m[1], "print_0")
		return []column{{name, "Int64"}}, []map[string]any{{name: value}}, nil
	}
	name := steps[0]
	t, found := c.server.tenant.doc.Hunting[name]
	if !identifier.MatchString(name) {
		return nil, nil, syntaxError(name)
	}
	if !found {
		return nil, nil, refuse("'where' operator: Failed to resolve table or column expression named '%s'. Fix semantic errors in your query.", name)
	}
	if t.Error != nil {
		return nil, nil, &tableError{*t.Error}
	}
	plan := huntingPlan{from: retention}
	for _, step := range steps[1:] {
		if err := plan.add(name, step); err != nil {
			return nil, nil, err
		}
	}
	if !plan.counted {
		return nil, nil, syntaxError("a query without summarize count()")
	}
	columns, rows := plan.count(t.rows(midnight(c.server.now)))
	return columns, rows, nil
}

func syntaxError(what string) error {
	return refuse("Syntax error: %s is not supported here. Fix syntax errors in your query.", what)
}

// huntingRow says how many rows a table has on one day for one application.
type huntingRow struct {
	ago int
	day time.Time
	app string
	n   int
}

// rows lists what the table holds, oldest first. The numbers differ from day to day so
// that a report doesn't show a flat line; they follow from the day alone.
func (t table) rows(today time.Time) []huntingRow {
	apps := t.Apps
	if apps == nil {
		apps = map[string]int{"": t.Rows}
	}
	days := t.Days
	if days == 0 {
		days = retention
	}
	var out []huntingRow
	for ago := t.Until + days - 1; ago >= t.Until; ago-- {
		day := today.AddDate(0, 0, -ago)
		for _, app := range slices.Sorted(maps.Keys(apps)) {
			if n := apps[app]; n > 0 {
				out = append(out, huntingRow{ago: ago, day: day, app: app, n: n + day.YearDay()%7})
			}
		}
	}
	return out
}

// huntingPlan is what a query asks of a table's rows.
type huntingPlan struct {
	from           int
	app            *string
	counted        bool
	countAs        string
	dayAs, appAs   string
	byDay, byAppID bool
}

// add takes in one step of the query.
func (p *huntingPlan) add(table, step string) error {
	if m := whereTime.FindStringSubmatch(step); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return err
		}
		if m[2] == "h" {
			n = (n + 23) / 24
		}
		p.from = min(p.from, n)
		return nil
	}
	if m := whereApp.FindStringSubmatch(step); m != nil {
		p.app = &m[1]
		return resolve(table)
	}
	m := summarizeForm.FindStringSubmatch(step)
	if m == nil || p.counted {
		return syntaxError("'" + step + "'")
	}
	p.counted, p.countAs = true, first(m[1], "count_")
	for _, by := range splitList(m[2]) {
		if d := dayForm.FindStringSubmatch(by); d != nil {
			p.byDay, p.dayAs = true, first(d[1], "Timestamp")
		} else if a := appForm.FindStringSubmatch(by); a != nil {
			p.byAppID, p.appAs = true, first(a[1], "Application")
			if err := resolve(table); err != nil {
				return err
			}
		} else {
			return syntaxError("'by " + by + "'")
		}
	}
	return nil
}

// resolve fails for a table that has no column Application.
func resolve(table string) error {
	if slices.Contains(applicationTables, table) {
		return nil
	}
	return refuse("'summarize' operator: Failed to resolve column or scalar expression named 'Application'. Fix semantic errors in your query.")
}

// count groups and counts the rows, in the order of the rows.
func (p *huntingPlan) count(rows []huntingRow) ([]column, []map[string]any) {
	type group struct{ day, app string }
	var order []group
	counts := map[group]int{}
	for _, row := range rows {
		if row.ago > p.from || (p.app != nil && *p.app != row.app) {
			continue
		}
		var g group
		if p.byDay {
			g.day = stamp(row.day)
		}
		if p.byAppID {
			g.app = row.app
		}
		if _, seen := counts[g]; !seen {
			order = append(order, g)
		}
		counts[g] += row.n
	}
	if !p.byDay && !p.byAppID && len(order) == 0 {
		order = append(order, group{}) // a count without groups is a row, also of nothing
	}
	columns := []column{}
	if p.byDay {
		columns = append(columns, column{p.dayAs, "DateTime"})
	}
	if p.byAppID {
		columns = append(columns, column{p.appAs, "String"})
	}
	columns = append(columns, column{p.countAs, "Int64"})
	out := make([]map[string]any, 0, len(order))
	for _, g := range order {
		row := map[string]any{p.countAs: counts[g]}
		if p.byDay {
			row[p.dayAs] = g.day
		}
		if p.byAppID {
			row[p.appAs] = g.app
		}
		out = append(out, row)
	}
	return columns, out
}
