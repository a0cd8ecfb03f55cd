package collectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/pseudonym"
	"github.com/domicile-audit/domicile/internal/signing"
)

// An earlier result.json is evidence of what was so then: whether the service was on,
// where its data rested, which incident was there. It is read here by its published shape
// and no more of it is kept than the rules compare with.

const (
	previousKind = "previous_result"
	// previousVersion is the newest format of result.json that is read.
	previousVersion = 1
	// The bounds of a result: a catalogue has some hundred rules, and a rule observes one
	// line an object at most.
	maxPreviousRules    = 2000
	maxPreviousObserved = 20000
	maxPreviousText     = 4096
)

var previousRuleID = regexp.MustCompile(`^[A-Z]{2,8}[0-9]{1,6}$`)

// previousResult are the fields of result.json that are read; the others are dropped.
type previousResult struct {
	Version int `json:"version"`
	Tenant  struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Cloud string `json:"cloud"`
	} `json:"tenant"`
	Profile  string          `json:"profile"`
	Finished string          `json:"finished"`
	Rules    []previousRule  `json:"rules"`
	Findings json.RawMessage `json:"findings"`
	// Pseudonyms is the fingerprint of the key of the pseudonyms in it.
	Pseudonyms string `json:"pseudonyms"`
}

type previousRule struct {
	ID       string             `json:"id"`
	Outcome  string             `json:"outcome"`
	Observed []previousObserved `json:"observed"`
}

type previousObserved struct {
	Fact    string `json:"fact"`
	Service string `json:"service"`
	Value   string `json:"value"`
	Tier    string `json:"tier"`
	Kind    string `json:"kind"`
}

// previousSeen is an incident that was seen.
type previousSeen struct {
	ID              string `json:"id"`
	CreatedDateTime string `json:"createdDateTime,omitempty"`
}

// previousLine is the object of the kind previous_result. Chain says whether the result is
// the one that was written then.
type previousLine struct {
	TenantID string                  `json:"tenantId"`
	Profile  string                  `json:"profile"`
	Finished string                  `json:"finished"`
	OrgID    *string                 `json:"orgId"`
	Seen     *previousSeen           `json:"seen"`
	Chain    string                  `json:"chain"`
	Rules    map[string]previousSaid `json:"rules"`
}

// The chain of an earlier result: intact where a trusted key signed it, broken where its
// signature doesn't hold, and unknown where there is none, or no key to check it with.
const (
	chainIntact  = "intact"
	chainBroken  = "broken"
	chainUnknown = "unknown"
)

type previousSaid struct {
	Outcome  string             `json:"outcome"`
	Observed []previousObserved `json:"observed"`
}

func looksLikePrevious(d importDocument) bool {
	return hasAll(d.object, "version", "tenant", "profile", "rules", "findings")
}

// readPrevious reads a result that is imported, whose signature stays behind.
func readPrevious(d importDocument, o ImportOptions) (Import, error) {
	return previousImport(d, chainUnknown, o)
}

// resultChain checks the signature of an earlier result.
func resultChain(file File, trust signing.Trust) string {
	checked := readSignatures(file, signing.Result, trust)
	switch {
	case checked.wrong != "":
		return chainBroken
	case len(checked.signers) > 0 && checked.signers[0].Trusted:
		return chainIntact
	default:
		return chainUnknown
	}
}

func previousImport(d importDocument, chain string, o ImportOptions) (Import, error) {
	result, finished, err := openPrevious(d.text, o)
	if err != nil {
		return Import{}, err
	}
	if result.Pseudonyms == "" && o.Pseudonyms != nil {
		result.pseudonymise(o.Pseudonyms)
	}
	line, err := result.line(finished, chain)
	if err != nil {
		return Import{}, err
	}
	data, err := json.Marshal(line)
	if err != nil {
		return Import{}, err
	}
	return Import{
		Tenant: evidence.Tenant{ID: line.TenantID},
		Kinds: []Imported{{
			Kind: previousKind, Objects: []json.RawMessage{data}, Tier: evidence.Attested, Complete: true,
			API: "import: earlier result.json", Time: finished,
		}},
	}, nil
}

// ReadPrevious reads an earlier result.json, as a scan is given it to compare with.
//
// Errors: anything that is no result.json or of a newer format, another tenant's than
// o.Tenant, a result that was finished after o.Now, rules or outcomes that can't be.
func ReadPrevious(file File, o ImportOptions) (Imported, error) {
	document, err := openDocument(File{Name: "the earlier result", Data: file.Data})
	if err != nil {
		return Imported{}, fmt.Errorf("reading the earlier result: %w", err)
	}
	if !looksLikePrevious(document) {
		return Imported{}, errors.New("reading the earlier result: it is no result.json; give the one that an earlier scan wrote")
	}
	read, err := previousImport(document, resultChain(file, o.Trust), o)
	if err != nil {
		return Imported{}, fmt.Errorf("reading the earlier result: %w", err)
	}
	return read.Kinds[0], nil
}

// openPrevious decodes a result and checks what is said of it as a whole.
func openPrevious(text []byte, o ImportOptions) (previousResult, time.Time, error) {
	var result previousResult
	fail := func(err error) (previousResult, time.Time, error) { return previousResult{}, time.Time{}, err }
	if name := repeatedName(text, maxJSONLevels); name != "" {
		return fail(fmt.Errorf("it has the field %q twice in one object; give the file as a scan wrote it", short(name)))
	}
	var head struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil || head.Version == nil || *head.Version < 1 {
		return fail(errors.New("its version is no number from 1 on; give the result.json itself"))
	}
	if *head.Version > previousVersion {
		return fail(fmt.Errorf("it is of format %d, and this version reads up to %d; compare with the version that wrote it, or a newer one", *head.Version, previousVersion))
	}
	if err := json.Unmarshal(text, &result); err != nil {
		return fail(fmt.Errorf("reading its JSON: %w", err))
	}
	if !guidPattern.MatchString(result.Tenant.ID) {
		return fail(fmt.Errorf("its tenant %q is no id", short(result.Tenant.ID)))
	}
	if err := sameTenant(result.Tenant.ID, o); err != nil {
		return fail(err)
	}
	if !slices.Contains([]string{"mtp-2020-a", "mtp-2020-b", "xdr-current"}, result.Profile) {
		return fail(fmt.Errorf("its profile %q is not known", short(result.Profile)))
	}
	if result.Pseudonyms != "" && (o.Pseudonyms == nil || o.Pseudonyms.Fingerprint() != result.Pseudonyms) {
		return fail(fmt.Errorf("it holds pseudonyms of the key %s, under which nothing of this scan is found again; give a result of this scan's key, or one without pseudonyms", short(result.Pseudonyms)))
	}
	finished, ok := readTime(result.Finished)
	if !ok {
		return fail(fmt.Errorf("its time finished %q is no time", short(result.Finished)))
	}
	if err := notFromTheFuture(finished, o); err != nil {
		return fail(err)
	}
	return result, finished, nil
}

// impersonal are the facts whose values name services, places, times and numbers alone.
func impersonal() []string {
	return []string{"geo", "telemetry_geo", "org", "on", "feeds", "integration", "incident", "licence", "expiry", "retention", "count"}
}

// grantValue is what CONS1016 observes of a grant: its id, and what somebody did or who holds it.
var grantValue = regexp.MustCompile(`^grant ([^:]*): (event of [^ ]* by|no event, to) '(.*)'$`)

// pseudonymise puts pseudonyms into what a result observed. Of a value of which it isn't known
// what it says nothing stays.
func (r previousResult) pseudonymise(key *pseudonym.Key) {
	for _, rule := range r.Rules {
		for i := range rule.Observed {
			seen := &rule.Observed[i]
			grant := grantValue.FindStringSubmatch(seen.Value)
			switch {
			case slices.Contains(impersonal(), seen.Fact):
			case seen.Fact == "consent" && grant != nil:
				seen.Value = fmt.Sprintf("grant %s: %s '%s'", key.ID(grant[1]), grant[2], key.Person(grant[3]))
			default:
				seen.Value = key.Name("text", seen.Value)
			}
		}
	}
}

// line is the evidence that a result gives.
func (r previousResult) line(finished time.Time, chain string) (previousLine, error) {
	line := previousLine{
		TenantID: strings.ToLower(r.Tenant.ID), Profile: r.Profile, Finished: finished.Format(time.RFC3339),
		Chain: chain, Rules: map[string]previousSaid{},
	}
	if len(r.Rules) == 0 || len(r.Rules) > maxPreviousRules {
		return line, fmt.Errorf("it has %d rules, and 1 to %d are read; give the result of a whole scan", len(r.Rules), maxPreviousRules)
	}
	for _, rule := range r.Rules {
		if !previousRuleID.MatchString(rule.ID) {
			return line, fmt.Errorf("its rule %q has no id that could be one", short(rule.ID))
		}
		if _, twice := line.Rules[rule.ID]; twice {
			return line, fmt.Errorf("it has the rule %s twice", rule.ID)
		}
		if !slices.Contains([]string{"pass", "fail", "not_applicable", "unknown", "waived"}, rule.Outcome) {
			return line, fmt.Errorf("its rule %s has the outcome %q, which is none", rule.ID, short(rule.Outcome))
		}
		observed, err := rule.observed()
		if err != nil {
			return line, fmt.Errorf("its rule %s: %w", rule.ID, err)
		}
		line.Rules[rule.ID] = previousSaid{Outcome: rule.Outcome, Observed: observed}
	}
	line.OrgID, line.Seen = r.organisation(), r.incident()
	return line, nil
}

// observed are a rule's observations without those that name people and that no rule
// compares with: who holds a role, and who is exempt.
func (r previousRule) observed() ([]previousObserved, error) {
	if len(r.Observed) > maxPreviousObserved {
		return nil, fmt.Errorf("it observed %d things, more than the %d that are read", len(r.Observed), maxPreviousObserved)
	}
	kept := []previousObserved{}
	for _, seen := range r.Observed {
		if seen.Fact == "" || len(seen.Value) > maxPreviousText {
			return nil, fmt.Errorf("it observed something without a fact, or with a value of more than %d bytes", maxPreviousText)
		}
		if seen.Fact != "role" && seen.Fact != "exempt" {
			kept = append(kept, seen)
		}
	}
	return kept, nil
}

// organisationValue is an organisation id at the start of an observed value, which may be
// quoted and may say more.
var organisationValue = regexp.MustCompile(`^'?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})(?:'|$)`)

// organisation is the one that was observed: what the portal or a signed package said
// before what a statement said. It is nil where equally good sources named two.
func (r previousResult) organisation() *string {
	for _, tiers := range [][]string{{"signed", "api", "proxy", "portal"}, {"attested"}} {
		var ids []string
		for _, seen := range r.facts("org") {
			id := organisationValue.FindStringSubmatch(seen.Value)
			if id == nil || !slices.Contains(tiers, seen.Tier) {
				continue
			}
			if id := strings.ToLower(id[1]); !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		if len(ids) > 0 {
			if len(ids) > 1 {
				return nil
			}
			return &ids[0]
		}
	}
	return nil
}

// incident is the first incident that was observed: its id, and its time where it has one.
func (r previousResult) incident() *previousSeen {
	for _, seen := range r.facts("incident") {
		words := strings.Fields(seen.Value)
		if len(words) == 0 || len(words) > 2 || len(words[0]) > 64 {
			continue
		}
		incident := previousSeen{ID: words[0]}
		if len(words) == 2 {
			created, ok := readTime(words[1])
			if !ok {
				continue
			}
			incident.CreatedDateTime = created.Format(time.RFC3339Nano)
		}
		return &incident
	}
	return nil
}

// facts are the observations of a fact by any rule, in the order of the rules' ids.
func (r previousResult) facts(fact string) []previousObserved {
	rules := slices.SortedFunc(slices.Values(r.Rules), func(a, b previousRule) int { return strings.Compare(a.ID, b.ID) })
	var facts []previousObserved
	for _, rule := range rules {
		for _, seen := range rule.Observed {
			if seen.Fact == fact {
				facts = append(facts, seen)
			}
		}
	}
	return facts
}

// short cuts a value to what a message can bear.
func short(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		return string(runes[:60]) + "..."
	}
	return text
}
