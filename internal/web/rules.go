package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/reports"
)

// catalogue is what rules say of themselves, by their ids.
type catalogue map[string]ruleInfo

type ruleInfo struct {
	Title, Topic string
	Severity     findings.Severity
}

// ruleRow is a rule and what it came to in the tenants' latest scans.
type ruleRow struct {
	ID string
	ruleInfo
	Counts map[findings.Outcome]int
	// Cells are what it came to in each tenant, where there are few.
	Cells []cell
}

// cell is what a rule came to in a tenant.
type cell struct {
	Tenant, Name string
	Outcome      findings.Outcome // empty where the tenant wasn't judged by it
	Reason       string
}

type rulesPage struct {
	Rows    []ruleRow
	Tenants []cell // the columns, where there are few
	Total   int
	Topics  []string
	Topic   string
}

// fewTenants is for how many tenants the page of rules has a column each.
const fewTenants = 8

// maxCatalogues bounds how many sets of rules are kept in mind.
const maxCatalogues = 32

// catalogueOf is what the rules of the judged tenants say of themselves. Tenants that were
// judged by the same rules are read once, and kept in mind.
func (s *Server) catalogueOf(ctx context.Context, judged []history.Judgement) (catalogue, error) {
	out := catalogue{}
	seen := map[string]bool{}
	for _, of := range judged {
		if seen[of.Policies] || len(seen) == maxCatalogues {
			continue
		}
		seen[of.Policies] = true
		known, err := s.catalogueOfScan(ctx, of)
		if err != nil {
			return nil, err
		}
		for id, info := range known {
			out[id] = info
		}
	}
	return out, nil
}

func (s *Server) catalogueOfScan(ctx context.Context, of history.Judgement) (catalogue, error) {
	s.memory.mu.Lock()
	known, there := s.memory.catalogues[of.Policies]
	s.memory.mu.Unlock()
	if there {
		return known, nil
	}
	scan, err := s.Store.Scan(ctx, of.Tenant, of.Scan)
	if err != nil {
		return nil, err
	}
	head, err := s.Store.Head(ctx, scan)
	if err != nil {
		return nil, err
	}
	known = catalogue{}
	for _, rule := range head.Rules {
		known[rule.ID] = ruleInfo{rule.Title, rule.Topic, rule.Severity}
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if len(s.memory.catalogues) >= maxCatalogues {
		clear(s.memory.catalogues)
	}
	s.memory.catalogues[of.Policies] = known
	return known, nil
}

// ruleRows lists the rules that the tenants were judged by: those that fail in most tenants
// first, by severity. It returns how each tenant was judged, too.
func (s *Server) ruleRows(ctx context.Context) ([]ruleRow, []history.Judgement, error) {
	judged, err := s.Store.Judgements(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	known, err := s.catalogueOf(ctx, judged)
	if err != nil {
		return nil, nil, err
	}
	at := map[string]int{}
	var rows []ruleRow
	for _, of := range judged {
		for _, verdicts := range of.Verdicts {
			for _, id := range verdicts.Rules {
				i, there := at[id]
				if !there {
					i = len(rows)
					at[id] = i
					rows = append(rows, ruleRow{ID: id, ruleInfo: known[id], Counts: map[findings.Outcome]int{}})
				}
				rows[i].Counts[verdicts.Outcome]++
				rows[i].Cells = append(rows[i].Cells, cell{of.Tenant, cmp.Or(of.TenantName, of.Tenant), verdicts.Outcome, verdicts.Reason})
			}
		}
	}
	slices.SortFunc(rows, func(a, b ruleRow) int {
		fails := func(row ruleRow) int { return min(row.Counts[findings.Fail], 1) }
		unknown := func(row ruleRow) int { return min(row.Counts[findings.Unknown], 1) }
		return cmp.Or(fails(b)-fails(a), unknown(b)-unknown(a), a.Severity.Rank()-b.Severity.Rank(), b.Counts[findings.Fail]-a.Counts[findings.Fail], strings.Compare(a.ID, b.ID))
	})
	return rows, judged, nil
}

func (s *Server) rules(w http.ResponseWriter, r *http.Request, who visitor) error {
	rows, judged, err := s.ruleRows(r.Context())
	if err != nil {
		return err
	}
	page := rulesPage{Total: len(judged), Topic: r.URL.Query().Get("topic")}
	for _, row := range rows {
		page.Topics = append(page.Topics, row.Topic)
	}
	slices.Sort(page.Topics)
	page.Topics = slices.Compact(page.Topics)
	if len(judged) <= fewTenants {
		for _, of := range judged {
			page.Tenants = append(page.Tenants, cell{Tenant: of.Tenant, Name: cmp.Or(of.TenantName, of.Tenant)})
		}
	}
	for _, row := range rows {
		if page.Topic == "" || row.Topic == page.Topic {
			row.Cells = columns(page.Tenants, row.Cells)
			page.Rows = append(page.Rows, row)
		}
	}
	return s.pages.show(w, r, "rules", http.StatusOK, who, "Rules", page)
}

// columns are the cells of a rule in the order of the tenants.
func columns(tenants, cells []cell) []cell {
	var out []cell
	for _, tenant := range tenants {
		i := slices.IndexFunc(cells, func(c cell) bool { return c.Tenant == tenant.Tenant })
		if i < 0 {
			out = append(out, tenant)
			continue
		}
		out = append(out, cells[i])
	}
	return out
}

type rulePage struct {
	ruleRow
	Rows    []cell
	Outcome string
	Pager   pager
}

// rule is one rule over the tenants.
func (s *Server) rule(w http.ResponseWriter, r *http.Request, who visitor) error {
	row, err := s.ruleOf(r)
	if err != nil {
		return err
	}
	page := rulePage{ruleRow: row, Outcome: r.URL.Query().Get("outcome")}
	page.Rows, page.Pager = cut(r, slices.DeleteFunc(row.Cells, func(c cell) bool { return page.Outcome != "" && string(c.Outcome) != page.Outcome }))
	return s.pages.show(w, r, "rule", http.StatusOK, who, reports.CleanName(page.ID), page)
}

// ruleOf is the rule that a request names, with the tenants by their outcomes.
func (s *Server) ruleOf(r *http.Request) (ruleRow, error) {
	rows, _, err := s.ruleRows(r.Context())
	if err != nil {
		return ruleRow{}, err
	}
	i := slices.IndexFunc(rows, func(row ruleRow) bool { return row.ID == r.PathValue("rule") })
	if i < 0 {
		return ruleRow{}, refuse(http.StatusNotFound, "No tenant's latest scan judged by such a rule.")
	}
	order := findings.Outcomes()
	slices.SortStableFunc(rows[i].Cells, func(a, b cell) int {
		return cmp.Or(slices.Index(order, a.Outcome)-slices.Index(order, b.Outcome), strings.Compare(a.Name, b.Name))
	})
	return rows[i], nil
}

// Count is in how many tenants the rule came to an outcome.
func (r ruleRow) Count(outcome string) int { return r.Counts[findings.Outcome(outcome)] }
