package web

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/reports"
)

// waiverShown is a waiver of a tenant.
type waiverShown struct {
	Tenant, Name string
	findings.Waiver
	Term term
	Mark state
}

// attestationShown is an attestation of a tenant, from the evidence of its latest scan.
type attestationShown struct {
	Tenant, Name         string
	Fact                 string
	Observer, Reviewer   string
	Observed, ValidUntil string
	Signed               bool
	Term                 term
}

// term is how much of a term is left.
type term struct {
	State, Says string
	days        int
}

type waiversPage struct {
	Waivers      []waiverShown
	Pager        pager
	Total        int
	Attestations []attestationShown
	Attested     int // all of them
	Unread       int // tenants whose evidence isn't kept
}

// endsSoon is how many days before its end something is said to end.
const endsSoon = 30

// shownAttestations is how many attestations the page lists.
const shownAttestations = 10 * perPage

// termOf says how much is left until a day or a moment; nothing for what can't be read.
func termOf(now time.Time, text string) term {
	until, err := time.Parse(time.DateOnly, text)
	if err == nil {
		until = until.Add(24 * time.Hour) // it holds through the day
	} else if until, err = time.Parse(time.RFC3339, text); err != nil {
		return term{"unknown", "no end that can be read", -1 << 20}
	}
	left := until.Sub(now)
	days := int(left.Hours() / 24)
	switch {
	case left <= 0:
		return term{"fail", "ended " + ago(now, until), days - 1}
	case days <= endsSoon:
		return term{"unknown", "ends " + ago(now, until), days}
	}
	return term{"pass", "ends " + ago(now, until), days}
}

func (s *Server) waivers(w http.ResponseWriter, r *http.Request, who visitor) error {
	judged, err := s.Store.Judgements(r.Context(), "")
	if err != nil {
		return err
	}
	shown := s.waiversOf(judged)
	page := waiversPage{Total: len(shown)}
	page.Waivers, page.Pager = cut(r, shown)
	if page.Attestations, page.Unread, err = s.attestationsOf(r.Context(), judged); err != nil {
		return err
	}
	page.Attested = len(page.Attestations)
	page.Attestations = page.Attestations[:min(page.Attested, shownAttestations)]
	return s.pages.show(w, r, "waivers", http.StatusOK, who, "Waivers and attestations", page)
}

// attestationsOf lists the tenants' attestations, those first that end first, and counts the
// tenants whose evidence isn't kept.
func (s *Server) attestationsOf(ctx context.Context, judged []history.Judgement) (shown []attestationShown, unread int, err error) {
	for _, of := range judged {
		all, kept, err := s.attestations(ctx, of)
		if err != nil {
			return nil, 0, err
		}
		if !kept {
			unread++
		}
		for _, one := range all {
			one.Term = termOf(s.Now(), one.ValidUntil)
			shown = append(shown, one)
		}
	}
	slices.SortStableFunc(shown, func(a, b attestationShown) int { return a.Term.days - b.Term.days })
	return shown, unread, nil
}

// waiversOf lists the tenants' waivers, those first that end first.
func (s *Server) waiversOf(judged []history.Judgement) []waiverShown {
	var shown []waiverShown
	for _, of := range judged {
		for _, waiver := range of.Waivers {
			icon, word := reports.WaiverWord(waiver.State)
			shown = append(shown, waiverShown{of.Tenant, cmp.Or(of.TenantName, of.Tenant), waiver, termOf(s.Now(), waiver.Expires), state{icon, word}})
		}
	}
	slices.SortStableFunc(shown, func(a, b waiverShown) int {
		return cmp.Or(a.Term.days-b.Term.days, strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return shown
}

// The attestations that are read of a tenant, and the scans whose are kept in mind.
const (
	maxAttestations = 1_000
	maxStatements   = 5_000
)

// attestations are those of a tenant's latest scan; kept is false where its evidence isn't
// there. A scan's are read once, as neither changes.
func (s *Server) attestations(ctx context.Context, of history.Judgement) (all []attestationShown, kept bool, err error) {
	s.memory.mu.Lock()
	found, known := s.memory.statements[of.Scan]
	s.memory.mu.Unlock()
	if known {
		return found.all, found.kept, nil
	}
	folder, err := s.Engine.Evidence(ctx, history.Scan{ID: of.Scan, Tenant: of.Tenant})
	if err != nil {
		return nil, false, err
	}
	if folder != "" {
		found.all, found.kept = s.readAttestations(of, folder)
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if len(s.memory.statements) >= maxStatements {
		clear(s.memory.statements)
	}
	s.memory.statements[of.Scan] = found
	return found.all, found.kept, nil
}

// statements are the attestations of a scan, where its evidence is kept.
type statements struct {
	all  []attestationShown
	kept bool
}

// readAttestations reads the attestations of a kept bundle; none that are whole is as if it
// weren't kept.
func (s *Server) readAttestations(of history.Judgement, folder string) (all []attestationShown, kept bool) {
	bundle, err := evidence.Open(folder)
	if err == nil {
		if _, held := bundle.Manifest.Entry("attestations"); held {
			err = bundle.VerifyKind("attestations")
		}
	}
	if err != nil {
		s.Log.Warn("reading a kept bundle", "scan", of.Scan, "error", err)
		return nil, false
	}
	for line, err := range bundle.Objects("attestations") {
		var one attestation
		if err == nil {
			err = json.Unmarshal(line, &one)
		}
		if err != nil || len(all) == maxAttestations {
			s.Log.Warn("reading the attestations of a kept bundle", "scan", of.Scan, "error", err)
			return nil, false
		}
		all = append(all, attestationShown{
			Tenant: of.Tenant, Name: cmp.Or(of.TenantName, of.Tenant), Fact: one.Fact, Observer: one.ObservedBy.UPN, Reviewer: one.Reviewer.UPN,
			Observed: one.ObservedAt, ValidUntil: one.ValidUntil, Signed: one.Signed,
		})
	}
	return all, true
}

// attestation is what the page shows of an object of the kind attestations.
type attestation struct {
	Fact       string `json:"fact"`
	ObservedAt string `json:"observedAt"`
	ObservedBy person `json:"observedBy"`
	Reviewer   person `json:"reviewer"`
	ValidUntil string `json:"validUntil"`
	Signed     bool   `json:"signed"`
}

type person struct {
	UPN string `json:"upn"`
}
