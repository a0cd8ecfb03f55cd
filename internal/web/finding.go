package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/reports"
)

// findingPage is one finding: what was found, what it rests on, how it was over the scans,
// and how it is mended.
type findingPage struct {
	Tenant    tenantRow
	Finding   findings.Finding
	Open      bool
	FirstSeen time.Time
	LastFrom  time.Time // since when it says what it says
	Gone      time.Time // the first scan without it
	Rule      *findings.Rule
	Remedy    reports.Remedy
	Evidence  []evidenceRow
	Scan      int64  // the scan that the evidence is of
	Folder    string // of the bundle; empty where it isn't kept here
	Waiver    *findings.Waiver
	// Pseudonyms says that names are pseudonyms; empty where they aren't.
	Pseudonyms string
	Sightings  []history.Sighting
}

// evidenceRow is a kind of evidence that the rule of a finding reads.
type evidenceRow struct {
	Kind string
	// Evidence is nil where the kind wasn't read, and Gap says why.
	Evidence *findings.Evidence
	Gap      *findings.Gap
}

func (s *Server) finding(w http.ResponseWriter, r *http.Request, who visitor) error {
	page, err := s.findingOf(r)
	if err != nil {
		return err
	}
	return s.pages.show(w, r, "finding", http.StatusOK, who, reports.CleanName(page.Finding.Rule)+" "+reports.CleanName(page.Finding.Resource.Name), page)
}

// findingOf is the finding that a request names.
func (s *Server) findingOf(r *http.Request) (page findingPage, err error) {
	ctx := r.Context()
	row, _, err := s.tenantOf(ctx, r.PathValue("tenant"))
	if err != nil {
		return page, err
	}
	seen, err := s.Store.Sightings(ctx, row.ID, strings.ToLower(r.PathValue("fingerprint")))
	if err != nil {
		return page, err
	}
	if len(seen) == 0 {
		return page, refuse(http.StatusNotFound, "No recorded scan of this tenant has such a finding.")
	}
	page = findingPage{
		Tenant: row, Finding: seen[0].Finding, Open: seen[0].Until.IsZero(), FirstSeen: seen[len(seen)-1].From, LastFrom: seen[0].From, Gone: seen[0].Until, Sightings: seen,
	}
	return page, s.addBasis(ctx, &page)
}

// addBasis adds what the tenant's latest scan says of a finding's rule, and what that rests
// on.
func (s *Server) addBasis(ctx context.Context, page *findingPage) error {
	scan, err := s.Store.Scan(ctx, page.Tenant.ID, page.Tenant.Scan)
	if err != nil {
		return err
	}
	head, err := s.Store.Head(ctx, scan)
	if err != nil {
		return err
	}
	folder, err := s.Engine.Evidence(ctx, scan)
	if err != nil {
		return err
	}
	page.Scan, page.Folder, page.Pseudonyms = scan.ID, folder, reports.Pseudonyms(head)
	for i, waiver := range head.Waivers {
		if waiver.ID == page.Finding.Waiver {
			page.Waiver = &head.Waivers[i]
		}
	}
	i := slices.IndexFunc(head.Rules, func(rule findings.Rule) bool { return rule.ID == page.Finding.Rule })
	if i < 0 {
		return nil
	}
	page.Rule, page.Remedy = &head.Rules[i], reports.RemedyOf(head.Rules[i])
	for _, kind := range page.Rule.Kinds {
		row := evidenceRow{Kind: kind}
		for i := range head.Evidence {
			if head.Evidence[i].Kind == kind {
				row.Evidence = &head.Evidence[i]
			}
		}
		for i := range head.Gaps {
			if head.Gaps[i].Kind == kind {
				row.Gap = &head.Gaps[i]
			}
		}
		page.Evidence = append(page.Evidence, row)
	}
	return nil
}

// Since says what is known of a finding that isn't in the latest scan any more.
func (p findingPage) Since() verdict {
	switch {
	case p.Rule == nil:
		return verdict{"unknown", "Not known any more", "The rule is not among those of the latest scan, so that it isn't known whether this was mended."}
	case p.Rule.Outcome == findings.Unknown:
		return verdict{"unknown", "Not known any more", "The latest scan couldn't judge the rule, so that it isn't known whether this was mended."}
	case p.Rule.Outcome == findings.NotApplicable:
		return verdict{"na", "Does not apply any more", "The rule doesn't apply to the tenant as the latest scan found it."}
	}
	return verdict{"pass", "Not found any more", "The latest scan judged the rule, and didn't find this."}
}
