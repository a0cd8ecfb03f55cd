package web

import (
	"cmp"
	"net/http"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/remediation"
)

// findingDetails are a finding in the API, with what it rests on and what it said over the scans.
type findingDetails struct {
	findingItem
	Open      bool             `json:"open"`
	Says      string           `json:"says,omitempty"`
	Scan      int64            `json:"scan"`
	Folder    string           `json:"folder,omitempty"`
	Evidence  []basisItem      `json:"evidence"`
	Waiver    *findings.Waiver `json:"waiver,omitempty"`
	Sightings []sightingItem   `json:"sightings"`
}

// basisItem is a kind of evidence that the rule reads; without evidence it wasn't read.
type basisItem struct {
	Kind     string             `json:"kind"`
	Evidence *findings.Evidence `json:"evidence,omitempty"`
	Gap      *findings.Gap      `json:"gap,omitempty"`
}

type sightingItem struct {
	From    time.Time        `json:"from"`
	Until   time.Time        `json:"until,omitzero"`
	Finding findings.Finding `json:"finding"`
}

func (s *Server) apiFinding(w http.ResponseWriter, r *http.Request, _ visitor) error {
	page, err := s.findingOf(r)
	if err != nil {
		return err
	}
	out := findingDetails{
		findingItem: findingItem{page.Tenant.ID, page.FirstSeen, page.LastFrom, page.Finding},
		Open:        page.Open, Scan: page.Scan, Folder: page.Folder, Evidence: []basisItem{}, Waiver: page.Waiver, Sightings: []sightingItem{},
	}
	if !page.Open {
		out.Says = page.Since().Says
	}
	for _, row := range page.Evidence {
		out.Evidence = append(out.Evidence, basisItem(row))
	}
	for _, seen := range page.Sightings {
		out.Sightings = append(out.Sightings, sightingItem(seen))
	}
	return answer(w, r, http.StatusOK, out)
}

// ruleDetails are a rule in the API, with what it came to in each tenant.
type ruleDetails struct {
	ruleItem
	Outcomes []outcomeItem `json:"outcomes"`
}

type outcomeItem struct {
	Tenant  string           `json:"tenant"`
	Name    string           `json:"name"`
	Outcome findings.Outcome `json:"outcome"`
	Reason  string           `json:"reason,omitempty"`
}

func (s *Server) apiRule(w http.ResponseWriter, r *http.Request, _ visitor) error {
	row, err := s.ruleOf(r)
	if err != nil {
		return err
	}
	out := ruleDetails{itemOfRule(row), []outcomeItem{}}
	for _, cell := range row.Cells {
		out.Outcomes = append(out.Outcomes, outcomeItem(cell))
	}
	return answer(w, r, http.StatusOK, out)
}

// attestationList is a list of attestations; Unread counts the tenants whose evidence isn't
// kept, so that it isn't known what was attested there.
type attestationList struct {
	list[attestationItem]
	Unread int `json:"unread"`
}

type attestationItem struct {
	Tenant     string `json:"tenant"`
	Fact       string `json:"fact"`
	Observer   string `json:"observer"`
	Reviewer   string `json:"reviewer"`
	Observed   string `json:"observed"`
	ValidUntil string `json:"validUntil"`
	Signed     bool   `json:"signed"`
}

func (s *Server) apiAttestations(w http.ResponseWriter, r *http.Request, _ visitor) error {
	judged, err := s.Store.Judgements(r.Context(), r.URL.Query().Get("tenant"))
	if err != nil {
		return err
	}
	shown, unread, err := s.attestationsOf(r.Context(), judged)
	if err != nil {
		return err
	}
	out := attestationList{list[attestationItem]{Items: []attestationItem{}}, unread}
	for _, one := range shown {
		out.Items = append(out.Items, attestationItem{one.Tenant, one.Fact, one.Observer, one.Reviewer, one.Observed, one.ValidUntil, one.Signed})
	}
	return answer(w, r, http.StatusOK, out)
}

// planItem is a plan in the API. Of a file that is no plan it has the name and the problem alone.
type planItem struct {
	Name     string                   `json:"name"`
	State    string                   `json:"state"`
	SHA256   string                   `json:"sha256,omitempty"`
	Tenant   *findings.Tenant         `json:"tenant,omitempty"`
	Author   string                   `json:"author,omitempty"`
	Expires  time.Time                `json:"expires,omitzero"`
	Changes  map[remediation.Risk]int `json:"changes,omitempty"`
	Approval *Approval                `json:"approval,omitempty"`
	Problem  string                   `json:"problem,omitempty"`
}

func (s *Server) apiPlans(w http.ResponseWriter, r *http.Request, _ visitor) error {
	plans, _, err := s.listPlans()
	if err != nil {
		return err
	}
	out := list[planItem]{Items: []planItem{}}
	for _, plan := range plans {
		item := planItem{Name: plan.Name, State: plan.State(), SHA256: plan.Digest, Approval: plan.Approval, Problem: cmp.Or(plan.Broken, plan.Uncounted)}
		if plan.Plan != nil {
			item.Tenant, item.Author, item.Expires, item.Changes = &plan.Plan.Tenant, plan.Plan.Author, plan.Plan.Expires, map[remediation.Risk]int{}
			for _, of := range plan.Risks() {
				item.Changes[of.Risk] = of.Changes
			}
		}
		out.Items = append(out.Items, item)
	}
	return answer(w, r, http.StatusOK, out)
}

// apiPlan is the file of a plan, to the byte.
func (s *Server) apiPlan(w http.ResponseWriter, r *http.Request, _ visitor) error {
	plan, err := s.soundPlan(r)
	if err != nil {
		return err
	}
	return answerBytes(w, r, http.StatusOK, plan.text)
}
