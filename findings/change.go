package findings

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Change counts the violations of a Result against those of an earlier one of the same
// tenant. A violation is a finding with the outcome fail; findings are the same if their
// fingerprints are.
type Change struct {
	// Previous is the lower-case hex sha256 of the earlier result.json.
	Previous string `json:"previous"`
	// New counts violations that the earlier result doesn't have, or had waived: a waiver
	// that ended is news.
	New int `json:"new"`
	// Unchanged counts violations that both have.
	Unchanged int `json:"unchanged"`
	// Fixed counts earlier violations, waived ones too, that are gone.
	Fixed int `json:"fixed"`
	// Unjudged counts earlier violations of which this result can't tell whether they are
	// gone: their rule was not judged, not in full, or no longer applies.
	Unjudged int `json:"unjudged"`
	// Gone lists the earlier violations that this result doesn't have, sorted as findings
	// are. Their Change is Fixed or Unjudged.
	Gone []Finding `json:"gone,omitempty"`
}

// FindingChange says how a finding stands to an earlier result.
type FindingChange string

// The changes. A finding that is New and has the outcome fail is counted by Change.New;
// an Updated one is in both results and differs in what it says or in its outcome. Fixed
// and Unjudged ones are in the earlier result alone.
const (
	New       FindingChange = "new"
	Unchanged FindingChange = "unchanged"
	Updated   FindingChange = "updated"
	Fixed     FindingChange = "fixed"
	Unjudged  FindingChange = "unjudged"
)

// samePseudonyms says whether a resource has one id in both results.
func samePseudonyms(before, after *Result) error {
	if before.Pseudonyms == after.Pseudonyms {
		return nil
	}
	says := func(r *Result) string {
		if r.Pseudonyms == "" {
			return "no pseudonyms"
		}
		return "pseudonyms of the key " + r.Pseudonyms
	}
	return fmt.Errorf("the earlier result has %s and this one %s, so that no resource is found again; compare results with the same pseudonyms", says(before), says(after))
}

// Compare notes in a Result what changed since an earlier one, whose file has a digest
// (sha256 in hex). It refuses one of another tenant or profile or with other pseudonyms, which says nothing of this
// one, and leaves the Result as it is then.
func (r *Result) Compare(previous *Result, digest string) error {
	switch {
	case !strings.EqualFold(previous.Tenant.ID, r.Tenant.ID):
		return fmt.Errorf("the earlier result is of tenant %s and this one of %s; compare results of one tenant", previous.Tenant.ID, r.Tenant.ID)
	case previous.Profile != r.Profile:
		return fmt.Errorf("the earlier result was judged under the profile %s and this one under %s; compare results of one profile", previous.Profile, r.Profile)
	}
	if err := samePseudonyms(previous, r); err != nil {
		return err
	}
	earlier, gone := pair(previous, r)
	r.Digests.Previous = digest
	r.Change = &Change{Previous: digest}
	for i := range r.Findings {
		finding := &r.Findings[i]
		finding.Change = changeOf(earlier[i], finding)
		switch {
		case finding.Outcome != Fail:
		case finding.Change == New:
			r.Change.New++
		default:
			r.Change.Unchanged++
		}
	}
	outcomes := map[string]Outcome{}
	for _, rule := range previous.Rules {
		outcomes[rule.ID] = rule.Outcome
	}
	for i := range r.Rules {
		r.Rules[i].Was = outcomes[r.Rules[i].ID]
	}
	judged := r.JudgedInFull()
	for _, finding := range gone {
		was := *finding
		was.Change = changeOfGone(finding, judged)
		if was.Change == Fixed {
			r.Change.Fixed++
		} else {
			r.Change.Unjudged++
		}
		r.Change.Gone = append(r.Change.Gone, was)
	}
	slices.SortFunc(r.Change.Gone, compareFindings)
	return nil
}

// pair returns, for each finding of a result, that of an earlier one with the same
// fingerprint, nil where there is none; and the earlier ones that are left.
func pair(previous, now *Result) (earlier, gone []*Finding) {
	index := make(map[string]int, len(previous.Findings))
	for i := range previous.Findings {
		index[previous.Findings[i].Fingerprint] = i
	}
	earlier, taken := make([]*Finding, len(now.Findings)), make([]bool, len(previous.Findings))
	for i := range now.Findings {
		if at, found := index[now.Findings[i].Fingerprint]; found {
			earlier[i], taken[at] = &previous.Findings[at], true
		}
	}
	for i := range previous.Findings {
		if !taken[i] {
			gone = append(gone, &previous.Findings[i])
		}
	}
	return earlier, gone
}

func changeOf(was, is *Finding) FindingChange {
	switch {
	case was == nil, was.Outcome == Waived && is.Outcome == Fail:
		return New
	case was.Outcome == is.Outcome && was.Severity == is.Severity && was.Message == is.Message && was.Expected == is.Expected && was.Actual == is.Actual && was.Waiver == is.Waiver:
		return Unchanged
	default:
		return Updated
	}
}

// changeOfGone says what became of a finding that is gone, by which rules were judged.
func changeOfGone(was *Finding, judged map[string]bool) FindingChange {
	if judged[was.Rule] {
		return Fixed
	}
	return Unjudged
}

// differing lists what two findings say differently, by the names of result.json.
func differing(was, is *Finding) []string {
	fields := []string{}
	for _, field := range []struct {
		name    string
		was, is string
	}{
		{"outcome", string(was.Outcome), string(is.Outcome)},
		{"severity", string(was.Severity), string(is.Severity)},
		{"message", was.Message, is.Message},
		{"expected", was.Expected, is.Expected},
		{"actual", was.Actual, is.Actual},
		{"waiver", was.Waiver, is.Waiver},
	} {
		if field.was != field.is {
			fields = append(fields, field.name)
		}
	}
	return fields
}

// JudgedInFull says of which rules every finding is in the Result.
func (r *Result) JudgedInFull() map[string]bool {
	judged := map[string]bool{}
	for _, rule := range r.Rules {
		switch rule.Outcome {
		case Pass:
			judged[rule.ID] = true
		case Fail, Waived:
			judged[rule.ID] = len(rule.Reasons) == 0
		case Unknown, NotApplicable:
		}
	}
	return judged
}

// checkChange holds what a decoded result says of an earlier one to what Compare writes.
func checkChange(result *Result) error {
	if result.Change != nil && !isSHA256(result.Change.Previous) {
		return fmt.Errorf("the digest %q of the earlier result is not a lower-case hex sha256", result.Change.Previous)
	}
	if result.Change != nil {
		for i, finding := range result.Change.Gone {
			if err := checkFinding(finding); err != nil {
				return fmt.Errorf("finding %d of %s, which is gone: %w", i, finding.Rule, err)
			}
			if finding.Change != Fixed && finding.Change != Unjudged {
				return fmt.Errorf("finding %d of %s, which is gone: the change %q is not %s or %s", i, finding.Rule, finding.Change, Fixed, Unjudged)
			}
		}
	}
	known := []FindingChange{"", New, Unchanged, Updated}
	for i, finding := range result.Findings {
		if !slices.Contains(known, finding.Change) {
			return fmt.Errorf("finding %d of %s: the change %q is not known; known are %q", i, finding.Rule, finding.Change, known[1:])
		}
		if finding.Change != "" && result.Change == nil {
			return errors.New("a finding has changed and there is no earlier result that it was compared with")
		}
	}
	for _, rule := range result.Rules {
		if rule.Was != "" && !slices.Contains(Outcomes(), rule.Was) {
			return fmt.Errorf("rule %s: its earlier outcome %q is not known; known are %q", rule.ID, rule.Was, Outcomes())
		}
	}
	return nil
}
